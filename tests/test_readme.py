"""What the README and the other pages say of commands, labs, limits and rooms is so."""

import re
import textwrap
import tomllib
from operator import attrgetter
from pathlib import Path

import pytest
from commands import grader
from observed import QUESTIONS

from grader.judge.source import Source
from grader.labs import all_labs
from grader.runner.devices import ON_CUDA
from grader.runner.limits import LIMITS, SETTINGS, read_limits
from grader.student.caller import Caller
from grader.student.feedback import line
from grader.student.public import checked

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
INSTRUCTOR = (ROOT / "docs" / "instructor.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
ALL = "\n".join(page.read_text("utf-8") for page in PAGES)


def test_the_table_of_labs_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| (lab\w+) \| (.+?) \| (\d+) \|$", README, flags=re.MULTILINE)
    assert rows == [(lab.name, lab.title, str(int(lab.points))) for lab in all_labs()]


def test_the_table_of_limits_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (\d+) \| .+ \|$", INSTRUCTOR, flags=re.MULTILINE)
    defaults = {name: attrgetter(place)(LIMITS) for name, (place, _) in SETTINGS.items()}
    assert rows == [
        (name, unit, f"{defaults[name] / (2**20 if unit == 'MiB' else 1):.0f}") for name, (_, unit) in SETTINGS.items()
    ]


def test_the_example_of_limits_can_be_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"^    \[limits\]\n(?:    .+\n)+", INSTRUCTOR, flags=re.MULTILINE)
    path = tmp_path / "limits.toml"
    path.write_text(textwrap.dedent(example), "utf-8")
    limits = read_limits(path)
    assert (limits.cell, limits.bounds.memory) == (120, 4 << 30)


def test_how_long_one_waits_and_how_to_wait_less_is_said_in_the_numbers_of_the_code(tmp_path: Path) -> None:
    said = re.search(
        r"answers nothing is waited for (\d+) seconds in a cell, (\d+) in a question and (\d+) in all",
        " ".join(INSTRUCTOR.split()),
    )
    assert said
    times = (LIMITS.cell, LIMITS.call, LIMITS.notebook)
    assert tuple(map(int, said.groups())) == tuple(LIMITS.wall_factor * each for each in times)
    (shorter,) = re.findall(r"`(wall_factor = \d+)` in the file of `--limits`", INSTRUCTOR.replace("\n", " "))
    path = tmp_path / "limits.toml"
    path.write_text(f"[limits]\n{shorter}", "utf-8")
    assert read_limits(path).wall_factor < LIMITS.wall_factor


def test_what_is_said_of_cuda_is_that_of_the_code() -> None:
    assert f"On CUDA at most {ON_CUDA} notebooks run at a time" in INSTRUCTOR


def test_every_make_target_named_is_there() -> None:
    targets = set(re.findall(r"(?:`|^    )make ((?:[a-z]+ ?)+)", ALL, flags=re.MULTILINE))
    words = {word for group in targets for word in group.split()}
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for word in words:
        assert re.search(rf"^{word}:", makefile, flags=re.MULTILINE), word
    assert {"grade", "test", "labs", "verify"} <= words


def options(command: str) -> set[str]:
    """The options of a command of `grader`."""
    return set(re.findall(r"(--[a-z][a-z-]+)", grader(command, "--help").stdout))


def test_every_option_named_is_there() -> None:
    known = set().union(*map(options, ("grade", "release", "verify")))
    ours = "\n".join(row for row in ALL.splitlines() if "pip " not in row)
    assert set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", ours)) <= known


def test_the_rooms_named_are_those_that_are_there() -> None:
    named = re.findall(r"^      (\w+)/ ", CONTRIBUTING, flags=re.MULTILINE)
    assert sorted(named) == sorted(path.parent.name for path in ROOT.glob("grader/*/__init__.py"))
    for name in re.findall(r"^    (\w+)/ ", CONTRIBUTING, flags=re.MULTILINE):
        assert (ROOT / name).is_dir()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


def test_the_extras_named_are_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(re.findall(r"`deep-learning-labs\[(\w+)\]`", ALL)) == set(project["optional-dependencies"])


def test_the_example_of_check_says_what_it_would_say() -> None:
    code, name, shown = re.findall(
        r'^    (def .+?)\n\n    check\("(\w+)"\)\n    (.+?)\n\n', README, re.MULTILINE | re.DOTALL
    )[0]
    names: dict[str, object] = {}
    exec(textwrap.dedent("    " + code), names)
    assert line(checked(QUESTIONS[name], Caller(names, Source((code,))))) == textwrap.dedent("    " + shown)


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in README
    commands = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert "make test" in commands
