"""What runs in the student's process: it answers with facts, never with an opinion."""
