# %% [markdown]
# # Lab 2: Computational graphs
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
# ## Exercise 1: following every path
# *`path_gradient` 2 points, the others 1 point each · about 15 minutes*
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
# ## Exercise 2: a neuron with ReLU
# *`relu_neuron_gradient` 2 points, the others 1 point each · about 15 minutes*
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
# ## Exercise 3: a neuron with a sigmoid
# *`sigmoid_neuron` 1 point, `sigmoid_neuron_gradient` 2 points · about 10 minutes*
#
# The same neuron with another activation:
#
# $$u = wx, \qquad v = u + b, \qquad a = \sigma(v) = \frac{1}{1 + e^{-v}}.$$
#
# - `sigmoid_neuron(w, x, b)` returns the three steps in a dict. You may use `torch.sigmoid`.
# - `sigmoid_neuron_gradient(w, x, b)` returns $\partial a/\partial w$ and $\partial a/\partial b$,
#   by hand. The derivative of $\sigma$ was found above; take care to evaluate it at $v$. At
#   $w = x = b = 1$ we have $v = 2$, and $\partial a/\partial w = 0.1049936$.


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
# ## Exercise 4: an exponential
# *`exponential` 1 point, `exponential_gradient` 2 points · about 10 minutes*
#
# $$f(x) = e^{-x^2 - 2x - \sin x}$$
#
# Think of it as two steps: the exponent $u$, and $f = e^u$, with the local derivative
# $df/du = e^u = f$. Write the function and, by hand, its derivative $f'(x)$. At $x = 1$ the
# derivative is $-0.0974440036$.


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
# ## Exercise 5: a polynomial
# *1 point each · about 5 minutes*
#
# $$f(x) = 8x^4 + 3x^3 + 7x^2 + 6x + 3$$
#
# Each power of $x$ is a path of its own from $x$ to $f$, and the derivative adds their
# contributions. Write the function and, by hand, its derivative. At $x = 2$ the derivative is 326.


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


# %% [markdown]
# ## Exercise 6: a whole backward pass
# *`tanh_log` 2 points, `tanh_log_backward` 4 points, `tanh_log_edges` 1 point · about 30 minutes*
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
# ## Exercise 7: let torch do it
# *1 point each · about 10 minutes*
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
# ## What to remember
#
# - Name every step: the forward pass keeps the values that the backward pass needs.
# - Multiply local derivatives along a path, and add over the paths.
# - Only direct use makes an edge, and only an edge has a local derivative.
# - Autograd does the same from a record of the forward pass. What leaves torch leaves the record.
