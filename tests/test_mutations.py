"""Notebooks that were damaged or made up: read and put on a page, or refused with one sentence, and in time.

Many more of them, others each time (so many of each kind take two processors some three minutes):

    MUTATIONS=4000 python -m pytest tests/test_mutations.py -n 2
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from effort import ending
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_feedback_page import assert_harmless

from grader.judge.model import Conditions
from grader.judge.roles import Replies
from grader.judge.source import Source
from grader.labs import all_labs
from grader.pages.feedback_page import render
from grader.protocol.messages import Missing
from grader.runner.assigning import lab_of
from grader.runner.grading import Assignment, Graded, ObservedNotebook, PreparedLab, mark, prepare
from grader.runner.notebook import Notebook, NotebookError, read_notebook
from grader.runner.submissions import Submission

ROOT = Path(__file__).parents[1]
MORE = "MUTATIONS" in os.environ

mutations = settings(
    max_examples=int(os.environ.get("MUTATIONS", "50")),
    derandomize=not MORE,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

DEEP, LONG = "\ue000deep\ue000", "\ue000long\ue000"
"""Stand for what `json.dumps` cannot write: a list in a list, 100 000 times, and a number of 5 000 digits."""

PIECES = (
    *(
        "",
        "\ud800",
        "\x00",
        "\u202e",
        "\x1b[31m",
        "\r",
        "é🙂",
        "<script>",
        "%%bash\n",
        "!ls\n",
        "```python\n",
        "> ",
        "- ",
    ),
    *("[", "(", "{", "*", "_", "`", "![x](attachment:x)", "[a](javascript:x)", "|a|b|\n|-|-|\n", "# ", "&lt;", "<!--"),
    *("$", "$$", r"\frac{", r"\left(", r"\href{javascript:x}{y}", r"\begin{align}x&=y\end{align}", "x^{y_{z}}"),
    *("def f(x):\n    return x\n", "if x: pass\n", "elif x: pass\n", "x.a", " + 1", "polynomial = ", "lambda: ", "~"),
    *("torch.autograd.grad = torch.Tensor.backward = f\n", "f(x + h)\n", "\n", "\t", "\\", '"', "'''", "# @title\n"),
)
GROWING = (
    ("if x: pass\n", "elif x: pass\n", ""),
    ("def f(x):\n    return f(x", " + 1", ", x - 1)\n"),
    ("def polynomial(x):\n    raise x", ".a", "\n"),
    ("def polynomial_gradient(x):\n", "    polynomial(x + h)\n", ""),
    ("torch.a", ".a", " = torch\n"),
    ("y = x", "[0", "]\n"),
    ("y = ", "-", "x\n"),
)
"""Code that stays code however often its middle part is repeated."""

KEYS = (
    "cells",
    "cell_type",
    "source",
    "metadata",
    "outputs",
    "id",
    "nbformat",
    "nbformat_minor",
    "attachments",
    "tags",
)
TYPES = ("code", "markdown", "raw", "heading", "html", "CODE", "")

texts = st.builds(lambda piece, n: piece * n, st.sampled_from(PIECES), st.sampled_from([1, 1, 1, 30, 3000]))
code = st.builds(
    lambda parts, n: parts[0] + parts[1] * n + parts[2], st.sampled_from(GROWING), st.sampled_from([1, 30, 1500, 2500])
)
odd = st.one_of(
    st.sampled_from([None, True, False, 0, -1, 3, 4, 5, 10**30, 1e308, float("nan"), float("inf"), DEEP, LONG]),
    st.sampled_from(TYPES),
    texts,
    st.recursive(
        st.none() | st.integers() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | texts, inner, max_size=3),
        max_leaves=6,
    ),
)


@cache
def seeds() -> tuple[bytes, ...]:
    """The labs, a class, and a notebook of format 3."""
    found = [path.read_bytes() for folder in ("labs", "submissions") for path in (ROOT / folder).rglob("*.ipynb")]
    old = nbformat.convert(nbformat.read(ROOT / "labs" / "lab2_graphs.ipynb", 4), 3)
    return (*(raw for raw in sorted(found) if valid(raw)), json.dumps(old).encode())


def valid(raw: bytes) -> bool:
    try:
        return bool(json.loads(raw)["cells"])
    except (ValueError, KeyError, TypeError):
        return False


@cache
def posed(name: str) -> PreparedLab:
    return prepare(next(lab for lab in all_labs() if lab.name == name), Conditions("mutations"))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A notebook's bytes, cut, changed here and there, or with a part of another put in."""
    raw = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(raw) - 1, 0)))
        match draw(st.sampled_from(["cut", "flip", "splice", "drop", "insert"])):
            case "cut":
                del raw[place:]
            case "flip":
                raw[place : place + 1] = bytes([draw(st.integers(0, 255))])
            case "splice":
                other = draw(st.sampled_from(seeds()))
                start = draw(st.integers(0, len(other) - 1))
                raw[place : place + draw(st.integers(0, 2000))] = other[start : start + draw(st.integers(0, 2000))]
            case "drop":
                del raw[place : place + draw(st.integers(1, 50))]
            case "insert":
                raw[place:place] = draw(
                    st.binary(max_size=8) | st.sampled_from([b"[" * 5000, b'{"a":' * 5000, b"9" * 5000])
                )
    return bytes(raw)


Place = tuple[Any, Any]


def places(tree: Any) -> list[Place]:
    """Every container with a key or an index in it."""
    found: list[Place] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        inner = (
            list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        )
        found += [(node, key) for key, _ in inner]
        waiting += [child for _, child in inner]
    return found


@st.composite
def twisted(draw: st.DrawFn) -> bytes:
    """A notebook whose nodes were replaced, removed, doubled, exchanged, renamed or filled with odd text."""
    tree = json.loads(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(1, 5))):
        found = places(tree)
        if not found:
            break
        # Half of them near the top, where there are few.
        node, key = found[draw(st.integers(0, min(len(found) - 1, 8)) | st.integers(0, len(found) - 1))]
        _twist(draw, node, key, found)
    text = json.dumps(tree)
    deep = "[" * 100_000 if draw(st.booleans()) else "[" * 500 + "]" * 500
    return (
        text.replace(json.dumps(DEEP), deep)
        .replace(json.dumps(LONG), "9" * draw(st.sampled_from([4000, 5000])))
        .encode()
    )


def _twist(draw: Callable[..., Any], node: Any, key: Any, found: list[Place]) -> None:
    match draw(st.sampled_from(["replace", "replace", "remove", "double", "exchange", "rename", "fill", "fill"])):
        case "replace":
            node[key] = draw(odd)
        case "remove":
            del node[key]
        case "double":
            node.extend([node[key]] * draw(st.sampled_from([1, 5000]))) if isinstance(node, list) else None
        case "exchange":
            other, its = found[draw(st.integers(0, len(found) - 1))]
            node[key], other[its] = json.loads(json.dumps([other[its], node[key]]))
        case "rename":
            if isinstance(node, dict):
                node[draw(st.sampled_from(KEYS) | texts)] = node.pop(key)
        case "fill":
            if isinstance(node[key], str):
                place = draw(st.integers(0, len(node[key])))
                node[key] = node[key][:place] + draw(texts) + node[key][place:]


made_up = st.builds(
    lambda cells, minor: json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": cells}).encode(),
    st.lists(
        st.fixed_dictionaries(
            {
                "cell_type": st.sampled_from(TYPES[:3]),
                "source": texts | st.lists(texts | code, max_size=4) | st.lists(code),
            },
            optional={
                "id": odd,
                "metadata": odd,
                "outputs": odd,
                "attachments": st.dictionaries(texts, odd, max_size=2),
            },
        ),
        max_size=4,
    ),
    st.integers(0, 9),
)


def graded(notebook: Notebook, source: Source) -> Graded:
    """As the notebook is marked where nothing that was asked for could be found."""
    lab = lab_of(source, all_labs()) or all_labs()[0]
    replies: tuple[tuple[Replies, ...], ...] = tuple(
        tuple(trial.asks.each(lambda ask: (Missing("undefined"),) * ask.points) for trial in trials)
        for trials in posed(lab.name).trials
    )
    assignment = Assignment(Submission("someone", Path("some.ipynb")), notebook.sha256, lab)
    return mark(assignment, posed(lab.name), ObservedNotebook(notebook, (), replies, 0.0))


def refusal_or_notebook(path: Path) -> str | Notebook:
    """The sentence with which a file is refused, or what was read of it."""
    try:
        return read_notebook(path)
    except NotebookError as error:
        return str(error)


def is_one_sentence(text: str) -> bool:
    return text.endswith(".") and "\n" not in text and len(text) < 150


def assert_graded_and_shown(notebook: Notebook) -> None:
    nodes = [cell.node for cell in notebook.cells]
    nbformat.validate(nbformat.v4.new_notebook(cells=nodes))
    source = Source(tuple(cell.source for cell in notebook.code))
    for name in list(source.definitions)[:20]:
        assert source.closure(name)
        source.is_stub(name)
    shown = graded(notebook, source)
    assert_harmless(render(shown.result, notebook, (), "A lab", "cpu"))


@contextlib.contextmanager
def usual_recursion() -> Iterator[None]:
    """As many frames as a program has at its start; Hypothesis allows its tests many more."""
    allowed = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 900)
    try:
        yield
    finally:
        sys.setrecursionlimit(allowed)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutations") / "notebook.ipynb"


@pytest.mark.parametrize("kind", [damaged(), twisted(), made_up], ids=["damaged", "twisted", "made up"])
@mutations
@given(data=st.data())
def test_a_notebook_is_read_or_refused(path: Path, kind: st.SearchStrategy[bytes], data: st.DataObject) -> None:
    path.write_bytes(data.draw(kind))
    with ending(), usual_recursion():
        found = refusal_or_notebook(path)
        if isinstance(found, str):
            assert is_one_sentence(found)
        else:
            assert_graded_and_shown(found)
