"""Recording what a call of a student's function does: what it enters and calls, and what torch carries out for it.

Knows how to listen to every thread that runs Python, to torch's dispatcher, and to who else would listen. Refuses to
know what is allowed: it reports deeds, and whether anything hindered it from seeing them.
"""

from __future__ import annotations

import _thread
import sys
import threading
from _thread import get_ident
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from grader.kernel.belonging import INNER, INNER_OPERATIONS, algebra, is_machinery, is_own, name_of, name_of_builtin
from grader.kernel.deeds import DEEDS, Log, asked_for, front_of, site_of
from grader.kernel.quantities import has_complex
from grader.protocol.conduct import Conduct, Means

_get, _set = sys.getprofile, sys.setprofile
_frame = sys._getframe
_alive = sys._current_frames
_item = Tensor.item
_graph_task = torch._C._current_graph_task_id
_modes = torch.utils._python_dispatch._get_current_dispatch_mode

SWITCHES: Final = frozenset(
    """
    setprofile getprofile _pop_torch_dispatch_stack _DisableTorchDispatch _set_dispatch_mode _unset_dispatch_mode
    _disable_current_modes _pop_mode _pop_mode_temporarily unset_fake_temporarily
    """.split()
)
"""Functions that switch recording off, or tell whether it is on; of no use to anybody who works out a number."""

_DIVIDING: Final = frozenset({"div", "div_", "true_divide", "divide"})
_FACTORS: Final = _DIVIDING | {"mul", "mul_", "multiply"}
_COMPLEX: Final = frozenset({torch.complex32, torch.complex64, torch.complex128})
_FLOATING: Final = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
ENGINE: Final = "torch's autograd"
"""What is told of the engine where no function was seen to call it, as from TorchScript."""

LOG: Final = Log()
SWITCHED: Final = "its recording was switched off"
NOTHING: Final[Mapping[str, Any]] = {}


class Witness:
    """Listens to one thread: to its frames and calls as Python's profiler, and to torch's dispatcher."""

    def __init__(self) -> None:
        """Start hearing the thread that it is made in."""
        self.operations = Operations()  # type: ignore[no-untyped-call]
        self.sees: Callable[[FrameType, str, Any], None] = self.see

    def see(self, frame: FrameType, event: str, arg: Any) -> None:
        """What Python's profiler says."""
        if not LOG.is_open:
            return
        if event == "call":
            self._entered(frame)
        elif event == "c_call":
            self._called(frame, arg)
        elif event == "return" and is_own(frame.f_code) and frame.f_code.co_name != "<module>":
            LOG.leave(frame, arg)

    def _entered(self, frame: FrameType) -> None:
        code, caller = frame.f_code, frame.f_back
        if code is _LAST_CODE:
            LOG.heard_last = True
        elif is_own(code):
            if code.co_name[:1] != "<" or code.co_name == "<lambda>":
                LOG.enter(frame)
        elif code.co_name in SWITCHES and asked_for(frame):
            LOG.disturb(f"it called {code.co_name}")
        elif caller is not None and is_own(caller.f_code) and not is_machinery(frame):
            LOG.note(Means.ALGEBRA if algebra(frame) else Means.CALL, name_of(frame), site_of(caller))

    def _called(self, frame: FrameType, function: Any) -> None:
        name = function.__name__
        if name in INNER:
            LOG.note(INNER[name], front_of(frame) or name_of_builtin(function), site_of(frame))
        elif is_own(frame.f_code):
            if name in SWITCHES:
                LOG.disturb(f"it called {name}")
            LOG.note(Means.CALL, name_of_builtin(function), site_of(frame))


class Operations(TorchDispatchMode):
    """Hears what torch carries out, below everything that Python code can switch off there."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Let torch not wrap us for its compiler: that would take most of the time."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Note the operation, and carry it out."""
        result = func(*args, **(kwargs or {}))
        if LOG.is_open:
            # What is called here is heard too, and that takes time: of what comes again no more is said.
            name, caller = func.__name__, _frame(1)
            operation = name.partition(".")[0]
            if operation in _FACTORS and len(args) > 1:
                _keep_step(operation, args[1])
            key = (name, caller.f_code.co_filename, caller.f_lineno, _graph_task())
            if key not in LOG.operations or (type(result) is Tensor and result.dtype in _COMPLEX):
                LOG.operations.add(key)
                _note_operation(operation, caller, result)
        return result


def _note_operation(name: str, caller: FrameType, result: object) -> None:
    site = site_of(caller)
    LOG.note(Means.OPERATION, name, site)
    if name in INNER_OPERATIONS:
        LOG.note(INNER_OPERATIONS[name], front_of(caller) or name, site)
    if _graph_task() != -1:
        LOG.note(Means.ENGINE, front_of(caller) or ENGINE, site)
    if has_complex([result]):
        LOG.note(Means.COMPLEX, "complex", site)


def _keep_step(operation: str, factor: object) -> None:
    """Keep a number that something was divided by, or times whose reciprocal it was taken."""
    number = factor
    if type(factor) is Tensor and factor.ndim == 0 and factor.dtype in _FLOATING:
        try:
            number = _item(factor)
        except RuntimeError:
            # Forward differentiation tries its formulas on tensors without numbers.
            return
    if type(number) is float and number and len(LOG.steps) < DEEDS:
        LOG.steps.add(number if operation in _DIVIDING else 1 / number)


_graph: Final[Any] = vars(torch._C.TensorBase)["grad_fn"].__get__


def _graph_heard(tensor: Tensor) -> object:
    """The graph behind a tensor; and a note of it where the notebook's own code takes hold of one."""
    found = _graph(tensor)
    if found is not None and LOG.is_open and is_own(_frame(1).f_code):
        LOG.note(Means.GRAPH, "Tensor.grad_fn", site_of(_frame(1)))
    return found


def _last() -> None:
    """Be entered, to show that entering is still heard."""


_LAST_CODE: Final = _last.__code__


def _listen(see: Any) -> None:
    """Make a function this thread's profiler, and let nobody take that for somebody else's doing."""
    _changing.add(get_ident())
    _set(see)
    _changing.discard(get_ident())


_changing: Final[set[int]] = set()


def _audited(event: str, arguments: tuple[Any, ...]) -> None:
    """Hear of those who would listen in our place, in whichever thread: it would be deaf from then on."""
    if event == "sys.setprofile" and get_ident() not in _changing:
        if get_ident() != _main:
            _deaf.append(SWITCHED)
        if LOG.is_open:
            LOG.disturb(SWITCHED)


def _heard(function: Callable[..., object], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Run a new thread's function, and listen to it."""
    witness = Witness()
    with witness.operations:
        _listen(witness.sees)
        try:
            function(*arguments, **named)
        finally:
            _listen(None)


def _start_thread(
    function: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any] = NOTHING, /
) -> int:
    """Start a thread, as the function of this name in `_thread` does, and listen to it."""
    return _start(_heard, (function, args, kwargs))


_start: Final = _thread.start_new_thread
_deaf: Final[list[str]] = []
_main: Final = get_ident()


def begin_listening() -> None:
    """From now on hear of what no single call shows: every thread that is started, by cells too, and graphs looked at.

    A question may find such a thread at work.
    """
    if _thread.start_new_thread is _start:
        type.__setattr__(Tensor, "grad_fn", property(_graph_heard))
        for module, name in ((_thread, "start_new_thread"), (_thread, "start_new"), (threading, "_start_new_thread")):
            setattr(module, name, _start_thread)
        sys.addaudithook(_audited)


@contextmanager
def recording(seen: list[Conduct]) -> Iterator[None]:
    """Record what is done within, in every thread; what was seen is appended when it is over."""
    witness = Witness()
    before = _get()
    LOG.forget()
    with witness.operations:
        LOG.is_open = True
        _listen(witness.sees)
        try:
            yield
        finally:
            _last()
            intact = _get() is witness.sees and _modes() is witness.operations
            LOG.is_open = False
            _listen(before)
            if not intact or not LOG.heard_last or _deaf:
                LOG.disturb(SWITCHED)
            seen.append(LOG.conduct())


def rehearse_recording() -> None:
    """Record a call of no consequence, so that what torch loads for that is there for all children."""
    with recording([]), torch.inference_mode():
        exec(compile("torch.ones(2) * 2 / 3", "<rehearsal>", "exec"), {"torch": torch})
