# %% [markdown]
# # Lab 5: Backpropagation by hand
#
# In lab 2 you followed gradients through small graphs. Here you do it for a neural network: first
# one number at a time, then for a whole batch with matrices. At the end autograd confirms your
# work.
#
# **What it is for.** `loss.backward()` is one line. Behind it stands what you do here. At the end
# you train a network with functions that are all your own, without autograd, and watch its error
# fall at one learning rate and explode at another. Then torch's building blocks do the same in a
# few lines, and agree with you in every gradient. Once you have done this by hand, you can say why
# a layer does not learn, and write a layer that no library has.
#
# **Before you start** you should know the chain rule; graphs, their two passes and the sum over the
# paths (lab 2); a step of gradient descent (lab 3); the shapes of a matrix product (lab 1); and
# Python's dicts.
#
# **Time.** The exercises take about 90 minutes; with what stands between them, plan three hours.
#
# | part | minutes |
# |---|---|
# | one number at a time, exercise 1 | 35 |
# | a network, exercises 2 and 3 | 65 |
# | *a good place to stop* | |
# | learning, exercise 4 | 15 |
# | a whole batch, exercise 5 | 40 |
# | autograd and `torch.nn`, exercise 6 | 15 |
# | experiment: your network learns, or does not | 10 |
#
# Before each kind of exercise a similar task is worked through. The dots beside an exercise say how
# difficult it is, and how important for later.
#
# **You will learn**
# - how a forward pass prepares everything that the backward pass needs;
# - how the chain rule turns a long derivative into one short factor for each step;
# - what happens to a gradient where a value is used twice;
# - why matrix gradients contain a transpose, and how shapes tell you where it goes.
#
# **How to work.** Read from top to bottom and run each cell as you reach it. In the exercises,
# write your code in place of `raise NotImplementedError`; the docstring says what goes in and what
# must come out, down to the keys of a dict. Run your cell, and then the `check(...)` cell below it,
# as often as you like: ✓ is right, ◐ right in part, ✗ wrong, … not yet written. Where a step is
# wrong, it names the step and what it should be, given your own values before it: look at that line
# first.
#
# Each exercise has hints in folds: try for a few minutes before you open one. `hint("backward")`
# shows the same, one at a time. `draw(...)` draws the graph that a function builds; call it on
# whatever you like.
#
# **How it is graded.** Your notebook is run afresh from top to bottom, and your answers are found
# by name, so keep the names and arguments of the functions as they are. Before you hand in, restart
# the kernel, run all cells, and look at the checks once more. The lab is worth 24 points.
#
# `check` asks at a few fixed points, the grader at others, in float64 and at times in float32, on a
# device which may be a GPU: it is best to write no dtype and no device into an answer, and to let
# every result take both from its inputs. Exercises 1 to 5 are **by hand**: your code states the derivatives itself,
# without a tensor's `.backward()`, `torch.autograd`, `torch.func`, computer algebra or finite
# differences. Autograd is the subject of exercise 6 only.
#
# A function works for every number of examples, and leaves its arguments as they were: it neither
# writes into a tensor nor exchanges the entries of a dict, nor changes a `requires_grad`. Where an
# answer is right but for such a demand, that costs a quarter of its points.

# %%
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

# %% [markdown]
# ## Values forward, gradients backward
#
# Take one linear neuron with a squared error, split into steps so small that each of them has an
# obvious derivative:
#
# | step | value | local derivative |
# |---|---|---|
# | 1 | $u = w\,x$ | $\partial u / \partial w = x$ |
# | 2 | $o = u + b$ | $\partial o / \partial u = 1$, $\;\partial o / \partial b = 1$ |
# | 3 | $E = \tfrac12 (o - t)^2$ | $\partial E / \partial o = o - t$ |
#
# The forward pass walks down the table and keeps every value. The backward pass walks up. It starts
# at the loss, and each gradient is the gradient just found times one local derivative:
#
# $$\frac{\partial E}{\partial o} = o - t, \qquad
#   \frac{\partial E}{\partial u} = \frac{\partial E}{\partial o} \cdot 1, \qquad
#   \frac{\partial E}{\partial w} = \frac{\partial E}{\partial u} \cdot x, \qquad
#   \frac{\partial E}{\partial b} = \frac{\partial E}{\partial o} \cdot 1 .$$
#
# Nothing is ever differentiated twice, and no formula gets longer than one multiplication. In this
# notebook the Python name `dE_do` stands for $\partial E / \partial o$.

# %%
x, w, b, t = torch.tensor([3.0, 0.5, 1.0, 2.0], dtype=torch.float64)

u = w * x
o = u + b
E = (o - t) ** 2 / 2

dE_do = o - t
dE_du = dE_do * 1
dE_dw = dE_du * x
dE_db = dE_do * 1

print(f"forward    u = {u:.4f}   o = {o:.4f}   E = {E:.4f}")
print(f"backward   dE_do = {dE_do:.4f}   dE_dw = {dE_dw:.4f}   dE_db = {dE_db:.4f}")

# %% [markdown]
# `draw` runs a function at the numbers that you give it, and draws the graph which it builds: every
# value, and after ∂ the gradient of the result in it. Where in the picture are `dE_dw` and `dE_db`?

# %% tags=["active-ipynb"]
# draw(lambda w, b: (w * 3 + b - 2) ** 2 / 2, 0.5, 1.0)

# %% [markdown]
# ### Where a value is used twice
#
# In $y = u\,v$ with $u = x^2$ and $v = 3x$, as in lab 2, the input $x$ reaches $y$ along two paths.
# A small change of $x$ travels along both, and the two effects add up:
#
# $$\frac{\partial y}{\partial x} =
#   \frac{\partial y}{\partial u}\,\frac{\partial u}{\partial x} +
#   \frac{\partial y}{\partial v}\,\frac{\partial v}{\partial x}
#   = v \cdot 2x + u \cdot 3 .$$
#
# Multiply along a path, add over the paths: this is all of backpropagation.

# %%
x = torch.tensor(5.0, dtype=torch.float64)
u = x**2
v = 3 * x
y = u * v

through_u = v * 2 * x
through_v = u * 3
print(f"y = {y:.1f}   dy_dx = {through_u:.1f} + {through_v:.1f} = {through_u + through_v:.1f}")
print(f"y is 3x³, so its derivative is 9x² = {9 * x**2:.1f}")

# %% tags=["active-ipynb"]
# draw(lambda x: x**2 * (3 * x), 5.0)

# %% [markdown]
# ## Worked example: a chain in a function
#
# An exercise of the first kind, worked through. The chain is
#
# $$p = x^2, \qquad q = 1 + p, \qquad y = \ln q ,$$
#
# with the local derivatives $2x$, $1$ and $1/q$. Each line of the way back is *the gradient just
# found, times one local derivative*, and nothing else. Each has a name, so that you can look at it.
# **Before you run it:** the derivative of $\ln(1 + x^2)$ is $2x / (1 + x^2)$. So what is `dy_dx`?


# %%
def log_backward(x: Tensor) -> dict[str, Tensor]:
    """Compute values and gradients of the chain p = x², q = 1 + p, y = ln q, by hand."""
    p = x**2
    q = 1 + p
    y = torch.log(q)
    dy_dq = 1 / q
    dy_dp = dy_dq * 1
    dy_dx = dy_dp * (2 * x)
    return {"p": p, "q": q, "y": y, "dy_dq": dy_dq, "dy_dp": dy_dp, "dy_dx": dy_dx}


x = torch.tensor(3.0, dtype=torch.float64)
print("   ".join(f"{name} = {value:.4f}" for name, value in log_backward(x).items()))

# %% [markdown]
# ## Exercise 1: the sigmoid, step by step
# *3 points · about 10 minutes · difficulty ●●○○○ · importance ●●●○○*
#
# Lab 2 split the sigmoid $\sigma(x) = 1 / (1 + e^{-x})$ into a chain of four steps:
#
# $$a = -x, \qquad b = e^{a}, \qquad c = 1 + b, \qquad s = \frac1c .$$
#
# Write `sigmoid_backward(x)`. It computes the four values, then walks back from $s$ and multiplies
# by one local derivative at a time:
#
# $$\frac{ds}{dc} = -\frac{1}{c^2}, \qquad
#   \frac{ds}{db} = \frac{ds}{dc}\,\frac{dc}{db}, \qquad
#   \frac{ds}{da} = \frac{ds}{db}\,\frac{db}{da}, \qquad
#   \frac{ds}{dx} = \frac{ds}{da}\,\frac{da}{dx} .$$
#
# Work out the three missing local derivatives, and reuse the values of the forward pass. Return all
# eight numbers in a dict. At $x = 2$ the last of them, `ds_dx`, is 0.1049936.
#
# You are marked **step by step, with errors carried forward**: each step is judged from your own
# values of the steps before it. One slip costs its own step and nothing downstream.


# %% [markdown]
# <details><summary>Hint 1 for sigmoid_backward</summary>
#
# Begin on paper: beside each of the steps $a$, $b$, $c$ write its derivative with respect to the
# one thing that it is made of. Two of the three are plain numbers.
#
# </details>
#
# <details><summary>Hint 2 for sigmoid_backward</summary>
#
# The exponential is its own derivative. So you need not compute $db/da$: the forward pass has it
# already, under another name.
#
# </details>
#
# <details><summary>Hint 3 for sigmoid_backward</summary>
#
# Check the signs. The sigmoid rises everywhere, so `ds_dx` is positive, and there is one step on
# the way back at which the sign turns. The three gradients before it are negative.
#
# </details>


# %%
def sigmoid_backward(x: Tensor) -> dict[str, Tensor]:
    """Compute values and gradients of the chain a = -x, b = exp(a), c = 1 + b, s = 1 / c, by hand.

    x: 0-d
    returns: {a, b, c, s, ds_dc, ds_db, ds_da, ds_dx}, each 0-d
    """
    a = -x
    b = torch.exp(a)
    c = 1 + b
    s = 1 / c
    ds_dc = -1 / c**2
    ds_db = ds_dc
    ds_da = ds_db * b
    ds_dx = -ds_da
    return {
        "a": a,
        "b": b,
        "c": c,
        "s": s,
        "ds_dc": ds_dc,
        "ds_db": ds_db,
        "ds_da": ds_da,
        "ds_dx": ds_dx,
    }


# %% [markdown]
# Torch builds this graph of the same formula. Which of its numbers are the last four of your dict?

# %% tags=["active-ipynb"]
# draw(lambda x: 1 / (1 + torch.exp(-x)), 2.0)

# %% [markdown]
# ### A shorter way to the same slope
#
# The chain gives $\sigma'(x) = e^{-x} / (1 + e^{-x})^2$. Since $\sigma = 1/c$ and
# $1 - \sigma = e^{-x}/c$, this is
#
# $$\sigma'(x) = \sigma(x)\,\bigl(1 - \sigma(x)\bigr) .$$
#
# So once the forward pass knows $h = \sigma(z)$, the slope costs one subtraction and one
# multiplication: $\partial h / \partial z = h\,(1 - h)$. You will use this from exercise 3 on.

# %%
h = torch.sigmoid(torch.tensor(2.0, dtype=torch.float64))
print(f"h = {h:.7f}   h (1 - h) = {h * (1 - h):.7f}")

# %% [markdown]
# **Before you run the next cell:** where is this slope largest, and what is it there?

# %%
z = torch.linspace(-6, 6, 121)
h = torch.sigmoid(z)
plt.figure(figsize=(5, 3))
plt.plot(z.tolist(), h.tolist(), label="h")
plt.plot(z.tolist(), (h * (1 - h)).tolist(), label="h (1 - h)")
plt.xlabel("z")
plt.legend()
plt.show()

# %% [markdown]
# On its way back through a sigmoid a gradient shrinks, to a quarter at best. Far from 0, where the
# curve is flat, next to nothing comes through: the neuron is *saturated*. Two of them will show up
# in the experiment at the end.

# %% [markdown]
# ## The network
#
# Two inputs, two hidden neurons with a sigmoid, two linear outputs, and a squared error at each
# output. Every input feeds both hidden neurons, and both hidden neurons feed every output.
#
# ```text
#    x1 ─────► z_h1 ──σ──► h1 ─────► o1 ─────► E1 ──┐
#       ╲   ╱                 ╲   ╱                 │
#         ╳                     ╳                   ├──► E
#       ╱   ╲                 ╱   ╲                 │
#    x2 ─────► z_h2 ──σ──► h2 ─────► o2 ─────► E2 ──┘
# ```
#
# | step | value |
# |---|---|
# | hidden sums | $z_{h1} = w_1 x_1 + w_2 x_2 + b_{h1}$ |
# | | $z_{h2} = w_3 x_1 + w_4 x_2 + b_{h2}$ |
# | hidden values | $h_1 = \sigma(z_{h1})$ and $h_2 = \sigma(z_{h2})$ |
# | outputs | $o_1 = w_5 h_1 + w_6 h_2 + b_{o1}$ |
# | | $o_2 = w_7 h_1 + w_8 h_2 + b_{o2}$ |
# | errors | $E_1 = \tfrac12 (o_1 - t_1)^2$ and $E_2 = \tfrac12 (o_2 - t_2)^2$ |
# | loss | $E = E_1 + E_2$ |
#
# Inputs and targets are in one dict, weights and biases in another. Each value is a scalar, that
# is, a 0-d tensor.


# %%
def scalars(**values: float) -> dict[str, Tensor]:
    """Return the given numbers as float64 scalars, under the same names."""
    return {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}


inputs = scalars(x1=0.05, x2=0.10, t1=0.01, t2=0.99)

hidden_layer = scalars(w1=0.15, w2=0.20, w3=0.25, w4=0.30, b_h1=0.35, b_h2=0.35)
output_layer = scalars(w5=0.40, w6=0.45, w7=0.50, w8=0.55, b_o1=0.60, b_o2=0.60)
parameters = hidden_layer | output_layer

# %% [markdown]
# ### How many paths?
#
# The network as a list of edges, without weights and biases. A weight joins in where its edge ends:
# $w_1$, on the edge from $x_1$, at $z_{h1}$. **Before you run it:** how many paths lead from $x_1$
# to $E$, and how many from $w_1$?


# %%
network_edges = [
    *((x, z) for x in ("x1", "x2") for z in ("z_h1", "z_h2")),
    *(("z_h1", "h1"), ("z_h2", "h2")),
    *((h, o) for h in ("h1", "h2") for o in ("o1", "o2")),
    *(("o1", "E1"), ("o2", "E2"), ("E1", "E"), ("E2", "E")),
]


def paths_to_loss(start: str) -> int:
    """Count the paths from a node to E."""
    if start == "E":
        return 1
    return sum(paths_to_loss(end) for node, end in network_edges if node == start)


print("paths to E:", ", ".join(f"{n} {paths_to_loss(n)}" for n in ("o1", "h1", "z_h1", "x1")))

# %% tags=["active-ipynb"]
# draw(network_edges)

# %% [markdown]
# A layer of ten neurons multiplies the number of paths by ten, but its edges are only added to the
# others. So the backward pass does not follow the paths one by one. It adds up at each value what
# arrives there, and goes on with the sum: it walks every edge once.

# %% [markdown]
# ## Worked example: forward through a smaller network
#
# Another network: one input, one hidden neuron with $\tanh$, two outputs without a bias, and an
# error without the factor ½.
#
# $$z = w\,x + b, \qquad h = \tanh z, \qquad o_1 = v_1 h, \qquad o_2 = v_2 h, \qquad
#   E = (o_1 - t_1)^2 + (o_2 - t_2)^2 .$$
#
# One line of code for each step. Numbers come from the dicts, and every value stays a tensor.


# %%
def small_forward(inputs: dict[str, Tensor], parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Run the forward pass of the smaller network."""
    z = parameters["w"] * inputs["x"] + parameters["b"]
    h = torch.tanh(z)
    o1 = parameters["v1"] * h
    o2 = parameters["v2"] * h
    E = (o1 - inputs["t1"]) ** 2 + (o2 - inputs["t2"]) ** 2
    return {"z": z, "h": h, "o1": o1, "o2": o2, "E": E}


small_inputs = scalars(x=1.5, t1=0.2, t2=-1.0)
small_parameters = scalars(w=0.8, b=-0.4, v1=1.2, v2=-0.7)
for name, value in small_forward(small_inputs, small_parameters).items():
    print(f"{name:2s} = {value:.4f}")

# %% [markdown]
# ## Exercise 2: the forward pass
# *4 points · about 10 minutes · difficulty ●●○○○ · importance ●●●●○*
#
# Write `forward(inputs, parameters)`: compute the steps of the table in order, and return all nine
# of them in a dict under the names `z_h1`, `z_h2`, `h1`, `h2`, `o1`, `o2`, `E1`, `E2`, `E`. You may
# use `torch.sigmoid`. Read every number from the two dicts, as in `inputs["x1"]` or
# `parameters["w1"]`, because you are graded on other values than those above. Keep every value a
# tensor that autograd can follow (no `.item()`, no `.detach()`), which is worth a quarter of the
# points: the later exercises build on it.
#
# With the values above, $z_{h1} = 0.3775$ and $h_1 = 0.5932700$. Again each step is judged from
# your own values of the steps before it.


# %% [markdown]
# <details><summary>Hint 1 for forward</summary>
#
# Go down the table, with one line of Python for each line of it and the same names. A short name
# for each dict, or for `inputs["x1"]` and the like, keeps the lines readable.
#
# </details>
#
# <details><summary>Hint 2 for forward</summary>
#
# Sums, products and powers of tensors are tensors, so there is nothing to convert: write no
# `float`, no `.item()` and no `torch.tensor`. At the end put the nine values into one dict.
#
# </details>
#
# <details><summary>Hint 3 for forward</summary>
#
# If a step is wrong and looks right, compare its indices with the table. To each hidden neuron, and
# to each output, lead two weights and one bias of its own.
#
# </details>


# %%
def forward(inputs: dict[str, Tensor], parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Run the forward pass of the 2-2-2 network.

    inputs: {x1, x2, t1, t2}, each 0-d
    parameters: {w1 … w8, b_h1, b_h2, b_o1, b_o2}, each 0-d
    returns: {z_h1, z_h2, h1, h2, o1, o2, E1, E2, E}, each 0-d
    """
    x1, x2 = inputs["x1"], inputs["x2"]
    p = parameters
    z_h1 = p["w1"] * x1 + p["w2"] * x2 + p["b_h1"]
    z_h2 = p["w3"] * x1 + p["w4"] * x2 + p["b_h2"]
    h1 = torch.sigmoid(z_h1)
    h2 = torch.sigmoid(z_h2)
    o1 = p["w5"] * h1 + p["w6"] * h2 + p["b_o1"]
    o2 = p["w7"] * h1 + p["w8"] * h2 + p["b_o2"]
    E1 = (o1 - inputs["t1"]) ** 2 / 2
    E2 = (o2 - inputs["t2"]) ** 2 / 2
    return {
        "z_h1": z_h1,
        "z_h2": z_h2,
        "h1": h1,
        "h2": h2,
        "o1": o1,
        "o2": o2,
        "E1": E1,
        "E2": E2,
        "E": E1 + E2,
    }


# %% [markdown]
# This is what you have built: your `forward` at the values above, and after ∂ the gradient of $E$.
# Only $w_1$ and $w_3$ are inputs here; the rest are constants, which keeps the picture small.
# Follow the two paths from $w_1$ to $E$. In exercise 3 you find the same gradients by hand.


# %%
def part_of_forward(w1: Tensor, w3: Tensor) -> dict[str, Tensor]:
    """Call your `forward` with all else as plain numbers, which are no nodes of a graph."""
    numbers: dict[str, Any] = {n: value.item() for n, value in (inputs | parameters).items()}
    return forward(numbers, numbers | {"w1": w1, "w3": w3})


# %% tags=["active-ipynb"]
# draw(part_of_forward, parameters["w1"], parameters["w3"])

# %% [markdown]
# ## Worked example: backward through the smaller network
#
# The steps in reverse.
#
# - $\partial E / \partial o_1 = 2\,(o_1 - t_1)$, since nothing halves the square here.
# - $v_1$ leads from $h$ to $o_1$, so its gradient is $\partial E / \partial o_1 \cdot h$.
# - $h$ is used twice, through $v_1$ and through $v_2$: two terms, added.
# - The slope of $h = \tanh z$ is $1 - h^2$. The forward pass has $h$ already.


# %%
def small_backward(inputs: dict[str, Tensor], parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Run the backward pass of the smaller network, by hand."""
    value = small_forward(inputs, parameters)
    h = value["h"]
    dE_do1 = 2 * (value["o1"] - inputs["t1"])
    dE_do2 = 2 * (value["o2"] - inputs["t2"])
    dE_dv1 = dE_do1 * h
    dE_dv2 = dE_do2 * h
    dE_dh = dE_do1 * parameters["v1"] + dE_do2 * parameters["v2"]
    dE_dz = dE_dh * (1 - h**2)
    dE_dw = dE_dz * inputs["x"]
    dE_db = dE_dz
    return {"dE_dw": dE_dw, "dE_db": dE_db, "dE_dv1": dE_dv1, "dE_dv2": dE_dv2}


# %% [markdown]
# Is it right? A derivative is what a small change does to the result. So make one, and look: the
# slope between two close points is nearly the derivative. An answer may not use such differences,
# but a test of yours may: in exercise 3, give `slope_nearby` a function of `p` that runs your
# `forward` with `p` for the parameters and hands back the loss. Along `w5` it finds nearly what
# `dE_dw5` must be.


# %%
def slope_nearby(
    loss: Callable[[dict[str, Tensor]], Tensor], parameters: dict[str, Tensor], name: str
) -> Tensor:
    """Find the slope of a loss along one parameter, from two values close by."""
    small = 1e-6
    above = loss(parameters | {name: parameters[name] + small})
    below = loss(parameters | {name: parameters[name] - small})
    return (above - below) / (2 * small)


found = small_backward(small_inputs, small_parameters)
for name in small_parameters:
    nearby = slope_nearby(lambda p: small_forward(small_inputs, p)["E"], small_parameters, name)
    print(f"{name:2s}  by hand {found[f'dE_d{name}']:8.5f}   nearby {nearby:8.5f}")

# %% [markdown]
# Which of the four lines would no longer agree if the term through $v_2$ were forgotten in `dE_dh`?
# Take it out, and look.

# %% [markdown]
# ## Exercise 3: the backward pass
# *8 points · about 30 minutes · difficulty ●●●●○ · importance ●●●●●*
#
# Write `backward(inputs, parameters)`: call your `forward`, then walk the graph from $E$ back to
# every weight and bias. Follow the layers in reverse.
#
# **Outputs.** $E$ depends on $o_1$ only through $E_1$, so
#
# $$\frac{\partial E}{\partial o_1} = o_1 - t_1 ,$$
#
# and likewise for $o_2$.
#
# **Output weights and biases.** $w_5$ enters $o_1 = w_5 h_1 + w_6 h_2 + b_{o1}$ multiplied by
# $h_1$:
#
# $$\frac{\partial E}{\partial w_5} = \frac{\partial E}{\partial o_1}\, h_1 , \qquad
#   \frac{\partial E}{\partial b_{o1}} = \frac{\partial E}{\partial o_1} .$$
#
# The rule behind it: the gradient of a weight is the gradient at the *end* of its connection times
# the value at the *start*. Apply it to $w_6$, $w_7$, $w_8$ and the other bias.
#
# **Hidden values.** $h_1$ feeds both outputs, through $w_5$ and through $w_7$. Two paths, so two
# terms:
#
# $$\frac{\partial E}{\partial h_1} =
#   \frac{\partial E}{\partial o_1}\, w_5 + \frac{\partial E}{\partial o_2}\, w_7 .$$
#
# See for yourself which two weights lead away from $h_2$.
#
# **Through the sigmoid.** With the slope from above, $\partial h / \partial z = h\,(1 - h)$:
#
# $$\frac{\partial E}{\partial z_{h1}} = \frac{\partial E}{\partial h_1}\; h_1 (1 - h_1) .$$
#
# **Hidden weights and biases.** The rule of the output weights holds here too: end times start. The
# end of $w_1$ is $z_{h1}$, and its start is $x_1$.
#
# Return a dict of eighteen gradients: `dE_do1`, `dE_do2`, `dE_dw5` … `dE_dw8`, `dE_db_o1`,
# `dE_db_o2`, `dE_dh1`, `dE_dh2`, `dE_dz_h1`, `dE_dz_h2`, `dE_dw1` … `dE_dw4`, `dE_db_h1`,
# `dE_db_h2`. With the starting values, `dE_do1` is 1.0959060. **Errors are carried forward** here
# as well: each step is judged from your own values of the steps before it, so a slip in `dE_dh1`
# costs that step, and not `dE_dw1`.


# %% [markdown]
# <details><summary>Hint 1 for backward</summary>
#
# Call your `forward` first, and take what you need out of its dict. Then write the gradients in the
# order of the text: outputs, output weights, hidden values, sigmoids, hidden weights. Each line
# uses names that are there already.
#
# </details>
#
# <details><summary>Hint 2 for backward</summary>
#
# For a weight, find its term in the table of the network. On the left stands the end of its
# connection: take the gradient there. The factor beside the weight is the start: take its value. A
# bias has the factor 1.
#
# </details>
#
# <details><summary>Hint 3 for backward</summary>
#
# For a hidden value look for it on the right of the table. It stands in two lines, each time beside
# a weight. Gradient of the line times that weight, and add the two. The numbers of these weights
# differ by 2.
#
# </details>


# %%
def backward(inputs: dict[str, Tensor], parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Run the backward pass of the 2-2-2 network, by hand: all gradients of E.

    inputs: {x1, x2, t1, t2}, each 0-d
    parameters: {w1 … w8, b_h1, b_h2, b_o1, b_o2}, each 0-d
    returns: {dE_do1, dE_do2, dE_dw5 … dE_dw8, dE_db_o1, dE_db_o2, dE_dh1, dE_dh2,
        dE_dz_h1, dE_dz_h2, dE_dw1 … dE_dw4, dE_db_h1, dE_db_h2}, each 0-d
    """
    x1, x2 = inputs["x1"], inputs["x2"]
    p = parameters
    step = forward(inputs, parameters)
    h1, h2 = step["h1"], step["h2"]

    dE_do1 = step["o1"] - inputs["t1"]
    dE_do2 = step["o2"] - inputs["t2"]
    dE_dh1 = dE_do1 * p["w5"] + dE_do2 * p["w7"]
    dE_dh2 = dE_do1 * p["w6"] + dE_do2 * p["w8"]
    dE_dz_h1 = dE_dh1 * h1 * (1 - h1)
    dE_dz_h2 = dE_dh2 * h2 * (1 - h2)

    return {
        "dE_do1": dE_do1,
        "dE_do2": dE_do2,
        "dE_dw5": dE_do1 * h1,
        "dE_dw6": dE_do1 * h2,
        "dE_dw7": dE_do2 * h1,
        "dE_dw8": dE_do2 * h2,
        "dE_db_o1": dE_do1,
        "dE_db_o2": dE_do2,
        "dE_dh1": dE_dh1,
        "dE_dh2": dE_dh2,
        "dE_dz_h1": dE_dz_h1,
        "dE_dz_h2": dE_dz_h2,
        "dE_dw1": dE_dz_h1 * x1,
        "dE_dw2": dE_dz_h1 * x2,
        "dE_dw3": dE_dz_h2 * x1,
        "dE_dw4": dE_dz_h2 * x2,
        "dE_db_h1": dE_dz_h1,
        "dE_db_h2": dE_dz_h2,
    }


# %% [markdown]
# ## A good place to stop
#
# So far: gradients through a chain, and every gradient of a network, by hand. That is 15 of the 24
# points, and the heart of the lab. When you come back, run all cells from the top, and go on here.

# %% [markdown]
# ## Worked example: down into a valley
#
# Back to the linear neuron, $o = w\,x + b$ with $E = \tfrac12 (o - t)^2$. Let only $w$ move, with
# its gradient $(o - t)\,x$. A step changes $o$ by $-\eta\,(o - t)\,x^2$, so it multiplies the error
# $o - t$ by
#
# $$1 - \eta\,x^2 .$$
#
# **Before you run it:** here $x = 3$. What do the two rates do to the error, step by step?


# %%
def neuron_error(w: Tensor) -> Tensor:
    """Compute E of the linear neuron with x = 3, b = 1, t = 2."""
    return (w * 3 + 1 - 2) ** 2 / 2


def neuron_path(rate: float, steps: int) -> list[Tensor]:
    """Move w against its gradient, step by step; each value is a new tensor."""
    path = [torch.tensor(0.7, dtype=torch.float64)]
    for _ in range(steps):
        w = path[-1]
        dE_dw = (w * 3 + 1 - 2) * 3
        path.append(w - rate * dE_dw)
    return path


valley = torch.linspace(-0.6, 1.2, 91, dtype=torch.float64)
plt.figure(figsize=(5, 3))
plt.plot(valley.tolist(), neuron_error(valley).tolist(), color="lightgrey")
for rate in (0.04, 0.24):
    path = neuron_path(rate, 5)
    errors = [neuron_error(w).item() for w in path]
    print(f"rate {rate}: factor {1 - rate * 3**2:5.2f},  E", "  ".join(f"{E:.3f}" for E in errors))
    plt.plot([w.item() for w in path], errors, "o-", label=f"rate {rate}")
plt.xlabel("w")
plt.ylabel("E")
plt.legend()
plt.show()

# %% [markdown]
# The small rate walks down. The large one leaps across the valley, and lands higher on the other
# side each time. Which rate would reach the bottom in a single step? From which on does it diverge?

# %% [markdown]
# ## Exercise 4: one step of gradient descent
# *2 points · about 5 minutes · difficulty ●●○○○ · importance ●●●●○*
#
# Write `updated_parameters(inputs, parameters, learning_rate)`. Call your `backward`, and move
# every parameter against its own gradient, with the learning rate $\eta$:
#
# $$w \leftarrow w - \eta\, \frac{\partial E}{\partial w} .$$
#
# Return a new dict with the same twelve keys, and leave the given dict as it was. The gradient of
# `w1` is found under `dE_dw1`, and that of `b_h1` under `dE_db_h1`, so one short loop over the
# names does it. You are judged from your own gradients: a slip in `backward` costs nothing here.
#
# When it works, make a step with learning rate 10 and look at $E$ before and after, which your
# `forward` returns under `E`: the loss grows from 0.63 to about 97. The outputs are linear, and at
# that rate a step leaps far across the valley. Try 0.5 next, and the loss falls.


# %% [markdown]
# <details><summary>Hint 1 for updated_parameters</summary>
#
# Loop over names and values at once with `parameters.items()`, and collect the results in a new
# dict. An f-string makes the key of a gradient from the name of its parameter.
#
# </details>
#
# <details><summary>Hint 2 for updated_parameters</summary>
#
# `-=` would write into the tensor that you were given. A difference written out makes a new one.
#
# </details>


# %%
def updated_parameters(
    inputs: dict[str, Tensor], parameters: dict[str, Tensor], learning_rate: float
) -> dict[str, Tensor]:
    """Make one step of gradient descent on E, in a new dict; the given one is left unchanged.

    inputs: {x1, x2, t1, t2}, each 0-d
    parameters: {w1 … w8, b_h1, b_h2, b_o1, b_o2}, each 0-d
    learning_rate: a number
    returns: a new dict with the keys of parameters, each 0-d
    """
    gradient = backward(inputs, parameters)
    return {
        name: value - learning_rate * gradient[f"dE_d{name}"] for name, value in parameters.items()
    }


# %% [markdown]
# ## From one example to a batch
#
# Twelve scalars can be written out one by one, but twelve million cannot. In matrix form a layer is
# one line, whatever its size and whatever the number $n$ of examples. Put the examples in the rows
# of $X$, and the weights that lead *to* one unit in one row of $W$. Then
#
# $$Y = X W^\top + b, \qquad
#   X: (n, d), \quad W: (k, d), \quad b: (k,), \quad Y: (n, k) .$$
#
# Suppose the gradient $G = \partial L / \partial Y$ is known. It has the shape of $Y$, as every
# gradient has the shape of the thing it belongs to. Shapes then settle the rest:
#
# - $\partial L / \partial W$ has shape $(k, d)$. Each entry is "end times start", added up over the
#   examples. So $n$ must be the axis that is summed away: $(k, n)(n, d)$, which is $G^\top X$.
# - $\partial L / \partial b$ has shape $(k,)$. The bias reaches every row, so the gradients of all
#   rows add up: $\sum_i G_{ij}$.
# - $\partial L / \partial X$ has shape $(n, d)$. Each input collects from all $k$ units that it
#   feeds, so $k$ is summed away: $(n, k)(k, d)$, which is $G W$ without a transpose.
#
# A function applied to each entry, such as $\sigma$, needs no matrix product: its gradient is
# multiplied entry by entry. Below, a layer with unequal sizes and without a bias, and the loss
# $L = \sum_{ij} Y_{ij}^2$ with $G = 2Y$.

# %%
X = torch.arange(12, dtype=torch.float64).reshape(4, 3) / 10
W = torch.tensor([[1.0, -2.0, 0.5], [0.0, 1.0, 3.0]], dtype=torch.float64, requires_grad=True)

Y = X @ W.T
L = (Y**2).sum()
L.backward()

G = 2 * Y.detach()
print("shapes   X", tuple(X.shape), "  W", tuple(W.shape), "  G", tuple(G.shape))
print("by hand, Gᵀ X:", G.T @ X, sep="\n")
print("by autograd:", W.grad, sep="\n")

# %% [markdown]
# ## Worked example: shapes, line by line
#
# Now with a bias, a function of each entry, and a mean over the examples:
#
# $$A = X W^\top + b, \qquad H = \tanh A, \qquad L = \frac1n \sum_{ij} H_{ij} .$$
#
# Three examples, two inputs, four units: with three different sizes no shape fits by chance.


# %%
def layer_loss(X: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """Compute the sum over the units and mean over the examples."""
    return torch.tanh(X @ W.T + b).sum() / len(X)


def layer_backward(X: Tensor, W: Tensor, b: Tensor) -> dict[str, Tensor]:
    """Compute the gradients of the layer's loss, by hand."""
    H = torch.tanh(X @ W.T + b)       # (n, d)(d, k) + (k,)     gives (n, k)
    dH = torch.ones_like(H) / len(X)  # like H                        (n, k)
    dA = dH * (1 - H**2)              # (n, k), entry by entry  gives (n, k)
    dW = dA.T @ X                     # (k, n)(n, d)            gives (k, d)
    db = dA.sum(dim=0)                # (n, k), summed over n   gives (k,)
    dX = dA @ W                       # (n, k)(k, d)            gives (n, d)
    return {"dA": dA, "dW": dW, "db": db, "dX": dX}


X = torch.tensor([[0.5, -1.0], [1.5, 0.2], [-0.3, 0.8]], dtype=torch.float64)
W = torch.tensor([[0.4, -0.6], [1.0, 0.3], [-0.2, 0.7], [0.1, 0.9]], dtype=torch.float64)
b = torch.tensor([0.1, -0.2, 0.3, 0.0], dtype=torch.float64)

batch_found = layer_backward(X, W, b)
leaves = [tensor.clone().requires_grad_() for tensor in (W, b, X)]
by_autograd = torch.autograd.grad(layer_loss(leaves[2], leaves[0], leaves[1]), leaves)
for name, gradient in zip(("dW", "db", "dX"), by_autograd, strict=True):
    agree = torch.allclose(batch_found[name], gradient)
    print(f"{name}: shape {tuple(batch_found[name].shape)}, as by autograd: {agree}")

# %% tags=["active-ipynb"]
# draw(layer_loss, X, W, b)

# %% [markdown]
# Write `X.T @ dA` for `dW`: what is its shape? In exercise 5 all weights are 2 × 2, so torch does
# not complain about a transpose too many: the numbers are simply wrong. So write the shapes beside
# your lines in letters, and test with weights that are not symmetric.

# %% [markdown]
# ## Exercise 5: the backward pass for a batch
# *5 points · about 25 minutes · difficulty ●●●●○ · importance ●●●●●*
#
# Write `batch_backward(X, T, W1, b1, W2, b2)` for the same network. Row $i$ of $X$ holds the inputs
# of example $i$, row $i$ of $T$ its targets, and
#
# $$W_1 = \begin{pmatrix} w_1 & w_2 \\ w_3 & w_4 \end{pmatrix}, \qquad
#   b_1 = (b_{h1}, b_{h2}), \qquad
#   W_2 = \begin{pmatrix} w_5 & w_6 \\ w_7 & w_8 \end{pmatrix}, \qquad
#   b_2 = (b_{o1}, b_{o2}) .$$
#
# The forward pass, in which $X$, $H$, $O$ and $T$ have the shape $(n, 2)$:
#
# $$H = \sigma\bigl(X W_1^\top + b_1\bigr), \qquad O = H W_2^\top + b_2 .$$
#
# The loss is summed over the outputs and **averaged over the batch**:
#
# $$L = \frac1n \sum_{i=1}^{n} \tfrac12 \sum_{j} (O_{ij} - T_{ij})^2, \qquad\text{so}\qquad
#   \frac{\partial L}{\partial O} = \frac{1}{n}\,(O - T) .$$
#
# Go back through the output layer, the sigmoid and the hidden layer with the three rules above, and
# return `(dW1, db1, dW2, db2)`. For a batch of one example you must find the numbers of exercise 3
# again; that is a good test.


# %% [markdown]
# <details><summary>Hint 1 for batch_backward</summary>
#
# First go forward, in two lines, to $H$ and $O$. Then find three gradients, one after the other:
# those of $O$, of $H$, and of the sums inside the sigmoid. All have shape $(n, 2)$. The four that
# you return are made from the first and the last of them.
#
# </details>
#
# <details><summary>Hint 2 for batch_backward</summary>
#
# The output layer is a layer like that above, and its input is $H$. The rule for
# $\partial L / \partial X$ leads back through it, without a transpose. Through the sigmoid it goes
# entry by entry, as in exercise 3.
#
# </details>
#
# <details><summary>Hint 3 for batch_backward</summary>
#
# The number of examples is `len(X)`. Divide by it once, in the gradient of $O$: all gradients
# further back are multiples of that one. For a bias, add up over the examples, which are axis 0.
#
# </details>


# %%
def batch_backward(
    X: Tensor, T: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compute the gradients of the loss, summed over outputs and averaged over the batch, by hand.

    X: (n, 2), T: (n, 2)
    W1: (2, 2), b1: (2,), W2: (2, 2), b2: (2,)
    returns: (dW1, db1, dW2, db2), each with the shape of its parameter
    """
    H = torch.sigmoid(X @ W1.T + b1)
    dO = (H @ W2.T + b2 - T) / len(X)
    dZ = dO @ W2 * H * (1 - H)
    return dZ.T @ X, dZ.sum(dim=0), dO.T @ H, dO.sum(dim=0)


# %% [markdown]
# ## Worked example: a path that breaks
#
# Two ways to compute the error of the linear neuron. **Before you run it:** do they give the same
# value? Can autograd go back through both?


# %%
def whole_error(w: Tensor, b: Tensor) -> Tensor:
    """Compute the error with tensors throughout."""
    o = w * 3 + b
    return (o - 2) ** 2 / 2


def broken_error(w: Tensor, b: Tensor) -> Tensor:
    """Compute the same by way of a plain number."""
    o = torch.tensor((w * 3 + b).item(), dtype=w.dtype)
    return (o - 2) ** 2 / 2


for error in (whole_error, broken_error):
    w, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.5, 1.0))
    E = error(w, b)
    print(f"{error.__name__:12s}  E = {E.item():.4f}   can go back: {E.requires_grad}")

# %% tags=["active-ipynb"]
# draw(broken_error, 0.5, 1.0)

# %% [markdown]
# The value does not tell; in the picture no gradient is left. Torch complains only where every path
# is gone, as here: if one parameter of twelve is cut off, `backward()` succeeds, and that one has
# `None` for its gradient.

# %% [markdown]
# ## Exercise 6: a loss for autograd
# *2 points · about 10 minutes · difficulty ●○○○○ · importance ●●●●○*
#
# Write `network_loss(inputs, parameters)`: it returns $E$ alone, a scalar tensor, in such a way
# that autograd can differentiate it with respect to all twelve parameters. It may call your
# `forward`. Two things break the graph: `.item()` or `float(...)`, which turn a tensor into a plain
# number, and `torch.tensor(...)` around an old value, which makes a fresh tensor without a history.
#
# Then let autograd judge your work of exercise 3. Paste this into a cell of your own:
#
# ```python
# leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
# network_loss(inputs, leaves).backward()
# by_hand = backward(inputs, parameters)
# for name, leaf in leaves.items():
#     slope = "None" if leaf.grad is None else f"{leaf.grad:.10f}"
#     print(f"{name:5s}  autograd {slope}   by hand {by_hand[f'dE_d{name}']:.10f}")
# ```


# %% [markdown]
# <details><summary>Hint 1 for network_loss</summary>
#
# Your `forward` computes $E$ already, and keeps every value a tensor that autograd can follow. What
# does it return, and under which name is $E$ in there?
#
# </details>
#
# <details><summary>Hint 2 for network_loss</summary>
#
# If a parameter gets no gradient, follow it through `forward` line by line. Somewhere on its way
# stands `.item()`, `float(...)`, `.detach()`, `torch.tensor(...)`, or a number in its place.
#
# </details>


# %%
def network_loss(inputs: dict[str, Tensor], parameters: dict[str, Tensor]) -> Tensor:
    """Compute the loss E of the 2-2-2 network, so that autograd can differentiate it.

    inputs: {x1, x2, t1, t2}, each 0-d
    parameters: {w1 … w8, b_h1, b_h2, b_o1, b_o2}, each 0-d
    returns: 0-d
    """
    return forward(inputs, parameters)["E"]


# %% [markdown]
# ## The same network in torch
#
# In practice a layer is an object that holds its weights. `nn.Linear(2, 2)` is $X W^\top + b$, with
# $W$ and $b$ as in exercise 5. An `nn.Module` puts layers together; its `forward` says how they
# follow one another. There is no `backward`: autograd finds it.


# %%
class Network(nn.Module):
    """The 2-2-2 network, for any number of examples."""

    def __init__(self) -> None:
        """Make two layers, with weights drawn at random."""
        super().__init__()
        self.hidden = nn.Linear(2, 2, dtype=torch.float64)
        self.output = nn.Linear(2, 2, dtype=torch.float64)

    def forward(self, X: Tensor) -> Tensor:
        """Compute the outputs."""
        outputs: Tensor = self.output(torch.sigmoid(self.hidden(X)))
        return outputs


def gathered(values: dict[str, Tensor], names: str, *shape: int) -> Tensor:
    """Put some of the values into one tensor."""
    return torch.stack([values[name] for name in names.split()]).reshape(shape)


network = Network()
state = {
    "hidden.weight": gathered(parameters, "w1 w2 w3 w4", 2, 2),
    "hidden.bias": gathered(parameters, "b_h1 b_h2", 2),
    "output.weight": gathered(parameters, "w5 w6 w7 w8", 2, 2),
    "output.bias": gathered(parameters, "b_o1 b_o2", 2),
}
network.load_state_dict(state)  # the same start as by hand

# The gradients by autograd, beside those of your batch_backward for a batch of one example.
one_input, one_target = gathered(inputs, "x1 x2", 1, 2), gathered(inputs, "t1 t2", 1, 2)
torch_loss = ((network(one_input) - one_target) ** 2).sum() / 2
torch_loss.backward()
print(f"E = {torch_loss.item():.7f}")
try:
    yours = batch_backward(one_input, one_target, *state.values())
    for (name, parameter), gradient in zip(network.named_parameters(), yours, strict=True):
        slope = parameter.grad
        agrees = False
        if slope is not None and slope.shape == gradient.shape:
            agrees = torch.allclose(slope, gradient.to(slope.dtype))
        print(f"{name:14s} agrees with yours: {agrees}")
except NotImplementedError:
    print("Write batch_backward, and run this cell again.")

# %% [markdown]
# An *optimiser* takes the place of `updated_parameters`. It is given the parameters once, and then
# moves all of them at each `step()`. Paste this into a cell of your own (the first use of
# `torch.optim` may take a few seconds):
#
# ```python
# network.load_state_dict(state)
# optimiser = torch.optim.SGD(network.parameters(), lr=0.5)
# by_hand = parameters
# for _ in range(5):
#     optimiser.zero_grad()
#     loss = ((network(one_input) - one_target) ** 2).sum() / 2
#     loss.backward()
#     print(f"torch {loss.item():.9f}   by hand {network_loss(inputs, by_hand).item():.9f}")
#     optimiser.step()
#     by_hand = updated_parameters(inputs, by_hand, 0.5)
# ```
#
# Why `zero_grad()`? A gradient is *added* to what `.grad` holds: over the paths, and so over calls.
# Leave the line out, and see which column still falls as it should. Then try `torch.optim.Adam` for
# `SGD`: the same gradients, another rule for the step.

# %% [markdown]
# ## Closing experiment: does it learn?
#
# *Nothing is graded here · about 10 minutes*
#
# Your `backward` and your `updated_parameters` train the network, and your `network_loss` says how
# it does: at a bold learning rate, and at a modest one. **Before you run it:** the axis of $E$ is
# logarithmic. What does it mean that a curve is a straight line there?


# %%
def loss_curve(rate: float, steps: int = 15) -> list[float]:
    """Train with your own functions; E before each step and after the last."""
    current, curve = parameters, [network_loss(inputs, parameters).item()]
    for _ in range(steps):
        current = updated_parameters(inputs, current, rate)
        curve.append(network_loss(inputs, current).item())
    return curve


# %%
plt.figure(figsize=(5, 3))
for rate in (10, 0.5):  # add some in between
    try:
        curve = loss_curve(rate)
    except NotImplementedError:
        print(f"rate {rate}: forward, backward, updated_parameters and network_loss are needed first")
        continue
    print(f"rate {rate}: E = {curve[0]:.3f} at first, {curve[-1]:.3g} at last")
    plt.semilogy(curve, "o-", label=f"learning rate {rate}")
    plt.legend()
plt.xlabel("step")
plt.ylabel("E")
plt.show()

# %% [markdown]
# **What happens if …**
#
# - … the rate is 1, 1.5, 2 or 3? Where does learning end? One of these curves soon stops
#   changing. Print $h_1$ and $h_2$ along the way before you unfold the reason.
# - … both hidden neurons start alike: $w_3 = w_1$, $w_4 = w_2$, $w_6 = w_5$, $w_8 = w_7$? Compare
#   $h_1$ with $h_2$ after training. Why do they never differ? How then should weights start?
#
# <details><summary>The reason</summary>
#
# With $h_1$ and $h_2$ fixed, a step multiplies each error $o - t$ by
# $1 - \eta\,(1 + h_1^2 + h_2^2)$, as in the valley above: the 1 in the bracket is the bias. A large
# rate throws the hidden sums far from 0 as well. Both sigmoids saturate near 0, no gradient comes
# through them any more, and the network is down to its two output biases, with the factor
# $1 - \eta$. At the rate 2 that is $-1$: they leap to and fro for ever.
#
# </details>

# %% [markdown]
# ## What to remember
#
# - Forward: compute and keep. Backward: reuse and multiply.
# - Multiply along a path, and add over the paths.
# - The gradient of a weight is the gradient at the end of its connection times the value at its
#   start.
# - A gradient has the shape of its tensor, and the shapes say where the transpose belongs.
# - Many paths, few edges: add up at each value, then go on.
# - Where a sigmoid is flat, no gradient comes through.
# - Test a gradient against the slope between two close points, or against autograd.
#
# ## Glossary
#
# | term | in one line |
# |---|---|
# | backpropagation | the backward pass: every gradient from those after it, each edge once |
# | saturated | far out on a sigmoid, where the slope is almost 0 |
# | errors carried forward | each step is marked from your own values of the steps before it |
# | batch | several examples at once, in the rows of a matrix |
# | learning rate | how far a step goes, as a multiple of the gradient |
# | `nn.Module` | an object that holds layers with their parameters, and says how to go forward |
# | optimiser | an object that moves parameters, given their gradients |
#
# ## What to read next
#
# - [Backpropagation, intuitions](https://cs231n.github.io/optimization-2/), Stanford's CS231n:
#   graphs as circuits, and at the end the gradients of a matrix product.
# - [Forward and backward](https://d2l.ai/chapter_multilayer-perceptrons/backprop.html), *Dive into
#   Deep Learning*: a network like this one, with regularisation.
# - [How the algorithm works](http://neuralnetworksanddeeplearning.com/chap2.html), chapter 2 of
#   Michael Nielsen's book: four equations, proved.
# - [Modules](https://docs.pytorch.org/docs/stable/notes/modules.html), PyTorch: layers that hold
#   their parameters, and how they are trained.
