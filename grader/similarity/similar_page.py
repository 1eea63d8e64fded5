"""The instructor's page on who wrote the same as whom, and who gave what is right for another's numbers.

Knows what is shown of two notebooks that are alike, and of such an answer. Refuses to judge: it shows evidence, takes
off no points, and writes nothing where a student looks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from grader.desk.files import write_whole
from grader.judge.model import Result
from grader.pages.code import highlighted
from grader.pages.sanitize import cut, line
from grader.similarity.answers_kept import read_answers, read_keys
from grader.similarity.evidence import ForeignAnswer, ForeignValue
from grader.similarity.likeness import Answers, Likeness, likenesses
from grader.similarity.normal_form import Statement
from grader.similarity.pictures import GroupPicture, pictures

TEMPLATES: Final = Path(__file__).parents[1] / "pages" / "templates"
PAGE: Final = Path("instructor", "similar.html")
"""Where the page lies in the output folder: not among the students' pages."""
HEAD: Final = 1_000
"""Characters in which the page says what it follows from."""
SHOWN: Final = 50
"""Pairs whose codes are shown for one lab; the rest stand in the table."""
NAMED: Final = 3
"""Points that are shown of an answer that is right for others, and names of these."""
ROWS: Final = 300
STATEMENT: Final = 2_000
"""Statements of an answer, and characters of a statement, that are shown."""


@dataclass(frozen=True)
class SharedRow:
    """A statement of the one beside one of the other: `kind` is same, moved or other; "" where nobody's."""

    left: Markup
    right: Markup
    kind: str


@dataclass(frozen=True)
class Shared:
    """One question in which two wrote the same; `authors` of the `answered` did so."""

    question: str
    authors: int
    answered: int
    rows: tuple[SharedRow, ...]


@dataclass(frozen=True)
class Pair:
    """Two students, and what they share; `anchor` is where their codes stand, "" where they are not shown."""

    anchor: str
    one: str
    other: str
    shared: tuple[Shared, ...]


@dataclass(frozen=True)
class Class:
    """One lab: how many handed it in, and who shares."""

    lab: str
    count: int
    pairs: tuple[Pair, ...]
    pictures: tuple[GroupPicture, ...]


@dataclass(frozen=True)
class Foreign:
    """An answer that is right for another's numbers: the output called `what` at some of its points.

    `more` counts the question's other outputs that are right for the same students; `owners` are some of these.
    """

    student: str
    lab: str
    question: str
    what: str
    more: int
    values: tuple[ForeignValue, ...]
    points: int
    owners: tuple[str, ...]
    count: int


def class_key(results: Sequence[Result], found: Sequence[ForeignAnswer]) -> str:
    """What the page follows from, as a hash; "" where a result may be another the next time."""
    prints = sorted((one.student, one.lab, one.fingerprint) for one in results if one.status == "graded")
    if not all(fingerprint for _, _, fingerprint in prints):
        return ""
    return hashlib.sha256(repr((prints, sorted(map(repr, found)))).encode("utf-8", "surrogatepass")).hexdigest()


def is_filed(key: str, out: Path) -> bool:
    """Whether the page that follows from this key lies in the folder `out`."""
    try:
        with (out / PAGE).open(encoding="utf-8") as page:
            return bool(key) and f'content="{key}"' in page.read(HEAD)
    except (OSError, ValueError):
        return False


def write_similar(results: Sequence[Result], found: Sequence[ForeignAnswer], out: Path) -> None:
    """Compare the notebooks of each lab, and write the page with what was `found` into the folder `out`.

    Where the page that follows from them lies there already, it stays.
    """
    key = class_key(results, found)
    if not is_filed(key, out):
        write_whole(out / PAGE, similar(results, found, out, key).encode("utf-8", "replace"))


def similar(results: Sequence[Result], found: Sequence[ForeignAnswer], out: Path, key: str = "") -> str:
    """The page as HTML, of what was written down in the folder `out`; `key` is that of `class_key`."""
    labs: dict[str, list[Result]] = {}
    for result in results:
        if result.status == "graded":
            labs.setdefault(result.lab, []).append(result)
    return _template().render(
        key=key,
        classes=[_class(lab, labs[lab], out) for lab in sorted(labs)],
        shown=SHOWN,
        own_numbers=any(result.variant for result in results),
        foreign=_foreign(found),
    )


def _foreign(found: Sequence[ForeignAnswer]) -> list[Foreign]:
    """An entry for each answer and those it is right for, by student and lab, questions in their order."""
    answers: dict[tuple[str, str, str, tuple[str, ...]], list[ForeignAnswer]] = {}
    for one in sorted(found, key=lambda one: (one.student, one.lab)):
        answers.setdefault((one.student, one.lab, one.question, one.owners), []).append(one)
    return [_entry(outputs[0], len(outputs) - 1) for outputs in answers.values()]


def _entry(one: ForeignAnswer, more: int) -> Foreign:
    values = tuple(
        ForeignValue(line(v.at, 200), line(v.theirs, 200), line(v.expected, 200)) for v in one.values[:NAMED]
    )
    owners = tuple(line(owner, 60) for owner in one.owners[:NAMED])
    student, what = line(one.student, 60), line(one.what, 60)
    return Foreign(student, one.lab, one.question, what, more, values, len(one.values), owners, len(one.owners))


def _class(lab: str, results: Sequence[Result], out: Path) -> Class:
    keys = {result.student: read_keys(result, out) for result in results}
    found = likenesses(keys)
    own = {result.student: result for result in results}
    pairs, links = [], {}
    for place, likeness in enumerate(found, 1):
        anchor = f"{lab}-{place}" if place <= SHOWN else ""
        answered = {question: sum(bool(each.get(question)) for each in keys.values()) for question in likeness.authors}
        sides = [read_answers(own[name], out) if anchor else {} for name in (likeness.one, likeness.other)]
        pairs.append(_pair(likeness, answered, sides[0], sides[1], anchor))
        links[likeness.one, likeness.other] = anchor
    return Class(lab, len(results), tuple(pairs), pictures(links))


def _pair(likeness: Likeness, answered: Mapping[str, int], one: Answers, other: Answers, anchor: str) -> Pair:
    rarest = sorted(likeness.authors, key=lambda question: likeness.authors[question])
    shared = (Shared(q, likeness.authors[q], answered[q], beside(one.get(q, ()), other.get(q, ()))) for q in rarest)
    return Pair(anchor, line(likeness.one, 60), line(likeness.other, 60), tuple(shared))


def beside(one: Sequence[Statement], other: Sequence[Statement]) -> tuple[SharedRow, ...]:
    """Two answers statement by statement, what is the same on one line; `moved` is what the other has elsewhere."""
    one, other = one[:ROWS], other[:ROWS]
    left, right = [s.key for s in one], [s.key for s in other]
    rows: list[SharedRow] = []
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for mine, theirs in zip_longest(one[a:b], other[c:d]):
            known = [s.key in keys for s, keys in ((mine, right), (theirs, left)) if s]
            kind = "same" if tag == "equal" else "moved" if all(known) else "other"
            rows.append(SharedRow(_text(mine), _text(theirs), kind if any(s and s.key for s in (mine, theirs)) else ""))
    return tuple(rows)


def _text(statement: Statement | None) -> Markup:
    return highlighted(cut(statement.text, STATEMENT)) if statement else Markup()


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("class/similar.html.j2")
