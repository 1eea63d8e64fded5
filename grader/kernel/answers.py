"""Carrying out one question on a student's notebook: call, look, and say what was seen.

Knows the manners of calling and what to look at afterwards. Refuses to know what is right: it reports
facts, and an exception in the student's code is one of them. The functions of torch that it relies on
are looked up when it is imported, which is before any student's code has run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from os import urandom
from typing import Any, Final

import torch
from torch import Tensor

from grader.kernel.arguments import Arguments, Recipe, overwrite, require_gradients
from grader.kernel.pulling import pulled
from grader.kernel.results import TooLargeError, Writer
from grader.kernel.tracing import traced
from grader.kernel.watch import raised
from grader.kernel.witness import recording
from grader.protocol.caps import CONDUCT_CAPS
from grader.protocol.conduct import Conduct
from grader.protocol.messages import (
    Array,
    Ask,
    CallMode,
    Leaf,
    Missing,
    Node,
    Observation,
    Raised,
    Read,
    Reply,
    Unreadable,
    Value,
)
from grader.protocol.trace import Trace

_backward = torch.autograd.backward
_grad = torch.autograd.grad
_enable_grad = torch.enable_grad
_inference_mode = torch.inference_mode
_multiply = Tensor.mul
_sum = Tensor.sum

TOO_LARGE: Final = Unreadable("result too large")


@dataclass(frozen=True)
class Namespace:
    """What the cells left behind: their names, the device, and which file names are cells."""

    names: Mapping[str, Any]
    device: str
    is_cell: Callable[[str], bool]


@dataclass(frozen=True)
class Visit:
    """A question at one of its points."""

    recipe: Recipe
    point: int
    writer: Writer
    notebook: Namespace
    recorded: bool = False
    traces: list[Trace] = field(default_factory=list)
    conducts: list[Conduct] = field(default_factory=list)

    @property
    def question(self) -> Ask:
        """What is asked."""
        return self.recipe.question

    def arguments(self) -> Arguments:
        """The arguments, made fresh."""
        return self.recipe.make(self.point)

    def call(self, arguments: Arguments) -> Any:
        """What the student's function returns."""
        with recording(self.conducts) if self.recorded else nullcontext():
            return self.notebook.names[self.question.name](*arguments.values)

    def here(self, named: Mapping[str, Array]) -> dict[str, Array]:
        """Of arrays for all points, what they hold for this one."""
        return {path: values[self.point, ...] for path, values in named.items()}


def answer(question: Ask | Read, notebook: Namespace) -> Reply:
    """What was seen at each point of a question; at some, which nobody can foresee, also what the call did."""
    writer = Writer()
    if isinstance(question, Read):
        return tuple(_guarded(lambda: _read(question.name, writer, notebook), notebook) for _ in range(question.points))
    recipe, chosen, traces = Recipe(question, notebook.device), _chosen(question), list[Trace]()
    return tuple(_visited(Visit(recipe, n, writer, notebook, n in chosen, traces)) for n in range(question.points))


def _chosen(question: Ask) -> frozenset[int]:
    """The points at which calls are recorded, by chance that no generator of the notebook's has a part in."""
    left = list(range(question.points))
    count = min(question.recorded, question.points)
    return frozenset(left.pop(int.from_bytes(urandom(8)) % len(left)) for _ in range(count))


def _visited(visit: Visit) -> Observation:
    seen = _guarded(lambda: _ask(visit), visit.notebook)
    if visit.point in visit.question.traced and isinstance(seen, Value):
        seen = replace(seen, trace=_traced(visit))
    if not visit.conducts or not isinstance(seen, Value | Raised):
        return seen
    disturbed = next((conduct.disturbed for conduct in visit.conducts if conduct.disturbed), "")
    deeds = dict.fromkeys(deed for conduct in visit.conducts for deed in conduct.deeds)
    return replace(seen, conduct=Conduct(tuple(deeds)[: CONDUCT_CAPS.deeds], disturbed))


def _traced(visit: Visit) -> Trace | None:
    """The operations of one call more, where they are others than those that were told at an earlier point."""
    function = visit.notebook.names[visit.question.name]
    found = traced(function, visit.arguments(), visit.here(visit.question.pulls))
    if found is None or found in visit.traces:
        return None
    visit.traces.append(found)
    return found


def _guarded(look: Callable[[], Observation], notebook: Namespace) -> Observation:
    """What is seen, or why nothing is."""
    try:
        return look()
    except TooLargeError:
        return TOO_LARGE
    except BaseException as error:
        return raised(error, notebook.is_cell)


def _read(name: str, writer: Writer, notebook: Namespace) -> Observation:
    return Value((writer.node(notebook.names[name]),)) if name in notebook.names else Missing("undefined")


def _ask(visit: Visit) -> Observation:
    name, names = visit.question.name, visit.notebook.names
    if name not in names:
        return Missing("undefined")
    if not callable(names[name]):
        return Missing("not callable")
    return _MANNERS[visit.question.manner](visit)


def _changed(arguments: Arguments, before: Mapping[str, object]) -> tuple[str, ...]:
    return tuple([path for path, now in arguments.contents().items() if now != before[path]])


def _plain(visit: Visit) -> Value:
    arguments = visit.arguments()
    before, unmarked = arguments.contents(), arguments.marks()
    results: list[Node] = []
    changed: dict[str, None] = {}
    marked: dict[str, None] = {}
    for _ in range(visit.question.rounds):
        results.append(visit.writer.node(visit.call(arguments)))
        # After each call: the next may undo it.
        changed |= dict.fromkeys(_changed(arguments, before))
        marked |= dict.fromkeys([path for path, now in arguments.marks().items() if now != unmarked[path]])
    return Value(tuple(results), changed=tuple(changed), marked=tuple(marked))


def _inference(visit: Visit) -> Value:
    with _inference_mode():
        return _plain(visit)


def _gradient(visit: Visit) -> Value:
    arguments = visit.arguments()
    before = arguments.contents()
    leaves = arguments.leaves()
    require_gradients(leaves)
    gradients: Sequence[Tensor | None] = [None] * len(leaves)
    results, last, failed = [], None, None
    # The notebook may have left recording switched off.
    with _enable_grad():
        for _ in range(visit.question.rounds):
            last = visit.call(arguments)
            results.append(visit.writer.node(last))
        changed = _changed(arguments, before)
        try:
            total = pulled(last, visit.here(visit.question.pulls))
            gradients = _grad(total, list(leaves.values()), allow_unused=True)
        except BaseException as error:
            failed = raised(error, visit.notebook.is_cell)
    found = {path: _leaf(gradient, visit.writer) for path, gradient in zip(leaves, gradients, strict=True)}
    return Value(tuple(results), found, failed, changed)


def _leaf(gradient: Tensor | None, writer: Writer) -> Leaf | None:
    """A gradient's numbers; None where there are none, as in a sparse one."""
    node = None if gradient is None else writer.node(gradient)
    return node if isinstance(node, Leaf) else None


def _rewrite(visit: Visit) -> Value:
    arguments = visit.arguments()
    before = arguments.contents()
    result = visit.call(arguments)
    first = visit.writer.node(result)
    changed = _changed(arguments, before)
    for path, values in visit.here(visit.question.replacements).items():
        overwrite(arguments.holders[path], values)
    return Value((first, visit.writer.node(result)), changed=changed)


def _update(visit: Visit) -> Value:
    arguments = visit.arguments()
    before = arguments.contents()
    pulls = visit.here(visit.question.pulls)
    parameters: dict[str, Any] = {path: arguments.holders[path] for path in pulls}
    require_gradients(parameters)
    results, failed = [], None
    with _enable_grad():
        for turn in range(visit.question.rounds):
            slopes = {path: visit.recipe.tensor(pull[turn, ...]) for path, pull in pulls.items()}
            try:
                _backward([_sum(_multiply(parameters[path], slope)) for path, slope in slopes.items()])
            except Exception as error:
                failed = raised(error, visit.notebook.is_cell)
                break
            visit.call(arguments)
            results.append(visit.writer.node(parameters))
    return Value(tuple(results), gradient_error=failed, changed=_changed(arguments, before))


_MANNERS: Final[Mapping[CallMode, Callable[[Visit], Value]]] = {
    CallMode.VALUE: _plain,
    CallMode.GRADIENT: _gradient,
    CallMode.INFERENCE: _inference,
    CallMode.DERIVED: _plain,
    CallMode.REWRITE: _rewrite,
    CallMode.UPDATE: _update,
}
