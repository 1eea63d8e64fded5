# %% [markdown]
# # Lab 2: Computational graphs
#
# Every neural network, however large, is trained with the two passes of this lab: one forward,
# for the values, and one backward, for the gradients. At the end you will take a formula with a
# quotient, a logarithm and a hyperbolic tangent, write down its gradients by hand, one step at a
# time, and have torch confirm each of them.
#
# A long formula is computed in short steps, each from the results of earlier ones. Drawn as a
# picture, with an arrow from every result to the steps that use it, this is a *computational
# graph*. It is how torch finds gradients, and how you will find them here by hand. In this lab you
# learn to
#
# - break a formula into named steps and list the edges of its graph;
# - go forward through the graph for the values, and backward for the gradients;
# - multiply local derivatives along a path, and add over the paths;
# - let torch do the same, and see that it agrees with you.
#
# **What you should know.** How to differentiate sums, products and quotients, powers, $e^x$,
# $\ln x$ and $\sin x$; the chain rule; what a partial derivative is. From Python functions, tuples
# and dicts, and from Lab 1 what a tensor is.
#
# **How long it takes.** The exercises take about 95 minutes. With the worked examples and the
# experiment at the end, plan two and a half hours.
#
# | part | what it is | minutes |
# |---|---|---|
# | graphs and gradients | worked examples to read, run and change | 40 |
# | exercises 1 to 3 | a graph with two paths, and two neurons | 40 |
# | *a good place to stop* | | |
# | exercises 4 and 5 | formulas in one line | 15 |
# | exercise 6 | a whole backward pass | 30 |
# | exercise 7 | torch does it | 10 |
# | experiment | how deep a chain can be | 15 |
#
# Before each kind of exercise stands a worked example. After the text of an exercise come hints to
# unfold; `hint("path_gradient")` shows those for one function, one at a time. Difficulty, and
# importance for the labs to come, go from ●○○○○ to ●●●●●.
#
# **How to work.** Read from top to bottom and run each cell as you reach it. In the exercises,
# write your code in place of `raise NotImplementedError`; the docstring says what goes in and what
# must come out, down to the keys of a dict. Run your cell, and then the `check(...)` cell below it,
# as often as you like: ✓ is right, ◐ right in part, ✗ wrong, … not yet written. Where you are
# wrong, it names a point and what should come out there; go through the steps at that point on
# paper.
#
# **How it is graded.** Your notebook is run afresh from top to bottom, and your answers are found
# by name, so keep the names and arguments of the functions as they are. Before you hand in, restart
# the kernel, run all cells, and look at the checks once more. The lab is worth 25 points.
#
# `check` asks at a few fixed points, the grader at others. Your functions are called with 0-d
# tensors, in float64 and at times in float32, on a device which may be a GPU; so it is best to write
# neither a type nor a device into your answers. Compute with torch's functions (`torch.exp`, `torch.sin`, …)
# rather than those of `math`, so that torch can differentiate what you wrote. Functions called
# `…_gradient` or `…_backward` are worked out **by hand**: you find the derivative on paper and
# write down the formula, without autograd, computer algebra or numerical differences. The one
# exception is `ratio_gradient`, in the last exercise, which uses autograd.
#
# A function leaves its arguments as they were: it neither writes into them nor changes their
# `requires_grad`. Where an answer is right but for such a demand, that costs a quarter of its points.

# %%
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import torch
from torch import Tensor

# %% [markdown]
# ## A chain of two steps
#
# Take $z = 2x^2 + 3$ in two steps,
#
# $$y = x^2, \qquad z = 2y + 3.$$
#
# The nodes of the graph are the input $x$ and the named steps $y$ and $z$. Its edges are
# $x \to y \to z$. Each edge carries a **local derivative**, that of a step with respect to
# something it uses directly:
#
# $$\frac{dy}{dx} = 2x, \qquad \frac{dz}{dy} = 2.$$
#
# The chain rule multiplies them along the path:
#
# $$\frac{dz}{dx} = \frac{dz}{dy} \cdot \frac{dy}{dx} = 2 \cdot 2x = 4x.$$
#
# At $x = 3.5$ this is 14. The work has two passes. The **forward pass** computes $y$, then $z$, and
# keeps every value. The **backward pass** begins at the end, with $dz/dz = 1$, and multiplies by
# one local derivative after another on the way to $x$. It needs the values that were kept: here
# the factor $2x$.
#
# `draw` runs a function at the numbers that you give it, and draws the graph which it builds, in
# torch's own steps: values on the way forward, gradients on the way back. Before you run it: which
# do you expect?

# %% tags=["active-ipynb"]
# draw(lambda x: 2 * x**2 + 3, 3.5)

# %% [markdown]
# For torch to do this, mark the input with `requires_grad=True`. Then every operation on it is
# recorded, and `torch.autograd.grad(z, x)` runs the backward pass over that record. It returns a
# tuple, with one gradient for every input that you ask for.

# %%
x = torch.tensor(3.5, requires_grad=True)
y = x**2
z = 2 * y + 3

(dz_dx,) = torch.autograd.grad(z, x)
print("forward: ", y.item(), z.item())
print("backward:", dz_dx.item())

# %% [markdown]
# ## What a gradient is for
#
# The gradient says which way is up. For $f(x) = (x - 2)^2$ we have $f'(x) = 2(x - 2)$, so that
# $f'(1) = -2$: at 1 the function falls as $x$ grows, and a small step to the right takes us nearer
# to the minimum at 2.
#
# A second way to ask for gradients is `torch.autograd.backward(f)`, usually written `f.backward()`.
# It returns nothing, and stores the gradient in `x.grad`. Lab 3 trains models this way.

# %%
x = torch.tensor(1.0, requires_grad=True)
f = (x - 2) ** 2

torch.autograd.backward(f)
print(x.grad)

# %% [markdown]
# The gradient is the slope of the line that touches the curve. Change `start`: where is that line
# level?

# %%
start = 1.0
x = torch.tensor(start, requires_grad=True)
f = (x - 2) ** 2
(slope,) = torch.autograd.grad(f, x)

along = torch.linspace(-1, 5, 61)
line = f.item() + slope.item() * (along - start)
plt.figure(figsize=(5, 3))
plt.plot(along.tolist(), ((along - 2) ** 2).tolist(), label="f")
plt.plot(along.tolist(), line.tolist(), "--", label=f"slope {slope.item():g}")
plt.plot(start, f.item(), "o")
plt.ylim(-2, 9)
plt.xlabel("x")
plt.legend()
plt.show()

# %% [markdown]
# ## The record that torch keeps
#
# Every tensor that was computed from a marked input knows the operation which made it, as its
# `grad_fn`. The input itself was made by none: its `grad_fn` is `None`, and it is called a *leaf*
# of the graph. Take $y = x^2 + 5$ at $x = 2$. The gradient is $2x = 4$, since the constant 5 shifts
# the value and leaves the slope alone.

# %%
x = torch.tensor(2.0, requires_grad=True)
square = x**2
y = square + 5

print("x:     ", x.grad_fn, x.is_leaf)
print("square:", type(square.grad_fn).__name__)
print("y:     ", type(y.grad_fn).__name__)
print("dy/dx: ", torch.autograd.grad(y, x)[0].item())

# %% [markdown]
# The `next_functions` of a `grad_fn` lead one edge backward, to the operations whose results it
# used. Follow them, and you see the whole record from its end. At a leaf stands `AccumulateGrad`:
# there `backward()` adds to what `.grad` holds.


# %%
def print_record(node: Any, depth: int = 0) -> None:
    """Print an operation, and below it, further in, those whose results it used."""
    print("    " * depth + type(node).__name__)
    for earlier, _ in node.next_functions:
        if earlier is not None:
            print_record(earlier, depth + 1)


print_record(y.grad_fn)

# %% [markdown]
# ## Marking, and not marking
#
# A tensor can be marked as it is made, or later, by `requires_grad_()`; the underscore says that it
# works in place. Tensors of integers cannot be marked. Before you run it: what is the gradient of
# $\sum_i a_i b_i$ with respect to the $a_i$?

# %%
torch.manual_seed(0)
born_marked = torch.rand(3, requires_grad=True)
marked_later = torch.tensor([1.0, 2.0, 3.0])
print(born_marked.requires_grad, marked_later.requires_grad)
marked_later.requires_grad_()

total = (born_marked * marked_later).sum()
to_first, to_second = torch.autograd.grad(total, (born_marked, marked_later))
print(to_first.tolist(), torch.equal(to_second, born_marked))

# %% [markdown]
# Where no gradient is wanted, `torch.no_grad()` stops the record, which saves memory. Before you
# run it: from which of the three results does a path lead back to $x$?

# %%
x = torch.tensor(2.0, requires_grad=True)
recorded = x**2
with torch.no_grad():
    unrecorded = x**2
left = torch.tensor(x.item() ** 2)

for result in (recorded, unrecorded, left):
    print(result.item(), result.requires_grad)

# %% [markdown]
# ## Two paths
#
# When a value is used twice, there are several paths from it to the output. A small change takes
# all of them, and **the contributions of the paths are added**. Take
#
# $$p = x^2, \qquad q = 3x, \qquad r = pq.$$
#
# The edges are $x \to p$, $x \to q$, $p \to r$, $q \to r$. The local derivatives into $r$ are
# $\partial r/\partial p = q$ and $\partial r/\partial q = p$, so
#
# $$\frac{dr}{dx} =
# \underbrace{\frac{\partial r}{\partial p} \cdot \frac{dp}{dx}}_{\text{through } p} +
# \underbrace{\frac{\partial r}{\partial q} \cdot \frac{dq}{dx}}_{\text{through } q} =
# q \cdot 2x + p \cdot 3.$$
#
# At $x = 2$ the forward pass gives $p = 4$, $q = 6$, and the backward pass
# $6 \cdot 4 + 4 \cdot 3 = 36$. Indeed $r = 3x^3$ and $9x^2 = 36$.

# %%
x = torch.tensor(2.0, requires_grad=True)
p = x**2
q = 3 * x
r = p * q

through_p = q * 2 * x
through_q = p * 3
print("by hand:    ", through_p.item(), "+", through_q.item(), "=", (through_p + through_q).item())
print("by autograd:", torch.autograd.grad(r, x)[0].item())

# %% [markdown]
# The record branches where the graph does. `AccumulateGrad` is printed twice, and is one and the
# same node: the leaf, where the contributions are added.

# %%
record: Any = r.grad_fn
print_record(record)
first, second = (node for node, _ in record.next_functions)
print("the same leaf:", first.next_functions[0][0] is second.next_functions[0][0])

# %% tags=["active-ipynb"]
# draw(lambda x: x**2 * (3 * x), 2.0)

# %% [markdown]
# ## The sigmoid as a chain
#
# The sigmoid $\sigma(x) = 1 / (1 + e^{-x})$ squeezes any number into the range from 0 to 1. In
# four steps, each with its local derivative, it is
#
# | step | local derivative |
# |---|---|
# | $a = -x$ | $da/dx = -1$ |
# | $b = e^a$ | $db/da = e^a = b$ |
# | $c = 1 + b$ | $dc/db = 1$ |
# | $s = 1/c$ | $ds/dc = -1/c^2$ |
#
# The product of all four is $b / c^2$. Since $s = 1/c$ and $1 - s = b/c$, that is the same as
#
# $$\sigma'(x) = s\,(1 - s),$$
#
# a formula worth remembering: once the value is known, the derivative costs one multiplication.
# At $x = 2$ it is 0.1049936. The backward pass finds the gradient in every step on the way, and
# torch returns them all if asked.

# %%
x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
a = -x
b = torch.exp(a)
c = 1 + b
s = 1 / c

ds_dc, ds_db, ds_da, ds_dx = torch.autograd.grad(s, (c, b, a, x))
print(f"a = {a:.7f}, b = {b:.7f}, c = {c:.7f}, s = {s:.7f}")
print(f"ds/dc = {ds_dc:.7f}, ds/db = {ds_db:.7f}, ds/da = {ds_da:.7f}, ds/dx = {ds_dx:.7f}")
print(f"s(1 - s) = {s * (1 - s):.7f}")

# %% tags=["active-ipynb"]
# draw(lambda x: 1 / (1 + torch.exp(-x)), 2.0)

# %% [markdown]
# ## A graph as a list of edges
#
# To hand in the picture of a graph, list its edges as pairs of names, `(from, to)`. Two rules say
# what is drawn.
#
# - The nodes are the inputs and the named steps. Constants, such as the 1 in $c = 1 + b$, are not
#   drawn, and neither are operations without a name.
# - There is one edge for each direct use: from each name that appears in the formula of a step, to
#   that step. A name that appears twice in one formula still has one edge to it.
#
# The order of the list is of no importance. These are the graph with two paths, and the sigmoid.

# %%
two_paths = [("x", "p"), ("x", "q"), ("p", "r"), ("q", "r")]
sigmoid_chain = [("x", "a"), ("a", "b"), ("b", "c"), ("c", "s")]
for edges in (two_paths, sigmoid_chain):
    print(", ".join(f"{start} → {end}" for start, end in edges))

# %% [markdown]
# `draw` takes such a list as well. Leave out an edge, and draw it again.

# %% tags=["active-ipynb"]
# draw(two_paths)

# %% tags=["active-ipynb"]
# draw(sigmoid_chain)

# %% [markdown]
# ## Worked example: a product and a difference
#
# A whole exercise, worked through. The graph has the inputs $s$, $t$ and the steps
#
# $$p = st, \qquad q = s - t, \qquad h = pq.$$
#
# First its edges, with their local derivatives:
#
# | $s \to p$ | $t \to p$ | $s \to q$ | $t \to q$ | $p \to h$ | $q \to h$ |
# |---|---|---|---|---|---|
# | $t$ | $s$ | $1$ | $-1$ | $q$ | $p$ |
#
# Then the paths. From $s$ there are two, $s \to p \to h$ and $s \to q \to h$, and so from $t$.
# Multiply along each, and add:
#
# $$\frac{\partial h}{\partial s} = q \cdot t + p \cdot 1, \qquad
# \frac{\partial h}{\partial t} = q \cdot s + p \cdot (-1).$$


# %%
def product_forward(s: Tensor, t: Tensor) -> dict[str, Tensor]:
    """Compute the steps from the inputs."""
    p = s * t
    q = s - t
    h = p * q
    return {"p": p, "q": q, "h": h}


def product_gradient(s: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Multiply along each path, and add."""
    step = product_forward(s, t)
    dh_dp, dh_dq = step["q"], step["p"]
    return dh_dp * t + dh_dq * 1, dh_dp * s + dh_dq * (-1)


product_edges = [("s", "p"), ("t", "p"), ("s", "q"), ("t", "q"), ("p", "h"), ("q", "h")]

# %% tags=["active-ipynb"]
# draw(product_edges)

# %% [markdown]
# Is it right? Torch can tell, as it differentiates the *forward* function on its own. `compare`,
# here and after each exercise, prints what was found by hand beside what autograd finds.


# %%
def compare(
    names: str, by_hand: Callable[..., Any], by_autograd: Callable[..., Any], *point: float
) -> None:
    """Print gradients worked out by hand beside those that autograd finds, at a point."""
    inputs = [torch.tensor(value, dtype=torch.float64) for value in point]
    marked = [value.clone().requires_grad_() for value in inputs]
    try:
        ours, theirs = by_hand(*inputs), by_autograd(*marked)
        if isinstance(ours, dict):
            ours = [ours[name] for name in names.split()]
        elif isinstance(ours, Tensor):
            ours = [ours]
        print("at", *point)
        for name, our, their in zip(names.split(), ours, theirs, strict=True):
            sign = "✓" if abs(our - their) <= 1e-9 * (1 + abs(their)) else "✗"
            print(f"{sign} {name}: {float(our):.7f} by hand, {float(their):.7f} by autograd")
    except NotImplementedError:
        print("… not written yet")
    except Exception as error:
        print(f"… this did not run: {type(error).__name__}: {error}")


compare(
    "dh/ds dh/dt",
    product_gradient,
    lambda s, t: torch.autograd.grad(product_forward(s, t)["h"], (s, t)),
    3.0,
    2.0,
)

# %% [markdown]
# Spoil `product_gradient` (leave out a path, lose the minus), run both cells again, and mend it.

# %% [markdown]
# ## Exercise 1: following every path
# *`path_gradient` 2 points, the others 1 point each · about 15 minutes
# · difficulty ●●○○○ · importance ●●●●●*
#
# The graph has two inputs and three steps:
#
# $$x = 2a + 3b, \qquad y = 5a^2 + 3b^3, \qquad z = 2x + 3y.$$
#
# - `path_forward(a, b)` returns the three steps in a dict.
# - `path_gradient(a, b)` returns $\partial z/\partial a$ and $\partial z/\partial b$, by hand. Both
#   inputs reach $z$ by two paths:
#   $$\frac{\partial z}{\partial a} =
#   \frac{\partial z}{\partial x} \cdot \frac{\partial x}{\partial a} +
#   \frac{\partial z}{\partial y} \cdot \frac{\partial y}{\partial a},$$
#   and likewise for $b$. At $a = b = 1$ the first is $\partial z/\partial a = 34$.
# - `path_edges()` lists the edges of the graph over `a`, `b`, `x`, `y`, `z`.


# %% [markdown]
# <details><summary>Hint 1 for path_forward</summary>
#
# Each formula becomes one line of Python. A power is written with `**`.
#
# </details>
#
# <details><summary>Hint 2 for path_forward</summary>
#
# The keys of the dict are the names of the steps, as strings; see `product_forward`.
#
# </details>
#
# <details><summary>Hint 1 for path_gradient</summary>
#
# On paper, write beside each edge its local derivative. Only those into $y$ depend on the inputs.
#
# </details>
#
# <details><summary>Hint 2 for path_gradient</summary>
#
# For each input, multiply along the path through $x$ and along the path through $y$, and add the
# two products.
#
# </details>
#
# <details><summary>Hint 3 for path_gradient</summary>
#
# In the derivative of a power the exponent comes down as a factor, and is then lower by one.
#
# </details>
#
# <details><summary>Hint 1 for path_edges</summary>
#
# Take one formula at a time: from every name on its right, an edge leads to the name on its left.
#
# </details>
#
# <details><summary>Hint 2 for path_edges</summary>
#
# An input that stands in two formulas has two edges. Coefficients have no node.
#
# </details>


# %%
def path_forward(a: Tensor, b: Tensor) -> dict[str, Tensor]:
    """Compute the steps of the graph from its inputs.

    a, b: 0-d
    returns: {"x", "y", "z"}, each 0-d
    """
    x = 2 * a + 3 * b
    y = 5 * a**2 + 3 * b**3
    z = 2 * x + 3 * y
    return {"x": x, "y": y, "z": z}


def path_gradient(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the gradient of z with respect to both inputs, by hand.

    a, b: 0-d
    returns: (dz/da, dz/db), each 0-d
    """
    dz_dx, dz_dy = 2, 3
    dx_da, dx_db = 2, 3
    dy_da, dy_db = 10 * a, 9 * b**2
    dz_da = dz_dx * dx_da + dz_dy * dy_da
    dz_db = dz_dx * dx_db + dz_dy * dy_db
    return dz_da, dz_db


def path_edges() -> list[tuple[str, str]]:
    """List the edges of the graph over the nodes a, b, x, y, z.

    returns: pairs of names (from, to), in any order
    """
    return [("a", "x"), ("b", "x"), ("a", "y"), ("b", "y"), ("x", "z"), ("y", "z")]


# %% [markdown]
# Does autograd, through your own `path_forward`, agree with your `path_gradient`? If not, one of
# the two is wrong, and `check` says which.

# %%
compare(
    "dz/da dz/db",
    path_gradient,
    lambda a, b: torch.autograd.grad(path_forward(a, b)["z"], (a, b)),
    1.5,
    -0.5,
)

# %% tags=["active-ipynb"]
# draw(path_edges)

# %% [markdown]
# That was your drawing. Now the graph which torch builds from your formulas: find $x$, $y$ and $z$
# in it. What are the other nodes?

# %% tags=["active-ipynb"]
# draw(lambda a, b: path_forward(a, b)["z"], 1.5, -0.5)

# %% [markdown]
# ## Two activations and their slopes
#
# The next exercises are about neurons. In the backward pass it is the slope of a neuron's
# *activation* that matters. Before you run it: where is each slope largest, and where nearly zero?
# (The gradient of a sum of independent values holds the slope of each, so one call finds them all.)

# %%
v = torch.linspace(-6, 6, 121, requires_grad=True)
plt.figure(figsize=(5, 3))
for name, activation, color in ("ReLU", torch.relu, "C0"), ("sigmoid", torch.sigmoid, "C1"):
    (slope,) = torch.autograd.grad(activation(v).sum(), v)
    plt.plot(v.tolist(), activation(v).tolist(), color, label=name)
    plt.plot(v.tolist(), slope.tolist(), color + "--", label=f"slope of {name}")
plt.xlabel("v")
plt.ylim(-0.1, 1.6)
plt.legend()
plt.show()

# %% [markdown]
# ## Worked example: a kink
#
# How far is $x$ from a target $t$? In two steps, $v = x - t$ and $a = |v|$. To the right of the
# kink, $a = v$ and $da/dv = 1$; to its left, $a = -v$ and $da/dv = -1$. So the local derivative is
# the sign of $v$, which `torch.sign(v)` gives in the type of $v$. Neither $x$ nor $t$ alone tells
# on which side we are. The rest is $\partial v/\partial x = 1$ and $\partial v/\partial t = -1$.

# %%
for pair in (3.0, 1.0), (1.0, 3.0):
    x, t = (torch.tensor(value, requires_grad=True) for value in pair)
    v = x - t
    a = torch.abs(v)

    da_dv = torch.sign(v)
    print("by hand:    ", (da_dv * 1).item(), (da_dv * (-1)).item())
    print("by autograd:", *(slope.item() for slope in torch.autograd.grad(a, (x, t))))


# %% [markdown]
# ## Exercise 2: a neuron with ReLU
# *`relu_neuron_gradient` 2 points, the others 1 point each · about 15 minutes
# · difficulty ●●○○○ · importance ●●●●○*
#
# A neuron weighs its input, adds a bias, and applies an activation. With the *rectified linear
# unit*, or ReLU, its steps are
#
# $$u = wx, \qquad v = u + b, \qquad a = \max(0, v).$$
#
# ReLU has a kink at zero. To its right $a = v$, and $da/dv = 1$; to its left $a = 0$ whatever $v$
# is, and $da/dv = 0$: nothing flows back. At $v = 0$ exactly there is no derivative, and nothing is
# asked there.
#
# - `relu_neuron(w, x, b)` returns the three steps in a dict. You may use `torch.relu`.
# - `relu_neuron_gradient(w, x, b)` returns $\partial a/\partial w$ and $\partial a/\partial b$, by
#   hand, on both sides of the kink. At $w = x = b = 1$ the first is $\partial a/\partial w = 1$.
#   The results keep the type of the inputs. A comparison such as `v > 0` gives true or false, which
#   `.to(v.dtype)` turns into 1 or 0.
# - `relu_neuron_edges()` lists the edges over `w`, `x`, `u`, `b`, `v`, `a`.


# %% [markdown]
# <details><summary>Hint 1 for relu_neuron</summary>
#
# Three lines, one for each step, each with what the one before it has found.
#
# </details>
#
# <details><summary>Hint 2 for relu_neuron</summary>
#
# The activation is applied to $v$. All three steps go into the dict.
#
# </details>
#
# <details><summary>Hint 1 for relu_neuron_gradient</summary>
#
# Both gradients contain $da/dv$. Find $v$ first, with your own `relu_neuron`.
#
# </details>
#
# <details><summary>Hint 2 for relu_neuron_gradient</summary>
#
# Walk from $w$ to $a$, and from $b$ to $a$, and multiply what is on the edges. The walks share
# their last edge.
#
# </details>
#
# <details><summary>Hint 3 for relu_neuron_gradient</summary>
#
# The local derivative of a sum with respect to a term is 1, that of a product with respect to a
# factor is the other factor. The kink gives a comparison, turned into a number.
#
# </details>
#
# <details><summary>Hint 1 for relu_neuron_edges</summary>
#
# From every name on the right of a formula, an edge leads to the name on its left.
#
# </details>
#
# <details><summary>Hint 2 for relu_neuron_edges</summary>
#
# The 0 in the maximum is not drawn. The bias comes in at $v$.
#
# </details>


# %%
def relu_neuron(w: Tensor, x: Tensor, b: Tensor) -> dict[str, Tensor]:
    """Compute the steps of a neuron with ReLU activation.

    w, x, b: 0-d
    returns: {"u", "v", "a"}, each 0-d
    """
    u = w * x
    v = u + b
    a = torch.relu(v)
    return {"u": u, "v": v, "a": a}


def relu_neuron_gradient(w: Tensor, x: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the gradient of a with respect to w and b, by hand, away from v = 0.

    w, x, b: 0-d
    returns: (da/dw, da/db), each 0-d
    """
    v = relu_neuron(w, x, b)["v"]
    da_dv = (v > 0).to(v.dtype)
    da_dw = da_dv * x
    da_db = da_dv
    return da_dw, da_db


def relu_neuron_edges() -> list[tuple[str, str]]:
    """List the edges of the graph over the nodes w, x, u, b, v, a.

    returns: pairs of names (from, to), in any order
    """
    return [("w", "u"), ("x", "u"), ("u", "v"), ("b", "v"), ("v", "a")]


# %% [markdown]
# Compare on both sides of the kink. What becomes of $w$ and $b$ in training if $v$ is negative for
# every input that the neuron ever sees?

# %%
for place in (0.5, 2.0, 1.0), (0.5, 2.0, -3.0):
    compare(
        "da/dw da/db",
        relu_neuron_gradient,
        lambda w, x, b: torch.autograd.grad(relu_neuron(w, x, b)["a"], (w, b)),
        *place,
    )

# %% tags=["active-ipynb"]
# draw(lambda w, x, b: relu_neuron(w, x, b)["a"], 0.5, 2.0, -3.0)

# %% [markdown]
# Such a neuron is called *dead*: no gradient reaches $w$ or $b$, so training leaves both unchanged.

# %% [markdown]
# ## Worked example: a slope at the right place
#
# Take $u = x^2$ and $a = \tanh u$. As for the sigmoid, the value gives the slope:
# $da/du = 1 - a^2$. It is taken **at what went into that step**, here $u$, and not at the input $x$
# of the whole. The last line below makes just that mistake.

# %%
x = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
u = x**2
a = torch.tanh(u)

print(f"by hand:       {((1 - a**2) * 2 * x).item():.7f}")
print(f"by autograd:   {torch.autograd.grad(a, x)[0].item():.7f}")
print(f"wrong place:   {((1 - torch.tanh(x) ** 2) * 2 * x).item():.7f}")


# %% [markdown]
# ## Exercise 3: a neuron with a sigmoid
# *`sigmoid_neuron` 1 point, `sigmoid_neuron_gradient` 2 points · about 10 minutes
# · difficulty ●●○○○ · importance ●●●●○*
#
# The same neuron with another activation:
#
# $$u = wx, \qquad v = u + b, \qquad a = \sigma(v) = \frac{1}{1 + e^{-v}}.$$
#
# - `sigmoid_neuron(w, x, b)` returns the three steps in a dict. You may use `torch.sigmoid`.
# - `sigmoid_neuron_gradient(w, x, b)` returns $\partial a/\partial w$ and $\partial a/\partial b$,
#   by hand. The derivative of $\sigma$ was found above; take care to evaluate it at $v$. At
#   $w = x = b = 1$ we have $v = 2$, and $\partial a/\partial w = 0.1049936$.


# %% [markdown]
# <details><summary>Hint 1 for sigmoid_neuron</summary>
#
# Only the last step differs from `relu_neuron`.
#
# </details>
#
# <details><summary>Hint 2 for sigmoid_neuron</summary>
#
# `torch.sigmoid` is applied to $v$, after the bias is added.
#
# </details>
#
# <details><summary>Hint 1 for sigmoid_neuron_gradient</summary>
#
# The graph is that of exercise 2. Only the local derivative at its last edge differs.
#
# </details>
#
# <details><summary>Hint 2 for sigmoid_neuron_gradient</summary>
#
# The slope of the sigmoid follows from its value $a$, which your own `sigmoid_neuron` finds.
#
# </details>


# %%
def sigmoid_neuron(w: Tensor, x: Tensor, b: Tensor) -> dict[str, Tensor]:
    """Compute the steps of a neuron with sigmoid activation.

    w, x, b: 0-d
    returns: {"u", "v", "a"}, each 0-d
    """
    u = w * x
    v = u + b
    a = torch.sigmoid(v)
    return {"u": u, "v": v, "a": a}


def sigmoid_neuron_gradient(w: Tensor, x: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the gradient of a with respect to w and b, by hand.

    w, x, b: 0-d
    returns: (da/dw, da/db), each 0-d
    """
    a = sigmoid_neuron(w, x, b)["a"]
    da_dv = a * (1 - a)
    da_dw = da_dv * x
    da_db = da_dv
    return da_dw, da_db


# %% [markdown]
# Compare where $v = 0$, and far to one side. Where does the neuron learn faster?

# %%
for place in (0.5, 2.0, -1.0), (2.0, 2.0, 1.0):
    compare(
        "da/dw da/db",
        sigmoid_neuron_gradient,
        lambda w, x, b: torch.autograd.grad(sigmoid_neuron(w, x, b)["a"], (w, b)),
        *place,
    )

# %% tags=["active-ipynb"]
# draw(lambda w, x, b: sigmoid_neuron(w, x, b)["a"], 0.5, 2.0, -1.0)

# %% [markdown]
# ## A good place to stop
#
# You are about halfway, with 11 of the 25 points behind you. You have broken formulas into steps,
# drawn their graphs, and followed every path back from the output, past a kink too. What comes next
# is the same on longer formulas. When you come back, run all cells first.

# %% [markdown]
# ## Worked example: a formula in one line
#
# Name the inner part of a formula, and it has two steps. Take
#
# $$g(x) = \sin(x^3 - 5x), \qquad u = x^3 - 5x, \qquad g = \sin u.$$
#
# The local derivatives are $dg/du = \cos u$ and $du/dx = 3x^2 - 5$, and $g'(x)$ is their product.
# In $u$ itself, each term is a path of its own; a constant, if there were one, would bring nothing.

# %%
x = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
u = x**3 - 5 * x
g = torch.sin(u)

print(f"by hand:     {(torch.cos(u) * (3 * x**2 - 5)).item():.7f}")
print(f"by autograd: {torch.autograd.grad(g, x)[0].item():.7f}")

# %% tags=["active-ipynb"]
# draw(lambda x: torch.sin(x**3 - 5 * x), 0.7)

# %% [markdown]
# ## Exercise 4: an exponential
# *`exponential` 1 point, `exponential_gradient` 2 points · about 10 minutes
# · difficulty ●●○○○ · importance ●●●○○*
#
# $$f(x) = e^{-x^2 - 2x - \sin x}$$
#
# Think of it as two steps: the exponent $u$, and $f = e^u$, with the local derivative
# $df/du = e^u = f$. Write the function and, by hand, its derivative $f'(x)$. At $x = 1$ the
# derivative is $-0.0974440036$.


# %% [markdown]
# <details><summary>Hint 1 for exponential</summary>
#
# Write the exponent first, as a step of its own, and then apply `torch.exp`.
#
# </details>
#
# <details><summary>Hint 2 for exponential</summary>
#
# Mind the first minus: in Python `-x**2` is $-(x^2)$, and `(-x)**2` is not.
#
# </details>
#
# <details><summary>Hint 1 for exponential_gradient</summary>
#
# There are two local derivatives to multiply. One is the value of your own `exponential`.
#
# </details>
#
# <details><summary>Hint 2 for exponential_gradient</summary>
#
# The other is that of the exponent. Go through it term by term, and carry every minus along.
#
# </details>


# %%
def exponential(x: Tensor) -> Tensor:
    """Compute exp(-x^2 - 2x - sin x).

    x: 0-d
    returns: 0-d
    """
    return torch.exp(-(x**2) - 2 * x - torch.sin(x))


def exponential_gradient(x: Tensor) -> Tensor:
    """Compute the derivative of `exponential` at x, by hand.

    x: 0-d
    returns: 0-d
    """
    df_du = exponential(x)
    du_dx = -2 * x - 2 - torch.cos(x)
    return df_du * du_dx


# %% [markdown]
# Does the function rise or fall here? Look for a point where it does the other.

# %%
compare("df/dx", exponential_gradient, lambda x: torch.autograd.grad(exponential(x), x), 0.5)

# %% tags=["active-ipynb"]
# draw(exponential, 0.5)

# %% [markdown]
# ## Exercise 5: a polynomial
# *1 point each · about 5 minutes · difficulty ●○○○○ · importance ●●○○○*
#
# $$f(x) = 8x^4 + 3x^3 + 7x^2 + 6x + 3$$
#
# Each power of $x$ is a path of its own from $x$ to $f$, and the derivative adds their
# contributions. Write the function and, by hand, its derivative. At $x = 2$ the derivative is 326.


# %% [markdown]
# <details><summary>Hint 1 for polynomial</summary>
#
# One term for each power, and the constant at the end.
#
# </details>
#
# <details><summary>Hint 2 for polynomial</summary>
#
# A quick test: at $x = 1$ the value is the sum of all coefficients.
#
# </details>
#
# <details><summary>Hint 1 for polynomial_gradient</summary>
#
# Take each term by itself: its exponent comes down as a factor, and is then lower by one.
#
# </details>
#
# <details><summary>Hint 2 for polynomial_gradient</summary>
#
# The constant leaves nothing. So at $x = 0$ only the coefficient of $x$ itself is left.
#
# </details>


# %%
def polynomial(x: Tensor) -> Tensor:
    """Compute 8x^4 + 3x^3 + 7x^2 + 6x + 3.

    x: 0-d
    returns: 0-d
    """
    return 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3


def polynomial_gradient(x: Tensor) -> Tensor:
    """Compute the derivative of `polynomial` at x, by hand.

    x: 0-d
    returns: 0-d
    """
    return 32 * x**3 + 9 * x**2 + 14 * x + 6


# %%
compare("df/dx", polynomial_gradient, lambda x: torch.autograd.grad(polynomial(x), x), -0.5)

# %% [markdown]
# ## Worked example: a smaller backward pass
#
# Paths share edges. The backward pass walks every edge **once**: it keeps the gradient of the
# output with respect to every step, and finds each from those after it. Take
#
# $$p = x^2, \qquad q = py, \qquad r = q + y, \qquad s = \sqrt{r}$$
#
# at $x = 2$, $y = 5$. Forward: $p = 4$, $q = 20$, $r = 25$, $s = 5$. Backward, from the end:
#
# | gradient | found from | here |
# |---|---|---|
# | $ds/dr$ | the root: $1/(2s)$ | 0.1 |
# | $\partial s/\partial q$ | $\partial s/\partial r \cdot 1$ | 0.1 |
# | $\partial s/\partial p$ | $\partial s/\partial q \cdot y$ | 0.5 |
# | $\partial s/\partial y$ | $\partial s/\partial r + \partial s/\partial q \cdot p$ | 0.5 |
# | $\partial s/\partial x$ | $\partial s/\partial p \cdot 2x$ | 2 |
#
# Each product is a gradient found above, times one local derivative. Both $q$ and $r$ use $y$, so
# two edges bring something back to it, and that is added. Which values of the forward pass were
# needed?

# %%
x = torch.tensor(2.0, requires_grad=True)
y = torch.tensor(5.0, requires_grad=True)

p = x**2
q = p * y
r = q + y
s = torch.sqrt(r)

ds_dr = 1 / (2 * s)
ds_dq = ds_dr * 1
ds_dp = ds_dq * y
ds_dy = ds_dr * 1 + ds_dq * p
ds_dx = ds_dp * 2 * x

by_hand = (ds_dr, ds_dq, ds_dp, ds_dy, ds_dx)
by_autograd = torch.autograd.grad(s, (r, q, p, y, x))
for name, our, their in zip("rqpyx", by_hand, by_autograd, strict=True):
    print(f"ds/d{name}: {our.item():.7f} by hand, {their.item():.7f} by autograd")

# %% tags=["active-ipynb"]
# draw(lambda x, y: torch.sqrt(x**2 * y + y), 2.0, 5.0)

# %% [markdown]
# ## Exercise 6: a whole backward pass
# *`tanh_log` 2 points, `tanh_log_backward` 4 points, `tanh_log_edges` 1 point · about 30 minutes
# · difficulty ●●●●○ · importance ●●●●●*
#
# Three inputs and six steps:
#
# $$a = 2x, \quad b = \sin y, \quad c = \frac{a}{b}, \quad d = cz, \quad e = \ln(d + 1), \quad
# f = \tanh e.$$
#
# You may take it that $b \neq 0$ and $d > -1$, so that every step is defined.
#
# - `tanh_log(x, y, z)` returns all six steps in a dict. At $x = y = z = 1$ they are $a = 2$,
#   $b = 0.8414710$, $c = d = 2.3767902$, $e = 1.2169256$ and $f = 0.8387449$.
# - `tanh_log_backward(x, y, z)` returns, in a dict too, the gradients of $f$ with respect to every
#   step before it and every input, by hand. Begin at the end with $df/de$, where
#   $\tanh'(e) = 1 - \tanh^2(e)$. Then go backward one edge at a time: each gradient is one you
#   already have, times one local derivative, as in
#   $$\frac{\partial f}{\partial d} =
#   \frac{\partial f}{\partial e} \cdot \frac{\partial e}{\partial d}.$$
#   Two edges lead into $c$, and two into $d$; there the gradient flows back along both.
#   For the quotient, $\partial c/\partial a = 1/b$ and $\partial c/\partial b = -a/b^2$. At
#   $x = y = z = 1$ you should find $\partial f/\partial x = 0.2086996$ and
#   $\partial f/\partial y = -0.1340045$.
# - `tanh_log_edges()` lists the edges over `x`, `y`, `z`, `a`, `b`, `c`, `d`, `e`, `f`.


# %% [markdown]
# <details><summary>Hint 1 for tanh_log</summary>
#
# Six lines, named as in the formulas. Each uses the names above it.
#
# </details>
#
# <details><summary>Hint 2 for tanh_log</summary>
#
# The natural logarithm is `torch.log`, and the 1 is added inside it.
#
# </details>
#
# <details><summary>Hint 1 for tanh_log_backward</summary>
#
# On paper, draw the graph, and write beside each edge its local derivative. Then begin at $f$.
#
# </details>
#
# <details><summary>Hint 2 for tanh_log_backward</summary>
#
# Each line is one gradient that you have, times one local derivative. At $d$ and at $c$ two lines
# begin with the same gradient, one for each thing that the step used.
#
# </details>
#
# <details><summary>Hint 3 for tanh_log_backward</summary>
#
# The local derivative of a product is the other factor, that of the logarithm one over what stands
# inside, that of the sine the cosine at what went into it.
#
# </details>
#
# <details><summary>Hint 1 for tanh_log_edges</summary>
#
# Take one formula at a time, with an edge from every name on its right.
#
# </details>
#
# <details><summary>Hint 2 for tanh_log_edges</summary>
#
# No 1 is drawn, and no coefficient. The input $z$ comes in late: which formula uses it?
#
# </details>


# %%
def tanh_log(x: Tensor, y: Tensor, z: Tensor) -> dict[str, Tensor]:
    """Compute the steps of the graph from its inputs.

    x, y, z: 0-d, with sin y not 0 and d > -1
    returns: {"a", "b", "c", "d", "e", "f"}, each 0-d
    """
    a = 2 * x
    b = torch.sin(y)
    c = a / b
    d = c * z
    e = torch.log(d + 1)
    f = torch.tanh(e)
    return {"a": a, "b": b, "c": c, "d": d, "e": e, "f": f}


def tanh_log_backward(x: Tensor, y: Tensor, z: Tensor) -> dict[str, Tensor]:
    """Compute the gradients of f with respect to every step before it and every input, by hand.

    x, y, z: 0-d, with sin y not 0 and d > -1
    returns: {"df_de", "df_dd", "df_dc", "df_db", "df_da", "df_dx", "df_dy", "df_dz"}, each 0-d
    """
    step = tanh_log(x, y, z)
    a, b, c, d, f = step["a"], step["b"], step["c"], step["d"], step["f"]

    df_de = 1 - f**2
    df_dd = df_de / (d + 1)
    df_dc = df_dd * z
    df_dz = df_dd * c
    df_da = df_dc / b
    df_db = df_dc * (-a / b**2)
    df_dx = df_da * 2
    df_dy = df_db * torch.cos(y)

    return {
        "df_de": df_de,
        "df_dd": df_dd,
        "df_dc": df_dc,
        "df_db": df_db,
        "df_da": df_da,
        "df_dx": df_dx,
        "df_dy": df_dy,
        "df_dz": df_dz,
    }


def tanh_log_edges() -> list[tuple[str, str]]:
    """List the edges of the graph over the nodes x, y, z, a, b, c, d, e, f.

    returns: pairs of names (from, to), in any order
    """
    return [
        ("x", "a"),
        ("y", "b"),
        ("a", "c"),
        ("b", "c"),
        ("c", "d"),
        ("z", "d"),
        ("d", "e"),
        ("e", "f"),
    ]


# %% [markdown]
# Torch finds these gradients through your own `tanh_log`. If that is right, the first line with ✗
# has a slip of its own: look at its one local derivative.


# %%
def tanh_log_autograd(x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, ...]:
    """Let torch find the gradients with respect to the steps of your own `tanh_log`."""
    step = tanh_log(x, y, z)
    before = (step["e"], step["d"], step["c"], step["b"], step["a"], x, y, z)
    return torch.autograd.grad(step["f"], before)


compare(
    "df_de df_dd df_dc df_db df_da df_dx df_dy df_dz",
    tanh_log_backward,
    tanh_log_autograd,
    0.5,
    2.0,
    1.5,
)

# %% tags=["active-ipynb"]
# draw(tanh_log_edges)

# %% tags=["active-ipynb"]
# draw(lambda x, y, z: tanh_log(x, y, z)["f"], 0.5, 2.0, 1.5)

# %% [markdown]
# ## Worked example: autograd inside a function
#
# Without a mark there is no record, and torch says so. With a leaf made inside, a function can ask
# for gradients whatever its argument is. Before you run it: what will the last line print?


# %%
def cube_slope(t: Tensor) -> Tensor:
    """Compute the slope of the cube at t, using autograd."""
    leaf = t.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(leaf**3, leaf)
    return slope


unmarked = torch.tensor(2.0)
try:
    torch.autograd.grad(unmarked**3, unmarked)
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])

computed = torch.tensor(1.0, requires_grad=True) + 1
print(cube_slope(unmarked).item(), cube_slope(computed).item())
print("marked by the call?", unmarked.requires_grad)

# %% [markdown]
# ## Exercise 7: let torch do it
# *1 point each · about 10 minutes · difficulty ●●○○○ · importance ●●●●●*
#
# By hand, the quotient
#
# $$f(x, y) = \frac{x + e^y}{\ln x + (x - y)^3}, \qquad x > 0,$$
#
# would take a while. Torch needs only the forward pass.
#
# - `ratio(x, y)` returns $f(x, y)$. At $x = 1$, $y = 0$ it is 2.
# - `ratio_gradient(x, y)` returns $\partial f/\partial x$ and $\partial f/\partial y$, **using
#   autograd**. At the same point they are $-7$ and $7$.
#
# The arguments may or may not have been marked with `requires_grad`, and may be the result of some
# other computation. So that your answer does not depend on it, and leaves them as they were, begin
# with leaves of your own: `t.detach().clone().requires_grad_()` is a marked copy of `t` without a
# past.


# %% [markdown]
# <details><summary>Hint 1 for ratio</summary>
#
# Compute what stands above the line and what stands below it, and then divide.
#
# </details>
#
# <details><summary>Hint 2 for ratio</summary>
#
# In one line, each of the two needs brackets around it. $\ln$ is `torch.log`.
#
# </details>
#
# <details><summary>Hint 1 for ratio_gradient</summary>
#
# First leaves of your own, then `ratio` of these, then one call of autograd.
#
# </details>
#
# <details><summary>Hint 2 for ratio_gradient</summary>
#
# `torch.autograd.grad` takes a tuple of inputs, and returns a tuple with one gradient for each, in
# the same order.
#
# </details>
#
# <details><summary>Hint 3 for ratio_gradient</summary>
#
# If torch says that a tensor "appears to not have been used in the graph", you asked about the
# argument, but computed with its copy.
#
# </details>


# %%
def ratio(x: Tensor, y: Tensor) -> Tensor:
    """Compute (x + e^y) / (ln x + (x - y)^3).

    x, y: 0-d, with x > 0 and the denominator not 0
    returns: 0-d
    """
    return (x + torch.exp(y)) / (torch.log(x) + (x - y) ** 3)


def ratio_gradient(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the gradient of `ratio` with respect to both arguments, using autograd.

    x, y: 0-d, with x > 0 and the denominator not 0
    returns: (df/dx, df/dy), each 0-d
    """
    x = x.detach().clone().requires_grad_()
    y = y.detach().clone().requires_grad_()
    df_dx, df_dy = torch.autograd.grad(ratio(x, y), (x, y))
    return df_dx, df_dy


# %% [markdown]
# At $x = 3$, $y = 4$ the function is steep. What has the denominator to do with it? Try $y = 4.1$,
# and explain what you see.

# %%
x, y = torch.tensor(3.0, dtype=torch.float64), torch.tensor(4.0, dtype=torch.float64)
try:
    print(f"f = {ratio(x, y).item():.6f}")
    print("gradient:", ", ".join(f"{slope.item():.4f}" for slope in ratio_gradient(x, y)))
    print(f"denominator: {(torch.log(x) + (x - y) ** 3).item():.6f}")
except NotImplementedError:
    print("… not written yet")

# %% tags=["active-ipynb"]
# draw(ratio, 3.0, 4.0)

# %% [markdown]
# ## Experiment: how deep can a chain be?
#
# *Nothing is graded here · about 15 minutes*
#
# Along a chain local derivatives are multiplied, and that has a price. Put neurons in a row, each
# fed by the one before it,
#
# $$a_0 = x, \qquad a_k = \varphi(w\,a_{k-1}), \qquad
# \frac{da_k}{dx} = \prod_{i=1}^{k} \varphi'(w\,a_{i-1})\,w,$$
#
# and ask how much of a small change in $x$ arrives after $k$ of them. The slope of the sigmoid is
# at most 0.25. Before you run it: with $w = 1$, what is left after 30 sigmoids? And after 30 ReLUs?


# %%
def arriving(
    activation: Callable[[Tensor], Tensor], weight: float, depth: int = 30, start: float = 0.5
) -> list[float]:
    """Follow the size of d a_k / d x through a row of neurons, for k = 1, 2, …"""
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    a, sizes = x, list[float]()
    for _ in range(depth):
        a = activation(weight * a)
        # retain_graph keeps the record, as the next round asks again.
        (slope,) = torch.autograd.grad(a, x, retain_graph=True)
        sizes.append(abs(slope.item()))
    return sizes


rows = {
    "sigmoid, w = 1": (torch.sigmoid, 1.0),
    "sigmoid, w = 4": (torch.sigmoid, 4.0),
    "ReLU, w = 1": (torch.relu, 1.0),
    "ReLU, w = 1.5": (torch.relu, 1.5),
}
plt.figure(figsize=(5, 3))
for name, (activation, weight) in rows.items():
    sizes = arriving(activation, weight)
    print(f"{name:15} after {len(sizes)} neurons: {sizes[-1]:.1e}")
    powers = torch.tensor(sizes, dtype=torch.float64).log10()
    plt.plot(range(1, len(sizes) + 1), powers.tolist(), label=name)
plt.xlabel("neurons in a row")
plt.ylabel("gradient, as a power of 10")
plt.legend()
plt.show()

# %% [markdown]
# Factors below 1 make a gradient *vanish*: the first neurons of such a row hardly learn. Factors
# above 1 make it *explode*. This is one reason why deep networks use ReLU, and why the weights they
# start from are chosen with care. Change the rows, and say beforehand what you expect.
#
# - What happens with ReLU if $w = 0.9$? If $w$ is negative?
# - Why is a larger weight no help to the sigmoid?
# - In `arriving`, write `a = a + activation(weight * a)`. Now a second path leads past every
#   neuron. What does the sum over the paths do to the gradient?

# %% tags=["active-ipynb"]
# draw(lambda x: torch.sigmoid(torch.sigmoid(torch.sigmoid(x))), 0.5)

# %% [markdown]
# ## What to remember
#
# - Name every step: the forward pass keeps the values that the backward pass needs.
# - Multiply local derivatives along a path, and add over the paths.
# - Only direct use makes an edge, and only an edge has a local derivative.
# - Autograd does the same from a record of the forward pass. What leaves torch leaves the record.
# - A backward pass walks every edge once, from the end, and adds where a value was used twice.
# - A slope is taken at what went into its step.
#
# ## Words
#
# | term | in one line |
# |---|---|
# | computational graph | inputs and named steps, with an edge for each direct use |
# | leaf | a tensor that no recorded operation made, such as a marked input |
# | local derivative | that of a step with respect to something it uses directly |
# | forward pass | computes the steps in order, and keeps their values |
# | backward pass | finds the gradient with respect to every step, from the end to the start |
# | `grad_fn` | the operation that made a tensor, linked to those before it |
# | activation | the function that a neuron applies last, such as ReLU or the sigmoid |
# | dead neuron | one with ReLU whose $v$ is negative for every input: nothing flows back |
# | vanishing gradient | a product of many local derivatives that are small |
#
# ## What to read next
#
# - [Autograd mechanics](https://docs.pytorch.org/docs/stable/notes/autograd.html), PyTorch: what is
#   recorded, and how recording is turned off.
# - [Automatic differentiation](https://d2l.ai/chapter_preliminaries/autograd.html), *Dive into Deep
#   Learning*: the same tools on vectors, with exercises.
# - [Backpropagation, intuitions](https://cs231n.github.io/optimization-2/), Stanford's CS231n:
#   graphs like these, as circuits with gates.
# - [Calculus on computational graphs](https://colah.github.io/posts/2015-08-Backprop/), Christopher
#   Olah: why one pass back finds all gradients.
#
# Lab 3 trains models with gradients. Lab 5 does the backward pass of a whole network.
