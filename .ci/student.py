"""What a student's machine must be able to do: `check` a right answer and a wrong one, with the light installation."""

import contextlib
import io

from grader.student import check


def polynomial_gradient(x):
    """Right: the derivative of 8x⁴ + 3x³ + 7x² + 6x + 3."""
    return 32 * x**3 + 9 * x**2 + 14 * x + 6


def path_gradient(a, b):
    """Wrong: the path through y is missing from dz/da."""
    return 4 + 0 * a, 6 + 27 * b**2


said = io.StringIO()
with contextlib.redirect_stdout(said):
    check(polynomial_gradient)
    check(path_gradient)
right, wrong, holding = said.getvalue().splitlines()
print(right, wrong, holding, sep="\n")
assert right == "✓ polynomial_gradient: right at the public points."
assert "the path through y is missing" in wrong
