"""Carrying out one question on a student's notebook: call, look, and say what was seen.

Knows the manners of calling and what to look at afterwards. Refuses to know what is right: it reports
facts, and an exception in the student's code is one of them. The functions of torch that it relies on
are looked up when it is imported, which is before any student's code has run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from grader.kernel.arguments import Arguments, Recipe, overwrite, require_gradients
from grader.kernel.results import Stack, TooLargeError, Writer, type_name
from grader.kernel.watch import Listener, raised
from grader.protocol.frames import Array, Body

_as_tensor = torch.as_tensor
_backward = torch.autograd.backward
_grad = torch.autograd.grad
_enable_grad = torch.enable_grad
_inference_mode = torch.inference_mode
_multiply = Tensor.mul
_numel = Tensor.numel
_reshape = Tensor.reshape
_sum = Tensor.sum
_to = Tensor.to

TOO_LARGE: Final = {"unreadable": "result too large"}


@dataclass(frozen=True)
class Namespace:
    """What the cells left behind: their names, the device, and which file names are cells."""

    names: Mapping[str, Any]
    device: str
    is_cell: Callable[[str], bool]


@dataclass(frozen=True)
class Visit:
    """A question at one of its points."""

    body: Body
    recipe: Recipe
    point: int
    writer: Writer
    notebook: Namespace
    listening: AbstractContextManager[object]

    def arguments(self) -> Arguments:
        """The arguments, made fresh."""
        return self.recipe.make(self.point)

    def call(self, arguments: Arguments) -> Any:
        """What the student's function returns."""
        with self.listening:
            return self.notebook.names[self.body["name"]](*arguments.values)

    def at_point(self, field: str) -> dict[str, Array]:
        """The arrays of "pulls" or "replacements" by path, at this point."""
        return {path: self.recipe.arrays[i][self.point, ...] for path, i in self.body[field].items()}


def answer(body: Body, arrays: Sequence[Array], notebook: Namespace) -> tuple[Body, list[Array]]:
    """The reply to a question: groups of observations, and what the first call used of torch."""
    stack, writer, listener = Stack(), Writer(), Listener()
    reading = body["request"] == "read"
    recipe = Recipe(*([], [], "", "") if reading else (body["arguments"], arrays, body["dtype"], notebook.device))
    for point in range(body["points"]):
        writer.begin()
        visit = Visit(body, recipe, point, writer, notebook, nullcontext() if point else listener)
        try:
            seen = _read(visit) if reading else _ask(visit)
        except TooLargeError:
            seen = TOO_LARGE
        except BaseException as error:
            seen = raised(error, notebook.is_cell)
        stack.add(seen, writer.arrays if "results" in seen else [])
    groups, stacked = stack.message()
    return {"groups": groups, "used": listener.names()}, stacked


def _read(visit: Visit) -> Body:
    name, names = visit.body["name"], visit.notebook.names
    return _value([visit.writer.node(names[name])]) if name in names else {"missing": "undefined"}


def _ask(visit: Visit) -> Body:
    name, names = visit.body["name"], visit.notebook.names
    if name not in names:
        return {"missing": "undefined"}
    if not callable(names[name]):
        return {"missing": "not callable"}
    return _MANNERS[visit.body["manner"]](visit)


def _value(results: list[Body], changed: Sequence[str] = ()) -> Body:
    return {"results": results, "changed": list(changed), "gradients": {}, "error": None}


def _changed(arguments: Arguments, before: Mapping[str, object]) -> list[str]:
    return [path for path, now in arguments.contents().items() if now != before[path]]


def _plain(visit: Visit) -> Body:
    arguments = visit.arguments()
    before = arguments.contents()
    results = [visit.writer.node(visit.call(arguments)) for _ in range(visit.body["rounds"])]
    return _value(results, _changed(arguments, before))


def _inference(visit: Visit) -> Body:
    with _inference_mode():
        return _plain(visit)


def _gradient(visit: Visit) -> Body:
    arguments = visit.arguments()
    before = arguments.contents()
    leaves = arguments.leaves()
    require_gradients(leaves)
    gradients: Sequence[Tensor | None] = [None] * len(leaves)
    results, last = [], None
    # The notebook may have left recording switched off.
    with _enable_grad():
        for _ in range(visit.body["rounds"]):
            last = visit.call(arguments)
            results.append(visit.writer.node(last))
        seen = _value(results, _changed(arguments, before))
        try:
            total = _pulled(last, visit.at_point("pulls"))
            gradients = _grad(total, list(leaves.values()), allow_unused=True)
        except BaseException as error:
            seen["error"] = raised(error, visit.notebook.is_cell)
    for path, gradient in zip(leaves, gradients, strict=True):
        seen["gradients"][path] = None if gradient is None else visit.writer.node(gradient)
    return seen


def _pulled(result: Any, pulls: Mapping[str, Array]) -> Tensor:
    """The sum over outputs of output times cotangent; an output of another shape counts by its entries."""
    terms = []
    for path, pull in pulls.items():
        output = _found(result, path)
        if not issubclass(type(output), Tensor):
            raise TypeError(f"the result is a {type_name(output)}, which autograd cannot follow")
        if _numel(output) != pull.size:
            raise ValueError(f"the result has shape {tuple(output.shape)}; {pull.shape} was expected")
        cotangent = _to(_as_tensor(pull.copy()), device=output.device, dtype=output.dtype)
        terms.append(_sum(_multiply(output, _reshape(cotangent, output.shape))))
    return sum(terms[1:], terms[0])


def _found(result: Any, path: str) -> Any:
    """The part of a result that a path names: "" is all of it, "z" an entry, "0" an item."""
    for step in path.split(".") if path else ():
        result = result[step] if issubclass(type(result), dict) else result[int(step)]
    return result


def _rewrite(visit: Visit) -> Body:
    arguments = visit.arguments()
    before = arguments.contents()
    result = visit.call(arguments)
    looks = [visit.writer.node(result)]
    changed = _changed(arguments, before)
    for path, values in visit.at_point("replacements").items():
        overwrite(arguments.holders[path], values)
    return _value([*looks, visit.writer.node(result)], changed)


def _update(visit: Visit) -> Body:
    arguments = visit.arguments()
    before = arguments.contents()
    pulls = visit.at_point("pulls")
    parameters: dict[str, Any] = {path: arguments.holders[path] for path in pulls}
    require_gradients(parameters)
    seen = _value([])
    with _enable_grad():
        for turn in range(visit.body["rounds"]):
            slopes = {path: visit.recipe.tensor(pull[turn, ...]) for path, pull in pulls.items()}
            try:
                _backward([_sum(_multiply(parameters[path], slope)) for path, slope in slopes.items()])
            except Exception as error:
                seen["error"] = raised(error, visit.notebook.is_cell)
                break
            visit.call(arguments)
            seen["results"].append(visit.writer.node(parameters))
    return {**seen, "changed": _changed(arguments, before)}


_MANNERS: Final[Mapping[str, Callable[[Visit], Body]]] = {
    "value": _plain,
    "gradient": _gradient,
    "inference": _inference,
    "rewrite": _rewrite,
    "update": _update,
}
