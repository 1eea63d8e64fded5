"""A class of any size in which no two code cells are alike: own comments, own names, right answers and wrong ones.

Knows the solutions and the planted mistakes. The same seed makes the same class, so that a fault found in a large one
can be looked at again in the notebook of one student.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import nbformat
from nbformat import NotebookNode

from grader.authoring.notebooks import answered, solution_notebook
from grader.authoring.planted import Mistake, definition, read_mistakes, worded
from grader.labs import all_labs, family

ROOT = Path(__file__).parents[1]
LABS = tuple(lab.name for lab in all_labs())
WORDS = (
    "first then check again slope chain rule by hand sheet lecture page units maybe done careful sign factor see "
    "below above works now asked twice shape row column sum mean value step why because tomorrow coffee"
).split()
FAULTLESS = 0.3
"""The share of notebooks without a mistake: what they lose is lost to the machine."""
SLIP = 0.25
"""The chance of a mistake in a question of the other notebooks."""


@dataclass(frozen=True)
class HandedIn:
    """One student's notebook for a lab, and the questions that a mistake was made in."""

    notebook: NotebookNode
    mistaken: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A lab's solution, as text and as a notebook, and the mistakes that are planted in its questions."""

    text: str
    notebook: NotebookNode
    mistakes: tuple[Mistake, ...]
    questions: tuple[str, ...]


@cache
def sheet(lab: str) -> Sheet:
    """The solution of a lab, with the sheet's own numbers."""
    numbers = family(lab)
    mistakes = read_mistakes(ROOT / "tests" / "mistakes" / f"{lab}.toml")
    (found,) = (each for each in all_labs() if each.name == lab)
    text = (ROOT / "solutions" / f"{lab}.py").read_text("utf-8")
    planted = worded(mistakes, numbers.said(numbers.sheet))
    return Sheet(text, solution_notebook(text), planted, tuple(q.name for q in found.questions))


def handed_in(lab: str, student: str, seed: str, more: int = 0) -> HandedIn:
    """The notebook of a student, every code cell of which is like no other's, with some `more` at its end."""
    random = Random(f"{seed}/{lab}/{student}")
    known = sheet(lab)
    made = {m.question: m for m in _drawn(known, random)}
    notebook = deepcopy(known.notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for name in answered(cell.source, made):
                cell.source = _with_mistake(cell.source, made[name], known.text)
            cell.source = _commented(_renamed(cell.source, known, random), student, random)
    own = [f"def tried_{student}_{number}(x):\n    return x + {number}" for number in range(more)]
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in own]
    return HandedIn(notebook, tuple(made))


def write_class(
    folder: Path, labs: Sequence[str], students: int, seed: str, more: int = 0
) -> dict[tuple[str, str], HandedIn]:
    """Write `students` folders with a notebook for each of some labs; what each handed in, by student and lab."""
    found = {}
    for number in range(students):
        student = f"s{number:04}"
        (folder / student).mkdir(parents=True, exist_ok=True)
        for lab in labs:
            found[student, lab] = handed_in(lab, student, seed, more)
            nbformat.write(found[student, lab].notebook, folder / student / f"{lab}.ipynb")
    return found


def _drawn(known: Sheet, random: Random) -> list[Mistake]:
    if random.random() < FAULTLESS:
        return []
    by_question = {name: [m for m in known.mistakes if m.question == name] for name in known.questions}
    return [random.choice(mistakes) for mistakes in by_question.values() if mistakes and random.random() < SLIP]


def _with_mistake(source: str, mistake: Mistake, text: str) -> str:
    right = definition(text, mistake.question)
    assert right in source, mistake
    return source.replace(right, right.replace(mistake.old, mistake.new))


def _renamed(source: str, known: Sheet, random: Random) -> str:
    """The cell with other names for the local variables of its functions, wherever that changes nothing."""
    suffix = f"_{random.choice(WORDS)}" * random.randrange(2) + str(random.randrange(1000))
    names = {name: name + suffix for name in sorted(_local(ast.parse(source)) - _fixed(known))}
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = source.splitlines(keepends=True)
    # From the end, so that what stands before keeps its place.
    for before, token in reversed(list(zip([tokens[0], *tokens], tokens, strict=False))):
        if token.type == tokenize.NAME and token.string in names and before.string != ".":
            (row, start), (_, end) = token.start, token.end
            line = lines[row - 1]
            lines[row - 1] = line[:start] + names[token.string] + line[end:]
    return "".join(lines)


def _local(tree: ast.Module) -> set[str]:
    """The names that are variables of a function, and nothing else in the cell: no keyword, no part of a format."""
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    stored = {n.id for f in functions for n in ast.walk(f) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    inside = {n for f in functions for n in ast.walk(f)}
    outside = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n not in inside}
    keywords = {n.arg for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg}
    parameters = {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    formats = {
        n.id for s in ast.walk(tree) if isinstance(s, ast.JoinedStr) for n in ast.walk(s) if isinstance(n, ast.Name)
    }
    return stored - outside - keywords - parameters - formats


def _fixed(known: Sheet) -> frozenset[str]:
    """The names of the notebook's module level, which other cells may use."""
    tree = ast.parse(known.text)
    bound = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    return frozenset(bound | set(known.questions))


def _commented(source: str, student: str, random: Random) -> str:
    """The cell with a comment that nobody else writes, and some more at the ends of lines that end a statement."""
    own = f"# {student}: {' '.join(random.choices(WORDS, k=random.randrange(2, 7)))} {random.randrange(10**6)}"
    ends = {
        statement.end_lineno
        for statement in ast.walk(ast.parse(source))
        if isinstance(statement, ast.stmt) and not isinstance(getattr(statement, "value", None), ast.Constant)
    }
    lines = [
        f"{line}  # {' '.join(random.choices(WORDS, k=3))}" if number in ends and random.random() < 0.2 else line
        for number, line in enumerate(source.splitlines(), 1)
    ]
    return "\n".join((own, *lines) if random.random() < 0.7 else (*lines, own))
