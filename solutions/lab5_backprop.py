# %% [markdown]
# # Lab 5: Backpropagation by hand
#
# In lab 2 you followed gradients through small graphs. Here you do it for a neural network: first
# one number at a time, then for a whole batch with matrices. At the end autograd confirms your
# work.
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
import torch
from torch import Tensor

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

# %% [markdown]
# ## Exercise 1: the sigmoid, step by step
# *3 points · about 10 minutes*
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
# ## Exercise 2: the forward pass
# *4 points · about 10 minutes*
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
# ## Exercise 3: the backward pass
# *8 points · about 30 minutes*
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
# ## Exercise 4: one step of gradient descent
# *2 points · about 5 minutes*
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
# ## Exercise 5: the backward pass for a batch
# *5 points · about 25 minutes*
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
# ## Exercise 6: a loss for autograd
# *2 points · about 10 minutes*
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
#     print(f"{name:5s}  autograd {leaf.grad:.10f}   by hand {by_hand[f'dE_d{name}']:.10f}")
# ```


# %%
def network_loss(inputs: dict[str, Tensor], parameters: dict[str, Tensor]) -> Tensor:
    """Compute the loss E of the 2-2-2 network, so that autograd can differentiate it.

    inputs: {x1, x2, t1, t2}, each 0-d
    parameters: {w1 … w8, b_h1, b_h2, b_o1, b_o2}, each 0-d
    returns: 0-d
    """
    return forward(inputs, parameters)["E"]


# %% [markdown]
# ## What to remember
#
# - Forward: compute and keep. Backward: reuse and multiply.
# - Multiply along a path, and add over the paths.
# - The gradient of a weight is the gradient at the end of its connection times the value at its
#   start.
# - A gradient has the shape of its tensor, and the shapes say where the transpose belongs.
