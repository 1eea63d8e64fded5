"""Warm parents and confined children: what starts fast must also be kept apart."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from grader.protocol.messages import Died, Leaf, Read, Value
from grader.runner.probing import ATTEMPTS, ConfinementError, Starters, in_force
from grader.runner.process import StartError
from grader.runner.session import Session
from grader.runner.starting import Confinement, Warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking and confining are Linux's")


def shown(warm: Warm, *cells: str) -> list[str]:
    """What each cell printed or returned, or its error's name and text."""
    with Session(starter=warm) as session:
        runs = session.run(cells)
    found = []
    for run in runs:
        parts = []
        for output in run.outputs:
            data = output.get("data", {})
            assert isinstance(data, Mapping)
            parts.append(
                output.get("text") or data.get("text/plain") or f"{output.get('ename')}: {output.get('evalue')}"
            )
        found.append("".join(map(str, parts)).strip())
    return found


def test_everything_is_seen_to_be_refused(warm: Warm) -> None:
    seen = in_force(warm)
    assert seen[: len(ATTEMPTS) + 2] == (*ATTEMPTS, "threads", "calls named")
    assert all(re.fullmatch(r"uid \d+", other) for other in seen[len(ATTEMPTS) + 2 :])


def test_without_confinement_nothing_is_said_to_be_refused() -> None:
    free = Warm(confinement=Confinement(confined=False))
    try:
        assert in_force(free) == ()
    finally:
        free.close()


HOLE = """
from dataclasses import replace
from grader.kernel import calls
calls.ANSWERED = {}
whole = calls.CALL_LISTS["cpu"]
calls.CALL_LISTS = {"cpu": replace(whole, always=(*whole.always, "ONE_MORE"), silently={})}
"""


@pytest.mark.parametrize(("call", "name"), [("chmod", "metadata"), ("socket", "network")])
def test_a_wall_with_a_hole_is_not_said_to_stand(monkeypatch: pytest.MonkeyPatch, call: str, name: str) -> None:
    start = subprocess.Popen

    def holed(command: list[str], **options: Any) -> object:
        code = command[3].replace("from grader.kernel.warm", HOLE.replace("ONE_MORE", call) + "from grader.kernel.warm")
        return start([*command[:3], code, *command[4:]], **options)

    monkeypatch.setattr("grader.runner.starting.subprocess.Popen", holed)
    starters = Starters("cpu", unconfined=False)
    try:
        with pytest.raises(ConfinementError, match=name):
            starters.confirm()
    finally:
        starters.close()


def test_a_file_keeps_its_mode_and_dates(warm: Warm) -> None:
    code = (
        "import os, shutil\nopen('a', 'w').close(); shutil.copy2('a', 'b')\nbefore = os.stat('b')\n"
        "os.chmod('b', 0); os.utime('b', (0, 0)); print(os.stat('b') == before)"
    )
    assert shown(warm, code) == ["True"]


def test_siblings_share_no_random_numbers_and_no_names(warm: Warm) -> None:
    cells = ("import torch, random, numpy", "(torch.rand(1).item(), random.random(), numpy.random.rand())", "left = 1")
    one, two = shown(warm, *cells), shown(warm, *cells)
    assert one[1] != two[1]
    assert shown(warm, "left")[0].startswith("NameError")


def test_a_notebook_computes_plots_and_awaits_when_confined(warm: Warm) -> None:
    cells = (
        "import torch\nw = torch.ones(2, requires_grad=True)\no = torch.optim.Adam([w])",
        "(w * w).sum().backward()\no.step()",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('$x^2$');",
        "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')",
        "import threading\nt = threading.Thread(target=print, args=('threaded',))\nt.start()\nt.join()",
        "open('note.txt', 'w').write('mine')\nopen('note.txt').read()",
    )
    with Session(starter=warm) as session:
        runs = session.run(cells)
    assert [run.outcome for run in runs] == ["ok"] * len(cells), [run.outputs for run in runs]


@pytest.mark.parametrize(
    "code",
    [
        "open('{root}/solutions/lab1_tensors.py').read()",
        "open('{root}/grader/labs/lab1_tensors.py').read()",
        "open('{root}/submissions/s01/lab1_tensors.ipynb').read()",
        "open('/etc/passwd').read()",
        "open('/proc/1/environ').read()",
        "import os; open(f'/proc/{{os.getppid()}}/environ').read()",
        "import os; os.listdir('/root')",
        "open('{planted}', 'w')",
        "import torch; open(torch.__file__, 'a')",
        "import os; os.symlink('/etc/passwd', 'link'); open('link').read()",
        "import os; os.fork()",
        "import os; os.kill(os.getppid(), 9)",
        "import os; os.kill(-1, 9)",
        "import subprocess; subprocess.run(['ls'])",
        "import socket; socket.socket()",
        "import socket; socket.socket(socket.AF_UNIX)",
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "import os; os.setuid(1000)",
        "import ctypes; assert ctypes.CDLL(None, use_errno=True).ptrace(16, 1, 0, 0) == 0, 'refused'",
        "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0, 'refused'",
        "import ctypes; assert ctypes.CDLL(None).memfd_create(b'x', 0) >= 0, 'refused'",
        "import torch; torch.ones(2**30)",
        "x = bytearray(3 << 30)",
        "import os; os.urandom(1); open('big', 'wb').truncate(1 << 30)",
        "import grader.oracle",
        "import solutions",
    ],
)
def test_a_confined_notebook_is_refused(warm: Warm, code: str) -> None:
    root = Path(__file__).parents[1]
    planted = Path(f"/tmp/planted-{os.getpid()}")
    (said,) = shown(warm, code.format(root=root, planted=planted))
    kinds = (
        "PermissionError",
        "OSError",
        "MemoryError",
        "RuntimeError",
        "ModuleNotFoundError",
        "ValueError",
        "AssertionError",
    )
    assert said.startswith(kinds), said
    assert not planted.exists()


@pytest.mark.parametrize(
    "code", ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)", "import os; os.abort()"]
)
def test_a_child_that_dies_is_replaced_by_another(warm: Warm, code: str) -> None:
    with Session(starter=warm) as session:
        first, last, after = session.run(["kept = 1", code, "kept + 1"])
        assert (first.outcome, last.outcome, after.outcome) == ("ok", "died", "ok")
        (seen,) = session.ask(Read("kept"))
    assert isinstance(seen, Value)


def test_nothing_is_left_when_a_session_ends(warm: Warm) -> None:
    with Session(starter=warm) as session:
        session.run(["import os", "here = os.getpid()", "place = os.getcwd()", "open('x', 'w').write('y')"])
        (pid,) = session.ask(Read("here"))
    assert isinstance(pid, Value)
    assert isinstance(pid.results[0], Leaf)
    number = int(pid.results[0].array)
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_program_that_a_cell_would_start_is_left_out_and_the_cell_goes_on(warm: Warm) -> None:
    said = "This command was not run: while a notebook is graded, it starts no programs."
    assert shown(warm, "!pip install x\nafter = 1", "%pip install x\nafter", "files = !ls\nfiles") == [
        said,
        f"Note: you may need to restart the kernel to use updated packages.\n{said}\n1",
        f"{said}\n[]",
    ]


def test_the_inherited_shell_is_at_home_in_its_process(warm: Warm) -> None:
    cells = (
        "import os; ip = get_ipython(); here = os.getcwd()",
        "ip.home_dir == os.environ['HOME'] and ip.starting_dir == here and _dh == [here]",
        "ip.profile_dir.location.startswith(os.environ['IPYTHONDIR']) and os.path.isdir(ip.profile_dir.location)",
        "%cd -q ~\nos.getcwd() == os.environ['HOME']",
        "%bookmark spot\n%bookmark -l",
        "_ih[1:2]",
    )
    _, at_home, profile, moved, marked, history = shown(warm, *cells)
    assert (at_home, profile, moved) == ("True", "True", "True")
    assert "spot" in marked
    assert "import os" in history
    assert "spot" not in shown(warm, "%bookmark -l")[0]


def test_a_process_sees_itself_in_proc_and_not_its_parent(warm: Warm) -> None:
    own, parent = shown(
        warm,
        "import os; print(open('/proc/self/stat').read().split()[0] == str(os.getpid()))",
        "import os; open(f'/proc/{os.getppid()}/status').read()",
    )
    assert own == "True"
    assert parent.startswith("PermissionError")


def test_a_parent_that_ended_is_said_to_have() -> None:
    parent = Warm()
    parent.start().stop()
    parent.close()
    with pytest.raises(StartError):
        parent.start()


def test_a_call_that_dies_is_seen(warm: Warm) -> None:
    from grader.protocol.messages import Ask

    with Session(starter=warm) as session:
        session.run(["import os\ndef f():\n    os._exit(0)"])
        (seen,) = session.ask(Ask("f", (), 1))
    assert seen == Died("exit code 0")


def test_what_a_notebook_would_import_for_itself_is_loaded_before_it_is_forked(warm: Warm) -> None:
    cells = ("import sys", "'torch._dynamo' in sys.modules")
    fresh = Warm()
    try:
        fresh.load("import torch\nfunctions = torch.nn.Linear(2, 2)")
        assert shown(fresh, *cells)[1] == "False"
        fresh.load("optimizer = torch.optim.SGD([w], lr=0.1)")
        assert shown(fresh, *cells)[1] == "True"
    finally:
        fresh.close()


def test_a_notebook_that_holds_all_its_memory_can_still_be_asked(warm: Warm) -> None:
    fill = "while True:\n    held.append(mmap.mmap(-1, 64 << 10))"
    with Session(starter=warm) as session:
        session.run(["import mmap\nheld = []\nkept = 1.0", fill])
        (seen,) = session.ask(Read("kept"))
    assert isinstance(seen, Value)
