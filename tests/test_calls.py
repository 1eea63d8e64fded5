"""Every system call that there is, tried in a confined process: what is not on the list is refused."""

import json
import platform
import sys
from collections.abc import Iterator

import pytest

from grader.runner.refusals import NEW_THREAD
from grader.runner.session import Session
from grader.runner.starting import Warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="system calls are refused on Linux alone")

EVERY = range(520)
PROBES = {335, 336} if platform.machine() == "x86_64" else set()
"""uretprobe and uprobe: the kernel's own tracing makes them, so it lets them by before any filter, and kills who makes
them without being traced."""
X32 = 0x4000_0000
"""What Linux marks the calls of another convention with, on x86-64."""

TRIED = """
import ctypes, json
libc = ctypes.CDLL(None, use_errno=True)
nothing = [ctypes.c_long(-1)] * 6
def tried(number):
    ctypes.set_errno(0)
    return [libc.syscall(ctypes.c_long(number), *nothing), ctypes.get_errno()]
print(json.dumps([[number, *tried(number)] for number in {numbers!r}]))
"""


@pytest.fixture(scope="module", params=["cpu", "cuda"])
def warm(request: pytest.FixtureRequest) -> Iterator[Warm]:
    parent = Warm(request.param)
    yield parent
    parent.close()


def allowed(device: str) -> set[str]:
    from grader.kernel.calls import ALLOWANCES

    return set(ALLOWANCES[device].always)


def answers() -> dict[str, int]:
    from grader.kernel.calls import ANSWERED

    return {call: error for error, calls in ANSWERED.items() for call in calls}


def named(number: int) -> str:
    import pyseccomp

    try:
        return str(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, number).decode())
    except ValueError:
        return ""


def tried(warm: Warm, numbers: list[int]) -> dict[int, tuple[int, int]]:
    """What each call came back with when its arguments were -1: its result, and the error."""
    with Session(starter=warm) as session:
        (run,) = session.run([TRIED.format(numbers=numbers)])
    return {number: (result, error) for number, result, error in json.loads(str(run.outputs[0]["text"]))}


def test_every_call_that_is_not_on_the_list_is_refused(warm: Warm) -> None:
    from errno import ENOSYS, EPERM

    numbers = [number for number in EVERY if named(number) not in allowed(warm.device) and number not in PROBES]
    others = {}
    for number, (result, error) in tried(warm, numbers).items():
        expected = [answers()[named(number)]] if named(number) in answers() else [EPERM, ENOSYS]
        # 0 is said to be done, and is not: see test_a_file_keeps_its_mode_and_dates.
        if (error if result == -1 else result) not in expected:
            others[named(number) or number] = result, error
    assert len(numbers) > 400
    assert others == {}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other machines have one convention")
def test_calls_of_another_convention_are_refused(warm: Warm) -> None:
    found = tried(warm, [X32 + number for number in EVERY])
    assert {result for result, _ in found.values()} == {-1}
    assert {error for _, error in found.values()} <= {1, 38}


INTERRUPT = """
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))())
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other machines have no such interrupt")
def test_the_32_bit_door_is_closed(warm: Warm) -> None:
    with Session(starter=warm) as session:
        (run,) = session.run([INTERRUPT])
    # Where the kernel has no such door the process dies of it.
    assert run.outcome == "died" or run.outputs[0]["text"] == "-1\n"


def test_the_list_is_short_and_has_no_name_twice() -> None:
    from grader.kernel.calls import ALLOWANCES, ANSWERED, THREAD

    for allowance in ALLOWANCES.values():
        names = [*allowance.always, *allowance.sometimes, *(call for calls in ANSWERED.values() for call in calls)]
        assert len(names) == len(set(names))
    assert len({*ALLOWANCES["cpu"].always, *ALLOWANCES["cpu"].sometimes}) <= 120
    assert ((0, *NEW_THREAD),) == THREAD
