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

from grader.kernel.arguments import Arguments, Recipe, overwrite, require_gradients
from grader.kernel.frames import Array, Body
from grader.kernel.results import Stack, TooLargeError, Writer
from grader.kernel.watch import Listener, raised

_backward = torch.autograd.backward
_grad = torch.autograd.grad
_enable_grad = torch.enable_grad
_inference_mode = torch.inference_mode
_reshape = torch.Tensor.reshape
_sum = torch.Tensor.sum
_to = torch.Tensor.to

TOO_LARGE: Final = {"unreadable": "result too large"}


@dataclass(frozen=True)
class Notebook:
    """What the cells left behind: their names, the device, and which file names are cells."""

    names: Mapping[str, Any]
    device: str
    is_cell: Callable[[str], bool]


@dataclass(frozen=True)
class Question:
    """One question as it arrived; `arrays` hold the values of all points."""

    body: Body
    arrays: Sequence[Array]
    recipe: Recipe

    def pulls(self) -> dict[str, Array]:
        """Cotangents by path of the output, or gradients by path of the parameter."""
        return {path: self.arrays[i] for path, i in self.body["pulls"].items()}

    def replacements(self) -> dict[str, Array]:
        """Second values by path of the argument."""
        return {path: self.arrays[i] for path, i in self.body["replacements"].items()}


def answer(body: Body, arrays: Sequence[Array], notebook: Notebook) -> tuple[Body, list[Array]]:
    """The reply to a question: groups of observations, and what the first call used of torch."""
    stack, writer, listener = Stack(), Writer(), Listener()
    if body["request"] == "read":
        seen = _guarded(lambda: _read(body["name"], notebook, writer), notebook)
        for _ in range(body["points"]):
            stack.add(seen, writer.arrays if "results" in seen else [])
    else:
        _ask(body, arrays, notebook, stack, writer, listener)
    groups, stacked = stack.message()
    return {"groups": groups, "used": listener.names()}, stacked


def _read(name: str, notebook: Notebook, writer: Writer) -> Body:
    if name not in notebook.names:
        return {"missing": "undefined"}
    return _value([writer.node(notebook.names[name])])


def _ask(
    body: Body, arrays: Sequence[Array], notebook: Notebook, stack: Stack, writer: Writer, listener: Listener
) -> None:
    recipe = Recipe(body["arguments"], arrays, body["dtype"], notebook.device)
    question = Question(body, arrays, recipe)
    for point in range(body["points"]):
        listening = nullcontext() if point else listener
        writer.begin()
        seen = _guarded(lambda: _observe(question, notebook, point, writer, listening), notebook)  # noqa: B023
        stack.add(seen, writer.arrays if "results" in seen else [])


def _guarded(look: Callable[[], Body], notebook: Notebook) -> Body:
    """What is seen; whatever is raised on the way is what was seen."""
    try:
        return look()
    except TooLargeError:
        return TOO_LARGE
    except BaseException as error:
        return raised(error, notebook.is_cell)


def _observe(
    question: Question, notebook: Notebook, point: int, writer: Writer, listening: AbstractContextManager[object]
) -> Body:
    name = question.body["name"]
    if name not in notebook.names:
        return {"missing": "undefined"}
    function = notebook.names[name]
    if not callable(function):
        return {"missing": "not callable"}

    def call(arguments: Arguments) -> Any:
        with listening:
            return function(*arguments.values)

    match question.body["manner"]:
        case "gradient":
            return _gradient(question, call, point, writer, notebook)
        case "inference":
            with _inference_mode():
                return _plain(question, call, point, writer)
        case "rewrite":
            return _rewrite(question, call, point, writer)
        case "update":
            return _update(question, call, point, writer)
    return _plain(question, call, point, writer)


def _value(results: list[Body], changed: Sequence[str] = ()) -> Body:
    return {"results": results, "changed": list(changed), "gradients": {}, "error": None}


def _changed(arguments: Arguments, before: Mapping[str, object]) -> list[str]:
    return [path for path, now in arguments.contents().items() if now != before[path]]


def _plain(question: Question, call: Callable[[Arguments], Any], point: int, writer: Writer) -> Body:
    arguments = question.recipe.make(point)
    before = arguments.contents()
    results = [writer.node(call(arguments)) for _ in range(question.body["rounds"])]
    return _value(results, _changed(arguments, before))


def _gradient(
    question: Question, call: Callable[[Arguments], Any], point: int, writer: Writer, notebook: Notebook
) -> Body:
    arguments = question.recipe.make(point)
    before = arguments.contents()
    leaves = arguments.leaves()
    require_gradients(leaves)
    results, last = [], None
    # The notebook may have left recording switched off.
    with _inference_mode(mode=False), _enable_grad():
        for _ in range(question.body["rounds"]):
            last = call(arguments)
            results.append(writer.node(last))
        seen = _value(results, _changed(arguments, before))
        try:
            total = _pulled(last, {path: pull[point, ...] for path, pull in question.pulls().items()})
            gradients = _grad(total, list(leaves.values()), allow_unused=True)
        except BaseException as error:
            seen["error"] = raised(error, notebook.is_cell)
            gradients = (None,) * len(leaves)
    for path, gradient in zip(leaves, gradients, strict=True):
        seen["gradients"][path] = None if gradient is None else writer.node(gradient)
    return seen


def _pulled(result: Any, pulls: Mapping[str, Array]) -> torch.Tensor:
    """The sum over outputs of output times cotangent; an output of another shape counts by its entries."""
    total: Any = 0
    for path, pull in pulls.items():
        output = _found(result, path)
        if not issubclass(type(output), torch.Tensor):
            raise TypeError(f"the result is a {type(output).__name__}, which autograd cannot follow")
        if output.numel() != pull.size:
            raise ValueError(f"the result has shape {tuple(output.shape)}, and {pull.shape} was expected")
        cotangent = _to(torch.as_tensor(pull.copy()), device=output.device, dtype=output.dtype)
        total = total + _sum(output * _reshape(cotangent, output.shape))
    found: torch.Tensor = total
    return found


def _found(result: Any, path: str) -> Any:
    """The part of a result that a path names: "" is all of it, "z" an entry, "0" an item."""
    for step in path.split(".") if path else ():
        result = dict.__getitem__(result, step) if isinstance(result, dict) else result[int(step)]
    return result


def _rewrite(question: Question, call: Callable[[Arguments], Any], point: int, writer: Writer) -> Body:
    arguments = question.recipe.make(point)
    before = arguments.contents()
    result = call(arguments)
    looks = [writer.node(result)]
    changed = _changed(arguments, before)
    for path, values in question.replacements().items():
        overwrite(arguments.holders[path], values[point, ...])
    looks.append(writer.node(result))
    return _value(looks, changed)


def _update(question: Question, call: Callable[[Arguments], Any], point: int, writer: Writer) -> Body:
    arguments = question.recipe.make(point)
    before = arguments.contents()
    pulls = question.pulls()
    parameters: dict[str, Any] = {path: arguments.holders[path] for path in pulls}
    require_gradients(parameters)
    looks = []
    with _enable_grad():
        for turn in range(question.body["rounds"]):
            slopes = {path: question.recipe.tensor(pull[point, turn, ...]) for path, pull in pulls.items()}
            _backward([_sum(parameters[path] * slope) for path, slope in slopes.items()])
            call(arguments)
            looks.append(writer.node(parameters))
    return _value(looks, _changed(arguments, before))
