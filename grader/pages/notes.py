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
    "reordered": "The results are right, but in another order than is asked for: yours are {listed_names}.",
    "extra_bias": "{what} is {theirs}; {expected} is asked for.",
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
    "changed_leaf": (
        "{name} changes a tensor in place for which gradients are asked{called_at}, and torch refuses that. Make a new "
        "tensor where it is an argument; where it is a parameter to be updated, do it within torch.no_grad()."
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
    "timed_out": "{name} gave no answer within {seconds:g} seconds{called_at}. Does one of its loops never end?",
    "waited": (
        "{name} gave no answer within {seconds:g} seconds{called_at}, in which it waited and computed next to nothing. "
        "Does it sleep, or wait for something that never comes?"
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

REQUIREMENTS: Final[Mapping[str, str]] = {
    "values": "values",
    "gradient": "autograd's gradient",
    "view": "a view of the input",
    "losses": "losses",
    "parameters": "parameters",
    "fit": "fit",
    "wrote_to_arguments": "arguments left as they were",
    "marked_arguments": "arguments' requires_grad left as it was",
    "cut_off": "a way back for autograd",
    "still_attached": "detached",
    "not_plain": "plain numbers",
    "not_whole": "integers",
    "extra_bias": "no bias where none was given",
    "reordered": "the order of the results",
    "first_step": "the first step",
    "second_step": "the second step",
    "elsewhere": "other inputs",
}
"""What an answer has to keep to, by its kind."""

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
    "slips_shared": "{slips} of these.",
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
