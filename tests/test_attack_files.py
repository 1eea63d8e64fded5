"""Files that are no notebooks, or hostile ones, in one class: what can be graded is, and every page is harmless.

One by one: test_notebook.py (every kind of file), test_feedback_page.py (every place on a page), test_gradebook.py
(formulas), test_report.py (names of folders).
"""

import csv
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import nbformat
import pytest
from test_feedback_page import BIDI, assert_harmless

from grader.desk.filing import Filing
from grader.desk.papers import Drafting
from grader.judge.model import Conditions, Report
from grader.labs.lab2_graphs import LAB
from grader.runner.assigning import assign
from grader.runner.clerks import hire
from grader.runner.grading import prepare
from grader.runner.limits import Limits
from grader.runner.marking import Marking
from grader.runner.starting import Warm
from grader.runner.submissions import Submission
from grader.runner.workers import Workers, grade

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(sys.platform != "linux", reason="forking and confining are Linux's"),
]

RIGHT = "def polynomial(x):\n    return 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def content(*cells: object, **more: object) -> bytes:
    found = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells if isinstance(c, str)])
    return json.dumps({**found, **more}).encode()


SHELL = {"kernelspec": {"name": "bash", "display_name": "Bash", "language": "bash"}, "language_info": {"name": "bash"}}
LOUD = f"print({SCRIPT!r}, '\\x1b[31m', {BIDI!r})\nfrom IPython.display import HTML, Javascript\n"
LOUD += f"display(HTML({SCRIPT!r}), Javascript('alert(1)'))\nraise ValueError({SCRIPT!r} + 'x' * 10_000_000)"

GRADED: Final[Mapping[str, tuple[bytes, float]]] = {
    "bom": (b"\xef\xbb\xbf" + content(RIGHT), 1),
    "lone surrogates": (content(RIGHT + "\n# here").replace(b"here", rb"\ud800"), 1),
    "tampered": (content(RIGHT, metadata={"score": 25, "grade_id": "polynomial", "points": [25]}), 1),
    "shell kernel": (content(RIGHT, metadata=SHELL), 1),
    "bash": (content(RIGHT, "%%bash\ntouch /tmp/planted-by-bash", "!touch /tmp/planted-by-bash"), 1),
    "duplicate": (content("def polynomial(x):\n    return x", RIGHT), 1),
    "worse duplicate": (content(RIGHT, "def polynomial(x):\n    return x"), 0),
    "missing": (content("def polynomial_gradient(x):\n    raise ValueError(polynomial(x))"), 0),
    "loud": (content(RIGHT, LOUD), 1),
    "loud answer": (content(f"def polynomial(x):\n    raise ValueError({SCRIPT!r} + 'x' * 10_000_000)"), 0),
    '=HYPERLINK("http://x")': (content(RIGHT), 1),
    "../../x": (content(RIGHT), 1),
    f"{BIDI}<b>": (content(RIGHT), 1),
    "large": (content(RIGHT, metadata={"padding": "x" * (30 << 20)}), 1),
}
REFUSED: Final[Mapping[str, tuple[bytes, str]]] = {
    "text": (b"this is no notebook", "no JSON"),
    "brackets": (b"[" * 100_000, "nested too deeply"),
    "list": (b"[]", "JSON, but no notebook"),
    "format 2": (content(RIGHT, nbformat=2), "format 2"),
    "format 3": (content(RIGHT, nbformat=3, worksheets=5), "format 3 cannot be converted"),
    "format 99": (content(RIGHT, nbformat=99), "format 99"),
    "format text": (content(RIGHT, nbformat="4"), "does not say which notebook format"),
    "cells null": (content(nbformat=4, cells=None), "no list of cells"),
    "source 5": (content(cells=[{"cell_type": "code", "source": 5}]), "no text as its source"),
    "utf-16": (content(RIGHT).decode().encode("utf-16"), "not UTF-8"),
    "too large": (content(RIGHT, metadata={"padding": "x" * (51 << 20)}), "larger than 50 MB"),
}


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The output folder of a class of nothing but these."""
    folder = tmp_path_factory.mktemp("class")
    submissions = []
    for number, (student, (raw, _)) in enumerate([*GRADED.items(), *REFUSED.items()]):
        (folder / f"{number}.ipynb").write_bytes(raw)
        submissions.append(Submission(student, folder / f"{number}.ipynb"))
    (folder / "link.ipynb").symlink_to(folder / "0.ipynb")
    os.mkfifo(folder / "pipe.ipynb")
    submissions += [Submission(student, folder / f"{student}.ipynb") for student in ("link", "pipe")]
    out = tmp_path_factory.mktemp("out")
    assignments, refused = assign(submissions, [LAB], [LAB.name])
    draft = Drafting({LAB.name: LAB.title}, "cpu", confined=True)
    marking = Marking(assignments, {LAB: prepare(LAB, Conditions("attacks"))}, draft)
    clerks = hire(marking, 1)
    with Filing(out, Report("cpu", "attacks", (), ("files",)), {LAB.name: LAB}) as filing:
        for papers in (*map(draft, refused), *grade(marking, Workers(Warm, 1), clerks, Limits(cell=5, call=5))):
            filing.add(papers)
    yield out


def results(out: Path) -> dict[str, dict[str, object]]:
    return {r["student"]: r for r in json.loads((out / "report.json").read_text("utf-8"))["results"]}


@pytest.mark.parametrize("student", GRADED)
def test_what_can_be_graded_is(filed: Path, student: str) -> None:
    found = results(filed)[student]
    assert (found["status"], found["score"], found["problem"]) == ("graded", GRADED[student][1], "")


@pytest.mark.parametrize(
    ("student", "sentence"),
    [*((s, sentence) for s, (_, sentence) in REFUSED.items()), ("link", "symbolic link"), ("pipe", "no ordinary file")],
)
def test_what_cannot_is_refused_with_a_sentence(filed: Path, student: str, sentence: str) -> None:
    found = results(filed)[student]
    assert (found["status"], found["score"]) == ("unreadable", 0)
    assert sentence in str(found["problem"])


def test_every_page_is_harmless_and_small_and_lies_where_it_belongs(filed: Path) -> None:
    pages = list((filed / "feedback").rglob("*"))
    assert sum(page.is_file() for page in pages) == len(GRADED) + len(REFUSED) + 2
    for page in [p for p in pages if p.is_file()]:
        assert page.parent.parent == filed / "feedback"
        assert page.stat().st_size < 4_000_000
        assert_harmless(page.read_text("utf-8"))


def test_no_cell_of_the_gradebook_is_a_formula(filed: Path) -> None:
    with (filed / "gradebook.csv").open(newline="", encoding="utf-8") as file:
        assert not [cell for row in csv.reader(file) for cell in row if cell[:1] in tuple("=+-@\t\r")]


def test_nothing_is_planted(filed: Path) -> None:
    assert not Path("/tmp/planted-by-bash").exists()
