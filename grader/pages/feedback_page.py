"""The page for a student: the notebook as it ran, and after each answer what was found.

Knows how a result becomes one HTML file that loads nothing. Refuses to run or to judge anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from nbconvert.exporters.templateexporter import TemplateExporter
from nbformat import NotebookNode, from_dict

from grader.judge.model import CellRun, Result
from grader.pages.cell_outputs import OUTCOMES, OutputAllowance, kept
from grader.pages.code import coloured, highlighted
from grader.pages.markdown import rendered
from grader.pages.panels import Panel, homes, panel
from grader.pages.sanitize import cut, line, points
from grader.pages.templating import TEMPLATES, strict

if TYPE_CHECKING:
    from grader.runner.notebook import Cell, Notebook

CODE: Final = 40_000
SOURCE: Final = 300_000
"""Characters of a code cell that are shown, and of all cells."""


@dataclass(frozen=True)
class Page:
    """What the template is told besides the notebook."""

    student: str
    title: str
    file: str
    device: str
    problem: str
    score: str
    max_score: str
    remarks: tuple[str, ...]
    panels: tuple[Panel, ...]
    placed: dict[str, tuple[Panel, ...]]
    lost: tuple[Panel, ...]
    notices: dict[str, str]

    def __deepcopy__(self, _: object) -> Page:
        """Itself: nbconvert copies what a template is told, twice, and nothing changes this."""
        return self


def render(result: Result, notebook: Notebook | None, runs: Sequence[CellRun], title: str, device: str) -> str:
    """The page of a result as HTML; the same page for the same arguments.

    `runs` belong to the code cells in order, and may be fewer. Without a notebook, or where it could not be
    read, the page says why.
    """
    cells = notebook.cells if notebook else ()
    panels = tuple(panel(mark) for mark in result.marks)
    where = homes([p.name for p in panels], notebook) if notebook else {}
    ids = {cell.index: str(cell.node["id"]) for cell in cells}
    ran = dict(zip([cell.index for cell in cells if cell.kind == "code"], runs, strict=False))
    page = Page(
        student=line(result.student, 200),
        title=title,
        file=line(Path(result.file).name, 200),
        device={"cpu": "the CPU", "cuda": "a GPU"}.get(device, device),
        problem=result.problem,
        score=points(result.score),
        max_score=points(result.max_score),
        remarks=tuple(cut(remark, 2_000) for remark in result.remarks),
        panels=panels,
        placed={ids[i]: tuple(p for p in panels if where.get(p.name) == i) for i in where.values()},
        lost=tuple(p for p in panels if p.name not in where),
        notices={ids[index]: OUTCOMES[run.outcome] for index, run in ran.items() if run.outcome in OUTCOMES},
    )
    html, _ = exporter().from_notebook_node(_notebook(cells, ran), resources={"page": page})
    return str(html)


class FeedbackExporter(TemplateExporter):
    """nbconvert with our template, in which every text is escaped and nothing is hidden."""

    def default_filters(self) -> Any:
        """nbconvert's filters, three of them replaced by our stricter ones."""
        yield from super().default_filters()  # type: ignore[no-untyped-call]
        yield "ansi2html", coloured
        yield "highlight_code", highlighted
        yield "markdown2html", _markdown

    def _create_environment(self) -> Environment:
        return strict(super()._create_environment())  # type: ignore[no-untyped-call]


@cache
def exporter() -> FeedbackExporter:
    """The exporter, its template compiled once. It reads no folder but our own and nbconvert's."""
    return FeedbackExporter(  # type: ignore[no-untyped-call]
        file_extension=".html",
        template_name="feedback",
        extra_template_basedirs=[str(TEMPLATES)],
        extra_template_paths=[str(TEMPLATES)],
        default_preprocessors=[],
    )


@pass_context
def _markdown(context: Context, source: str) -> Markup:
    return rendered(source, context["cell"].get("attachments", {}))


def _notebook(cells: Sequence[Cell], ran: dict[int, CellRun]) -> NotebookNode:
    left, sources, nodes = OutputAllowance(), SOURCE, []
    for cell in cells:
        node = copy(cell.node)
        node.source = cut(cell.source, min(CODE, max(sources, 0)))
        sources -= len(node.source)
        if cell.kind == "code":
            node.outputs = kept(ran[cell.index], left) if cell.index in ran else []
        nodes.append(node)
    made: NotebookNode = from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": nodes})
    return made
