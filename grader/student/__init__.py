"""What a student gets in the notebook: `check`."""
