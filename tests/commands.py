"""The command line in a process of its own, forked from one that has loaded the grader, which saves seconds a run.

Knows how such a process is started and what it said. Refuses to know what a command does. That a new process does
the same, test_commands.py says.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WIDE = {"COLUMNS": "200", "NO_COLOR": "1"}
PARENT = multiprocessing.get_context("forkserver")
LABS = [f"grader.labs.{path.stem}" for path in (ROOT / "grader" / "labs").glob("lab*.py")]
PARENT.set_forkserver_preload(
    ["commands", "grader.__main__", "grader.desk.running", "grader.authoring.release", "torch", "pydantic", *LABS]
)


def _run(arguments: list[str], printed: str, complained: str) -> None:
    from grader.__main__ import main

    os.chdir(ROOT)
    os.environ.update(WIDE)
    for number, path in ((1, printed), (2, complained)):
        with Path(path).open("wb") as file:
            os.dup2(file.fileno(), number)
    sys.argv = ["grader", *arguments]
    main()


def grader(*arguments: object) -> subprocess.CompletedProcess[str]:
    """What `python -m grader` with these arguments comes to."""
    given = list(map(str, arguments))
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("printed", "complained")]
        child = PARENT.Process(target=_run, args=(given, *map(str, files)))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in WIDE.items():
                patch.setenv(name, value)
            child.start()
        child.join()
        printed, complained = (file.read_text("utf-8") for file in files)
    assert child.exitcode is not None
    return subprocess.CompletedProcess(["grader", *given], child.exitcode, printed, complained)
