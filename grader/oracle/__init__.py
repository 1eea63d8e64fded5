"""What is right: the symbolic graph of every exercise, evaluated to any precision."""
