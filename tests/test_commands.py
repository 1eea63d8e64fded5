"""A command in a process that is forked does what it does in a new one."""

import os
import subprocess
import sys

from commands import ROOT, WIDE, grader


def test_a_command_comes_to_the_same_as_in_a_new_process() -> None:
    given = ["grade", "no/such/folder", "--out", "none"]
    new = subprocess.run(
        [sys.executable, "-m", "grader", *given],
        capture_output=True,
        text=True,
        env={**os.environ, **WIDE},
        check=False,
        cwd=ROOT,
    )
    forked = grader(*given)
    assert (forked.returncode, forked.stdout, forked.stderr) == (new.returncode, new.stdout, new.stderr)
    assert new.returncode == 2
