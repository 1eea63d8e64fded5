"""The README's commands and its table of labs are those of the code."""

import re
import subprocess
import sys
import textwrap
from operator import attrgetter
from pathlib import Path

from grader.judge.source import Source
from grader.labs import all_labs
from grader.runner.devices import ON_CUDA
from grader.runner.limits import LIMITS, SETTINGS, read_limits
from grader.student.feedback import _questions, checked, line

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_table_of_labs_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| (lab\w+) \| (.+?) \| (\d+) \|$", README, flags=re.MULTILINE)
    assert rows == [(lab.name, lab.title, str(int(lab.points))) for lab in all_labs()]


def test_the_table_of_limits_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (\d+) \| .+ \|$", README, flags=re.MULTILINE)
    defaults = {name: attrgetter(place)(LIMITS) for name, (place, _) in SETTINGS.items()}
    assert rows == [
        (name, unit, f"{defaults[name] / (2**20 if unit == 'MiB' else 1):.0f}") for name, (_, unit) in SETTINGS.items()
    ]


def test_the_example_of_limits_can_be_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"^    \[limits\]\n(?:    .+\n)+", README, flags=re.MULTILINE)
    path = tmp_path / "limits.toml"
    path.write_text(textwrap.dedent(example), "utf-8")
    limits = read_limits(path)
    assert (limits.cell, limits.bounds.memory) == (120, 4 << 30)


def test_how_long_one_waits_and_how_to_wait_less_is_said_in_the_numbers_of_the_code(tmp_path: Path) -> None:
    said = re.search(
        r"answers nothing is waited for (\d+) seconds in a cell, (\d+) in a question and (\d+) in all",
        " ".join(README.split()),
    )
    assert said
    times = (LIMITS.cell, LIMITS.call, LIMITS.notebook)
    assert tuple(map(int, said.groups())) == tuple(LIMITS.wall_factor * each for each in times)
    (shorter,) = re.findall(r"`(wall_factor = \d+)` in the file of `--limits`", README.replace("\n", " "))
    path = tmp_path / "limits.toml"
    path.write_text(f"[limits]\n{shorter}", "utf-8")
    assert read_limits(path).wall_factor < LIMITS.wall_factor


def test_what_is_said_of_cuda_is_that_of_the_code() -> None:
    assert f"On CUDA at most {ON_CUDA} notebooks run at a time" in README


def test_every_make_target_named_is_there() -> None:
    targets = set(re.findall(r"(?:`|^    )make ((?:[a-z]+ ?)+)", README, flags=re.MULTILINE))
    words = {word for group in targets for word in group.split()}
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for word in words:
        assert re.search(rf"^{word}:", makefile, flags=re.MULTILINE), word
    assert {"grade", "test", "labs", "verify"} <= words


def test_every_option_named_is_there() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "grader", "grade", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    ).stdout
    ours = "\n".join(row for row in README.splitlines() if "pip " not in row)
    for option in set(re.findall(r"(--[a-z][a-z-]+)", ours)):
        assert option in shown


def test_the_rooms_named_are_there() -> None:
    for room in re.findall(r"^      (\w+)/  ", README, flags=re.MULTILINE):
        assert (ROOT / "grader" / room).is_dir()
    assert all((ROOT / name).is_dir() for name in ("solutions", "labs", "submissions", "grader"))


def test_the_example_of_check_says_what_it_would_say() -> None:
    code, name, shown = re.findall(
        r'^    (def .+?)\n\n    check\("(\w+)"\)\n    (.+?)$', README, re.MULTILINE | re.DOTALL
    )[0]
    names: dict[str, object] = {}
    exec(textwrap.dedent("    " + code), names)
    assert line(checked(_questions()[name], names, Source((code,)))) == shown


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in README
    commands = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert [c for c in commands if c.startswith("make")] == ["make test", "make verify", "make lint"]
