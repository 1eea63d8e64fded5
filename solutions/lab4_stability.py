# %% [markdown]
# # Lab 4: Numerical precision
#
# A formula can be right on paper and useless in a computer. In this lab you meet the limits of
# floating-point numbers, see one innocent formula break, and learn to write it so that it holds
# over the whole range, in its value and in its gradient.
#
# **You will learn**
# - how finely float32 and float64 divide the number line, and where they end;
# - how overflow, underflow and cancellation arise, and how a `nan` gets into a gradient;
# - a few tools that cure most cases: shifting by the maximum, `log1p`, and exponents that are never
#   positive;
# - what autograd does at a kink, and why that matters for a smooth function.
#
# **How to work.** Read from top to bottom and run each cell as you reach it. In the exercises,
# write your code in place of `raise NotImplementedError`; the docstring says what goes in and what
# must come out. Run your cell, and then the `check(...)` cell below it, as often as you like: ✓ is
# right, ◐ right in part, ✗ wrong, … not yet written. Where a function fails somewhere in the range,
# it names the first such place, and draws the errors over the whole of it: call your function
# there, and print the steps.
#
# **How it is graded.** Your notebook is run afresh from top to bottom, and your answers are found
# by name, so keep the names and arguments of the functions as they are. Before you hand in, restart
# the kernel, run all cells, and look at the checks once more. The lab is worth 22 points.
#
# `check` asks at a few fixed points, the grader at others, on a device which may be a GPU. From
# exercise 3 on the functions are swept over the whole range of float32 and float64, and their
# values and autograd gradients are compared with a calculation of many digits. So write no dtype
# and no device into an answer, and let every result take both from its inputs.
#
# A function works for every size that its docstring allows. It leaves its arguments as they were: it
# neither writes into them nor changes their `requires_grad`. Where an answer is right but for such a
# demand, that costs a quarter of its points.

# %%
import math
from collections.abc import Callable

import torch
from torch import Tensor

# %% [markdown]
# ## A finite set of numbers
#
# A floating-point number is a sign, a number between 1 and 2 with a fixed count of binary digits,
# and a power of two. So there is a largest number, a smallest positive one, and a gap between
# neighbours.
#
# - `eps` is the gap above 1. It bounds the *relative* error: rounding changes a number by at most
#   half of `eps` times its size.
# - `max` is the largest number. A result beyond it becomes `inf`: **overflow**.
# - `tiny` is the smallest positive number with full precision. Below it the numbers thin out, and
#   in the end a result becomes 0: **underflow**.
#
# The exponential reaches both ends quickly. It overflows at $\ln(\text{max})$, which is not even 89
# in float32.

# %%
for dtype in (torch.float32, torch.float64):
    info = torch.finfo(dtype)
    print(f"{dtype}  eps {info.eps:.3g}   max {info.max:.3g}   tiny {info.tiny:.3g}")
    print(f"    eˣ overflows above x = {math.log(info.max):.2f}", end=", ")
    print(f"and loses precision below x = {math.log(info.tiny):.2f}")

# %%
exponents = torch.tensor([-104.0, -100.0, 88.7, 88.8], dtype=torch.float32)
for exponent, result in zip(exponents.tolist(), exponents.exp().tolist(), strict=True):
    print(f"float32:  exp({exponent:.1f}) = {result:.4g}")

# %% [markdown]
# The gap between neighbours grows with the number. It is called one **ulp**, a *unit in the last
# place*. An error of one ulp is as small as it can reasonably be; this lab measures errors in ulps,
# and accepts 80, in a value and in a gradient alike, so that every good formula passes.

# %%
for size in (1.0, 1e3, 1e6, 1e9):
    gaps = []
    for dtype in (torch.float32, torch.float64):
        number = torch.tensor(size, dtype=dtype)
        gaps.append((torch.nextafter(number, 2 * number) - number).item())
    print(f"gap above {size:<12.0f}  float32 {gaps[0]:<10.3g}  float64 {gaps[1]:.3g}")

# %% [markdown]
# **Cancellation** is the quiet danger. Subtracting two close numbers is harmless in itself, but it
# brings to light what was lost before. In float32 the sum $1 + 10^{-8}$ is rounded to 1, since the
# gap there is about $10^{-7}$. Subtract 1 again, and all digits are gone.
#
# `torch.log1p(u)` computes $\ln(1 + u)$ without ever forming $1 + u$, and keeps them.

# %%
for dtype in (torch.float32, torch.float64):
    small = torch.tensor(1e-8, dtype=dtype)
    print(f"{dtype}  (1 + u) - 1 = {(1 + small) - 1:.10g}", end="   ")
    print(f"log(1 + u) = {torch.log(1 + small):.10g}   log1p(u) = {torch.log1p(small):.10g}")

# %% [markdown]
# ## Exercise 1: a formula, as written
# *1 point · about 5 minutes*
#
# Write `log_exp(x, y)`. Here it is enough to write what the formula says, with `torch.exp` and
# `torch.log`:
#
# $$z = -\ln \frac{e^x}{e^x + e^y} .$$
#
# It is the loss of a classifier with two classes and the scores $x$ and $y$, where the first class
# is the right one. At $(2, 3)$ it gives 1.3132617. This version is graded at moderate inputs only.


# %%
def log_exp(x: Tensor, y: Tensor) -> Tensor:
    """Compute -ln(eˣ / (eˣ + eʸ)), as written.

    x: 0-d
    y: 0-d
    returns: 0-d
    """
    return -torch.log(torch.exp(x) / (torch.exp(x) + torch.exp(y)))


# %% [markdown]
# ## Exercise 2: gradients on demand
# *2 points · about 10 minutes*
#
# You will want the gradients of several functions, so write a tool for it.
# `gradients(function, x, y)` takes any function of two scalars (0-d tensors) to a scalar, and the
# point at which to look, and returns the pair $(\partial z / \partial x,\ \partial z / \partial y)$
# as found by autograd.
#
# The given `x` and `y` are plain tensors that do not require gradients, and your function must
# leave them so. Make leaves of your own from them: `x.detach().requires_grad_()` is a new tensor
# with the same number. Calling `gradients` twice must give the same answer twice.
#
# An input that the function does not use has the gradient 0. `torch.autograd.grad(z, (x, y))` returns
# the gradients as a tuple and adds nothing to any `.grad`. With `materialize_grads=True` it returns 0
# for such an input.
#
# For `log_exp` at $(2, 3)$ the gradients are $-0.7310586$ and $0.7310586$. Then try $(50, 100)$ in
# float32, where the truth is $-1$ and $1$.


# %%
def gradients(
    function: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor]:
    """Find the gradients of z = function(x, y) by autograd; x and y are left as they were.

    function: takes two 0-d tensors, returns one
    x: 0-d, not requiring a gradient
    y: 0-d, not requiring a gradient
    returns: (∂z/∂x, ∂z/∂y), each 0-d
    """
    x = x.detach().requires_grad_()
    y = y.detach().requires_grad_()
    dz_dx, dz_dy = torch.autograd.grad(function(x, y), (x, y), materialize_grads=True)
    return dz_dx, dz_dy


# %% [markdown]
# ## How a nan is born
#
# Take the formula apart at $(50, 100)$ and look at every step: its value, and the gradient that
# arrives there on the way back.

# %%
x = torch.tensor(50.0, dtype=torch.float32, requires_grad=True)
y = torch.tensor(100.0, dtype=torch.float32, requires_grad=True)

top = torch.exp(x)
bottom = top + torch.exp(y)
ratio = top / bottom
z = -torch.log(ratio)

steps = {"x": x, "y": y, "top": top, "bottom": bottom, "ratio": ratio, "z": z}
arriving = torch.autograd.grad(z, tuple(steps.values()))
for (name, value), gradient in zip(steps.items(), arriving, strict=True):
    print(f"{name:7s} value {value.item():<12.4g} gradient {gradient.item():g}")

# %% [markdown]
# Forward, $e^{100}$ overflows, the ratio becomes 0, and $z$ is infinite, though the true value is
# 50. Backward, $-1/0$ makes the gradient of the ratio infinite, and the next local derivative
# divides by an infinite number, which gives 0. Infinity times 0 has no value: `nan`. From there it
# spreads to everything.
#
# Dividing numerator and denominator by $e^x$ looks like a cure:
#
# $$z = \ln\bigl(1 + e^{d}\bigr), \qquad d = y - x .$$
#
# It is half a cure. At $(50, 100)$ all is well, since $e^{50}$ is an ordinary number. But it
# overflows once $d$ passes 88.7 in float32. And for very negative $d$ the 1 swallows $e^d$, so that
# the value is 0 instead of about $e^d$; here `log1p` would help.

# %%
d = torch.tensor([-20.0, 0.0, 50.0, 88.0, 89.0], dtype=torch.float32, requires_grad=True)
half_cured = torch.log(1 + torch.exp(d))
(slopes,) = torch.autograd.grad(half_cured.sum(), d)

for at, result, slope in zip(d.tolist(), half_cured.tolist(), slopes.tolist(), strict=True):
    print(f"d = {at:5.1f}   value {result:<12.6g} gradient {slope:.6g}")

# %% [markdown]
# ## Two traps in a gradient
#
# It is tempting to choose a formula for each side with `torch.where`. The value is then right, but
# autograd goes back through *both* formulas, and multiplies the one not chosen by 0. If that one
# has overflowed, the product is `nan` again:

# %%
v = torch.tensor([-1.0, 100.0], dtype=torch.float32, requires_grad=True)
chosen = torch.where(v > 80, v, torch.log1p(torch.exp(v)))
(slopes,) = torch.autograd.grad(chosen.sum(), v)
print("values   ", chosen.tolist())
print("gradients", slopes.tolist())

# %% [markdown]
# So the formula must be safe on both sides, whichever of them is chosen.
#
# The other trap is a function with a kink, such as $|v|$ or $\max(v, 0)$. At the kink it has no
# derivative, and autograd has to pick one:

# %%
v = torch.zeros(4, requires_grad=True)
kinks = torch.relu(v[0]) + v[1].clamp(min=0) + torch.maximum(v[2], torch.zeros(())) + v[3].abs()
(slopes,) = torch.autograd.grad(kinks, v)
for name, slope in zip(["relu", "clamp", "maximum", "abs"], slopes.tolist(), strict=True):
    print(f"{name:8s} has gradient {slope} at 0")

# %% [markdown]
# If you build a *smooth* function from pieces with kinks, the kinks cancel on paper, and the picked
# slopes must cancel as well. `torch.maximum` and `torch.minimum` split the gradient evenly where
# their two arguments are equal, and this even choice is often the one that works.

# %% [markdown]
# ## Exercise 3: right over the whole range
# *5 points · about 30 minutes*
#
# Write `stable_log_exp(x, y)`: the function of exercise 1, right for every pair of numbers, in
# value and in autograd gradient, in float32 and float64.
#
# Start from $z = \ln(1 + e^d)$ with $d = y - x$. For negative $d$ the exponential is at most 1, and
# nothing can overflow. For positive $d$ take a factor of $e^d$ out of the logarithm:
#
# $$\ln\bigl(1 + e^{d}\bigr) = d + \ln\bigl(1 + e^{-d}\bigr) .$$
#
# Both cases are one formula, with an exponent that is never positive:
#
# $$z = \max(d, 0) + \ln\bigl(1 + e^{-|d|}\bigr) .$$
#
# Before you hand in, try three places:
#
# - $d = 1000$ and $d = -1000$: the value is 1000 and 0, and nothing is infinite or `nan`;
# - $d = -50$: the value is about $2 \cdot 10^{-22}$, and not 0;
# - $d = 0$: the gradients are exactly $-\tfrac12$ and $\tfrac12$. Choose the maximum with care.


# %%
def stable_log_exp(x: Tensor, y: Tensor) -> Tensor:
    """Compute -ln(eˣ / (eˣ + eʸ)) for all x and y, with every digit of value and gradients.

    x: 0-d
    y: 0-d
    returns: 0-d
    """
    d = y - x
    # At d = 0 maximum has slope 1/2 and abs slope 0, which add up to the slope of z there.
    return torch.maximum(d, torch.zeros_like(d)) + torch.log1p(torch.exp(-torch.abs(d)))


# %% [markdown]
# ## Exercise 4: the logarithm of a sum of exponentials
# *3 points · about 15 minutes*
#
# With more than two classes the same loss contains $\ln \sum_i e^{x_i}$. Taking out the factor
# $e^m$ works for any number $m$:
#
# $$\ln \sum_i e^{x_i} = m + \ln \sum_i e^{x_i - m} .$$
#
# Take the largest entry for $m$. Then no exponent is positive, so nothing overflows; and one term
# is $e^0 = 1$, so the sum is at least 1 and its logarithm is harmless.
#
# Write `stable_logsumexp(x)` for a 1-d tensor, without torch's own (`torch.logsumexp` and
# `torch.logaddexp`). Since the formula holds for any $m$, the result does not depend on $m$, and
# autograd may treat it as a constant: `.detach()` says so, and keeps the kink of the maximum out of
# the gradient. The gradient of the function is then the softmax of the next exercise. For
# $x = (1000, 1000)$ the value is $1000 + \ln 2$.


# %%
def stable_logsumexp(x: Tensor) -> Tensor:
    """Compute the logarithm of the sum of exponentials, without overflow or underflow.

    x: (n,), n at least 1
    returns: 0-d
    """
    # The result does not depend on this number, so autograd may take it for a constant.
    largest = x.max().detach()
    return largest + torch.log(torch.exp(x - largest).sum())


# %% [markdown]
# ## Exercise 5: softmax
# *3 points · about 10 minutes*
#
# The softmax turns $n$ scores into probabilities:
#
# $$p_i = \frac{e^{x_i}}{\sum_j e^{x_j}} = \frac{e^{x_i - m}}{\sum_j e^{x_j - m}} .$$
#
# Write `stable_softmax(x)` for a 1-d tensor, without torch's own (`torch.softmax` and
# `torch.log_softmax`, by this or another name). Choose $m$ as before, for the same reasons.
# For $x = (1000, 1000)$ the result is $(0.5, 0.5)$.


# %%
def stable_softmax(x: Tensor) -> Tensor:
    """Compute the softmax of a vector of scores, without overflow.

    x: (n,), n at least 1
    returns: (n,), sums to 1
    """
    exponentials = torch.exp(x - x.max().detach())
    return exponentials / exponentials.sum()


# %% [markdown]
# ## A gradient can die before its value
#
# The sigmoid $1 / (1 + e^{-x})$ looks safe: where $e^{-x}$ overflows, the quotient becomes 0, which
# is nearly right. Its gradient is not so lucky. Autograd squares the quotient on the way back, and
# the square underflows long before the quotient does. So far to the left, both the value and the
# slope should be $e^x$ in all the digits shown. In float32 the slope first loses digits, then
# becomes 0, then `nan`:

# %%
v = torch.tensor([-30.0, -50.0, -60.0, -100.0], dtype=torch.float32, requires_grad=True)
plain = 1 / (1 + torch.exp(-v))
(slopes,) = torch.autograd.grad(plain.sum(), v)
for at, result, slope in zip(v.tolist(), plain.tolist(), slopes.tolist(), strict=True):
    print(f"x = {at:6.1f}   value {result:<12.4g} gradient {slope:<12.4g} truth {math.exp(at):.4g}")

# %% [markdown]
# ## Exercise 6: the sigmoid
# *3 points · about 20 minutes*
#
# Write `stable_sigmoid(x)`, without torch's own (`torch.sigmoid`, by this or another name). Again
# there are two forms, each of them safe on one side:
#
# $$\sigma(x) = \frac{1}{1 + e^{-x}} \quad (x \ge 0), \qquad
#   \sigma(x) = \frac{e^{x}}{1 + e^{x}} \quad (x < 0) .$$
#
# Both have the denominator $1 + e^{-|x|}$. Find one expression for both numerators, in the manner
# of exercise 3, so that no exponent is ever positive. Then look at the gradient
# $\sigma'(x) = \sigma(x)\,\sigma(-x)$ in three places: it is exactly $\tfrac14$ at 0, and about
# $e^{-30} = 9.4 \cdot 10^{-14}$ both at 30 and at $-30$.


# %%
def stable_sigmoid(x: Tensor) -> Tensor:
    """Compute 1 / (1 + e⁻ˣ) for all x, with every digit of value and gradient.

    x: 0-d
    returns: 0-d
    """
    return torch.exp(torch.minimum(x, torch.zeros_like(x))) / (1 + torch.exp(-torch.abs(x)))


# %% [markdown]
# ## Exercise 7: binary cross-entropy
# *3 points · about 20 minutes*
#
# A classifier with two classes gives one score $l$, the **logit**, and the probability $\sigma(l)$
# for class 1. With a target $t$ between 0 and 1 the loss is
#
# $$L = -t \ln \sigma(l) - (1 - t) \ln\bigl(1 - \sigma(l)\bigr) .$$
#
# As written it takes the logarithm of 0 as soon as $\sigma(l)$ is rounded to 0 or 1. Do not go
# through the probability at all. Since $1 - \sigma(l) = \sigma(-l)$,
#
# $$L = t\, \ln\bigl(1 + e^{-l}\bigr) + (1 - t)\, \ln\bigl(1 + e^{l}\bigr) .$$
#
# Both logarithms are cases of exercise 3: which $x$ and $y$ do they need? Neither term is negative,
# so nothing cancels. Write `stable_bce(logit, target)`. For $l = 50$ and $t = 1$ the loss is about
# $2 \cdot 10^{-22}$, and for $l = 1000$ and $t = 0$ it is 1000. The gradient with respect to
# $l$ is $\sigma(l) - t$.


# %%
def stable_bce(logit: Tensor, target: Tensor) -> Tensor:
    """Compute the binary cross-entropy of any logit, with every digit of value and gradient.

    logit: 0-d
    target: 0-d, from 0 to 1
    returns: 0-d
    """
    zero = torch.zeros_like(logit)
    if_one = stable_log_exp(logit, zero)
    if_zero = stable_log_exp(zero, logit)
    return target * if_one + (1 - target) * if_zero


# %% [markdown]
# ## A small spread on a large mean
#
# The variance has a well-known short form, $\overline{x^2} - \bar x^2$. It subtracts two huge
# numbers to find a small one. Take three numbers near four million; their variance is $\tfrac29$.
# In float32 numbers of that size are half a unit apart, and numbers of the size of their squares
# two million units.

# %%
near = torch.tensor([4194304.0, 4194305.0, 4194305.0], dtype=torch.float32)
print("short form:", ((near**2).mean() - near.mean() ** 2).item())

centred = near - near.mean()
print("mean, and the distances from it:", near.mean().item(), centred.tolist())
print(f"mean of these distances: {centred.mean().item():.4f}")
print(f"mean of their squares:   {(centred**2).mean().item():.4f}")

# %% [markdown]
# Subtracting the mean *first* is far better, and still not right. The mean itself was rounded, to a
# multiple of a half, and so the distances from it do not average to 0 as they should. But they are
# small numbers now, and small numbers have fine gaps: *their* mean is found precisely.

# %% [markdown]
# ## Exercise 8: variance
# *2 points · about 10 minutes*
#
# Write `stable_variance(x)`, the population variance of a 1-d tensor:
#
# $$\operatorname{var}(x) = \frac1n \sum_i (x_i - \bar x)^2, \qquad \bar x = \frac1n \sum_i x_i .$$
#
# Centre the numbers before squaring. Then centre them once more, which removes what the rounding of
# the first mean left behind. It is graded by its value, with means up to a million times the
# spread. For the three numbers above the result is 0.2222222.


# %%
def stable_variance(x: Tensor) -> Tensor:
    """Compute the population variance, without cancellation when the mean is large.

    x: (n,), n at least 1
    returns: 0-d
    """
    # The first mean was rounded. What that left behind is small, and its mean is found precisely.
    centred = x - x.mean()
    centred = centred - centred.mean()
    return (centred**2).mean()


# %% [markdown]
# ## What to remember
#
# - Relative precision is `eps`; the range of the exponential ends near 89 in float32, and near 710
#   in float64.
# - Keep exponents at or below 0, and sums of exponentials at or above 1.
# - Use `log1p` for $\ln(1 + u)$, and avoid subtracting numbers that are nearly equal.
# - Test the gradient as well as the value: in both tails, at the kinks of the pieces, and where
#   arguments are equal.
