"""Filing results as they come: the page of each, and report and gradebook up to date after every one.

Knows the order in which files are written, so that an interrupted run leaves whole ones. Refuses to know
what is in them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from grader.desk.evidence import Evidence, evidence, write_evidence
from grader.desk.files import page_path, write_whole
from grader.desk.gradebook import write_gradebook
from grader.desk.index import write_index
from grader.desk.page import render
from grader.desk.report import write_report
from grader.desk.similar import class_key, is_filed, write_similar
from grader.judge.likeness import Answers
from grader.judge.model import Lab, Report
from grader.judge.normal import answers
from grader.runner.grading import Assignment, Graded

PAUSE = 1.0
"""Seconds between two writings of the tables: for a class of hundreds, each is as long as the class."""


class FilingError(Exception):
    """The caller's fault: the output folder cannot be written. The text is a sentence for people."""


class Filing:
    """An output folder that grows with every graded notebook."""

    def __init__(self, out: Path, report: Report, labs: Mapping[str, Lab], found: Sequence[Evidence] = ()) -> None:
        """Make the folder; `report` and `found` have what holds already. Raises FilingError where it cannot be made."""
        self._out = out
        self._labs = labs
        self.report = report
        self._found = tuple(found)
        self._answers: dict[tuple[str, str], Answers] = {}
        self._written = 0.0
        self._write(lambda: out.mkdir(parents=True, exist_ok=True))
        self._write(self._write_tables)

    def __enter__(self) -> Filing:
        """The tables are there from the start, however empty."""
        return self

    def __exit__(self, *_: object) -> None:
        """Bring the tables up to date, whatever ended the run."""
        self._write(self._write_tables)

    def add(self, graded: Graded) -> None:
        """File one more result; report and gradebook follow within a second. Raises FilingError."""
        self.report = replace(self.report, results=(*self.report.results, graded.result))
        self._found = (*self._found, *evidence(graded))
        if graded.source:
            # Now, while the next notebook runs, rather than for the whole class at the end.
            questions = [question.name for question in self._labs[graded.result.lab].questions]
            self._answers[graded.result.lab, graded.result.student] = answers(graded.source, questions)
        self._write(lambda: self._write_page(graded))
        if time.monotonic() - self._written > PAUSE:
            self._write(self._write_tables)

    def compare(self, notebooks: Callable[[], Sequence[Assignment]]) -> None:
        """File who wrote the same as whom, and what is right for others, for the instructor. Raises FilingError.

        What was filed of just these results stays, and nobody reads the `notebooks`.
        """
        key = class_key(self.report.results, self._found)
        if not is_filed(key, self._out):
            self._write(lambda: write_similar(notebooks(), self._found, self._out, self._answers, key))

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            raise FilingError(f"The output folder {self._out} cannot be written: {error.strerror}.") from error

    def _write_page(self, graded: Graded) -> None:
        result = graded.result
        title = self._labs[result.lab].title if result.lab else ""
        page = render(result, graded.notebook, graded.runs, title, self._where)
        write_whole(page_path(self._out, result), page.encode("utf-8", "replace"))

    @property
    def _where(self) -> str:
        """The device, and that nothing confined the notebook where that was so."""
        return self.report.device if self.report.confinement else f"{self.report.device}, unconfined"

    def _write_tables(self) -> None:
        # Before the report: whoever is in there is not compared again.
        write_evidence(self._found, self._out)
        write_report(self.report, self._out)
        write_gradebook(self.report, list(self._labs), self._out)
        write_index(self.report, list(self._labs), self._out)
        self._written = time.monotonic()
