"""Becoming a user who has nothing, as far as root can be had here."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.kernel import nobody
from grader.runner.probing import in_force
from grader.runner.starting import Warm

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can become somebody else"
)


def tried(work: Callable[[], bool]) -> bool:
    """Whether some work succeeds in a process of its own."""
    pid = os.fork()
    if not pid:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_it_is_possible_only_where_all_places_can_be_entered(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    if not nobody.possible([Path("/usr")]):
        pytest.skip("this root cannot become somebody else")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    # pytest's own folders are closed to others.
    assert not nobody.possible([Path("/usr"), closed])
    assert not nobody.possible([closed / "below"])


def test_the_scratch_folder_is_its_own_and_root_is_out_of_reach(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    scratch = tmp_path / "scratch"
    (scratch / "work").mkdir(parents=True)

    def work() -> bool:
        os.chdir(scratch / "work")
        nobody.become(scratch)
        Path("written").write_text("mine")
        own = any(Path("/proc/self/fd").iterdir()) and os.getresuid() == (nobody.UID,) * 3 and os.getgroups() == []
        return bool(own) and not os.access(secret, os.R_OK)

    assert tried(work)
    assert (scratch / "work" / "written").stat().st_uid == nobody.UID


def test_the_report_says_which_user_it_is() -> None:
    warm = Warm()
    try:
        seen = in_force(warm)
        here = nobody.possible(
            [Path(sys.prefix), Path(sys.base_prefix), Path(os.__file__), Path(tempfile.gettempdir())]
        )
    finally:
        warm.close()
    assert (f"uid {nobody.UID}" in seen) == here
