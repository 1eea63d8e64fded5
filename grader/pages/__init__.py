"""Everything drawn: the feedback page, the class page, and the pictures on them."""
