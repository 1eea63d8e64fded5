"""The search for who wrote the same, in what a run has stored: from its records to the instructor's page.

Knows what the page follows from, and that one which follows from nothing new stays. Refuses to grade: no mark waits
for it or depends on it. No library of the field serves: copydetect and JPlag measure what two files have in common,
blind to how usual it is in the class; in one of 80 copydetect 0.5 gives an honest pair 0.91, a disguised copy 0.88.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from grader.desk.class_index import SIMILAR, write_index
from grader.desk.files import write_whole
from grader.desk.report import read_report
from grader.desk.resuming import code_digest
from grader.judge.model import Report, Result
from grader.labs import all_labs
from grader.similarity.evidence import foreign_answers
from grader.similarity.kept_forms import own_answers, own_keys
from grader.similarity.similar_page import Alike, Findings, alike, foreign, page

HEAD: Final = 1_000
"""Characters in which the page says what it follows from, and how much it found."""


class NoRunError(Exception):
    """The caller's fault: a folder without a run. The text is a sentence for people."""


def search(out: Path) -> str:
    """Compare the notebooks of the run in the folder `out`, and write the page; what was found, in a line.

    Where the page that follows from them lies there already, it stays. Raises NoRunError.
    """
    report = read_report(out)
    if report is None:
        raise NoRunError(f"There is no run in {out}: name the folder that grader grade wrote into.")
    key = class_key(report)
    summary = _filed(key, out)
    if summary is None:
        found = compare(report, out)
        summary = found.summary
        write_whole(out / SIMILAR, page(found, key).encode("utf-8", "replace"))
    # It links the page, and a run that comes after cannot know of it.
    write_index(report, [lab.name for lab in all_labs()], out)
    return summary


def compare(report: Report, out: Path) -> Findings:
    """What is found in the notebooks of a run, of which the folder `out` has the records."""
    labs: dict[str, list[Result]] = {}
    for result in report.results:
        if result.status == "graded":
            labs.setdefault(result.lab, []).append(result)
    classes = tuple(_alike(lab, labs[lab], out) for lab in sorted(labs))
    own_numbers = any(result.variant for result in report.results)
    return Findings(classes, foreign(foreign_answers(report, out)), own_numbers)


def _alike(lab: str, results: Sequence[Result], out: Path) -> Alike:
    own = {result.student: result for result in results}
    keys = {student: own_keys(result, out) for student, result in own.items()}
    return alike(lab, keys, lambda student: own_answers(own[student], out))


def class_key(report: Report) -> str:
    """What the page follows from, as a hash; "" where a result may be another the next time."""
    prints = sorted((one.student, one.lab, one.fingerprint) for one in report.results if one.status == "graded")
    if not all(fingerprint for _, _, fingerprint in prints):
        return ""
    return hashlib.sha256(repr((code_digest(), prints)).encode("utf-8", "surrogatepass")).hexdigest()


def _filed(key: str, out: Path) -> str | None:
    """What the page in the folder `out` has found, in a line; None where it does not follow from this key."""
    try:
        with (out / SIMILAR).open(encoding="utf-8") as file:
            head = file.read(HEAD)
    except (OSError, ValueError):
        return None
    summary = re.search(r'<meta name="description" content="([^"]*)">', head)
    return html.unescape(summary[1]) if key and summary and f'content="{key}"' in head else None
