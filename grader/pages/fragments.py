"""The pictures of the page as pieces of HTML that bring their own style, for a notebook.

Knows that a piece is light, whatever surrounds it, and touches nothing beside it. Refuses to know how a picture is
made.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.judge.annotated_graph import AnnotatedGraph
from grader.judge.error_curve import ErrorCurve
from grader.pages.curves import picture
from grader.pages.diagram import diagram
from grader.pages.templating import template


def swept_piece(sweeps: Sequence[ErrorCurve]) -> str:
    """Sweeps, drawn."""
    made: str = template("swept.html.j2").render(pictures=[picture(swept) for swept in sweeps])
    return made


def sketched_piece(name: str, sketches: Sequence[AnnotatedGraph]) -> str:
    """The sketches of the question called `name`, drawn."""
    made: str = template("annotated.html.j2").render(name=name, drawn=[diagram(sketch) for sketch in sketches])
    return made
