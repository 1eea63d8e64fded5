"""Likely mistakes as code: what a student who makes one of them would hand in.

Knows how arguments and results are taken apart, and put into functions. Refuses to know how operations are written,
and how an answer is marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sympy import Symbol

from grader.judge.model import Planted
from grader.judge.truth import Slip
from grader.oracle.alternatives import Alternatives, Slips
from grader.oracle.code_arithmetic import CodeSheet
from grader.oracle.formulas import Formulas, workable
from grader.oracle.graph import Graph, Variable, adjoint, entries, shape_of
from grader.oracle.mistakes import Suspicion
from grader.oracle.problem import Problem, paths


def parameters(template: Sequence[Any]) -> str:
    """The parameters of a planted function."""
    return ", ".join(f"argument{i}" for i in range(len(template)))


def reading(graph: Graph, template: Sequence[Any]) -> dict[Symbol, str]:
    """How each input's symbols are read from the arguments."""
    code = {}
    for path, leaf in paths(tuple(template)):
        if isinstance(leaf, str):
            first, *rest = path.split(".")
            access = f"argument{first}" + "".join(f"[{key!r}]" for key in rest)
            code.update(access_of(graph.variables[leaf], access))
    return code


def access_of(variable: Variable, access: str) -> dict[Symbol, str]:
    """The code of a variable's symbols, the variable itself being `access`."""
    if isinstance(variable, Symbol):
        return {variable: access}
    places = np.ndindex(*shape_of(variable))
    return {s: f"{access}[{', '.join(map(str, i))}]" for s, i in zip(entries(variable), places, strict=True)}


def computed(sheet: CodeSheet, results: Mapping[str, tuple[Sequence[Any], tuple[int, ...]]], like: str) -> list[str]:
    """Lines that compute results by name, each from the numbers of its entries and its shape.

    Constants are made tensors like the argument `like`.
    """
    lines, texts = sheet.written([entry for entries_, _ in results.values() for entry in entries_])
    rest = iter(texts)
    for name, (entries_, shape) in results.items():
        parts = [f"{next(rest)} + 0 * {like}" for _ in entries_]
        value = f"torch.stack([{', '.join(parts)}]).reshape{shape}" if shape else parts[0]
        lines.append(f"{name} = {value}")
    return lines


def assembled(template: Any, results: Mapping[str, str], prefix: str = "") -> str:
    """The code of a result in the form of a template."""
    if isinstance(template, tuple):
        return f"({', '.join(assembled(t, results, _joined(prefix, i)) for i, t in enumerate(template))},)"
    if isinstance(template, Mapping):
        return "{" + ", ".join(f"{k!r}: {assembled(t, results, _joined(prefix, k))}" for k, t in template.items()) + "}"
    return results[prefix]


def _joined(prefix: str, key: object) -> str:
    return f"{prefix}.{key}" if prefix else str(key)


def read_on(sheet: CodeSheet, code: Mapping[Symbol, str]) -> dict[Symbol, Any]:
    """Symbols as numbers of a sheet, by the code of each."""
    return {symbol: sheet.noted(text) for symbol, text in code.items()}


def doubts(suspicion: Suspicion, name: str) -> list[Alternatives]:
    """The entries of a step or gradient, with every slip on the way."""
    way = adjoint(suspicion.graph, name)
    return suspicion.backward(*way) if way else suspicion.forward(name)


def planted_results(problem: Problem, returns: Any, question: str) -> Iterator[Planted]:
    """A function for every slip in every result, the other results being right; `kept` has the solution's functions.

    Of path_gradient, which returns dz/da and dz/db, the slip that leaves out the path through x is planted as

        def path_gradient(argument0, argument1):
            result0 = 30*argument0 + 0 * argument0
            right = kept['path_gradient'](argument0, argument1)
            return (result0, right[1],)
    """
    if not workable(problem.graph):
        return
    sheet, code = CodeSheet(), reading(problem.graph, problem.arguments)
    suspicion, like = Suspicion(problem.graph, read_on(sheet, code), sheet.arithmetic), next(iter(code.values()))
    called = f"kept[{question!r}]({parameters(problem.arguments)})"
    for i, (path, name) in enumerate(paths(returns)):
        entries_, shape = doubts(suspicion, name), shape_of(_node(problem.graph, name))
        others = {p: f"right[{p}]" for p, _ in paths(returns) if p != path}
        before = [f"right = {called}"] if others or isinstance(returns, Mapping) else []
        answer = assembled(returns, {**others, path: f"result{i}"})
        if isinstance(returns, Mapping):
            answer = f"{{**right, {path!r}: result{i}}}"
        for slips in dict.fromkeys(s for entry in entries_ for s in entry.wrong):
            lines = computed(sheet, {f"result{i}": ([entry.after(slips) for entry in entries_], shape)}, like)
            yield planted(question, problem, path, slips, [*lines, *before, f"return {answer}"])


def planted_form(note: str, graph: Graph, output: str, arguments: Sequence[str], question: str) -> Planted:
    """A function that computes a graph as it stands."""
    sheet, code = CodeSheet(), reading(graph, arguments)
    known = Suspicion(graph, read_on(sheet, code), sheet.arithmetic).known
    variable = graph.variables[output]
    result = {"result": ([known[symbol] for symbol in entries(variable)], shape_of(variable))}
    lines = computed(sheet, result, next(iter(code.values())))
    head = f"def {question}({parameters(arguments)}):"
    return Planted(Slip(note, ()), "", "\n    ".join([head, *lines, "return result"]))


def planted(question: str, problem: Problem, path: str, slips: Slips, lines: Sequence[str]) -> Planted:
    """A function of these lines."""
    (slip,) = slips
    head = f"def {question}({parameters(problem.arguments)}):"
    return Planted(slip, path, "\n    ".join([head, *lines]))


def _node(graph: Graph, name: str) -> Variable:
    way = adjoint(graph, name)
    return graph.variables[way[1] if way else name]


def planted_steps(
    problem: Problem, keys: Mapping[str, str], given: Iterable[tuple[str, Any, Mapping[str, str]]], question: str
) -> Iterator[Planted]:
    """A function for every slip in every step: what is right with one entry replaced, from the values before it.

    Of tanh_log_backward, which builds on tanh_log, a wrong sign in df/de is planted as

        def tanh_log_backward(argument0, argument1, argument2):
            out = dict(kept['tanh_log_backward'](argument0, argument1, argument2))
            before0 = kept['tanh_log'](argument0, argument1, argument2)
            wrong = torch.tanh(before0['e'])**2 - 1 + 0 * argument0
            return {**out, 'df_de': wrong}
    """
    graph, whole = problem.graph, problem.whole
    code = {**reading(graph, problem.arguments), **_steps_read(problem, keys, "out")}
    lines = [f"out = dict(kept[{question!r}]({parameters(problem.arguments)}))"]
    for i, (function, arguments, theirs) in enumerate(given):
        passed = ", ".join(f"argument{problem.arguments.index(part)}" for part in arguments)
        lines.append(f"before{i} = kept[{function!r}]({passed})")
        code |= _steps_read(problem, theirs, f"before{i}")
    sheet, like = CodeSheet(), next(iter(code.values()))
    known, arithmetic = read_on(sheet, code), sheet.arithmetic
    for symbol, formula in whole.steps.items():
        if symbol not in known:
            known[symbol] = Formulas(known, arithmetic).value(formula)
    suspicion = Suspicion(graph, known, arithmetic)
    for key, step in keys.items():
        for slips, number in _step(suspicion, step).wrong.items():
            wrong = computed(sheet, {"wrong": ([number], ())}, like)
            yield planted(question, problem, step, slips, [*lines, *wrong, f"return {{**out, {key!r}: wrong}}"])


def _steps_read(problem: Problem, keys: Mapping[str, str], access: str) -> dict[Symbol, str]:
    return {entries(problem.whole.variables[step])[0]: f"{access}[{key!r}]" for key, step in keys.items()}


def _step(suspicion: Suspicion, step: str) -> Alternatives:
    way = adjoint(suspicion.graph, step)
    if not way:
        return suspicion.step(step)[0]
    target, node = way
    given = {str(s): Alternatives(n) for s, n in suspicion.numbers.items()}
    slopes = {n: given.get(f"d{target}_d{n}") for n in reversed(suspicion.graph.variables)}
    arriving = {n: [slope] for n, slope in slopes.items() if slope}
    return suspicion.gradient(target, node, {target: [Alternatives(1)], **arriving})[0]
