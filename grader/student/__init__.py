"""What a student gets in the notebook: `check`."""

from grader.student.feedback import check

__all__ = ["check"]
