"""What the terminal shows fits 80 columns and obeys no student."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from grader.desk.terminal import description, progress, table
from grader.judge.model import Absence, Mark, Question, Report, Result, Status, Verdict


def printed(made: Table) -> str:
    file = io.StringIO()
    Console(file=file, width=80, color_system=None).print(made)
    return file.getvalue()


def marks(*statuses: Status) -> tuple[Mark, ...]:
    return tuple(Mark(Question(f"q{i}", 2, ()), Verdict(s, float(s is Status.PASS))) for i, s in enumerate(statuses))


def test_the_class_in_one_table() -> None:
    results = (
        Result("grace", "lab2_graphs", "b", marks(*Status), 12.34, "", ("old.ipynb was not graded.",)),
        Result("ada", "lab1_tensors", "a", marks(Status.PASS, Status.PASS, Status.FAIL), 1.0),
        Result("karl", "", "c", (), 0.0, "This file is no notebook."),
    )
    missing = (Absence("bob", "lab2_graphs", "Nothing was handed in."), Absence("zoe", "", "[b]Nothing[/b]."))
    text = printed(table(Report("cpu", "s", results, missing=missing)))
    rows = [" ".join(row.split()) for row in text.splitlines()]
    assert rows == [
        "Student Lab Score Questions s",
        "ada lab1_tensors 4/6 2 ✓ 1 ✗ 1.0",
        "bob lab2_graphs – Nothing was handed in.",
        "grace lab2_graphs 2/10 1 ✓ 1 ◐ 1 ✗ 1 – 1 ? 12.3",
        "old.ipynb was not graded.",
        "karl c – This file is no notebook. 0.0",
        "zoe – [b]Nothing[/b].",
        "✓ right ◐ partly right ✗ not right yet – missing ? not graded",
    ]


def test_text_from_students_is_neither_markup_nor_control() -> None:
    hostile = "[red]x[/] [link=http://e]\x1b[2J\r\n\x07\u202e" + "w" * 500
    result = Result(hostile, "lab1_tensors", "a", (), 0.0, f"[bold]{hostile}[/nope]", (hostile,))
    text = printed(table(Report("cpu", "s", (result,))))
    assert "[red]x[/]" in text
    assert "[bold]" in text
    assert not set(text) & set("\x1b\r\x07\u202e")
    assert max(map(len, text.splitlines())) <= 80


def test_the_bar_shows_a_student_as_text() -> None:
    with progress() as bar:
        bar.console.file = io.StringIO()
        task = bar.add_task(description("[red]\x1b[2J" + "x" * 99), total=3)
        bar.advance(task)
        file = io.StringIO()
        Console(file=file, width=80, color_system=None).print(bar.make_tasks_table(bar.tasks))
    assert file.getvalue().startswith("[red]\u241b[2Jxxxxxxxxx")
    assert "1/3" in file.getvalue()
