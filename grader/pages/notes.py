"""Tables of what a student reads: a sentence for every outcome, by its stable code.

Knows words. Refuses to know numbers: they are filled in from the facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grader.judge.findings import FAULT, MACHINE, Advice
from grader.protocol.conduct import Means

NOTES: Final[Mapping[str, str]] = {
    "correct": "Right.",
    "wrong_value": "{what}{at}: yours {theirs}, expected {expected}{difference}.",
    "wrong_gradient": (
        "{what}{at}: yours {theirs}, expected {expected}{difference}. The value is right, so a path may be cut off "
        "from autograd: by detach, .item(), float() or no_grad."
    ),
    "swapped": "{what} and {other} are right, but in the wrong order.",
    "wrong_step": "{what}{at}: yours {theirs}, expected {expected}{basis}{difference}.",
    "wrong_shape": "{what}{at} has {theirs}; {expected} is asked for.",
    "wrong_type": "{what} is {theirs}; {expected} is asked for.",
    "wrong_dtype": "{what} has dtype {theirs}; the input's {expected} is to be kept.",
    "wrong_device": "{what} is on {theirs}; it is asked for on {expected}.",
    "returns_nothing": "{name} returns nothing{silent}: is a return missing, at its end or in a branch?",
    "wrong_structure": "The result is {theirs}; {expected} is asked for.",
    "missing_key": "The result has no entry {what!r}. It has: {theirs}.",
    "not_finite": "{what}{at}: yours {theirs}, expected {expected}.",
    "nothing_follows": (
        "Nothing can be seen here: all follows from your own {own}, which is the same for all arguments. "
        "Put that right first."
    ),
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
    "raised": "{name} raised {error_type}{raised}",
    "cell_failed": "{name} is not there, because the cell that is to define it stopped with an error: {text}",
    "not_written": "{name} is not written yet: its stub still stands.",
    "needs_unwritten": "{name} needs {all_names}, which is not written yet.",
    "stub_left": "{name} stops at a raise NotImplementedError that still stands in its code: take that line out.",
    "missing": (
        "No {name} was found in the notebook. Did you misname it, or forget to run its cell, or did that stop with an "
        "error?"
    ),
    "not_a_function": "{name} is there, but it is not a function{lost}.",
    "timed_out": "{name} gave no answer within {seconds:g} seconds. Does one of its loops never end?",
    "waited": (
        "{name} gave no answer within {seconds:g} seconds, in which it waited and computed next to nothing. Does it "
        "sleep, or wait for something that never comes?"
    ),
    "died": "{name} ended the notebook's process ({reason}). Nothing of it could be looked at.",
    "unreadable_answer": "The answer of {name} could not be read: {reason}.",
    "forbidden_method": "{name} {did}{called_at}, but {reason}.",
    "finite_differences": (
        "{name} calls {all_names} at shifted points{called_at}, which is numerical differentiation, but {reason}."
    ),
    "numerical_derivative": (
        "{all_names}: nearly right in float64 (relative difference {error:.0e}) and far off in float32 ({coarse:.0e}), "
        "as difference quotients are. Work the derivative out by hand."
    ),
    "required_method": "While {name} ran, autograd was not at work: {reason}.",
    FAULT: "The grader itself failed at {name} ({text}). That is no fault of yours: it is not graded, and looked at.",
    MACHINE: (
        "The machine could not do what {name} needs: {reason}. That is no fault of yours: it is not graded, and will "
        "be graded again."
    ),
    "not_recorded": (
        "What {name} does while it runs could not be seen ({reason}), and the exercise asks how the answer is found. "
        "It is not graded, and your instructor is told."
    ),
    "changes_on_second_call": (
        "The function gives another answer when it is called a second time with the same arguments: "
        "{what}{at} was {theirs}, expected {expected}{difference}."
    ),
    "wrote_to_arguments": (
        "{name} changes its arguments: it writes into one of them, or puts something else into a dict. Whoever calls "
        "it does not expect that: make a new tensor, or a new dict."
    ),
    "marked_arguments": (
        "{name} leaves an argument with another requires_grad than it had: mark a leaf of your own, as in "
        "x = x.detach().requires_grad_()."
    ),
    "cut_off": (
        "Autograd cannot follow {what} back to the arguments: keep it a tensor, without .item(), float(), detach or "
        "no_grad on the way."
    ),
    "still_attached": "{what} is still followed by autograd: return it detached.",
    "not_plain": "{what} come as tensors; plain numbers are asked for, as .item() gives them.",
    "not_whole": "{what} is not an integer, and a position has to be one.",
    "losses_unlike": (
        "The losses of {name} are not those of a training: it gives at least one, all of them positive numbers, and "
        "the last is not above the first. Keep those that train returns."
    ),
    "not_uniform": (
        "In many calls the numbers do not fill [0, 1) evenly: the share below {low:.3g} is {least:.3g}. Draw them with "
        "torch.rand, and leave them as they are."
    ),
    "copied": (
        "The values are right, but {what} is a copy: when the input is overwritten afterwards, it does not follow. "
        "Some functions copy the memory, others share it."
    ),
    "wrong_edges": "The drawn graph is not the one of the formulas: {drawn}.",
    "not_edges": "The result is {theirs}; a list of pairs of names such as [('a', 'x')] is asked for.",
    "wrong_trajectory": "{what}{at}: yours {theirs}, expected {expected}{difference}. {since}",
    "poor_fit": (
        "The mean squared error of this fit on the data is {theirs}; the best possible is {expected}, and at most "
        "{excess:.0f} % more is allowed. {advised}"
    ),
    "unstable": "In {dtype}, the {what} is right at {right} of {total} inputs. It first fails at {first}: {failure}.",
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
"""What was seen, by its code, as a sentence."""

REGIMES: Final[Mapping[str, str]] = {
    "": "\u2713",
    "easy": "\u2713 (as with the formula as written)",
    "everywhere": "\u2717",
    "float32": "\u2717 in float32",
    "float64": "\u2717 in float64",
}
"""Whether a regime holds, by where it fails."""

SLIPS: Final[Mapping[str, str]] = {
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
    "mean_for_sum": "In {where}, a mean stands where the sum belongs: nothing is to be divided by {divisor}.",
    "divided_twice": "In {where}, the division by {divisor} is made twice.",
    "sample_divisor": "In {where}, the sum is divided by {theirs}; a mean of {divisor} divides by {divisor}.",
    "halved": "In {where}, there is a factor 1/2 too many.",
    "root_taken": "In {where}, the root is taken of what is asked for.",
    "taken_after": "In {where}, {whole} is taken of {of}; it belongs inside, at every term.",
    "wrong_exponent": "In {where}, {term} is taken with {theirs} for the exponent {right}.",
    "wrong_operation": "In {where}, {theirs} stands where {right} belongs.",
    "degrees": "In {where}, the angle of {term} is taken in degrees; torch takes it in radians.",
    "brackets": "In {where}, brackets are missing or close too early: {term} is read as {theirs}.",
    "extra_factor": "In {where}, the factor {factor} is one too many.",
    "after_update": "In {where}, the gradient is taken with {olds} after the update: take those before it.",
    "reshaped_operand": "In {where}, {term} is reshaped where it is to be transposed.",
    "sum_of_other_axis": "In {where}{of} the sums run along the other axis.",
    "sum_of_all": "In {where}{of} everything is divided by the sum of all entries; each row has a sum of its own.",
    "axis_lost": "In {where}{of} each row is divided by the sums of others: keep their axis with keepdim=True.",
    "interleaved": "In {where}, the entries alternate: they run down the columns where they belong along the rows.",
    "permuted_reshape": (
        "In {where}, the axes are put in the order {order} of the input's and then reshaped: the shape is right, "
        "and the entries are mixed."
    ),
    "flat_positions": "In {where}, the positions are counted in the flattened matrix, and not in each row.",
    "first_rows": "In {where}, the first {count} rows are taken, one after the other.",
    "extra_function": "In {where}, {function} is taken of what is right without it.",
    "broadcast": (
        "In {where}, each of the {count} entries of one meets all {count} of the other: by broadcasting, (n,) and "
        "(n, 1) make n × n. Compare the shapes."
    ),
    "rebound": (
        "In {where}, nothing moves: p = p - … makes a new tensor, p -= … changes the given one. Or is its gradient "
        "cleared before the step?"
    ),
    "divided_by_rate": "In {where}, the gradient is divided by the learning rate; it is to be multiplied by it.",
    "step_alone": "In {where}, the step stands alone: the value from which it starts is missing.",
    "sum_descended": "In {where}, the losses are means and the gradients those of the sum: {divisor} times as large.",
    "zero_start": "In {where}, the parameters start at 0 and not at those given.",
    "left_out": "In {where}, {parameter} plays no part in the prediction.",
    "exponent_not_reduced_anywhere": "In {where}, no exponent is reduced: the derivative of xⁿ is n xⁿ⁻¹.",
    "exponent_lost_anywhere": "In {where}, no exponent comes down as a factor: the derivative of xⁿ is n xⁿ⁻¹.",
}
"""A likely mistake, by its note, as the sentence that follows what was seen."""

REMARKS: Final[Mapping[str, str]] = {
    "float32_slip": (
        "right, but only to float32 precision (a relative difference of {error:.0e}): a float32 constant or cast, or "
        "a small number added, is on the way. It costs nothing here."
    ),
    "dtype_slip": "came back as {theirs} where the inputs were {expected}. It costs nothing here.",
    "shape_slip": "came back with {theirs} where a scalar is asked for. It costs nothing here.",
    "defined_again": "is defined in more than one cell; the last of them counts.",
    "used_here": "is used here, and is not right itself: look there first.",
    "carried_forward": "follows rightly from your own {own}, and counts as right.",
    "not_counted": "follows from your own {own}, whatever the arguments are, and so does not count.",
    "drawn_renamed": "read as {all_names} of the formulas. Another name costs nothing.",
    "drawn_merged": "stands for {all_names} together, which means the same. It costs nothing.",
    "drawn_between": "no step of the formulas, but what goes through it goes the right way. It costs nothing.",
}
"""Things said beside a mark, after the name of what they are about; they cost nothing."""

DEEDS: Final[Mapping[str, str]] = {
    Means.CALL: "called {names[0]}",
    Means.OPERATION: "had torch carry out {names[0]}",
    Means.ENGINE: "called {names[0]}",
    Means.GRAPH: "took {names[0]}, the graph that autograd had recorded",
    Means.FORWARD: "called {names[0]}",
    Means.ALGEBRA: "called {names[0]}",
    Means.COMPLEX: "computed with complex numbers",
}
"""What a function was seen to do, by its kind."""

NEXT: Final = "Work it out by hand at this point, one operation at a time: where do the numbers part?"
LAST_STEP: Final = "Is the last step missing, or one too many?"

ADVICE: Final[Mapping[Advice, str]] = {
    Advice.FEATURES: "Check that w and b belong to the original x, in the order of the features.",
    Advice.DIVERGING: "The losses grow: take a smaller learning rate.",
    Advice.OTHER_ERROR: "The last loss is another error than this: check that w and b belong to the original x.",
    Advice.FALLING: "The losses still fall: take more epochs, a larger learning rate, or features of similar size.",
}

ALSO: Final[Mapping[str, str]] = {
    "missing_key": "Also missing",
    "not_finite": "Also not finite",
}
"""What is said of further steps, by their note; of all others, that they are wrong in themselves."""
