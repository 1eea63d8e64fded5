"""Filing results as they come: the page and the record of each, and the tables up to date after every one.

Knows the order in which files are written, so that an interrupted run leaves whole ones. Refuses to know
what is in them, and to hold what it has filed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from grader.desk.class_index import write_index
from grader.desk.files import page_path, record_path, write_whole
from grader.desk.gradebook import write_gradebook
from grader.desk.papers import Papers
from grader.desk.records import records, write_run
from grader.desk.report import write_report
from grader.judge.model import Lab, Report
from grader.runner.machine import MachineError, is_scarce

PAUSE: Final = 1.0
SHARE: Final = 20
"""Seconds between two writings of the tables, and how many times as long as a writing takes: each is as long as the
class, and for a large one they would take longer than the grading."""


class FilingError(Exception):
    """The caller's fault: the output folder cannot be written. The text is a sentence for people."""


class Filing:
    """An output folder that grows with every graded notebook."""

    def __init__(self, out: Path, report: Report, labs: Mapping[str, Lab]) -> None:
        """Make the folder; `report` has what holds already. Raises FilingError where it cannot be made."""
        self._out = out
        self._labs = labs
        self._run = report
        self._results = list(report.results)
        self._next = 0.0
        self._write(lambda: write_run(report, out))
        self._write(self._write_tables)

    def __enter__(self) -> Filing:
        """The tables are there from the start, however empty."""
        return self

    def __exit__(self, *_: object) -> None:
        """Bring the tables up to date, whatever ended the run."""
        self._write(self._write_tables)

    @property
    def report(self) -> Report:
        """The run so far, its results in outline."""
        return replace(self._run, results=tuple(self._results))

    def add(self, papers: Papers) -> None:
        """File one more result; the tables follow within seconds. Raises FilingError, MachineError for a full disk."""
        self._write(lambda: write_whole(page_path(self._out, papers.result), papers.page))
        # After the page, without which it would not be believed.
        self._write(lambda: write_whole(record_path(self._out, papers.result), papers.record))
        self._results.append(papers.result)
        if time.monotonic() > self._next:
            self._write(self._write_tables)

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            if is_scarce(error):
                raise MachineError(f"the output folder {self._out} cannot be written ({error.strerror})") from error
            raise FilingError(f"The output folder {self._out} cannot be written: {error.strerror}.") from error

    def _write_tables(self) -> None:
        began, report = time.monotonic(), self.report
        write_report(report, records(report.results, self._out), self._out)
        write_gradebook(report, list(self._labs), self._out)
        write_index(report, list(self._labs), self._out)
        ended = time.monotonic()
        self._next = ended + max(PAUSE, SHARE * (ended - began))
