"""What each lab asks, what is right, and for how many points."""
