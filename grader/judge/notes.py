"""One table of notes: a stable code for every outcome, and the sentence that a student reads.

Knows words. Refuses to know numbers: the facts are filled in by whoever found them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.judge.clipping import FACT, FINDING, NAME, bounded, clipped
from grader.judge.model import Remark

FAULT = "fault"
"""The note where the grader itself failed."""
MACHINE = "machine"
"""The note where the machine failed."""
OURS = frozenset({FAULT, MACHINE})
"""The notes of what is nobody's zero: it is graded again in the next run."""

NOTES: dict[str, str] = {
    "correct": "Right.",
    "wrong_value": "{what}{at}: yours {theirs}, expected {expected}{difference}.",
    "wrong_gradient": (
        "{what}{at}: yours {theirs}, expected {expected}{difference}. The value is right, so a path may be cut off "
        "from autograd: by detach, .item(), float() or no_grad."
    ),
    "swapped": "{one} and {other} are right, but in the wrong order.",
    "wrong_step": "{what}{at}: yours {theirs}, expected {expected}{basis}{difference}.",
    "wrong_shape": "{what}{at} has shape {theirs}; shape {expected} is asked for.",
    "wrong_type": "{what} is {theirs}; {expected} is asked for.",
    "wrong_dtype": "{what} has dtype {theirs}; the input's {expected} is to be kept.",
    "wrong_device": "{what} is on {theirs}; it is asked for on {expected}.",
    "returns_nothing": "{name} returns nothing{where}: is a return missing, at its end or in a branch?",
    "wrong_structure": "The result is {theirs}; {expected} is asked for.",
    "missing_key": "The result has no entry {what}. It has: {theirs}.",
    "not_finite": "{what}{at}: yours {theirs}, expected {expected}.",
    "never_finite": "{what} is nowhere a finite number, because a step before it is not.",
    "no_gradient": (
        "Autograd cannot find {what}: the result does not depend on it through torch operations. "
        "Is there a detach, .item(), float(), torch.tensor(…), no_grad or a function of math or NumPy on the way?"
    ),
    "graph_freed": (
        "Autograd cannot find {what}, because it has gone back through the result before. Does the function call "
        "backward() itself? Return the result, and leave that to whoever calls it."
    ),
    "overwritten": (
        "Autograd cannot find {what}: a value that it needs on the way back was changed in place. Make a new tensor, "
        "y = y / s, where the code changes one, y /= s."
    ),
    "raised": "{name} raised {type}{text}{line}",
    "cell_failed": "{name} is not there, because the cell that is to define it stopped with an error: {error}",
    "not_written": "{name} is not written yet: its stub still stands.",
    "needs_unwritten": "{name} needs {what}, which is not written yet.",
    "stub_left": "{name} stops at a raise NotImplementedError that still stands in its code: take that line out.",
    "missing": (
        "No {name} was found in the notebook. Did you misname it, or forget to run its cell, or did that stop with an "
        "error?"
    ),
    "not_a_function": "{name} is there, but it is not a function{why}.",
    "timed_out": "{name} gave no answer within {seconds:g} seconds. Does one of its loops never end?",
    "waited": (
        "{name} gave no answer within {seconds:g} seconds, in which it waited and computed next to nothing. Does it "
        "sleep, or wait for something that never comes?"
    ),
    "died": "{name} ended the notebook's process ({how}). Nothing of it could be looked at.",
    "unreadable_answer": "The answer of {name} could not be read: {reason}.",
    "forbidden_method": "{name} uses {what}, but {why}.",
    "finite_differences": "{name} takes {what} at shifted points, which is numerical differentiation, but {why}.",
    "numerical_derivative": (
        "{what}: nearly right in float64 (relative difference {error:.0e}) and far off in float32 ({coarse:.0e}), as "
        "difference quotients are. Work the derivative out by hand."
    ),
    "required_method": "{name} calls neither backward() nor torch.autograd.grad: {why}.",
    FAULT: "The grader itself failed at {name} ({error}). That is no fault of yours: it is not graded, and looked at.",
    MACHINE: (
        "The machine could not do what {name} needs: {reason}. That is no fault of yours: it is not graded, and will "
        "be graded again."
    ),
    "no_source": "The code of {name} could not be found in the notebook, so it cannot be seen how it works.",
    "changes_on_second_call": (
        "{name} gives another answer when it is called a second time with the same arguments: "
        "{what}{at} was {theirs}, expected {expected}{difference}."
    ),
    "copied": (
        "The values are right, but {what} is a copy: when the input is overwritten afterwards, it does not follow. "
        "Some functions copy the memory, others share it."
    ),
    "wrong_edges": "The drawn graph is not the one of the formulas: {what}.",
    "not_edges": "The result is {theirs}; a list of pairs of names such as [('a', 'x')] is asked for.",
    "wrong_trajectory": "{what}{at}: yours {theirs}, expected {expected}{difference}. {since}",
    "poor_fit": (
        "The mean squared error of this fit on the data is {theirs}; the best possible is {expected}, and at most "
        "{excess:.0f} % more is allowed. {hint}"
    ),
    "unstable": ("In {dtype}, the {what} is right at {right} of {total} inputs. It first fails at {at}: {said}."),
    "no_second_step": (
        "After the first step the parameters can take no second backward pass ({text}): update them in place, and "
        "leave requires_grad as it is."
    ),
    "wrong_length": "{what}{at} has {theirs} entries; {expected} are asked for, one an epoch.",
    "list_kept": (
        "{what}{at} has {theirs} entries; {expected} are asked for, one an epoch. The list goes on from call to call: "
        "begin a new one inside the function."
    ),
    "wrong_update": "{what} after step {step}{at}: yours {theirs}, expected {expected}{difference}.",
    "not_random": "Two calls gave the same numbers; {name} is to draw new ones each time.",
    "not_independent": "Numbers repeat within the result; each entry is to be drawn by itself.",
    "not_repeatable": "Two calls gave different numbers: is the seed set inside {name}?",
    "out_of_range": "{what} has entries outside [{low:g}, {high:g}): from {least:.3g} to {greatest:.3g}.",
    "wrong_draw": (
        "{what} does not hold the numbers that the seed and torch.rand give: yours begin {theirs}, expected {expected}."
    ),
    "not_squeezed": (
        "The second tensor is not the first without its axes of length 1: it begins {theirs}, not {expected}."
    ),
}
"""Code to sentence."""

SLIPS: dict[str, str] = {
    "wrong_rule": "In {where}, the rule is {rule}; yours is {theirs}.",
    "exponent_not_reduced": "In {where}, the exponent is not reduced: the derivative of {term} is {right}.",
    "exponent_lost": "In {where}, the exponent does not come down as a factor: the derivative of {term} is {right}.",
    "inner_derivative": (
        "In {where}, the inner derivative is missing: by the chain rule, {term} also gives the factor {factor}."
    ),
    "missing_outer": "In {where}, only the inner derivative of {term} is there: the outer one is missing.",
    "product_rule": "In {where}, the product rule for {term} has one more term: {missing}.",
    "product_of_slopes": "In {where}, the derivative of the product {term} is not the product of the derivatives.",
    "quotient_rule": "In {where}, the quotient rule for ({above}) / ({below}) went wrong: {what}.",
    "value_for_gradient": "In {where}, the value {term} stands where its derivative belongs.",
    "constant_kept": "In {where}, the constant {term} is kept; the derivative of a constant is 0.",
    "sum_for_mean": "In {where}, a sum stands where the mean belongs: the division by {divisor} is missing.",
    "missing_division": "In {where}, the division by {divisor} is missing.",
    "missing_path": "In {where}, the path through {step} is missing: what flows along every path adds up.",
    "missing_factor": "In {where}, the factor {factor} is missing.",
    "missing_term": "In {where}, the term {term} is missing.",
    "wrong_sign": "In {where}, {term} has the wrong sign.",
    "wrong_flow": "In {where}, what flows through {step} has the wrong sign.",
    "exchanged": "In {where}, the coefficients {one} and {other} have changed places.",
    "upside_down": "In {where}, the fraction {term} stands upside down.",
    "missing_power": "In {where}, {base} stands where {term} belongs.",
    "missing_function": "In {where}, {term} is left without its function.",
    "exchanged_function": "In {where}, {theirs} stands in the place of {term}.",
    "wrong_operand": "In {where}, {theirs} stands where {right} belongs.",
    "transposed": "In {where}, {term} is taken without its transpose, or with one too many.",
    "other_axis": "In {where}, it goes along the other axis.",
    "exchanged_operands": "In {where}, {one} and {other} have changed places.",
    "reshaped": "In {where}, the entries stand as a reshape leaves them: it keeps their order and moves no axis.",
    "column_order": "In {where}, the entries run down the columns instead of along the rows.",
    "wrong_axes": "In {where}, the axes stand in the order {order} of the input's.",
    "as_written": "It fails as the formula as written does.",
    "half_cure": "It is half a cure: one side of the range is mended, the other is not.",
    "uphill": "In {where}, the step goes up the slope: what goes down subtracts the gradient.",
    "missing_rate": "In {where}, the learning rate is missing.",
    "gradients_kept": "In {where}, the gradients are not cleared: every step goes along all gradients so far.",
    "frozen": "In {where}, {parameter} is never updated.",
    "fewer_epochs": "In {where}, one epoch too few is run.",
    "more_epochs": "In {where}, one epoch too many is run.",
    "late_losses": "In {where}, the losses are those after the step; each is asked for before it.",
    "off_by_one": "In {where}, every entry is the neighbour ({step}) of the right one along axis {axis} of the input.",
    "backwards": "In {where}, axis {axis} runs backwards.",
}
"""Code of a likely mistake to the sentence that follows what is wrong; what tells most comes first."""

REMARKS: dict[str, str] = {
    "float32_slip": (
        "right, but only to float32 precision (a relative difference of {error:.0e}): a float32 constant or cast, or "
        "a small number added, is on the way. It costs nothing here."
    ),
    "dtype_slip": "came back as {theirs} where the inputs were {expected}. It costs nothing here.",
    "shape_slip": "came back with shape {theirs} where a scalar is asked for. It costs nothing here.",
    "wrote_to_arguments": "the arguments are changed in place, which whoever calls it may not expect.",
    "defined_again": "is defined in more than one cell; the last of them counts.",
    "used_here": "is used here, and is not right itself: look there first.",
    "carried_forward": "follows rightly from your own {from_}, and counts as right.",
    "drawn_renamed": "read as {step} of the formulas. Another name costs nothing.",
    "drawn_merged": "stands for {steps} together, which means the same. It costs nothing.",
    "drawn_between": "no step of the formulas, but what goes through it goes the right way. It costs nothing.",
}
"""Things said beside a mark, after the name of what they are about; they cost nothing."""


@dataclass(frozen=True)
class Finding:
    """A code of the table with its sentence filled in; `theirs` is what a table shows for it.

    `edges` are those of the graph on which a mistake was made, none where it may be any.
    """

    note: str
    message: str
    theirs: str = "–"
    edges: tuple[tuple[str, str], ...] = ()


def finding(note: str, **facts: object) -> Finding:
    """The finding for a code of `NOTES`; every field of its sentence must be given. What is long is cut."""
    return Finding(note, clipped(NOTES[note].format(**bounded(facts, FACT)), FINDING))


def remark(code: str, what: str, **facts: object) -> Remark:
    """The remark for a code of `REMARKS` about `what`. What is long is cut."""
    return Remark(clipped(what, NAME), REMARKS[code].format(**bounded(facts, 2 * NAME)))


def explained(note: str, facts: Mapping[str, str]) -> str:
    """The sentence on a likely mistake."""
    return SLIPS[note].format(**facts)
