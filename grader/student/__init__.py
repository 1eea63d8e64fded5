"""What a student gets in the notebook: `check`, and `checking` where the numbers are the student's own."""

from grader.student.feedback import check, checking

__all__ = ["check", "checking"]
