"""What is filed of one notebook, as bytes: its page and its record, drawn where it is judged.

Knows what a page and a record are made of, and that a page which cannot be drawn costs its notebook the marks and
nobody else. Refuses to write files.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from grader.desk.records import Record, outline, record_bytes
from grader.judge.model import Result
from grader.pages.feedback_page import render
from grader.runner.grading import Graded, failed

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Papers:
    """A result in outline, with its page and its record."""

    result: Result
    page: bytes
    record: bytes


@dataclass(frozen=True)
class Drafting:
    """Draws the papers of a run: `titles` are the labs', by name.

    A page says so where nothing `confined` its notebook.
    """

    titles: Mapping[str, str]
    device: str
    confined: bool

    def __call__(self, graded: Graded) -> Papers:
        """The papers of a notebook. Where they fail for what is in it, it counts as not graded."""
        try:
            return self._drawn(graded)
        except Exception as error:
            LOG.exception("The grader failed at a notebook's page.")
            return self._drawn(failed(graded.result, error))

    def _drawn(self, graded: Graded) -> Papers:
        result, where = graded.result, self.device if self.confined else f"{self.device}, unconfined"
        page = render(result, graded.notebook, graded.runs, self.titles.get(result.lab, ""), where)
        cells = tuple(cell.source for cell in graded.notebook.code) if graded.notebook else ()
        record = record_bytes(Record(result, cells, graded.given))
        return Papers(outline(result), page.encode("utf-8", "replace"), record)

    def rehearse(self) -> None:
        """Load what every page needs, by drawing one."""
        self._drawn(Graded(Result("", "", "", (), 0.0)))
