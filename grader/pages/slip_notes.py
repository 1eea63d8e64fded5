"""What is said of each likely mistake: a sentence for every note of a slip.

Knows words. Refuses to know where and how a mistake is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
    "divided_by_all": "In {where}, {divisor} numbers are divided by {theirs}, the number of all entries.",
    "all_pairs": (
        "In {where}, each of the {count} chosen columns is taken of every row: a colon takes all rows, so give their "
        "numbers, one for each column."
    ),
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
