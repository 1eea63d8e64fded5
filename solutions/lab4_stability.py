# %% [markdown]
# # Lab 4: Numerical precision
#
# A formula can be right on paper and useless in a computer. In this lab you meet the limits of
# floating-point numbers, see one innocent formula break, and learn to write it so that it holds
# over the whole range, in its value and in its gradient.
#
# **What it is for.** A training run that ends in `nan` is hard to read: everything is `nan` at
# once, and nothing says where it began. After this lab you can find the place, and mend it. In the
# closing experiment a classifier is trained twice, with its loss as the book has it, and with the
# loss that you will have written. The first is lost after a single step. The second learns.
#
# **Before you start** you should know the chain rule, and how autograd follows it back through a
# graph (lab 2). What is needed of softmax and cross-entropy (lab 3) is said again.
#
# **Time.** The exercises take about two hours, the text about one more. After exercise 3 there is a
# good place to stop.
#
# **How the lab is laid out.** First the numbers that a computer has, and what they do to one
# formula (exercises 1 and 2); then one function that is right everywhere (3); then the functions at
# the end of a classifier (4 to 7), data with a large mean (8), and numbers of 16 bits. Before each
# kind of exercise another function is worked through. Dots say how difficult an exercise is, and
# how important for later.
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
# Each exercise has hints in folds: try for a few minutes before you open one. `hint("log_exp")`
# shows the same. `draw(...)` draws the graph that a function builds, with values and gradients, and
# `sweep(...)` its error over the whole range. Call both wherever you like.
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
from decimal import Decimal, localcontext

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
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
# A toy makes this visible. Let a number be 1.00, 1.01, 1.10 or 1.11 in binary, times a power of two
# from $2^{-2}$ to $2^2$. Below the smallest a few more follow, with leading zeros: 0.01, 0.10 and
# 0.11 times $2^{-2}$. Such numbers are called **subnormal**.
#
# **Before you run it:** how does the gap change from one power to the next? What is `eps` of the
# toy, and what should $6 + 2$ give?

# %%
toy = [math.ldexp(1 + quarter / 4, power) for power in range(-2, 3) for quarter in range(4)]
subnormal = [math.ldexp(quarter / 4, -2) for quarter in range(1, 4)]
print(f"toy: eps {toy[9] - toy[8]}, max {toy[-1]}, tiny {toy[0]}, least of all {subnormal[0]}")

figure, (line, ranges) = plt.subplots(2, figsize=(6, 3.4))
line.vlines(toy, 0, 1, color="tab:blue")
line.vlines(subnormal, 0, 0.6, color="tab:orange")
line.axvspan(7.5, 9, color="tab:red", alpha=0.2)
line.text(8.25, 0.5, "overflow", ha="center", va="center")
line.set(title="all positive numbers of the toy", xlim=(-0.1, 9), yticks=[])

# The real ones, over powers of ten: full precision in blue, subnormal in orange.
for row, dtype in enumerate((torch.float16, torch.bfloat16, torch.float32, torch.float64)):
    info = torch.finfo(dtype)
    least, low, high = (math.log10(end) for end in (info.tiny * info.eps, info.tiny, info.max))
    ranges.barh(row, high - low, left=low, color="tab:blue")
    ranges.barh(row, low - least, left=least, color="tab:orange")
ranges.set_yticks(range(4), ["float16", "bfloat16", "float32", "float64"])
ranges.set(title="where the real ones end", xlabel="power of ten")
figure.tight_layout()
plt.show()

# %% [markdown]
# From one power of two to the next the gap doubles. So the *relative* gap stays much the same, but
# among the subnormal numbers it grows until nothing is left: underflow. And $6 + 2$ would need a
# further power of two: overflow.

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
# ## Worked: a formula as written, and where it ends
#
# The length of a vector is $r = \sqrt{x^2 + y^2}$.
#
# **Before you run it:** the length of $(3 \cdot 10^{25}, 4 \cdot 10^{25})$ is a number which
# float32 can hold. Does the formula find it? And what of $(3 \cdot 10^{-25}, 4 \cdot 10^{-25})$?


# %%
def length_as_written(x: Tensor, y: Tensor) -> Tensor:
    """Compute the length of (x, y), as written."""
    return torch.sqrt(x**2 + y**2)


for scale in (1.0, 1e25, 1e-25):
    sides = torch.tensor([3 * scale, 4 * scale], dtype=torch.float32)
    found = length_as_written(sides[0], sides[1]).item()
    print(f"sides {sides[0].item():.0e} and {sides[1].item():.0e}: length {found:.3g}")

# %% [markdown]
# The result would fit; a step on the way does not. This is the pattern of the whole lab: it is the
# *steps* that overflow, underflow or cancel. We come back to this length.

# %% [markdown]
# ## Exercise 1: a formula, as written
# *1 point · about 5 minutes · difficulty ●○○○○ · importance ●●○○○*
#
# Write `log_exp(x, y)`. Here it is enough to write what the formula says, with `torch.exp` and
# `torch.log`:
#
# $$z = -\ln \frac{e^x}{e^x + e^y} .$$
#
# It is the loss of a classifier with two classes and the scores $x$ and $y$, where the first class
# is the right one. At $(2, 3)$ it gives 1.3132617. This version is graded at moderate inputs only.

# %% [markdown]
# <details><summary>Hint 1 for log_exp</summary>
#
# Write it in the order in which you would say it: two exponentials, their sum, a quotient, its
# logarithm, and last the sign.
#
# </details>
#
# <details><summary>Hint 2 for log_exp</summary>
#
# Check it at the point that the text names. If only the sign is wrong, look for the minus in front.
# If more is wrong, see whether the whole sum stands in the denominator.
#
# </details>


# %%
def log_exp(x: Tensor, y: Tensor) -> Tensor:
    """Compute -ln(eˣ / (eˣ + eʸ)), as written.

    x: 0-d
    y: 0-d
    returns: 0-d
    """
    return -torch.log(torch.exp(x) / (torch.exp(x) + torch.exp(y)))


# %% [markdown]
# ## Worked: asking for a gradient twice
#
# `backward()` *adds* to the `.grad` of a leaf, which is what training wants, and what a tool for
# looking at gradients does not want.
#
# **Before you run it:** the derivative of $v^3$ at 2 is 12. What is printed?

# %%
leaf = torch.tensor(2.0, requires_grad=True)
for attempt in (1, 2):
    (leaf**3).backward()
    print(f"attempt {attempt}, the same leaf:      {leaf.grad}")

for attempt in (1, 2):
    leaf = torch.tensor(2.0, requires_grad=True)
    (leaf**3).backward()
    print(f"attempt {attempt}, a leaf of its own: {leaf.grad}")

# %% [markdown]
# A leaf made anew for each question is the cure, and it leaves alone whatever tensor you were
# given.

# %% [markdown]
# ## Exercise 2: gradients on demand
# *2 points · about 10 minutes · difficulty ●●○○○ · importance ●●●○○*
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

# %% [markdown]
# <details><summary>Hint 1 for gradients</summary>
#
# First leaves of your own, then the function at these leaves, then one question to autograd. What
# was computed before the leaves existed has no path back to them.
#
# </details>
#
# <details><summary>Hint 2 for gradients</summary>
#
# `torch.autograd.grad` already returns the pair that is asked for. If it complains that an input
# was not used, read once more what the text says about `materialize_grads`.
#
# </details>


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
# The same as a picture, of the function that you wrote. Values go forward, gradients come back.
# Find the first `nan` on the way back.

# %% tags=["active-ipynb"]
# draw(log_exp, x, y)

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
# How bad is a result? `Decimal` computes with as many digits as you like. With 80 of them even the
# formula as written is right; so we compute it in few digits and in many, and count the difference
# in ulps.
#
# **Before you run it:** sketch the error of `log(1 + exp(d))` from $d = -80$ to $d = 100$. Which
# end does `log1p` mend?


# %%
def exactly(formula: Callable[[Decimal], Decimal], at: float) -> Decimal:
    """Compute a formula at a number with 80 digits."""
    with localcontext() as context:
        context.prec = 80
        return formula(Decimal(at))


def ulps_off(result: Tensor, truth: Decimal) -> float:
    """Count by how many ulps a result is off; what is not finite is infinitely far off."""
    nearest = torch.tensor(float(truth), dtype=result.dtype)
    ulp = torch.nextafter(nearest, torch.full_like(nearest, math.inf)) - nearest
    if not result.isfinite():
        return math.inf
    return abs(float((Decimal(result.item()) - truth) / Decimal(ulp.item())))


places = torch.arange(-80.0, 101.0, dtype=torch.float32)
truths = [exactly(lambda d: (1 + d.exp()).ln(), place) for place in places.tolist()]

figure, axes = plt.subplots(figsize=(5, 3))
with_log, with_log1p = torch.log(1 + torch.exp(places)), torch.log1p(torch.exp(places))
for label, size, results in (("log(1 + exp(d))", 6, with_log), ("log1p(exp(d))", 2, with_log1p)):
    errors = [ulps_off(result, truth) for result, truth in zip(results, truths, strict=True)]
    powers = [math.log10(min(max(error, 0.1), 1e10)) for error in errors]
    axes.plot(places.tolist(), powers, "o", markersize=size, label=label)
axes.axhline(math.log10(80), color="black", linestyle="--", label="what this lab accepts")
axes.set(xlabel="d", ylabel="error, 10 to the … ulps", title="ln(1 + exp d) in float32")
axes.legend(fontsize="small")
figure.tight_layout()
plt.show()

# %% [markdown]
# The dots at the top stand for infinity. On the left the digits go one by one, on the right all at
# once: two ills, which need two cures.
#
# `sweep` draws such a curve over the whole range, in both dtypes:

# %% tags=["active-ipynb"]
# sweep(lambda d: torch.log(1 + torch.exp(d)))

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
# Put two kinks together: $v = \max(v, 0) + \min(v, 0)$ for every number, and the slope of $v$ is 1.
#
# **Before you run it:** which of the three ways has the slope 1 at 0?

# %%
v = torch.zeros(3, requires_grad=True)
ways = {
    "relu": torch.relu(v[0]) - torch.relu(-v[0]),
    "clamp": v[1].clamp(min=0) + v[1].clamp(max=0),
    "max and min": torch.maximum(v[2], torch.zeros(())) + torch.minimum(v[2], torch.zeros(())),
}
(slopes,) = torch.autograd.grad(torch.stack(list(ways.values())).sum(), v)
for name, slope in zip(ways, slopes.tolist(), strict=True):
    print(f"the slope of v at 0, by {name}: {slope}")

# %% [markdown]
# If you build a *smooth* function from pieces with kinks, the kinks cancel on paper, and the picked
# slopes must cancel as well. `torch.maximum` and `torch.minimum` split the gradient evenly where
# their two arguments are equal, and this even choice is often the one that works.

# %% [markdown]
# ## Worked: one function, two formulas
#
# What happens at random, $x$ times a day on average, happens at least once with the probability
# $1 - e^{-x}$. Let us make $z = \ln(1 - e^{-x})$ right for every $x > 0$.
#
# **What breaks, and where?** For small $x$ the difference cancels: `expm1` computes $e^u - 1$
# without forming $e^u$. For large $x$ the 1 swallows $e^{-x}$: `log1p` keeps it.
#
# $$z = \ln\bigl(-\operatorname{expm1}(-x)\bigr) \ \text{ for small } x, \qquad
#   z = \operatorname{log1p}\bigl(-e^{-x}\bigr) \ \text{ for large } x .$$
#
# **Join them**, so that the one not chosen is finite too: at $x = 10^{-30}$ the second would take
# the logarithm of 0. So each gets an $x$ from its own side of a border.
#
# **Try it** far out on both sides and near the border, value and gradient.


# %%
def log_chance(x: Tensor) -> Tensor:
    """Compute ln(1 - exp(-x)) for every positive x."""
    border = math.log(2)
    near = torch.log(-torch.expm1(-x.clamp(max=border)))
    far = torch.log1p(-torch.exp(-x.clamp(min=border)))
    return torch.where(x < border, near, far)


for at in (1e-30, 0.5, 0.75, 40.0):
    leaf = torch.tensor(at, dtype=torch.float32, requires_grad=True)
    z = log_chance(leaf)
    (slope,) = torch.autograd.grad(z, leaf)
    true_value = exactly(lambda x: (1 - (-x).exp()).ln(), at)
    true_slope = exactly(lambda x: 1 / (x.exp() - 1), at)
    print(f"x = {at:<6g} value    {z.item():<13.6g} truth {true_value:.6g}")
    print(f"{'':10s} gradient {slope.item():<13.6g} truth {true_slope:.6g}")

# %% [markdown]
# Leave out the two calls of `clamp`, and run it again: where does the trap of `torch.where` snap?

# %% [markdown]
# ## Exercise 3: right over the whole range
# *5 points · about 30 minutes · difficulty ●●●●○ · importance ●●●●●*
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
# Before you hand in, try these places:
#
# - $d = 1000$ and $d = -1000$: the value is 1000 and 0, and nothing is infinite or `nan`;
# - $d = -50$: the value is about $2 \cdot 10^{-22}$, and not 0;
# - $d = 0$: the gradients are exactly $-\tfrac12$ and $\tfrac12$. Choose the maximum with care.

# %% [markdown]
# <details><summary>Hint 1 for stable_log_exp</summary>
#
# Give $y - x$ a name, and write the last formula of the text once, in this name alone.
#
# </details>
#
# <details><summary>Hint 2 for stable_log_exp</summary>
#
# If only the gradient at $d = 0$ is wrong, it is the maximum: the picked slopes of your two pieces
# must add up to one half. The 0 in it must be a tensor like $d$, as `torch.zeros_like` makes one.
#
# </details>
#
# <details><summary>Hint 3 for stable_log_exp</summary>
#
# If $d = -50$ gives 0, a 1 has swallowed the exponential. The section on cancellation has the
# function that keeps it.
#
# </details>


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
# The whole range of your function at a glance, and its graph.

# %% tags=["active-ipynb"]
# sweep(stable_log_exp)

# %% tags=["active-ipynb"]
# draw(stable_log_exp, 2.0, 3.0)

# %% [markdown]
# ## A good place to stop
#
# So far you have seen how floating-point numbers are spaced and where they end; you have found
# where a `nan` is born; you have a tool for gradients, and a function that is right for every pair
# of numbers. That was the hardest part. When you come back, run all cells above once.

# %% [markdown]
# ## Worked: taking out the largest
#
# Back to the length of a vector. A factor may be taken out of the root:
#
# $$r = \sqrt{\textstyle\sum_i x_i^2} = m \sqrt{\textstyle\sum_i (x_i / m)^2} .$$
#
# With $m = \max_i |x_i|$ no square is larger than 1, and one of them *is* 1, so the sum neither
# overflows nor vanishes. And since the formula holds for every $m > 0$, the result does not depend
# on $m$: we may tell autograd so with `.detach()`, and spare it the way back through the maximum.
#
# In the *direction* $x_i / r$ the factor $m$ stands above and below. There it cancels, and need not
# come back at the end.


# %%
def length(x: Tensor) -> Tensor:
    """Compute the length of a vector that is not 0."""
    m = x.abs().max().detach()
    return m * torch.sqrt(((x / m) ** 2).sum())


def direction(x: Tensor) -> Tensor:
    """Compute the direction of a vector that is not 0."""
    scaled = x / x.abs().max().detach()
    return scaled / torch.sqrt((scaled**2).sum())


for scale in (1.0, 1e25, 1e-25):
    sides = torch.tensor([3 * scale, 4 * scale], dtype=torch.float32, requires_grad=True)
    r = length(sides)
    (slopes,) = torch.autograd.grad(r, sides)
    print(f"scale {scale:<6g} length   ", f"{r.item():.6g}")
    print(f"{'':12s} gradient ", " ".join(f"{slope:.6f}" for slope in slopes.tolist()))
    print(f"{'':12s} direction", " ".join(f"{entry:.6f}" for entry in direction(sides).tolist()))

# %% [markdown]
# The gradient of the length is the direction. Leave out the factor `m` in front: what becomes of
# the gradient, and why may `m` no longer be detached? (In the next exercise the factor is not $m$
# but $e^m$.)

# %% [markdown]
# ## Exercise 4: the logarithm of a sum of exponentials
# *3 points · about 15 minutes · difficulty ●●●○○ · importance ●●●●●*
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

# %% [markdown]
# <details><summary>Hint 1 for stable_logsumexp</summary>
#
# Two steps: find $m$, the largest entry; then write the right-hand side of the formula with it. No
# loop is needed, and no case for $n = 1$.
#
# </details>
#
# <details><summary>Hint 2 for stable_logsumexp</summary>
#
# The same $m$ stands in the exponents and in front. If the value for $(1000, 1000)$ is $\ln 2$, one
# of the two is missing. If only the gradient is wrong, it was detached in one of the places alone.
#
# </details>


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
# *3 points · about 10 minutes · difficulty ●●○○○ · importance ●●●●○*
#
# The softmax turns $n$ scores into probabilities:
#
# $$p_i = \frac{e^{x_i}}{\sum_j e^{x_j}} = \frac{e^{x_i - m}}{\sum_j e^{x_j - m}} .$$
#
# Write `stable_softmax(x)` for a 1-d tensor, without torch's own (`torch.softmax` and
# `torch.log_softmax`, by this or another name). Choose $m$ as before, for the same reasons.
# For $x = (1000, 1000)$ the result is $(0.5, 0.5)$.

# %% [markdown]
# <details><summary>Hint 1 for stable_softmax</summary>
#
# The exponentials stand in the formula twice, above and in the sum. Compute them once, with their
# exponents shifted, and give them a name.
#
# </details>
#
# <details><summary>Hint 2 for stable_softmax</summary>
#
# If the results do not add up to 1, the sum was taken over other exponentials than those above, or
# something was added to it.
#
# </details>


# %%
def stable_softmax(x: Tensor) -> Tensor:
    """Compute the softmax of a vector of scores, without overflow.

    x: (n,), n at least 1
    returns: (n,), sums to 1
    """
    exponentials = torch.exp(x - x.max().detach())
    return exponentials / exponentials.sum()


# %% [markdown]
# The first probability of three, as a graph. What is the sum of the gradients in $x$, and what
# would change in the picture if you added 1000 to every score?

# %% tags=["active-ipynb"]
# draw(lambda x: stable_softmax(x)[0], torch.tensor([1.0, 2.0, 3.0]))

# %% [markdown]
# ## In your own words
#
# In exercises 4 and 5 the maximum may be detached, and the gradients are right all the same. In
# exercise 3 there is a maximum too, $\max(d, 0)$. Try what happens if you detach that one, at
# $d = 2$ and at $d = -2$.
#
# **Explain why** the one may be taken for a constant and the other not, in three or four sentences.
# This is not graded, but shown to your instructor with your work.

# %% [markdown]
# **✎ Your answer** (double-click here, and write in place of the dots)
#
# …

# %% [markdown]
# ## A gradient can die before its value
#
# The sigmoid $1 / (1 + e^{-x})$ looks safe: where $e^{-x}$ overflows, the quotient becomes 0, which
# is nearly right. Its gradient is not so lucky. Autograd squares the quotient on the way back, and
# the square underflows long before the quotient does. At these $x$, far to the left, both the value
# and the slope should be $e^x$ in all the digits shown. In float32 the slope first loses digits,
# then becomes 0, then `nan`:

# %%
v = torch.tensor([-30.0, -50.0, -60.0, -100.0], dtype=torch.float32, requires_grad=True)
plain = 1 / (1 + torch.exp(-v))
(slopes,) = torch.autograd.grad(plain.sum(), v)
for at, result, slope in zip(v.tolist(), plain.tolist(), slopes.tolist(), strict=True):
    print(f"x = {at:6.1f}   value {result:<12.4g} gradient {slope:<12.4g} truth {math.exp(at):.4g}")

# %% [markdown]
# The same over the whole range:

# %% tags=["active-ipynb"]
# sweep(lambda x: 1 / (1 + torch.exp(-x)))

# %% [markdown]
# ## Exercise 6: the sigmoid
# *3 points · about 20 minutes · difficulty ●●●●○ · importance ●●●○○*
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

# %% [markdown]
# <details><summary>Hint 1 for stable_sigmoid</summary>
#
# The numerators are $e^0$ on the right and $e^x$ on the left. Which exponent is 0 for positive $x$,
# and $x$ for negative $x$?
#
# </details>
#
# <details><summary>Hint 2 for stable_sigmoid</summary>
#
# It is the larger or the smaller of $x$ and 0. Try both at $x = 5$ and at $x = -5$, and keep the
# one that never exceeds 0.
#
# </details>
#
# <details><summary>Hint 3 for stable_sigmoid</summary>
#
# If only the slope at 0 is wrong, the kinks have not cancelled: the table of kinks has a function
# that makes the even choice.
#
# </details>


# %%
def stable_sigmoid(x: Tensor) -> Tensor:
    """Compute 1 / (1 + e⁻ˣ) for all x, with every digit of value and gradient.

    x: 0-d
    returns: 0-d
    """
    return torch.exp(torch.minimum(x, torch.zeros_like(x))) / (1 + torch.exp(-torch.abs(x)))


# %% tags=["active-ipynb"]
# sweep(stable_sigmoid)

# %% [markdown]
# ## Worked: not through the probability
#
# A loss is often the negative logarithm of a density. For a measurement that is off by $u$ standard
# deviations,
#
# $$L = -\ln \frac{e^{-u^2/2}}{\sqrt{2\pi}} = \frac{u^2}{2} + \frac{\ln 2\pi}{2} .$$
#
# On the left a tiny number is made first, and then its logarithm taken. On the right the logarithm
# was taken on paper, once and for all.


# %%
def loss_through_density(u: Tensor) -> Tensor:
    """Compute the loss of an error as the book defines it."""
    return -torch.log(torch.exp(-(u**2) / 2) / math.sqrt(2 * math.pi))


def loss_directly(u: Tensor) -> Tensor:
    """Compute the same, with the logarithm taken by hand."""
    return u**2 / 2 + math.log(2 * math.pi) / 2


for at in (1.0, 10.0, 15.0, 1000.0):
    u = torch.tensor(at, dtype=torch.float32)
    losses = loss_through_density(u).item(), loss_directly(u).item()
    print(f"u = {at:<6g} through the density {losses[0]:<9.6g} directly {losses[1]:.6g}")

# %% [markdown]
# ## Exercise 7: binary cross-entropy
# *3 points · about 20 minutes · difficulty ●●●○○ · importance ●●●●○*
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

# %% [markdown]
# <details><summary>Hint 1 for stable_bce</summary>
#
# Compare $\ln(1 + e^{-l})$ with $\ln(1 + e^{y - x})$: the exponent $y - x$ must become $-l$, and
# one of the two arguments can be 0.
#
# </details>
#
# <details><summary>Hint 2 for stable_bce</summary>
#
# That 0 must be a tensor of the logit's dtype and device. The loss is then two calls of your own
# function, weighted by $t$ and $1 - t$, and added: a target may lie between 0 and 1.
#
# </details>


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


# %% tags=["active-ipynb"]
# sweep(stable_bce)

# %% [markdown]
# ## torch's own, in its tail
#
# torch has this loss as `binary_cross_entropy_with_logits`. It never overflows, it is fast, and it
# is what you should train with. But it is not right to the last digit. It adds up
#
# $$L = (1 - t)\, l + \ln\bigl(1 + e^{-l}\bigr) .$$
#
# **Before you run it:** put $t = 0$ and a very negative $l$ into this line. The loss is tiny; how
# large are the two terms?

# %%
for target_at, sign in ((1.0, 1), (0.0, -1)):
    print(f"target {target_at:g}")
    for size in (5.0, 10.0, 15.0, 20.0):
        logit_at = torch.tensor(sign * size, dtype=torch.float32)
        target = torch.full_like(logit_at, target_at)
        ready_made = F.binary_cross_entropy_with_logits(logit_at, target)
        truth_here = exactly(lambda u: (1 + (-u).exp()).ln(), size)
        lost = abs(Decimal(ready_made.item()) / truth_here - 1)
        print(f"  logit {sign * size:5.1f}   torch {ready_made.item():<12.6g}", end="")
        print(f"truth {truth_here:<12.6g} relative error {lost:.0e}")

# %% [markdown]
# The two targets are mirror images: same truth, different digits. With the target 0, $l$ is added
# to a logarithm of nearly $-l$: cancellation, and in the end a loss of exactly 0.
#
# It seldom matters: the absolute error stays around `eps` times $|l|$. It does where tiny losses
# are what you want to know, such as which of two good models is better, or how rare a rare event
# is. Yours has every digit on both sides, since it adds two terms of which neither is negative.

# %% [markdown]
# ## A small spread on a large mean
#
# The variance has a well-known short form, $\overline{x^2} - \bar x^2$. It subtracts two huge
# numbers to find a small one. Take three numbers near four million; their variance is $\tfrac29$.
# In float32 numbers of that size are half a unit apart, and numbers of the size of their squares
# two million units.
#
# **Before you run it:** can the short form give anything between 0 and a million?

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
# *2 points · about 10 minutes · difficulty ●●○○○ · importance ●●○○○*
#
# Write `stable_variance(x)`, the population variance of a 1-d tensor:
#
# $$\operatorname{var}(x) = \frac1n \sum_i (x_i - \bar x)^2, \qquad \bar x = \frac1n \sum_i x_i .$$
#
# Centre the numbers before squaring. Then centre them once more, which removes what the rounding of
# the first mean left behind. It is graded by its value, with means up to a million times the
# spread. For the three numbers above the result is 0.2222222.

# %% [markdown]
# <details><summary>Hint 1 for stable_variance</summary>
#
# The cell above does the first half: it subtracts the mean before it squares. The distances have a
# mean, too.
#
# </details>
#
# <details><summary>Hint 2 for stable_variance</summary>
#
# Two subtractions, each of the mean of what is there at that moment, and only then the squares.
#
# </details>


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
# ## Half the bits: float16 and bfloat16
#
# Large networks are trained with numbers of 16 bits, for half the memory. There are two ways to
# divide them: float16 spends more on digits, bfloat16 on range.

# %%
for dtype in (torch.float16, torch.bfloat16, torch.float32):
    info = torch.finfo(dtype)
    print(f"{dtype!s:14s} eps {info.eps:<8.3g} max {info.max:<8.3g}", end=" ")
    print(f"tiny {info.tiny:<8.3g} exp overflows above {math.log(info.max):.1f}")

# %% [markdown]
# **Before you run it:** for each line, which of the two formats copes?

# %%
half = {"float16": torch.float16, "bfloat16": torch.bfloat16}
for what, exact_number in {
    "a score of 12, through exp": math.exp(12),
    "a gradient of 1e-9": 1e-9,
    "the 257th of some ones": 256 + 1,
}.items():
    stored = [f"{name} {torch.tensor(exact_number).to(d).item():<12.7g}" for name, d in half.items()]
    print(f"{what:28s}", *stored)

# %% [markdown]
# In float16 a score of 12 is enough for an infinite exponential, and small gradients become 0; so
# the loss is multiplied by a large number first, and the gradients divided by it (*loss scaling*).
# bfloat16 has nearly the range of float32, but cannot count past 256 by ones. So sums, and
# parameters that are updated by small steps, are kept in float32 (*mixed precision*).

# %% [markdown]
# ## Closing experiment: one large step
#
# A classifier with one weight and one bias, $l = w x + b$, is trained on eight points, two of which
# lie on the wrong side: once with the loss of exercise 7 as its first formula has it, through the
# probability, and once with yours. The learning rate is bold.
#
# **Before you run it:** after the first step some logits are large. What does each loss say then?


# %%
def bce_as_written(logit: Tensor, target: Tensor) -> Tensor:
    """Compute the binary cross-entropy through the probability."""
    probability = 1 / (1 + torch.exp(-logit))
    return -target * torch.log(probability) - (1 - target) * torch.log(1 - probability)


def losses_of_training(loss: Callable[[Tensor, Tensor], Tensor], rate: float) -> list[float]:
    """Train the classifier for 40 steps; the mean loss before each step."""
    places = torch.tensor([-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0])
    targets = torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    w, b = torch.zeros((), requires_grad=True), torch.zeros((), requires_grad=True)
    history = []
    for _ in range(40):
        losses = [loss(w * at + b, t) for at, t in zip(places, targets, strict=True)]
        mean = torch.stack(losses).mean()
        slopes = torch.autograd.grad(mean, (w, b))
        history.append(mean.item())
        with torch.no_grad():
            w -= rate * slopes[0]
            b -= rate * slopes[1]
    return history


# %%
RATE = 30.0  # vary it: 0.1, 1, 10, 30, 100

figure, axes = plt.subplots(figsize=(5, 3))
for label, size, loss in (("as written", 9, bce_as_written), ("yours", 3, stable_bce)):
    try:
        history = losses_of_training(loss, RATE)
    except NotImplementedError:
        print(f"{label}: not yet written")
        continue
    axes.plot(history, "o-", markersize=size, label=label)
    finite = [value for value in history if math.isfinite(value)]
    least_loss = min(finite, default=math.nan)
    print(f"{label}: {len(finite)} finite losses of {len(history)}, the least {least_loss:.3f}")
axes.set(xlabel="step", ylabel="mean loss", title=f"learning rate {RATE:g}")
axes.legend()
figure.tight_layout()
plt.show()

# %% [markdown]
# The first curve is a single dot: `nan` in one gradient is soon `nan` in every parameter, and there
# is no way back. The second is thrown about, and finds its way.
#
# **What happens if …**
#
# - … the rate is 10, or 1? Find roughly the largest with which the first survives.
# - … you write `torch.log(1 + …)` for `log1p` in exercise 3? Does training notice?
# - … all is float64 (call `.double()` on places and targets, and make `w` and `b` with
#   `dtype=torch.float64`)? Is that a cure?

# %% [markdown]
# ## What to remember
#
# - Relative precision is `eps`; the range of the exponential ends near 89 in float32, and near 710
#   in float64.
# - Keep exponents at or below 0, and sums of exponentials at or above 1.
# - Use `log1p` for $\ln(1 + u)$, and avoid subtracting numbers that are nearly equal.
# - Test the gradient as well as the value: in both tails, at the kinks of the pieces, and where
#   arguments are equal.
# - A formula that is not chosen must be finite too: `torch.where` goes back through both.
# - A number on which the result does not depend may be detached; any other may not.
# - Do not go through the probability when its logarithm is what you want.
#
# ## Glossary
#
# | term | in a line |
# |---|---|
# | ulp | a unit in the last place: the gap between a number and the next one of its dtype |
# | overflow | a result beyond the largest number, which becomes `inf` |
# | subnormal | a number below `tiny`, with leading zeros and so with fewer digits |
# | cancellation | a difference of close numbers, which brings their rounding errors to light |
# | `nan` | not a number: $0/0$, $\infty - \infty$, $0 \cdot \infty$; it spreads to all it meets |
# | kink | a place where a function has no derivative, and autograd picks one |
# | detach | to hand on a number without the way back to where it came from |
# | logit | a score from which the sigmoid makes a probability |
#
# ## What to read next
#
# - PyTorch:
#   [Numerical accuracy](https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html), what
#   torch promises; [mixed precision](https://docs.pytorch.org/docs/stable/amp.html), loss scaling
#   in practice.
# - Dive into Deep Learning:
#   [softmax](https://d2l.ai/chapter_linear-classification/softmax-regression-concise.html),
#   exercises 4 and 5 as they stand in a library.
# - CS231n: [linear classification](https://cs231n.github.io/linear-classify/), with a paragraph on
#   numeric stability.
# - Goodfellow, Bengio and Courville, *Deep Learning*:
#   [chapter 4](https://www.deeplearningbook.org/contents/numerical.html).
