"""What CUDA needs of confinement, as far as a machine without a device can tell; the rest is in test_cuda.py."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from grader.kernel.profile import PROFILES
from grader.runner.devices import ON_CUDA, DeviceError, at_a_time
from grader.runner.probing import ATTEMPTS, PROBE, ConfinementError, Starters, attempts, in_force
from grader.runner.session import Session
from grader.runner.starting import Warm

ROOT = Path(__file__).parents[1]
linux = pytest.mark.skipif(sys.platform != "linux", reason="forking and confining are Linux's")

CPU, CUDA = PROFILES["cpu"], PROFILES["cuda"]


def test_cuda_is_allowed_what_the_processor_is_and_what_its_driver_cannot_do_without() -> None:
    assert set(CPU.readable) < set(CUDA.readable)
    assert (CPU.bounded, CPU.devices, CPU.writable) == (True, (), ())
    assert CUDA.writable == ("/proc/self/task",)


@linux
def test_cuda_may_make_a_few_more_calls() -> None:
    from grader.kernel.calls import CALL_LISTS

    cpu, cuda = CALL_LISTS["cpu"], CALL_LISTS["cuda"]
    assert set(cpu.always) < set(cuda.always)
    assert {"memfd_create", "bind", "listen"} <= set(cuda.always) - set(cpu.always)
    assert set(cuda.sometimes) - set(cpu.sometimes) == {"socket"}
    assert all(set(cases) <= set(cuda.sometimes[call]) for call, cases in cpu.sometimes.items())


def test_every_attempt_but_that_at_memory_is_made_on_cuda() -> None:
    assert [name for name in ATTEMPTS if name not in attempts("cuda")] == ["memory"]
    assert attempts("cpu") == ATTEMPTS


@pytest.fixture(scope="module")
def children(warm: Warm) -> Iterator[dict[str, Warm]]:
    cuda = Warm("cuda")
    yield {"cpu": warm, "cuda": cuda}
    cuda.close()


SETUP = """
import os, resource, socket, threading
def unix(kind):
    return socket.socket(socket.AF_UNIX, kind)
def named(kind):
    made = unix(kind)
    made.bind(f'\\0cuda-uvmfd-{os.getpid()}')
    return made
def renamed():
    with open(f'/proc/self/task/{threading.get_native_id()}/comm', 'w') as name:
        name.write('named')
    return open(f'/proc/self/task/{threading.get_native_id()}/comm').read().strip()
def in_a_thread(f):
    found = []
    thread = threading.Thread(target=lambda: found.append(f()))
    thread.start()
    thread.join()
    return found[0]
"""


def outcome(warm: Warm, code: str) -> str:
    """What an expression is in a confined process, or the name of the error that it ends with."""
    with Session(starter=warm) as session:
        *_, run = session.run([SETUP, f"print({code})"])
    output = run.outputs[-1]
    return str(output.get("text", output.get("ename"))).strip()


@linux
@pytest.mark.parametrize(
    ("code", "cpu", "cuda"),
    [
        # What the driver needs.
        ("os.memfd_create('x') > 2", "PermissionError", "True"),
        ("resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY", "False", "True"),
        ("resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == 0", "True", "False"),
        ("renamed()", "PermissionError", "named"),
        ("in_a_thread(renamed)", "IndexError", "named"),
        ("named(socket.SOCK_SEQPACKET).listen()", "PermissionError", "None"),
        ("bool(os.listdir('/sys/devices/system/node'))", "PermissionError", "True"),
        # What it does not.
        ("named(socket.SOCK_STREAM).accept()", "PermissionError", "PermissionError"),
        ("unix(socket.SOCK_STREAM).connect('/run/dbus/system_bus_socket')", "PermissionError", "PermissionError"),
        ("unix(socket.SOCK_DGRAM)", "PermissionError", "PermissionError"),
        ("unix(socket.SOCK_RAW)", "PermissionError", "PermissionError"),
        ("socket.socket(socket.AF_INET, socket.SOCK_STREAM)", "PermissionError", "PermissionError"),
        ("socket.socket(socket.AF_NETLINK, socket.SOCK_SEQPACKET)", "PermissionError", "PermissionError"),
        ("socket.socketpair(type=socket.SOCK_DGRAM)", "PermissionError", "PermissionError"),
        ("len(socket.socketpair())", "2", "2"),
        ("os.listdir('/sys/devices')", "PermissionError", "PermissionError"),
        ("open(f'/proc/{os.getppid()}/task/{os.getppid()}/comm', 'w')", "PermissionError", "PermissionError"),
        ("os.execv('/bin/true', ['true'])", "PermissionError", "PermissionError"),
        ("os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))", "PermissionError", "PermissionError"),
    ],
)
def test_cuda_may_do_a_little_more(children: dict[str, Warm], code: str, cpu: str, cuda: str) -> None:
    assert {device: outcome(warm, code) for device, warm in children.items()} == {"cpu": cpu, "cuda": cuda}


@linux
@pytest.mark.parametrize("name", attempts("cuda"))
def test_confinement_is_in_force_under_the_profile_of_cuda(
    children: dict[str, Warm], name: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    with Session(starter=children["cuda"]) as session:
        _, *runs = session.run([PROBE.format(outside=str(outside)), *ATTEMPTS[name]])
    assert {run.outputs[-1]["ename"] for run in runs} == {"PermissionError"}


@linux
def test_devices_can_be_written_and_controlled_and_no_others() -> None:
    code = """
        import errno, fcntl, socket, tempfile
        from dataclasses import replace
        from pathlib import Path
        from grader.kernel.calls import CALL_LISTS
        from grader.kernel.confine import Confiner
        from grader.kernel.profile import BOUNDS, PROFILES
        profile = replace(PROFILES["cuda"], devices=("/dev/ful*",))
        heard, telling = socket.socketpair()
        scratch = Path(tempfile.mkdtemp())
        Confiner(profile, CALL_LISTS["cuda"], scratch.parent).confine(scratch, BOUNDS, telling)
        # Nobody listens: what is refused is then refused at once.
        heard.close()
        for device in ("/dev/full", "/dev/zero"):
            try:
                # A request of the driver's that no other device knows: one that may be controlled says so.
                fcntl.ioctl(open(device, "r+b", 0), 0xC0AB46CD)
            except OSError as error:
                print(errno.errorcode[error.errno])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["ENOTTY", "EACCES"]


@linux
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device on this machine")
def test_where_cuda_does_not_work_in_confinement_a_run_does_not_begin() -> None:
    starters = Starters("cuda", unconfined=False)
    try:
        with pytest.raises(ConfinementError) as refused:
            starters.confirm()
    finally:
        starters.close()
    said = str(refused.value)
    assert said.startswith("A confined notebook cannot compute on cuda on this machine (")
    assert said.endswith("Grade with --device cpu, or in a container that holds nothing else, and say --unconfined.")
    assert "\n" not in said


@linux
def test_a_product_that_comes_out_wrong_is_no_proof(children: dict[str, Warm], monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(ATTEMPTS) <= set(in_force(children["cpu"]))
    monkeypatch.setattr("grader.runner.probing.PRODUCT", "probe_product = 1.0")
    with pytest.raises(ConfinementError, match=r"cannot compute on cpu on this machine \(its result is wrong\)"):
        in_force(children["cpu"])


@linux
def test_where_no_process_can_be_confined_it_is_said_why() -> None:
    starters = Starters("cpu", unconfined=False)
    starters.close()
    with pytest.raises(ConfinementError, match=r"cannot be confined on this machine \(the warm parent ended"):
        starters.confirm()


@linux
def test_where_a_library_for_confining_is_lacking_it_is_said_which(monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen

    def without(command: list[str], **options: Any) -> object:
        lacking = "import sys; sys.modules['pyseccomp'] = None; "
        return start([*command[:3], lacking + command[3], *command[4:]], **options)

    monkeypatch.setattr("grader.runner.starting.subprocess.Popen", without)
    starters = Starters("cpu", unconfined=False)
    free = Starters("cpu", unconfined=True)
    try:
        with pytest.raises(ConfinementError, match=r"\(ModuleNotFoundError: import of pyseccomp halted.*unconfined"):
            starters.confirm()
        with Session(starter=free()) as session:
            assert session.run(["1 + 1"])[0].outcome == "ok"
    finally:
        starters.close()
        free.close()


def test_a_device_has_room_for_few_notebooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert [at_a_time("cpu", jobs) for jobs in (0, 1, 40)] == [16, 1, 40]
    assert [at_a_time("cuda", jobs) for jobs in (0, 1, ON_CUDA)] == [ON_CUDA, 1, ON_CUDA]
    with pytest.raises(DeviceError, match="given 4 notebooks at a time, not 5"):
        at_a_time("cuda", 5)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert at_a_time("cuda", 0) == 2
