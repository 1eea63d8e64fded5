"""Odd answers for the judge, the same for a seed: what a notebook may send, right, nearly right, and absurd.

Every reply goes through a frame and the reading of it, so that nothing is tried that could not arrive. A long run:

    python tests/odd.py --answers 100000 --seed tonight
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any, Final

import nbformat
import numpy as np

from grader.authoring.notebooks import solution_notebook
from grader.desk.gradebook import rows
from grader.desk.report import as_json
from grader.judge.model import CellRun, Conditions, Lab, Report, Status
from grader.judge.roles import Asks, Replies, Roles
from grader.judge.source import Source
from grader.kernel.answers import Namespace, answer
from grader.labs import all_labs
from grader.pages.class_page import index
from grader.pages.feedback_page import render
from grader.pages.sentences import message
from grader.protocol.conduct import Conduct, Deed, Means
from grader.protocol.frames import decode, encode
from grader.protocol.messages import (
    Array,
    Ask,
    Died,
    Leaf,
    Missing,
    Node,
    Observation,
    Other,
    Raised,
    Read,
    Reply,
    TimedOut,
    Unreadable,
    Value,
)
from grader.protocol.observations import grouped
from grader.protocol.replies import decode_reply, encode_answer
from grader.protocol.requests import decode_request, encode_request
from grader.runner.assigning import lab_of
from grader.runner.grading import Assignment, Graded, ObservedNotebook, PreparedLab, mark, prepare
from grader.runner.notebook import Cell, Notebook
from grader.runner.submissions import Submission
from grader.similarity.normal_form import answers

ROOT: Final = Path(__file__).parents[1]
MESSAGE: Final = 3_000
"""Characters of all that is said of a question."""
ADDED: Final = 1 << 20
"""Bytes that one notebook may add to `report.json`."""

ODD_NUMBERS: Final = (
    *(np.nan, np.inf, -np.inf, -0.0, 0.0, 5e-324, -2.2e-308, 1.7e308, -1.7e308, 1e308, 1e-300),
    *(1.0, -1.0, 0.5, 3.4e38, 6.5e4, 1e16, 2.0**53, 1e-9),
)
DTYPES: Final = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
WORDS: Final = (
    *("", " ", "a", "x", "z", "w", "b", "dz_da", "0", "1", "2", "-1", "²", "٣", "0.0", "None", "…", "nan", "E", "loss"),
    *("{what}", "{0}", "{", "}}", "%s", "a\nb", "\x00", "\r\n\t", "\x1b[31m", "\u202eabc", "\u2066", "<script>", "]]>"),
    *("a → b", "é", "𝔵" * 3, "'", '"', "\\", "a: b", ": ", "does not require grad", "CUDA error: no", "\u2028"),
    *("k" * 2_000, "🙂" * 1_000, "\n" * 2_000, "\x00" * 2_000, "NotImplementedError", "a" * 300),
)
KINDS: Final = {
    **dict.fromkeys(("tensor", "numpy"), ("biufc", None)),
    "float": ("f", 0),
    "int": ("i", 0),
    "bool": ("b", 0),
    "complex": ("c", 0),
    "list": ("biufc", 1),
}
"""Kinds of a leaf, with the kinds of array that go with each, and its axes."""


@dataclass(frozen=True)
class Solved:
    """A lab, posed, with what its reference solution answers."""

    posed: PreparedLab
    replies: tuple[tuple[Replies, ...], ...]
    notebook: Notebook


@cache
def solved(lab: Lab) -> Solved:
    """A lab with the replies of its solution, as they come out of the frames."""
    text = (ROOT / "solutions" / f"{lab.name}.py").read_text("utf-8")
    cells = [cell.source for cell in solution_notebook(text).cells if cell.cell_type == "code"]
    names: dict[str, Any] = {"__name__": "__main__"}
    with redirect_stdout(StringIO()):
        for cell in cells:
            exec(cell, names)
    posed = prepare(lab, Conditions("odd"))
    namespace = Namespace(names, "cpu", lambda _: False)
    replies = tuple(
        tuple(trial.asks.each(lambda ask: _asked(ask, namespace)) for trial in trials) for trials in posed.trials
    )
    return Solved(posed, replies, notebook(cells))


def together(asks: Asks, replies: Replies) -> Roles[tuple[Ask | Read, Reply]]:
    """Each ask with the reply to it."""
    left = iter(replies)
    return asks.each(lambda ask: (ask, next(left)))


def _asked(ask: Ask | Read, names: Namespace) -> Reply:
    number, question = decode_request(encode_request(1, ask))
    assert isinstance(question, Ask | Read)
    return decode_reply(decode(encode_answer(number, answer(question, names))), 1, ask)


def notebook(cells: list[str]) -> Notebook:
    """A notebook of code cells, without a file."""
    made = [nbformat.v4.new_code_cell(source, id=f"cell-{place}") for place, source in enumerate(cells)]
    return Notebook(tuple(Cell("code", node.source, place, node) for place, node in enumerate(made)), "")


def sent(reply: Reply, ask: Ask | Read) -> Reply:
    """A reply as the grader reads it from a frame. What could not be sent is an error here."""
    if isinstance(reply[0], TimedOut | Died):
        return reply
    plain = tuple(Unreadable("mixed") if isinstance(seen, TimedOut | Died) else seen for seen in reply)
    body, arrays = grouped(plain)
    return decode_reply(decode(encode({"id": 1, **body}, arrays)), 1, ask)


def updated(ask: Ask | Read, seen: Observation) -> Observation:
    """An update that ended in an error has fewer results than rounds, and no other has."""
    if isinstance(ask, Ask) and ask.manner == "update" and isinstance(seen, Value):
        return replace(seen, results=seen.results[: ask.rounds - bool(seen.gradient_error)])
    return seen


class Odd(Random):
    """Draws odd things; `one in n` is the chance of a thing."""

    def one(self, n: int) -> bool:
        """Whether a chance of one in n came."""
        return self.random() * n < 1

    def word(self) -> str:
        """A word of up to 2 000 characters."""
        return self.choice(WORDS) if self.one(2) else self.choice("abxyzwE") * self.randint(1, 3)

    def array(self, like: Array | None = None) -> Array:
        """An array of any dtype and shape, or one like another but for what is odd in it."""
        if like is None or self.one(4):
            shape = tuple(self.choice((0, 1, 1, 2, 3)) for _ in range(self.choice((0, 0, 1, 1, 2, 3, 15))))
            like = np.zeros((7, 100) if self.one(50) else shape) + self.choice(ODD_NUMBERS)
        array = self._filled(like) if self.one(2) else np.array(like)
        with np.errstate(all="ignore"):
            if self.one(3):
                array = array.astype(self.choice(DTYPES))
            elif self.one(3) and array.dtype.kind in "fc":
                array = array * self.choice((2.0, -1.0, 1 + 1e-7, 1e300, 0.0))
        return self._shaped(array) if self.one(3) else array

    def _filled(self, like: Array) -> Array:
        array = np.array(like, dtype=np.result_type(like, np.float64) if self.one(2) else like.dtype)
        places = [slice(None)] if self.one(2) or not array.size else [self.randrange(array.size)]
        with np.errstate(all="ignore"):
            for place in places:
                array.reshape(-1)[place] = np.array(self.choice(ODD_NUMBERS)).astype(array.dtype)
        return array

    def _shaped(self, array: Array) -> Array:
        shapes: tuple[Callable[[], Array], ...] = (
            lambda: array[None],
            lambda: array[..., None],
            array.ravel,
            lambda: array.T,
            lambda: array.reshape(-1)[:0],
            lambda: np.stack([array] * 2),
            lambda: array.reshape(-1)[:1].reshape(() if array.size else (0,)),
        )
        return self.choice(shapes)() if array.ndim < 14 else array

    def leaf(self, like: Leaf | None = None) -> Leaf:
        """A number, an array or a list of numbers; its dtype and device may be lies."""
        array = self.array(like.array if like else None)
        kinds = [k for k, (found, axes) in KINDS.items() if array.dtype.kind in found and axes in (None, array.ndim)]
        kind = like.kind if like and like.kind in kinds and self.one(2) else self.choice(kinds)
        dtype = array.dtype.name if not self.one(8) else self.choice(("bfloat16", "complex32", "", *DTYPES, *WORDS))
        return Leaf(array, kind, dtype, "cpu" if not self.one(20) else self.choice(("cuda:0", "mixed", *WORDS)))

    def other(self) -> Other:
        """What is no number."""
        names = ("None", "str", "ellipsis", "function", "type", "set", "Tensor", "int", self.word())
        return Other(self.choice(names), self.choice(("", self.word())))

    def node(self, like: Node | None = None, depth: int = 0) -> Node:
        """A result of any form, or one like another but for what is odd in it."""
        match like:
            case Leaf() if not self.one(6):
                return self.leaf(like)
            case tuple() if not self.one(5):
                return self._items([self.node(x, depth + 1) if self.one(2) else x for x in like])
            case Mapping() if not self.one(5):
                return self._entries({k: self.node(x, depth + 1) if self.one(2) else x for k, x in like.items()})
        if depth > 3:
            return self.leaf() if self.one(2) else self.other()
        return self.choice(self._forms(depth))()

    def _forms(self, depth: int) -> list[Callable[[], Node]]:
        return [
            self.leaf,
            self.leaf,
            self.other,
            self.other,
            lambda: tuple(self.node(None, depth + 1) for _ in range(self.choice((0, 1, 2, 3, 3, 5)))),
            lambda: {self.word(): self.node(None, depth + 1) for _ in range(self.randint(0, 4))},
            lambda: (self.leaf(), Leaf(np.array(1j), "complex", "complex128", "cpu")),
            self._deep,
            self.edges,
            self._many,
        ]

    def _items(self, items: list[Node]) -> Node:
        changes: tuple[Callable[[], Node], ...] = (
            lambda: tuple(items),
            lambda: tuple(items[:-1]),
            lambda: (*items, self.node(None, 2)),
            lambda: dict(zip("0123456789", items, strict=False)),
            lambda: tuple(reversed(items)),
        )
        return self.choice(changes)() if self.one(3) else tuple(items)

    def _entries(self, entries: dict[str, Node]) -> Node:
        if entries and self.one(3):
            entries.pop(self.choice(list(entries)))
        if self.one(3):
            entries |= {self.word(): self.node(None, 2) for _ in range(self.randint(1, 3))}
        return tuple(entries.values()) if self.one(8) else entries

    def _deep(self) -> Node:
        found: Node = self.leaf()
        for _ in range(self.randint(1, 16 - 4)):
            found = (found,) if self.one(2) else {self.word(): found}
        return found

    def _many(self) -> Node:
        if not self.one(10):
            return ()
        keys = {f"{i}" + "k" * self.choice((1, 300)): Other("None") for i in range(self.choice((50, 1_000)))}
        return keys if self.one(2) else tuple(keys.values())

    def edges(self) -> Node:
        """Pairs of names, mostly."""
        names = [self.choice(("a", "b", "x", "y", "z", "E", "u", self.word())) for _ in range(self.randint(1, 12))]
        pairs: list[Node] = [
            (Other("str", self.choice(names)), Other("str", self.choice(names)))
            for _ in range(self.choice((0, 1, 5, 9, 20, 49, 60)))
        ]
        if self.one(4):
            pairs.append(self.choice(((), (self.other(),) * 3, self.leaf(), (Other("str", "a"), self.other()))))
        if self.one(40):
            pairs += [(Other("str", f"n{i}"), Other("str", f"n{i + 1}")) for i in range(self.choice((9, 45, 3_000)))]
        return tuple(pairs)

    def raised(self) -> Raised:
        """An exception."""
        return Raised(self.choice(("NotImplementedError", "ValueError", self.word())), self.word(), self.word())

    def lost(self) -> Observation:
        """What is seen where there is no value."""
        return self.choice(
            (self.raised(), Missing(), Missing("not callable"), Missing(self.word()), Unreadable(self.word()))
        )

    def observation(self, like: Observation) -> Observation:
        """What may be seen at one point, of a call that gave `like` in the solution."""
        if not isinstance(like, Value):
            return like
        results = tuple(self.node(part) if self.one(2) else part for part in like.results)
        slopes = {path: self._slope(leaf) for path, leaf in like.gradients.items() if not self.one(10)}
        if self.one(12):
            slopes[self.word()] = self.leaf()
        error = self.raised() if self.one(8) else like.gradient_error
        return replace(like, results=results, gradients=slopes, gradient_error=error, changed=self._changed())

    def _slope(self, like: Leaf | None) -> Leaf | None:
        return None if self.one(6) else self.leaf(like) if self.one(3) else like

    def _changed(self) -> tuple[str, ...]:
        return tuple(self.word() for _ in range(self.randint(1, 3))) if self.one(8) else ()

    def reply(self, ask: Ask | Read, like: Reply) -> Reply:
        """What may come back of one ask: the same oddity at every point, or one at some."""
        if self.one(25):
            return (self.choice((TimedOut(20.0), Died("SIGKILL"), Died(self.word()))),) * ask.points
        left, gone = self.choice((0.1, 0.5, 1.0, 1.0)), self.choice((0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 1.0))
        alike, seed, found = self.one(2), self.random(), []
        for seen in like:
            draw = Odd(seed) if alike else self
            odd = draw.lost() if self.random() < gone else draw.observation(seen)
            found.append(odd if self.random() < left else seen)
        if isinstance(found[0], Value | Raised) and self.one(6):
            found[0] = replace(found[0], conduct=self.conduct())
        return sent(tuple(updated(ask, seen) for seen in found), ask)

    def conduct(self) -> Conduct:
        """What a call may be said to have done."""
        deeds = (
            Deed(
                self.choice(tuple(Means)),
                self.word(),
                self.word(),
                tuple(self.word() for _ in range(self.randint(0, 3))),
            )
            for _ in range(self.randint(0, 9))
        )
        return Conduct(tuple(deeds), self.word() if self.one(4) else "")

    def cells(self, names: list[str]) -> list[str]:
        """The cells of a notebook with some odd code among them."""
        found = [self.code(self.choice(names)) for _ in range(self.randint(0, 4))]
        return [*found, *(f"def {name}(x):\n    return x" for name in names if self.one(2))]

    def code(self, name: str) -> str:
        """A cell that is Python, or nearly, and defines a name or seems to."""
        template, size = self.choice(CODES), self.choice((3, 90, 900, 5_000))
        return template(name, size)

    def run(self, source: str) -> CellRun:
        """How a cell ended, with odd outputs."""
        error = {"output_type": "error", "ename": self.word(), "evalue": self.word(), "traceback": [self.word()]}
        bundle = {
            "output_type": "display_data",
            "data": {self.choice(("image/png", "text/plain", self.word())): self.choice((5, None, [1], self.word()))},
            "metadata": {},
        }
        stream = {"output_type": "stream", "name": self.word(), "text": self.word()}
        outputs = tuple(self.choice((error, bundle, stream)) for _ in range(self.choice((0, 0, 1, 3))))
        return CellRun(outputs, self.choice(("ok", "ok", "error", "timeout", "died", "skipped")), 0.1)

    def observed(self, given: Solved, left: float, made: Notebook) -> ObservedNotebook:
        """A whole notebook's replies, of which a share of `left` is odd."""
        replies = tuple(
            tuple(
                together(t.asks, r).each(lambda asked: self.reply(*asked) if self.random() < left else asked[1])
                for t, r in zip(trials, group, strict=True)
            )
            for trials, group in zip(given.posed.trials, given.replies, strict=True)
        )
        return ObservedNotebook(made, tuple(self.run(cell.source) for cell in made.code), replies, 0.1)


def _body(lines: str) -> Callable[[str, int], str]:
    return lambda name, size: lines.replace("NAME", name).replace("HUGE", "0x" + "f" * size)


CODES: Final[tuple[Callable[[str, int], str], ...]] = (
    *map(
        _body,
        (
            "def NAME(x):\n    return x + HUGE",
            "def NAME(x):\n    h = HUGE\n    return (NAME(x + h) - NAME(x - HUGE)) / HUGE",
            "NAME = HUGE",
            "NAME = [HUGE, -HUGE, ~HUGE, HUGE * 1j]",
            "def g(x): return x\ndef NAME(x, h=HUGE):\n    return [g(x + HUGE), g(x - HUGE), g(x + i) for i in x]",
            "def NAME(x):\n    def f(y): return y\n    return [f(x + HUGE) - f(x - 1) for i in x]",
            "match NAME:\n    case HUGE: pass\n    case {'a': NAME, **rest}: pass\n    case [NAME, *_] | None: pass",
            "def NAME(x):\n    match x:\n        case {'a': HUGE}: return (y := x)\n        case _: return lambda x: x",
            "NAME = lambda x, *a, y=(z := 1), **k: (lambda: x)()",
            "(NAME, (a, *b)), c[NAME] = d.NAME = e = 1",
            "NAME.x.y = NAME[0].z = lambda: NAME",
            "class NAME:\n    def NAME(self): return self.grad\n    NAME = 5",
            "async def NAME(x):\n    async for y in x: await y\n    return [z async for z in x]",
            "@NAME\n@NAME.a(HUGE)\ndef NAME(x, /, y: HUGE = 1, *, z=f'{x!r:>{y}}', **k) -> NAME: yield from (yield x)",
            "try: NAME = 1\nexcept* ValueError as NAME: raise\nelse:\n    def NAME(): ...\nfinally: del NAME",
            "from . import *\nfrom .a import b as NAME\nimport c.d, NAME.e, NAME as f",
            "from __future__ import annotations\nNAME: HUGE\nNAME += 1\nglobal NAME",
            "with a as NAME, b as (c, NAME[0]): pass\nfor NAME.x, *y in z: pass\nwhile (NAME := 1): break",
            "%%time\n!ls {NAME}\nNAME = !ls\n?NAME\nNAME?\n%NAME HUGE",
            "def NAME(x):\n    '''doc'''\n    raise NotImplementedError",
            "def NAME(x):\n    raise NotImplementedError(HUGE)",
            "NAME = ...",
            "def NAME(x)\n    return x",
            "def NAME(x):\n\x0c    y = x\u2028\n\x1c\n    return (\n\n\n    y)",
            "def NAME(x): return x\x00",
            "def NAME(x): return '\ud800'",
            "def NAME(\ufb01, \u212b): return \ufb01 + \u212b",
            "if 1:\n    def NAME(x): return x\nelif NAME:\n    NAME = NAME\n\x0celse: NAME()",
            "NAME = b'\\xff' * 3, ..., 1j, 1e400, -1e400, '\\ud800', '\\x00'",
            "if NAME: pass" + "\nelif NAME: pass" * 1_500,
        ),
    ),
    lambda name, size: f"{name} = {'(' * size}1{')' * size}",
    lambda name, size: f"{name} = {'-' * size}1",
    lambda name, size: f"def {name}(x):\n    return x{'.T' * size}",
    lambda name, size: f"def {name}(x):\n    return {' + '.join(['x'] * size)}",
    lambda name, size: f"def {name}(x):\n    return {'[' * min(size, 90)}x{']' * min(size, 90)}",
    lambda name, size: f"def {name}(x):\n    return f'{'{x + 1}' * size}'",
    lambda name, size: f"def {name}(x):\n" + "    x = x + 1\n" * (2 * size) + "    return x",
    lambda name, size: f"def {name}(x):\n    return {'lambda: ' * size}x",
    lambda name, size: f"def {name}(x):\n    return {'f(' * size}x + 1e-3{')' * size}",
    lambda name, size: "\n".join(f"{' ' * i}def {name}(x):" for i in range(min(size, 95))) + " return x",
    lambda name, size: f"def {name}({', '.join(f'a{i}' for i in range(size))}): return a0",
    lambda name, size: "".join(f"def f{i}(x): return f{i + 1}(x)\n" for i in range(size // 3)) + f"{name} = f0",
    lambda name, size: f"def {name}(x):\n    return {'n' * size}(x + 1) - {'n' * size}(x - 1)",
    lambda name, size: (
        f"{'n' * size} = lambda x: x\ndef {name}(x, h=1):\n    return {'n' * size}(x+h) - {'n' * size}(x-h)"
    ),
    lambda name, size: f"{name} = {size * '9'}",
    lambda name, size: f"{name} = {'not ' * size}1",
    lambda name, size: f"{name} = {' if 1 else '.join(['1'] * size)}",
    lambda name, size: (
        f"def {name}(x):\n" + "".join(f"    y{i} = y{i - 1}[0].a\n" for i in range(size)) + "    return y1"
    ),
)
"""What makes a cell of a name and a size."""


def tried(draw: Odd, given: Solved, left: float) -> Graded:
    """One odd notebook through all that grading does with it. Raises AssertionError for what must not be."""
    lab = given.posed.lab
    names = [question.name for question in lab.questions]
    made = given.notebook if draw.one(2) else notebook(draw.cells(names))
    source = Source(tuple(cell.source for cell in made.code))
    lab_of(source, all_labs())
    assignment = Assignment(Submission("s", Path("s/n.ipynb")), made.sha256, lab, variant="own")
    graded = mark(assignment, given.posed, draw.observed(given, left, made))
    faults = [m.question.name for m in graded.result.marks if m.verdict.note == "fault"]
    assert not faults, f"the judging failed at {faults}"
    for one in graded.result.marks:
        verdict = one.verdict
        assert 0 <= one.score <= one.question.points
        assert verdict.score == 1 or verdict.status is not Status.PASS, one.question.name
        assert len(message(verdict)) <= MESSAGE, (one.question.name, len(message(verdict)))
    return graded


def filed(graded: Graded) -> None:
    """What a run writes of a notebook: its page, and its part of every table."""
    assert graded.notebook
    page = render(graded.result, graded.notebook, graded.runs, "title", "cpu").encode("utf-8", "replace")
    assert len(page) < 4 << 20, len(page)
    report = Report("cpu", "seed", (graded.result,))
    assert added(graded) <= ADDED
    rows(report, [graded.result.lab])
    index(report, ["s"], [graded.result.lab], lambda result: "")
    answers(
        Source(tuple(cell.source for cell in graded.notebook.code)), [one.question.name for one in graded.result.marks]
    )


def added(graded: Graded) -> int:
    """The bytes that a notebook adds to the report."""
    report = as_json(Report("cpu", "seed", (graded.result,)))
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    assert json.loads(text) == report
    return len(text.encode("utf-8", "backslashreplace"))


def trials(seed: str, labs: tuple[Lab, ...]) -> Iterator[tuple[str, Odd, Solved]]:
    """Endless draws, each with a name that repeats it."""
    for number in range(sys.maxsize):
        name = f"{seed} {number}"
        yield name, Odd(name), solved(labs[number % len(labs)])


def main() -> int:
    """Try so many odd answers, and print what broke and how to repeat it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--seed", default="long")
    options = parser.parse_args()
    notes: Counter[str] = Counter()
    count = broken = 0
    began = time.process_time()
    for name, draw, given in trials(options.seed, tuple(all_labs())):
        if count >= options.answers:
            break
        count += len(given.replies)
        try:
            graded = tried(draw, given, 0.5)
            notes.update(one.verdict.note for one in graded.result.marks)
            if draw.one(10):
                filed(graded)
        except Exception as error:
            broken += 1
            print(f"{name} ({given.posed.lab.name}): {type(error).__name__}: {str(error)[:300]}", flush=True)
    print(f"{count} answers, {broken} notebooks broken, {time.process_time() - began:.0f} s of processor time")
    print(notes.most_common())
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())
