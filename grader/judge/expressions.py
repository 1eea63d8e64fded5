"""Operations of a trace as formulas in the student's own names.

Knows how sums, products and functions are written, and where a long formula is cut. Refuses to know
what they are worth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from grader.judge.clipping import NAME, clipped
from grader.judge.operation_table import SAME
from grader.judge.replay import plain_name
from grader.protocol.trace import Entrance, FixedTensor, Operand, Operation, Outcome, Trace, Word

LONG: Final = 40
"""Characters of a part of a formula; a longer one is …"""

_SUMS_AND_PRODUCTS: Final = {
    "add": (" + ", 1),
    "sub": (" - ", 1),
    "mul": (" * ", 2),
    "div": (" / ", 2),
    "pow": (" ** ", 4),
}
_INFIX: Final = _SUMS_AND_PRODUCTS | {
    "eq": (" == ", 0),
    "ne": (" != ", 0),
    "lt": (" < ", 0),
    "le": (" <= ", 0),
    "gt": (" > ", 0),
    "ge": (" >= ", 0),
}
_CALLED: Final = {
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "log_sigmoid_forward": "logsigmoid",
    "sgn": "sign",
    "amax": "max",
    "amin": "min",
    "clamp_min": "clamp",
    "clamp_max": "clamp",
}
_ALONE: Final = frozenset(
    {"expand", "view", "squeeze", "t", "permute", "transpose", "slice", "scalar_tensor", "unbind", *SAME}
)
"""What gives its first operand, as far as a formula goes."""
_CONSTANT: Final = {"zeros_like": "0", "ones_like": "1", "new_zeros": "0", "new_ones": "1", "zeros": "0", "ones": "1"}
_SHAPED: Final = {
    "neg": ("-", 2, "", 2),
    "reciprocal": ("1 / ", 3, "", 2),
    "select": ("", 5, "[{2}]", 5),
    "unsqueeze": ("", 5, "[..., None]", 5),
}
"""What stands before and after the first operand, how strongly it is bound there, and the whole."""
_CASTS: Final = {"float64": "double", "float32": "float", "float16": "half"}
_TAKING: Final = frozenset({"logaddexp", "maximum", "minimum", "where", "binary_cross_entropy", "mse_loss", "clamp"})
"""Functions of which more than the first operand is told."""
ATOM: Final = 5
HIDDEN: Final = "\u2026", ATOM


def written(trace: Trace, outcome: Outcome) -> str:
    """The formula of an outcome: its own operation whole, of long parts nothing but …"""
    formulas = WrittenOperations(trace)
    for operation in trace.operations[: outcome.operation + 1]:
        formulas.known.append(_operation(formulas, operation))
    return clipped(formulas.known[-1][0], 2 * NAME)


@dataclass(frozen=True)
class WrittenOperations:
    """The formulas of the operations so far, each with how strongly its parts are bound: none is written twice."""

    trace: Trace
    known: list[tuple[str, int]] = field(default_factory=list)

    def of(self, operand: Operand) -> tuple[str, int]:
        """The formula of an operand."""
        match operand:
            case Entrance(path):
                return _name(self.trace, path), ATOM
            case FixedTensor(values=values):
                return (_number(values[0]), ATOM) if len(values) == 1 else HIDDEN
            case Word(word):
                return word, ATOM
            case tuple():
                return ", ".join(self.part(each, 0) for each in operand), ATOM
            case Outcome(number, part):
                found, binding = self.known[number]
                one = self.trace.operations[number].name.startswith("unbind")
                return (f"{found}[{part}]" if one else found), binding
            case bool() | None:
                return str(operand), ATOM
        return _number(operand), ATOM

    def part(self, operand: Operand, binding: int) -> str:
        """The formula of an operand that is bound so strongly; nothing but … where it is long, or a gradient."""
        if operand is None:
            return HIDDEN[0]
        found, bound = self.of(operand)
        if len(found) > LONG or found.count(HIDDEN[0]) > 1:
            return HIDDEN[0]
        return found if bound >= binding else f"({found})"


def _operation(formulas: WrittenOperations, operation: Operation) -> tuple[str, int]:
    name, operands = _as_written(formulas.trace, operation)
    if name == "_to_copy" and operation.outputs[0].dtype != _dtype(formulas.trace, operands[0]):
        cast = _CASTS.get(operation.outputs[0].dtype, operation.outputs[0].dtype)
        return f"{cast}({formulas.part(operands[0], 0)})", ATOM
    if name in _CONSTANT:
        return _CONSTANT[name], ATOM
    if name in _ALONE and operands:
        return formulas.of(operands[0]) if operands[0] is not None else HIDDEN
    if name in _INFIX:
        return _infix(formulas, name, operands)
    if name in _SHAPED:
        before, binding, after, bound = _SHAPED[name]
        return f"{before}{formulas.part(operands[0], binding)}{after.format(*operands)}", bound
    called = _CALLED.get(name, name.strip("_"))
    told = operands if called in _TAKING else operands[:1]
    if operation.backward and name.endswith(("_backward", "_backward_data")):
        called, told = called.removesuffix("_data").removesuffix("_backward"), operands[1:2]
    return f"{called}({', '.join(formulas.part(each, 0) for each in told)})", ATOM


def _as_written(trace: Trace, operation: Operation) -> tuple[str, tuple[Operand, ...]]:
    """An operation as it stands in the code, and not as torch turns it round; of gradients nothing is told."""
    name, operands = plain_name(operation), operation.operands
    if name == "rsub":
        name, operands = "sub", (operands[1], operands[0])
    elif name == "add" and isinstance(operands[1], int | float):
        # 1 + x is carried out as x + 1.
        operands = (operands[1], operands[0])
    elif name == "mul" and 1 in operands:
        # 1 / x is carried out as the reciprocal, times 1.
        name, operands = "detach", tuple(each for each in operands if each != 1)
    if operation.backward:
        operands = tuple(None if _is_backward(trace, each) else each for each in operands)
    return name, operands


def _infix(formulas: WrittenOperations, name: str, operands: tuple[Operand, ...]) -> tuple[str, int]:
    sign, binding = _INFIX[name]
    left = formulas.part(operands[0], binding + (name == "pow"))
    return f"{left}{sign}{formulas.part(operands[1], binding + (name != 'pow' and binding > 0))}", binding


def _is_backward(trace: Trace, operand: Operand) -> bool:
    return isinstance(operand, Outcome) and trace.operations[operand.operation].backward


def _dtype(trace: Trace, operand: Operand) -> str:
    if isinstance(operand, Outcome):
        return trace.operations[operand.operation].outputs[operand.part].dtype
    return ""


def _name(trace: Trace, path: str) -> str:
    place = int(path) if path.isdecimal() else -1
    return trace.names[place] if 0 <= place < len(trace.names) else path


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "\u2026"
