"""What the light installation, which is enough for `check`, leaves out.

Knows which extra brings a library. Refuses to import one.
"""

from __future__ import annotations

from typing import Final

DISTRIBUTION: Final = "deep-learning-labs"
_AUTHORS: Final = ("jupytext",)
"""What only the author's commands import; whatever else is lacking comes with the grader's own extra."""


def lacking(error: Exception) -> str | None:
    """What is not installed, and the command that installs it; None where something else went wrong."""
    library = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if library in ("", "grader"):
        return None
    extra = "author" if library in _AUTHORS else "grade"
    return (
        f'This command needs {library}, which is not installed. This installs it: pip install "{DISTRIBUTION}[{extra}]"'
    )
