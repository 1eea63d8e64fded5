"""Student notebooks from solutions: prose and worked examples stay, answers become stubs.

Knows py:percent (jupytext) and Python's syntax tree. Refuses to read comment markers: what is an answer
follows from the names that a lab grades.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Collection
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from grader.judge.model import Lab

SETUP = "from grader.student import check, draw, hint, sweep"
SHOWN_ONLY = "active-ipynb"
"""jupytext's tag of a cell that the notebook alone has: there a student's own pictures are drawn."""
HINT = re.compile(r"^<details><summary>Hint \d+ for (\w+)</summary>\n(.*?)^</details>$", re.DOTALL | re.MULTILINE)
HINTS = Path("grader", "student", "hints.json")
"""Where `hint` finds in a notebook what the sheets fold away."""
BODY = "    raise NotImplementedError"


def solution_notebook(text: str) -> NotebookNode:
    """A solution as a notebook, cell by cell, without those that need the package: torch alone runs it."""
    notebook = _read(text)
    return _identified(notebook, [cell for cell in notebook.cells if SHOWN_ONLY not in cell.metadata.get("tags", ())])


def _read(text: str) -> NotebookNode:
    notebook: NotebookNode = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    return notebook


def student_notebook(text: str, lab: Lab, setup: str = SETUP) -> NotebookNode:
    """The notebook that a student opens: stubs, and a cell that checks them after each exercise's code.

    `setup` is the first cell of code, which makes `check`.
    """
    notebook = _read(text)
    graded = {question.name for question in lab.questions}
    cells: list[NotebookNode] = []
    ready = False
    for cell in notebook.cells:
        answers = answered(cell.source, graded) if cell.cell_type == "code" else []
        if cell.cell_type == "code" and not ready:
            cells.append(nbformat.v4.new_code_cell(setup))
            ready = True
        cells.append(nbformat.v4.new_code_cell(stubbed(cell.source, graded)) if answers else cell)
        if answers:
            checks = "\n".join(f'check("{name}")' for name in answers)
            cells.append(nbformat.v4.new_code_cell(checks))
    return _identified(notebook, cells)


def answered(code: str, graded: Collection[str]) -> list[str]:
    """The graded names that a cell defines or assigns, in order."""
    return [name for statement in ast.parse(code).body for name in binds(statement) if name in graded]


def binds(statement: ast.stmt) -> list[str]:
    """The names that a statement defines or assigns."""
    match statement:
        case ast.FunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def stubbed(code: str, graded: Collection[str]) -> str:
    """A cell with nothing but its stubs: signature, docstring and NotImplementedError; `name = ...`."""
    lines = code.splitlines()
    stubs = []
    for statement in ast.parse(code).body:
        names = [name for name in binds(statement) if name in graded]
        if isinstance(statement, ast.FunctionDef) and names:
            first = min([statement.lineno, *(d.lineno for d in statement.decorator_list)])
            docstring = statement.body[0]
            assert isinstance(docstring, ast.Expr), f"{statement.name} has no docstring"
            stubs.append("\n".join([*lines[first - 1 : docstring.end_lineno], BODY]))
        else:
            stubs += [f"{name} = ..." for name in names]
    between = "\n\n\n" if any("\n" in stub for stub in stubs) else "\n"
    return between.join(stubs)


def _identified(notebook: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    """The notebook with these cells, their ids made from what they hold."""
    taken: dict[str, int] = {}
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        taken[digest] = taken.get(digest, 0) + 1
        cell.id = digest if taken[digest] == 1 else f"{digest}-{taken[digest]}"
        cell.metadata = NotebookNode()
    notebook.cells = cells
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def written(notebook: NotebookNode) -> str:
    """A notebook as the text of its file."""
    text: str = nbformat.writes(notebook)
    return text + "\n"


def hints(text: str) -> dict[str, list[str]]:
    """The hints that a solution's text folds away, by exercise, in their order."""
    found: dict[str, list[str]] = {}
    for cell in _read(text).cells:
        if cell.cell_type == "markdown":
            for name, hint in HINT.findall(cell.source):
                found.setdefault(name, []).append(hint.strip())
    return found


def build(root: Path, labs: Collection[Lab]) -> dict[Path, str]:
    """The text of these labs' notebooks, and of the file with the hints of all, by path below the project's root."""
    texts = {path.stem: path.read_text("utf-8") for path in sorted((root / "solutions").glob("*.py"))}
    found = {name: told for text in texts.values() for name, told in hints(text).items()}
    return {
        **{root / "labs" / f"{lab.name}.ipynb": written(student_notebook(texts[lab.name], lab)) for lab in labs},
        root / HINTS: json.dumps(found, indent=1, ensure_ascii=False) + "\n",
    }


def stale(built: dict[Path, str]) -> list[Path]:
    """The notebooks on disk that differ from what would be built."""
    return [path for path, text in built.items() if not path.exists() or path.read_text("utf-8") != text]
