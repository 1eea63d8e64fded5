"""What is installed: `check` with the light installation, and a sentence where a command needs more."""

import os
import re
import runpy
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from grader.kernel.driver import search_path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def named(requirements: list[str]) -> set[str]:
    """The distributions of requirements, spelt as installers compare them."""
    return {re.split(r"[^\w.-]", text)[0].lower().replace("_", "-") for text in requirements}


def extra_modules() -> set[str]:
    """The modules that only the extras bring."""
    extras = set().union(*map(named, PROJECT["optional-dependencies"].values())) - {PROJECT["name"]}
    return {
        module
        for module, distributions in packages_distributions().items()
        if extras & {name.lower().replace("_", "-") for name in distributions}
    }


def without(modules: set[str], run: str) -> subprocess.CompletedProcess[str]:
    """Python code, run where `modules` are not installed."""
    code = f"import sys\nsys.modules.update(dict.fromkeys({sorted(modules)}))\nimport runpy\n{run}"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_student_needs_none_of_the_extras() -> None:
    modules = extra_modules()
    assert {"typer", "nbconvert", "jupytext", "pytest"} <= modules
    done = without(modules, "runpy.run_path('.ci/student.py')")
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_students_machine_must_do_is_done_here(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / ".ci" / "student.py"))
    assert [line[0] for line in capsys.readouterr().out.splitlines()] == ["✓", "◐", " "]


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("typer", ["grade", "submissions", "--out", "out"], "grade"),
        ("rich", ["grade", "submissions", "--out", "out"], "grade"),
        ("filelock", ["grade", "submissions", "--out", "out"], "grade"),
        ("jupytext", ["build"], "author"),
    ],
)
def test_a_command_says_what_is_not_installed_and_how_to_install_it(
    module: str, arguments: list[str], extra: str, tmp_path: Path
) -> None:
    arguments = [str(tmp_path / "out") if argument == "out" else argument for argument in arguments]
    done = without({module}, f"sys.argv[1:] = {arguments}\nrunpy.run_module('grader', run_name='__main__')")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"This command needs {module}, which is not installed. "
        f'This installs it: pip install "{PROJECT["name"]}[{extra}]"\n'
    )


def test_a_module_of_ours_that_is_not_there_is_our_fault() -> None:
    done = without(
        {"grader.authoring.notebooks"}, "sys.argv[1:] = ['build']\nrunpy.run_module('grader', run_name='__main__')"
    )
    assert done.returncode == 3
    assert "This is a fault of the grader" in done.stderr


def test_a_notebook_finds_libraries_whether_the_grader_is_a_checkout_or_lies_among_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    python, packages, checkout = "/python/lib", "/python/lib/site-packages", "/checkout"
    for ours, path in ((packages, [python, packages]), (checkout, [python, packages, checkout])):
        monkeypatch.setattr(sys, "path", [ours, *path])
        assert search_path(Path(ours)) == [python, "", packages]
