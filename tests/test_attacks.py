"""Submissions that cheat, leak or break something: their question earns nothing, and nothing else changes.

The attacks are in tests/attacks, a file a group. Each is a cell after the solution of lab 2: it either
replaces one `question`, which then gets `note`, or must change nothing at all.
"""

import contextlib
import os
import socket
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from grader.authoring.notebooks import answered, solution_notebook
from grader.authoring.verification import marks
from grader.judge.model import CellRun, Conditions, Mark
from grader.judge.source import Source
from grader.labs.lab2_graphs import LAB
from grader.pages.sentences import message
from grader.runner.grading import PreparedLab, ask_all, prepare
from grader.runner.limits import Limits, Room
from grader.runner.session import Session
from grader.runner.starting import Warm

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(sys.platform != "linux", reason="forking and confining are Linux's"),
]

ROOT = Path(__file__).parents[1]
SHORT = Limits(cell=1.0, call=1.0, notebook=30.0, wall_factor=6.0, room=Room(size=32 << 20, entries=2_000))
"""For what only a limit of time ends. Of processor time the solution takes a fiftieth, in a cell and in a call."""
LIMITS = replace(SHORT, cell=60.0, call=60.0, notebook=600.0)
"""For what something else ends, on however slow a machine."""
SITE = sysconfig.get_path("purelib")
SECRET = "a-secret-of-the-grader-7391"
SOLUTION = tuple(
    cell.source
    for cell in solution_notebook((ROOT / "solutions" / "lab2_graphs.py").read_text("utf-8")).cells
    if cell.cell_type == "code"
)
FEW = {"path_forward", "polynomial", "polynomial_gradient"}
"""What is asked after each attack; everything is after the last."""


@dataclass(frozen=True)
class Attack:
    """A cell, and what becomes of it: `outcome` and part of what it `says`, or the `note` of its `question`.

    Several notes, parted by |, are equally right. `lost` are questions that it breaks for itself by
    breaking what their code uses; "any" where that may be all of them.
    """

    what: str
    code: str
    question: str = ""
    note: str = ""
    score: float = 0.0
    lost: Sequence[str] = ()
    outcome: str = "ok"
    says: str = ""

    @property
    def limits(self) -> Limits:
        """Short ones where a limit of time is what ends it."""
        return (
            SHORT if {"timeout", "timed_out", "waited"} & {*self.outcome.split("|"), *self.note.split("|")} else LIMITS
        )


def attacks() -> Iterator[object]:
    for path in sorted((ROOT / "tests" / "attacks").glob("*.toml")):
        for entry in tomllib.loads(path.read_text("utf-8"))["attack"]:
            attack = Attack(**entry)
            yield pytest.param(attack, id=f"{path.stem}: {attack.what}")


@dataclass(frozen=True)
class Bench:
    """A warm parent whose children can be told from all others, by their folders and their PATH."""

    warm: Warm
    folder: Path
    path: str
    posed: PreparedLab
    few: PreparedLab

    def graded(self, *more: str, limits: Limits = LIMITS) -> tuple[tuple[CellRun, ...], list[Mark]]:
        return self._graded((*SOLUTION, *more), self.posed, limits)

    def is_sound(self) -> bool:
        """Whether a notebook with a few of the solution's answers still gets all the points for them."""
        imports, *cells = SOLUTION
        _, found = self._graded([imports, *(cell for cell in cells if answered(cell, FEW))], self.few, LIMITS)
        return sum(mark.score for mark in found) == self.few.lab.points

    def _graded(
        self, cells: Sequence[str], posed: PreparedLab, limits: Limits
    ) -> tuple[tuple[CellRun, ...], list[Mark]]:
        self.warm.load("\n".join(cells))
        with Session(limits, self.warm) as session:
            runs = session.run(cells)
            replies = ask_all(session, posed)
        return runs, marks(posed, replies, Source(tuple(cells)))

    @property
    def parent(self) -> int:
        assert self.warm._popen
        return self.warm._popen.pid

    def processes(self) -> list[str]:
        """What the parent left behind, whoever its own parent is by now."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                own = self.path.encode() in (folder / "environ").read_bytes()
            except OSError:
                continue
            if folder.name not in (str(self.parent), str(os.getpid())) and (own or parent == self.parent):
                found.append(folder.name)
        return found


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="attacks-") as scratch, pytest.MonkeyPatch.context() as patch:
        folder = Path(scratch)
        # As the system's own is: a child that is another user's finds its way through.
        folder.chmod(0o711)
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("PATH", f"{os.environ['PATH']}:{folder}")
        patch.setenv("GRADER_TOKEN", SECRET)
        warm = Warm()
        (folder / "class" / "s02").mkdir(parents=True)
        (folder / "class" / "s02" / "lab2.ipynb").write_text(SECRET)
        few = replace(LAB, questions=tuple(q for q in LAB.questions if q.name in FEW))
        posed = [prepare(lab, Conditions("attacks")) for lab in (LAB, few)]
        yield Bench(warm, folder, f":{folder}", *posed)
        warm.close()


@contextlib.contextmanager
def listening(address: str) -> Iterator[None]:
    """A socket outside, to which nothing is to be sent."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(address)
        heard.setblocking(False)
        try:
            yield
            with pytest.raises(BlockingIOError):
                heard.recv(100)
        finally:
            if address[0] != "\0":
                Path(address).unlink()


def standing(folder: Path) -> set[Path]:
    return set(folder.iterdir()) if folder.is_dir() else set()


def said(run: CellRun) -> str:
    parts = [o.get("text") or o.get("data") or f"{o.get('ename')}: {o.get('evalue')}" for o in run.outputs]
    return "".join(map(str, parts))


def test_without_an_attack_all_is_right(bench: Bench) -> None:
    assert sum(mark.score for mark in bench.graded()[1]) == LAB.points


@pytest.mark.parametrize("attack", list(attacks()))
def test_an_attack(bench: Bench, attack: Attack) -> None:
    places = {"ROOT": str(ROOT), "CLASS": str(bench.folder / "class"), "PARENT": str(bench.parent)}
    places["ABSTRACT"] = f"heard-{os.getpid()}"
    code = attack.code
    for word, place in places.items():
        code = code.replace(word, place)
    watched = (bench.folder, bench.folder / "class" / "s02")
    before = {folder: standing(folder) for folder in watched}
    with listening(f"\0{places['ABSTRACT']}"), listening(f"{places['CLASS']}/heard"):
        runs, marked = bench.graded(code, limits=attack.limits)

    assert runs[-1].outcome in attack.outcome.split("|"), said(runs[-1])
    assert attack.says in said(runs[-1]), said(runs[-1])
    assert [run.outcome for run in runs[:-1]] == ["ok"] * len(SOLUTION)
    if attack.question:
        (own,) = [mark for mark in marked if mark.question.name == attack.question]
        assert own.verdict.note in attack.note.split("|"), message(own.verdict)
        assert own.score == attack.score * own.question.points
        assert message(own.verdict) and "Traceback" not in message(own.verdict)
    others = {m.question.name: message(m.verdict) for m in marked if m.score != m.question.points}
    others.pop(attack.question, None)
    assert attack.lost == "any" or set(others) == set(attack.lost), others

    everything = "".join(map(said, runs)) + "".join(message(mark.verdict) for mark in marked)
    assert SECRET not in everything
    assert "INFERENCE" not in everything  # as the labs' definitions have it
    assert {folder: standing(folder) for folder in watched} == before
    assert not [
        p
        for place in (ROOT, SITE, "/usr/lib", "/usr/local", "/var/tmp", "/dev/shm")
        for p in Path(place).glob("*planted*")
    ]
    assert not list(Path("/tmp").glob(f"planted-{bench.parent}*"))
    assert bench.processes() == []
    assert bench.is_sound()


def test_after_all_attacks_all_is_right(bench: Bench) -> None:
    assert sum(mark.score for mark in bench.graded()[1]) == LAB.points
