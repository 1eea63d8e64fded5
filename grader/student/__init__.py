"""What a student gets in the notebook: `check`, `draw`, `sweep` and `hint`, and `checking` for numbers of one's own."""

from grader.student.error_sweeps import sweep
from grader.student.feedback import check, checking
from grader.student.hints import hint
from grader.student.sketching import draw

__all__ = ["check", "checking", "draw", "hint", "sweep"]
