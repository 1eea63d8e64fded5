"""What crosses between the grader and a student's process: messages, their caps, and frames."""
