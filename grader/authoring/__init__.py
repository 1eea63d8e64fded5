"""For whoever writes labs: building notebooks, releasing them, and holding the labs against themselves."""
