"""`draw`: a graph that was listed, the graph that a call builds, or a tensor, as a picture.

Knows what may be drawn, and how it is captioned. Refuses to know what is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from torch import Tensor

from grader.judge.annotated_graph import AnnotatedGraph, EdgeStatus, alike
from grader.pages.boxes import TensorEntries, boxes_card
from grader.pages.cards import graph_card
from grader.student.building import MOST, SIGNS, TURNED, BuiltGraph, BuiltStep, built, parameters
from grader.student.caller import is_cell
from grader.student.output import show
from grader.student.patience import PATIENCE, StoppedError, stopping

WIDE = 14
"""Characters of a formula in a node; of a longer one only the sign is shown."""

FEW = 3
"""Entries of a vector that are shown as numbers."""


def draw(drawn: object, *inputs: object) -> None:
    """Draw a list of edges, a tensor, or the graph that a function builds at `inputs` (numbers or tensors).

    The graph shows the value of every step and, below it, the gradient of the result in it, up to where the call ends.
    """
    try:
        if isinstance(drawn, Tensor):
            show(_of_tensor(drawn), lambda: boxes_card(_entries(drawn)))
        elif callable(drawn):
            _draw_call(drawn, inputs)
        else:
            _draw_edges("draw", drawn)
    except StoppedError as stopped:
        print(f"The call was ended{stopped.place}: it took too long, or was interrupted.")
    except Exception as error:
        print(f"That cannot be drawn: {type(error).__name__}: {error}")


def _draw_call(function: Callable[..., object], inputs: Sequence[object]) -> None:
    name = getattr(function, "__name__", "the function")
    with stopping(PATIENCE, is_cell):
        graph = built(function, list(zip(parameters(function, len(inputs)), inputs, strict=False)))
    if isinstance(graph.error, NotImplementedError) and not str(graph.error):
        stub = "A function that this one calls" if name == "<lambda>" else name
        print(f"{stub} is not written yet: its stub still stands.")
    elif not graph.steps and graph.error is None:
        _draw_edges(name, graph.result)
    elif not graph.steps:
        print(f"{name} raised {type(graph.error).__name__}: {graph.error}")
    else:
        names = _unique(graph)
        below = _below(name, graph, names)
        show("\n".join([*_lines(graph, names), below]), lambda: graph_card(name, below, _annotated(graph, names)))


def _draw_edges(name: str, listed: object) -> None:
    edges = _edges(listed)
    if edges is None:
        print("A graph is drawn from pairs of names, such as [('x', 'y'), ('y', 'z')].")
    elif not edges:
        print("There is no edge to draw.")
    else:
        graph = alike(edges, EdgeStatus.BUILT, "The edges as they are listed.")
        show(", ".join(f"{a} → {b}" for a, b in graph.edges), lambda: graph_card(name, "", graph))


def _edges(listed: object) -> list[tuple[str, str]] | None:
    """The pairs in what was listed, None where it is something else."""
    found = []
    for pair in listed if isinstance(listed, Iterable) else [None]:
        match pair if isinstance(pair, list | tuple) else None:
            case [str(source), str(target)]:
                found.append((source, target))
            case _:
                return None
    return found


def _unique(graph: BuiltGraph) -> list[str]:
    """A name for every step that no other has: its variable's, with its formula where that is short."""
    found: list[str] = []
    for place, step in enumerate(graph.steps):
        name = _called(place, step, graph)
        same, number = name, 2
        while same in found:
            same, number = f"{name} #{number}", number + 1
        found.append(same)
    return found


def _called(place: int, step: BuiltStep, graph: BuiltGraph) -> str:
    name = graph.names.get(place, "")
    if not step.operation:
        return name or "constant"
    formula = _formula(step, graph)
    short = formula if len(formula) <= WIDE else SIGNS.get(step.operation, step.operation)
    return f"{name} = {short}" if name and len(name) + len(short) < WIDE else name or short


def _formula(step: BuiltStep, graph: BuiltGraph) -> str:
    words = [o if isinstance(o, str) else graph.names.get(o, "…") for o in step.operands]
    sign = SIGNS.get(step.operation, step.operation)
    if sign == "^" and words[1:] in (["2"], ["3"]):
        return f"{words[0]}{'²' if words[1] == '2' else '³'}"
    if sign != step.operation and len(words) == 1:
        return f"{sign}{words[0]}" if sign != "σ" else f"σ({words[0]})"
    if sign != step.operation and len(words) == 2:
        # torch puts a number last, whichever side it was written on.
        turned = step.operation in TURNED or (sign == "·" and isinstance(step.operands[1], str))
        first, second = words[::-1] if turned else words
        return f"{first} {sign} {second}"
    return f"{step.operation}({', '.join(words)})"


def _lines(graph: BuiltGraph, names: Sequence[str]) -> list[str]:
    """The graph in words, a line a step."""
    rows = []
    for place, step in enumerate(graph.steps):
        gradient = f", gradient {_number(graph.gradients[place])}" if place in graph.gradients else ""
        rows.append(f"{names[place]}: {step.failed or _number(step.value)}{gradient}")
    return rows


def _annotated(graph: BuiltGraph, names: Sequence[str]) -> AnnotatedGraph:
    labels = {}
    for place, step in enumerate(graph.steps):
        gradient = f" · ∂ {_number(graph.gradients[place])}" if place in graph.gradients else ""
        labels[names[place]] = step.failed or f"{_number(step.value)}{gradient}"
    edges = {
        (names[parent], names[place]): EdgeStatus.BUILT
        for place, step in enumerate(graph.steps)
        for parent in step.parents
    }
    nodes = {
        names[place]: EdgeStatus.FAILED if step.failed else EdgeStatus.BUILT for place, step in enumerate(graph.steps)
    }
    return AnnotatedGraph("Below each step its value and, after ∂, the gradient in it.", nodes, edges, labels)


def _below(name: str, graph: BuiltGraph, names: Sequence[str]) -> str:
    parts = []
    if graph.output is not None:
        of = names[graph.output].partition(" = ")[0]
        entries = graph.steps[graph.output].value.numel()
        parts.append(f"∂ is the gradient of {'the sum of the entries of ' if entries > 1 else ''}{of}.")
    if graph.error is not None:
        parts.append(f"{name} stops there with {type(graph.error).__name__}: {graph.error}")
    if graph.left_out:
        parts.append(f"Only the first {MOST} steps are drawn; {graph.left_out} more follow.")
    return " ".join(parts)


def _number(value: Tensor) -> str:
    if value.numel() == 1:
        return f"{value.item():.4g}"
    if value.ndim == 1 and value.numel() <= FEW:
        return f"[{', '.join(f'{entry:.3g}' for entry in value.tolist())}]"
    return f"shape {tuple(value.shape)}"


def _of_tensor(tensor: Tensor) -> str:
    return f"shape {tuple(tensor.shape)}, {str(tensor.dtype).removeprefix('torch.')}\n{tensor}"


def _entries(tensor: Tensor) -> TensorEntries:
    return TensorEntries(
        tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), _texts(tensor.detach().cpu().tolist())
    )


def _texts(part: object) -> object:
    if isinstance(part, list):
        return [_texts(inner) for inner in part]
    return f"{part:.4g}" if isinstance(part, float) else str(part)
