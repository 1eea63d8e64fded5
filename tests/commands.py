"""The command line in a process of its own, forked from one that has loaded the grader, which saves seconds a run.

Knows how such a process is started and what it said. Refuses to know what a command does. That a new process does
the same, test_commands.py says; what all of them share, loaded.py.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WIDE = {"COLUMNS": "200", "NO_COLOR": "1"}
PARENT = multiprocessing.get_context("forkserver")
PARENT.set_forkserver_preload(["commands", "loaded"])


def _run(arguments: list[str], printed: str, complained: str, before: Callable[[], None] | None) -> None:
    from loaded import share

    from grader.__main__ import main

    share()
    if before:
        before()
    os.chdir(ROOT)
    os.environ.update(WIDE)
    for number, path in ((1, printed), (2, complained)):
        with Path(path).open("wb") as file:
            os.dup2(file.fileno(), number)
    sys.argv = ["grader", *arguments]
    main()


def grader(*arguments: object, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    """What `python -m grader` with these arguments comes to, in a process in which `before` was called."""
    given = list(map(str, arguments))
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("printed", "complained")]
        child = PARENT.Process(target=_run, args=(given, *map(str, files), before))
        with pytest.MonkeyPatch.context() as patch:
            # Where the parent, which the first of them starts, finds what it is to load.
            patch.setenv("PYTHONPATH", str(Path(__file__).parent))
            for name, value in WIDE.items():
                patch.setenv(name, value)
            child.start()
        child.join()
        printed, complained = (file.read_text("utf-8") for file in files)
    assert child.exitcode is not None
    return subprocess.CompletedProcess(["grader", *given], child.exitcode, printed, complained)
