"""Imports point one way; a room knows only what its docstring says."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

GRADER = Path(__file__).parents[1] / "grader"

ROOMS: dict[str, set[str]] = {
    "protocol": {"protocol"},
    "judge": {"judge", "protocol"},
    "oracle": {"oracle", "judge", "protocol"},
    "labs": {"labs", "oracle", "judge", "protocol"},
    "kernel": {"kernel", "protocol"},
    "runner": {"runner", "kernel", "judge", "protocol"},
    "pages": {"pages", "judge", "protocol"},
    "desk": {"desk", "pages", "runner", "judge", "labs"},
    "similarity": {"similarity", "desk", "pages", "labs", "judge", "protocol"},
    "student": {"student", "pages", "labs", "judge", "protocol", "kernel"},
    "authoring": {"authoring", "pages", "desk", "runner", "labs", "oracle", "judge", "protocol"},
    "__main__": {"authoring", "similarity", "desk", "runner", "judge", "labs", "__main__"},
}
"""What each room may import of ours."""

FOREIGN: dict[str, set[str]] = {
    "protocol": {"torch", "sympy", "mpmath", "IPython", "subprocess", "os", "pathlib", "socket", "pickle"},
    "judge": {"torch", "sympy", "mpmath", "IPython", "subprocess", "os", "pathlib", "socket"},
    "oracle": {"torch", "IPython", "subprocess", "os", "pathlib"},
    "labs": {"torch", "IPython", "subprocess", "os", "pathlib", "mpmath"},
    "kernel": {"sympy", "mpmath"},
    "runner": {"sympy", "mpmath", "IPython"},
    "pages": {"torch", "sympy", "mpmath", "IPython", "subprocess", "socket"},
    "desk": {"torch", "sympy", "mpmath", "IPython", "subprocess"},
    "similarity": {"torch", "sympy", "mpmath", "IPython", "subprocess", "socket"},
    "authoring": {"torch", "sympy", "mpmath", "IPython", "subprocess"},
}
"""What each room refuses to know, by module."""

GROUND = {"model", "roles", "ranges", "truth"}
"""What the oracle may see of the judge."""


def imported(code: str) -> Iterator[str]:
    """The dotted names that a module imports when it runs: those for the type checker alone do not count."""
    tree = ast.parse(code)
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden(room: str, code: str) -> list[str]:
    """The imports of a module that its room may not have."""
    found = []
    for name in imported(code):
        first, *rest = name.split(".")
        if first == "grader" and rest and rest[0] not in ROOMS[room]:
            found.append(name)
        if first == "grader" and room in ("oracle", "labs") and rest[0] == "judge" and rest[1] not in GROUND:
            found.append(name)
        if first in FOREIGN.get(room, set()):
            found.append(name)
    return found


def modules() -> list[tuple[str, Path]]:
    rooms = [(path.parent.name, path) for path in sorted(GRADER.glob("*/*.py"))]
    return [*rooms, ("__main__", GRADER / "__main__.py")]


@pytest.mark.parametrize(("room", "path"), modules(), ids=lambda v: v.stem if isinstance(v, Path) else v)
def test_a_module_imports_what_its_room_may(room: str, path: Path) -> None:
    # The one import of torch on the grader's side: is there a device?
    allowed = {"torch"} if path.name == "devices.py" else set()
    assert [n for n in forbidden(room, path.read_text("utf-8")) if n not in allowed] == []


@pytest.mark.parametrize(
    ("room", "code"),
    [
        ("judge", "import torch"),
        ("judge", "def f():\n    from sympy import diff"),
        ("judge", "from grader.oracle import graph"),
        ("kernel", "from grader.judge.model import Lab"),
        ("oracle", "from grader.judge.verdict import judge"),
        ("labs", "import grader.runner.session"),
        ("desk", "from grader.oracle.graph import Graph"),
        ("runner", "from grader.pages import feedback_page"),
        ("runner", "from grader.similarity.copied import copied"),
        ("desk", "from grader.similarity.search import search"),
        ("desk", "from grader.authoring.verification import Verification"),
        ("pages", "from grader.desk.files import page_path"),
        ("student", "from grader.desk.running import prepare_run"),
        ("protocol", "import pickle"),
    ],
)
def test_a_forbidden_import_is_seen(room: str, code: str) -> None:
    assert forbidden(room, code)


def test_solutions_import_nothing_of_ours() -> None:
    for path in sorted((GRADER.parent / "solutions").glob("*.py")):
        names = {name.split(".")[0] for name in imported(path.read_text("utf-8"))}
        assert names <= {"torch", "numpy", "matplotlib"} | sys.stdlib_module_names


def test_every_module_says_what_it_knows_and_what_not() -> None:
    for _, path in modules():
        if path.name in ("__init__.py", "__main__.py") or path.parent.name == "labs":
            continue
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        assert "Knows" in docstring, path.name
        assert "efuses" in docstring, path.name


def test_modules_and_functions_keep_to_their_measure() -> None:
    """About 250 lines a module and 40 a function."""
    for _, path in modules():
        code = path.read_text("utf-8")
        assert code.count("\n") <= 260, path.name
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 45, f"{path.name}: {node.name}"
