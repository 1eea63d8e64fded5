# %% [markdown]
# # Lab 3: Regression and a linear classifier
#
# The loop that trains a network of a billion weights and the loop that fits a line to twenty
# points have the same four lines. In this lab you write them, watch them roll down a valley, and
# see why they are sometimes so slow. At the end your own classifier paints a plane in three
# colours, a colour for each kind of point.
#
# You build the training loop of a neural network from its parts: a model, a loss, a step, a loop.
# With it you fit three curves to twenty points, and find out why one of them is so much slower than
# the others. The last exercise turns the same linear model into a classifier.
#
# **You will learn**
# - how to write a linear model for a whole data set at once, and what shapes to expect;
# - what gradient descent needs from autograd, and the two habits of autograd that you must handle;
# - why the shape of the loss surface decides how many epochs a fit takes, and how scaling the
#   features helps;
# - how scores become probabilities, and why their logarithms make a good loss.
#
# **What you should know.** From lab 1 shapes, broadcasting, and how to pick an entry from every
# row of a matrix; from lab 2 what a gradient is, and that autograd finds it. A matrix product, a
# mean and a logarithm should be no strangers. Eigenvalues appear once, and a picture says what
# they mean.
#
# **How long it takes.** The exercises take about 85 minutes. With the worked examples and the
# experiments, plan two and a half hours.
#
# | part | what it is | minutes |
# |---|---|---|
# | the data | a table, a picture, a first guess | 10 |
# | exercises 1 and 2 | a model and a loss | 20 |
# | exercises 3 and 4 | a step and a loop | 40 |
# | *a good place to stop* | | |
# | how many epochs? | valleys, and a search for a learning rate | 20 |
# | exercise 5 | three fits | 25 |
# | exercise 6 | a classifier | 25 |
# | experiment | three colours | 10 |
#
# Before each kind of exercise stands a worked example, similar and never the same. After the text
# of an exercise come hints to unfold; `hint("train")` shows those for one name, one at a time.
# Difficulty, and importance for the labs to come, go from ●○○○○ to ●●●●●. A cell with `draw(...)`
# draws: a tensor as boxes, or a graph with values forward and gradients backward. Some cells use
# what you are to write; as long as that is missing, they say so.
#
# **How to work.** Read from top to bottom and run each cell as you reach it. In the exercises,
# write your code in place of `raise NotImplementedError` in a function, and of `...` in a variable;
# the docstring says what goes in and what must come out. Run your cell, and then the `check(...)`
# cell below it, as often as you like: ✓ is right, ◐ right in part, ✗ wrong, … not yet written.
# Where you are wrong, it says what differs from what, and often which slip leads there. Exercises
# build on earlier ones, so mend the first that fails first.
#
# **How it is graded.** Your notebook is run afresh from top to bottom, and your answers are found
# by name, so keep the names and arguments as they are. Before you hand in, restart the kernel, run
# all cells, and look at the checks once more. The lab is worth 20 points.
#
# `check` asks at a few fixed points, the grader at others, in float64, on a device which may be a
# GPU: it is best to write no dtype and no device into an answer, and to let every result take both
# from its inputs.
# Everything is written **from scratch**: no `torch.nn`, no `torch.optim`, no ready-made loss. The
# gradients are not derived by hand either; `backward()` supplies them.
#
# A function works for every size that its docstring allows, and leaves its arguments as they were
# unless its exercise says *in place*: it neither writes into them nor changes their `requires_grad`.
# Where an answer is right but for such a demand, or for how `train` is to hand its results back,
# that costs a quarter of its points.

# %%
import matplotlib.pyplot as plt
import torch
from torch import Tensor

# %% [markdown]
# ## The data
#
# Twenty points $(x_i, y_i)$. They are stored in float64, so that rounding errors stay far below the
# effects that you will look at.

# %%
x = torch.tensor(
    [1.5420291, 1.8935232, 2.1603365, 2.5381863, 2.893443, 3.838855, 3.925425, 4.2233696]
    + [4.235571, 4.273397, 4.9332876, 6.4704757, 6.517571, 6.87826, 7.0009003, 7.035741]
    + [7.278681, 7.7561755, 9.121138, 9.728281],
    dtype=torch.float64,
)
y = torch.tensor(
    [63.802246, 80.036026, 91.4903, 108.28776, 122.781975, 161.36314, 166.50816, 176.16772]
    + [180.29395, 179.09758, 206.21027, 272.71857, 272.24033, 289.54745, 293.8488, 295.2281]
    + [306.62274, 327.93243, 383.16296, 408.65967],
    dtype=torch.float64,
)
print(f"{len(x)} points, {x.min():.2f} ≤ x ≤ {x.max():.2f} and {y.min():.2f} ≤ y ≤ {y.max():.2f}")

# %% [markdown]
# Look before you fit. The left picture shows the points and a straight line that is only a guess;
# the right one shows by how much the line misses each of them. Change the two numbers of the
# guess until the misses are small. *Which of the two do you change first, and how do you know
# when to stop?* Gradient descent will have to answer the same questions.

# %%
guessed_slope, guessed_bias = 20.0, 100.0  # change these

misses = guessed_slope * x + guessed_bias - y
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3), gridspec_kw={"wspace": 0.3})
left.plot(x.tolist(), y.tolist(), "o", markersize=4)
left.axline((0, guessed_bias), slope=guessed_slope, color="C1")
left.set(xlabel="x", title="points, and a guess")
right.vlines(x.tolist(), 0, misses.tolist(), color="C1")
right.axhline(0, color="grey", linewidth=0.5)
right.set(xlabel="x", title="guess minus y")
plt.show()

# %% [markdown]
# A model sees a table: one row for each example, one column for each feature. So a data set of $n$
# examples with $d$ features has shape $(n, d)$, and a single feature still needs its own axis:
# $(20, 1)$ rather than $(20,)$. The targets get the shape $(20, 1)$ as well. Indexing with `None`
# adds an axis of length 1 at that place, as `unsqueeze` does.

# %%
x_column = x[:, None]
y_column = y[:, None]
features = torch.stack([x, x**2], dim=1)

print("x_column", tuple(x_column.shape), "  y_column", tuple(y_column.shape))
print("features", tuple(features.shape), "  with columns x and x²")

# %% [markdown]
# The second axis matters. Where two shapes differ, torch *broadcasts*: it compares them from the
# last axis backward, and repeats a tensor along each axis that it lacks, or along which it has
# length 1. So a bias of shape $(1,)$ is added to every row. But if one tensor has the shape
# $(n, 1)$ and the other $(n,)$, their difference has the shape $(n, n)$, every entry against every
# other, and torch says nothing. The mean of its squares is a number too, and the wrong one:

# %%
column = torch.zeros(3, 1)
row = torch.zeros(3)
print("column - column:", tuple((column - column).shape))
print("column - row:   ", tuple((column - row).shape))

# %% [markdown]
# Drawn with numbers in it: a column of three predictions minus three targets that lie flat.
# *Which of the nine differences were meant?*

# %% tags=["active-ipynb"]
# draw(torch.tensor([[10.0], [20.0], [30.0]]) - torch.tensor([1.0, 2.0, 3.0]))

# %% [markdown]
# The three on the diagonal. In the rest of the lab, targets are columns like the predictions.
#
# ## Worked example: all points at once
#
# To turn a point of the plane about the origin, multiply it by a matrix $R$. For one point, a
# column $p$, that is $R p$. A table has its points as *rows*, and one product turns them all:
#
# $$(R p)^\top = p^\top R^\top, \qquad \text{so} \qquad
# \text{table} \cdot R^\top: \quad (n, 2)\,(2, 2) = (n, 2) .$$
#
# Write the shapes below the factors first: the inner two must agree and vanish, the outer two
# stay. The function also takes a centre to turn about, or `None` for the origin. *Before you run
# it:* where does a quarter turn take the point (1, 0)? And the centre itself?


# %%
def turned(table: Tensor, rotation: Tensor, centre: Tensor | None) -> Tensor:
    """Turn every row of a table (n, 2) by a matrix (2, 2), about a centre (2,) or the origin."""
    if centre is None:
        return table @ rotation.T
    return turned(table - centre, rotation, None) + centre


corners = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
quarter = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
print("about the origin:", turned(corners, quarter, None).tolist())
print("about (1, 1):    ", turned(corners, quarter, torch.ones(2)).tolist())

# %% [markdown]
# `centre` has shape $(2,)$ and `table` $(n, 2)$. Counted from the last axis backward the twos
# meet, and the axis that `centre` lacks is filled by repeating it for each row. The question is
# `is None`, not `if centre`: the truth of a tensor is that of its number, so a centre at 0 would
# count as none, and with two numbers torch refuses to answer.

# %% [markdown]
# ## Exercise 1: a linear model
# *2 points · about 5 minutes · difficulty ●●○○○ · importance ●●●●○*
#
# A linear model multiplies each feature by a weight, adds up, and adds a bias:
#
# $$\hat y_i = \sum_{j=1}^{d} w_j\, x_{ij} + b .$$
#
# The weights form one row, of shape $(1, d)$, and the bias has shape $(1,)$. Write
# `predict(x, w, b)` for all $n$ examples at once; one matrix product does it:
#
# $$\hat y = x\, w^\top + b, \qquad \text{of shape } (n, d)\,(d, 1) = (n, 1) .$$
#
# Some models have no bias. They pass `None` for `b`, and then nothing is added. For instance,
# $x = (1 \;\; 2)$ with $w = (3 \;\; 4)$ and $b = 5$ gives 16, and without a bias 11.

# %% [markdown]
# <details><summary>Hint 1 for predict</summary>
#
# Begin with the model without a bias. Write the shapes of `x` and `w` side by side: which of the
# two must be turned over, so that the inner sizes agree?
#
# </details>
#
# <details><summary>Hint 2 for predict</summary>
#
# Ask with `is None`. A bias that holds the number 0 is there all the same, and is to learn.
#
# </details>


# %%
def predict(x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
    """Predict with a linear model, for every row of x.

    x: (n, d)
    w: (1, d)
    b: (1,), or None for a model without a bias
    returns: (n, 1)
    """
    prediction = x @ w.T
    return prediction if b is None else prediction + b


# %% [markdown]
# ## Worked example: the largest error
#
# A loss turns a whole column of errors into one number. Here is one that looks at nothing but the
# worst of them. It goes in three steps: subtract, make every error positive, and *reduce* the
# table to a scalar. A reduction without `dim` runs over all axes, and what it leaves is a 0-d
# tensor with the empty shape `()`.


# %%
def largest_error(prediction: Tensor, y: Tensor) -> Tensor:
    """Find the largest distance of a prediction from its target, 0-d."""
    return (prediction - y).abs().max()


guess = guessed_slope * x_column + guessed_bias
print(f"largest error of the guess: {largest_error(guess, y_column).item():.2f}")
print("shape", tuple(largest_error(guess, y_column).shape))

# %% [markdown]
# Is it a good loss? Its gradient comes from one point, and the other nineteen have no say. The
# mean of squares hears all of them, the distant ones most.

# %% [markdown]
# ## Exercise 2: mean squared error
# *2 points · about 5 minutes · difficulty ●○○○○ · importance ●●●●○*
#
# The loss says in one number how far the predictions are from the targets:
#
# $$L = \frac1n \sum_{i=1}^{n} (\hat y_i - y_i)^2 .$$
#
# Write `mean_squared_error(prediction, y)`. Both arguments have shape $(n, 1)$, and the result is a
# scalar, that is, a 0-d tensor. For predictions 1, 2, 3 and targets 1, 2, 5 it is $4/3$.

# %% [markdown]
# <details><summary>Hint 1 for mean_squared_error</summary>
#
# The same three steps as in the worked example, with other things in the second and the third.
#
# </details>
#
# <details><summary>Hint 2 for mean_squared_error</summary>
#
# Let torch count the examples: a tensor has a method for its mean. Leave the result a tensor,
# since `.item()` would cut it off from autograd.
#
# </details>


# %%
def mean_squared_error(prediction: Tensor, y: Tensor) -> Tensor:
    """Average the squared differences between predictions and targets.

    prediction: (n, 1)
    y: (n, 1)
    returns: 0-d
    """
    return ((prediction - y) ** 2).mean()


# %% [markdown]
# Model and loss together, for the first two points of the data, at $w = 0$ and $b = 0$. The
# numbers forward are values, those backward gradients. *Before you run it:* the line lies below
# both points. Which sign must both gradients have?

# %% tags=["active-ipynb"]
# draw(
#     lambda w, b: mean_squared_error(predict(x_column[:2], w, b), y_column[:2]),
#     x.new_zeros(1, 1),
#     x.new_zeros(1),
# )

# %% [markdown]
# They are negative: the loss falls where $w$ or $b$ grows.

# %% [markdown]
# ## Going downhill
#
# Gradient descent repeats one idea. The gradient points uphill, so move every parameter a little
# against its own gradient:
#
# $$\theta \leftarrow \theta - \eta\, \frac{\partial L}{\partial \theta} .$$
#
# The learning rate $\eta$ sets the length of the step. Take $L = (v - 3)^2$, with its minimum at
# $v = 3$ and the gradient $2(v - 3)$. Each step multiplies the distance to the minimum by
# $1 - 2\eta$, so everything depends on the size of this factor.

# %% tags=["active-ipynb"]
# draw(lambda v: (v - 3) ** 2, 0.0)

# %% [markdown]
# *Before you run the next cell:* which of the four rates arrives first, and which never does?

# %%
for rate in (0.1, 0.5, 0.9, 1.1):
    v = 0.0
    path = [v]
    for _ in range(5):
        v = v - rate * 2 * (v - 3)
        path.append(v)
    print(f"rate {rate}, factor {1 - 2 * rate:+.1f}:  ", "  ".join(f"{v:6.3f}" for v in path))

# %% [markdown]
# A small rate creeps, 0.5 arrives in one step, a larger one overshoots and still settles, and above
# 1 every step lands further away than it started.
#
# Autograd supplies the gradient: after `loss.backward()`, each leaf tensor with
# `requires_grad=True` holds it in `.grad`. Two habits of autograd need care.
#
# **Gradients add up.** A second `backward()` adds to `.grad` and does not replace it. So the
# gradient must be cleared between two steps: set it to `None`, or fill it with zeros.
#
# **Everything is recorded.** The update is arithmetic on the parameter, and autograd would make it
# part of the graph. On a leaf it even refuses to. Inside `with torch.no_grad():` nothing is
# recorded, and the parameter can be changed in place.

# %%
leaf = torch.tensor(0.0, requires_grad=True)
for _ in range(2):
    distance = (leaf - 3) ** 2
    distance.backward()
    print("gradient of (v - 3)² at v = 0 is -6;  .grad holds", leaf.grad)

try:
    leaf -= 0.1
except RuntimeError as error:
    print("RuntimeError:", error)

with torch.no_grad():
    leaf -= 0.1
print(f"under no_grad the leaf is now {leaf.item():.1f}, and requires_grad is {leaf.requires_grad}")

# %% [markdown]
# ## Worked example: in place, for a whole list
#
# *Weight decay* makes every parameter a little smaller. The function below gets a list of tensors
# and changes the tensors themselves, so its caller sees the change although nothing is returned.
# Beside it stands the version that looks alike and does nothing. *Before you run it:* why
# nothing?


# %%
def decay(parameters: list[Tensor], factor: float) -> None:
    """Multiply every parameter by a factor, in place and unrecorded."""
    with torch.no_grad():
        for parameter in parameters:
            parameter *= factor


def decay_in_vain(parameters: list[Tensor], factor: float) -> None:
    """Compute smaller tensors, and forget them."""
    with torch.no_grad():
        for parameter in parameters:
            parameter = parameter * factor


for shrink in (decay_in_vain, decay):
    weights = [torch.tensor(start, requires_grad=True) for start in ([4.0, 8.0], [2.0])]
    shrink(weights, 0.5)
    print(f"{shrink.__name__:14}", [weight.tolist() for weight in weights])

# %% [markdown]
# `parameter` is a name for a tensor of the list. `*=` reaches through the name and writes into
# the tensor. `parameter = …` gives the name to a new tensor, and the list still holds the old
# one.

# %% [markdown]
# ## Exercise 3: one step
# *2 points · about 10 minutes · difficulty ●●○○○ · importance ●●●●●*
#
# Write `gradient_step(parameters, learning_rate)` for a list of leaf tensors that hold gradients.
# For each of them, subtract `learning_rate` times its `.grad` **in place**, without recording, and
# then clear its gradient. The function returns nothing; its effect is on the tensors in the list.
# In place means `p -= ...`: writing `p = p - ...` makes a new tensor, and the caller's stays as it
# was.
#
# You are graded on two steps in a row, with a `backward()` before each: the second step shows
# whether the gradient of the first was cleared.

# %% [markdown]
# <details><summary>Hint 1 for gradient_step</summary>
#
# The frame is that of `decay`: one `with`, one loop, one change in place. What is subtracted is
# in the formula at the head of "Going downhill".
#
# </details>
#
# <details><summary>Hint 2 for gradient_step</summary>
#
# Clear the gradient inside the loop and *after* the update, which needs it. `None` will do; zeros
# must be written into `.grad` in place.
#
# </details>


# %%
def gradient_step(parameters: list[Tensor], learning_rate: float) -> None:
    """Make one step of gradient descent, in place and unrecorded; then clear the gradients.

    parameters: leaf tensors of any shapes, each with its gradient in .grad
    learning_rate: a number
    returns: nothing
    """
    with torch.no_grad():
        for parameter in parameters:
            if parameter.grad is not None:
                parameter -= learning_rate * parameter.grad
                parameter.grad = None


# %% [markdown]
# ## Worked example: a ball on a hilly line
#
# A loop that goes down $h(v) = v^4 - 3 v^2 + v$. Two things to look at: the height is noted
# *before* the step, and the start belongs to the caller and stays as it was. The step is made in
# another way than yours: `torch.autograd.grad` hands the slope over, `.grad` is not touched, and
# every step makes a new tensor.
#
# A long training prints its loss every so many steps, enough to see where it goes and not so much
# that it fills the page. `report` does that with a list of losses.


# %%
def hill(v: Tensor) -> Tensor:
    """The height of the line at v."""
    return v**4 - 3 * v**2 + v


def roll(start: Tensor, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    """Go downhill from a start: where it ends, and the height before each step."""
    v = start
    heights = []
    for _ in range(steps):
        v = v.detach().requires_grad_()
        height = hill(v)
        (slope,) = torch.autograd.grad(height, v)
        heights.append(height.item())
        v = v.detach() - rate * slope
    return v, heights


def report(losses: list[float], every: int) -> None:
    """Print every so many of the losses, and the last."""
    for epoch, loss in enumerate(losses):
        if epoch % every == 0 or epoch == len(losses) - 1:
            print(f"  epoch {epoch:5}   loss {loss:14.4f}")


for start in (torch.tensor(2.0), torch.tensor(-2.0)):
    end, heights = roll(start, steps=31, rate=0.02)
    print(f"from {start.item():+.0f} to {end.item():+.4f}")
    report(heights, every=10)

# %% [markdown]
# Two starts, two valleys, and the ball cannot know of the other one. A linear model with squared
# errors has a single valley, so there every start will do. *Try a rate of 0.1 instead: where do
# the balls end now, and why?*

# %% [markdown]
# ## Exercise 4: the training loop
# *4 points · about 20 minutes · difficulty ●●●○○ · importance ●●●●●*
#
# Now put the parts together in `train(x, y, w, b, epochs, learning_rate)`. One epoch looks at all
# the data once, and does four things:
#
# 1. predict, and compute the mean squared error;
# 2. call `backward()` on it;
# 3. append the error to a list, as a plain number (`.item()`);
# 4. make one gradient step.
#
# So `losses[0]` is the error of the given start, before any step, and the list has `epochs`
# entries.
#
# The caller's `w` and `b` are starting values and must not change. Begin with leaves of your own:
# `detach()` leaves the history of a tensor behind, `clone()` copies its numbers, and
# `requires_grad_()` asks for gradients. If `b` is `None`, the model has no bias to train.
#
# Return `(w, b, losses)`, with the final parameters detached, in the shapes that were given, and
# `None` for a bias that never was.
#
# You are graded on the exact course of the descent. For $x = (1, 2)^\top$ and $y = (2, 4)^\top$,
# from $w = 0$, $b = 0$ with learning rate 0.1, one epoch leads to $w = 1$, $b = 0.6$ with
# `losses == [10.0]`, and a second epoch starts from a loss of 1.06.

# %% [markdown]
# <details><summary>Hint 1 for train</summary>
#
# Three parts: leaves of your own before the loop, the four things in the loop, the results after
# it. Each of the four is one line, with the functions that you have.
#
# </details>
#
# <details><summary>Hint 2 for train</summary>
#
# For the leaves, three methods from the text follow one another, in the order in which it names
# them. Treat `b` apart: `None` has no such methods.
#
# </details>
#
# <details><summary>Hint 3 for train</summary>
#
# Give `gradient_step` a list: of both parameters, or of `w` alone where there is no bias. The
# losses are numbers only if you take `.item()`, and the parameters are plain only if you detach
# them once more at the end.
#
# </details>


# %%
def train(
    x: Tensor, y: Tensor, w: Tensor, b: Tensor | None, epochs: int, learning_rate: float
) -> tuple[Tensor, Tensor | None, list[float]]:
    """Fit a linear model by batch gradient descent on the mean squared error.

    x: (n, d)
    y: (n, 1)
    w: (1, d), the start; left unchanged
    b: (1,), the start, or None for a model without a bias; left unchanged
    epochs: number of steps
    learning_rate: a number
    returns: (w, b, losses): the final w (1, d) and b (1,) or None, both detached, and a list of
        floats, one an epoch, each taken before the step
    """
    w = w.detach().clone().requires_grad_()
    b = None if b is None else b.detach().clone().requires_grad_()
    parameters = [w] if b is None else [w, b]
    losses = []
    for _ in range(epochs):
        loss = mean_squared_error(predict(x, w, b), y)
        loss.backward()
        losses.append(loss.item())
        gradient_step(parameters, learning_rate)
    return w.detach(), None if b is None else b.detach(), losses


# %% [markdown]
# ## A good place to stop
#
# You now have a model, a loss, a step and a loop: all that training is. So far you have written
# four of the nine answers, for half of the points. What is left is to use them: to see why the
# loop is slow for some data, to fit three models, and to turn the model into a classifier.

# %% [markdown]
# ## How many epochs?
#
# The mean squared error of a linear model is a quadratic bowl. Let $A$ be the features with a
# column of ones for the bias. Then the curvature of the bowl is the same everywhere: it is the
# Hessian, the matrix of second derivatives
#
# $$\mathcal H = \frac2n A^\top A .$$
#
# Along each of its eigenvectors gradient descent behaves like the one-dimensional example above: an
# epoch multiplies the distance to the minimum in the direction with eigenvalue $\lambda$ by
# $1 - \eta\lambda$. Two demands follow.
#
# - No direction may diverge: $\eta < 2 / \lambda_{\max}$. The *steepest* direction limits the rate.
# - The *flattest* direction is the slowest. Even at the best rate, to shrink its distance by a
#   given factor takes a number of epochs that grows in proportion to the **condition number**
#   $\kappa = \lambda_{\max} / \lambda_{\min}$.
#
# A bowl with $\kappa = 1$ is round, and one step of the right length reaches the bottom. A bowl
# with a large $\kappa$ is a long, narrow valley: the steps must be small enough for the steep
# walls, and then hardly advance along the floor.
#
# For $x$ and $x^2$ as features the valley is extreme: $x^2$ runs up to 95 while the ones of the
# bias stay at 1. The remedy is to **standardise** each feature: subtract its mean and divide by its
# standard deviation.


# %%
def condition_number(table: Tensor) -> float:
    """Compute the condition number of 2/n AᵀA, with A the table (n, d) and a column of ones."""
    a = torch.cat([torch.ones_like(table[:, :1]), table], dim=1)
    eigenvalues = torch.linalg.eigvalsh(2 / len(a) * a.T @ a)
    return float(eigenvalues[-1] / eigenvalues[0])


mean = features.mean(dim=0, keepdim=True)
spread = features.std(dim=0, correction=0, keepdim=True)
scaled = (features - mean) / spread

print(f"bias and x               condition number {condition_number(x_column):8.0f}")
print(f"bias, x and x²           condition number {condition_number(features):8.0f}")
print(f"bias, x and x², scaled   condition number {condition_number(scaled):8.0f}")

# %% [markdown]
# Scaling makes the valley more than five hundred times rounder. It does not make the bowl quite
# round, because $x$ and $x^2$ still rise together.
#
# With a bias and a single feature there are two parameters, and the bowl can be drawn as a map:
# each curve joins the pairs $(w, b)$ with the same loss. Below are two maps for the same twenty
# points, on the left with $x$ as it is and on the right with $x$ standardised. The path is that
# of your `train`, one dot an epoch, from a flat line half as high again as the mean of $y$.
# *Before you run it:* gradient descent walks straight across the curves, towards the steepest
# descent. Where will that lead in a narrow valley, and where in a round bowl?


# %%
def path_of(table: Tensor, rate: float, epochs: int) -> list[tuple[float, float]]:
    """Train one epoch at a time, from a flat line, and note w and b."""
    w, b = x.new_zeros(1, 1), 1.5 * y.mean(dim=0, keepdim=True)
    path = [(w.item(), b.item())]
    for _ in range(epochs):
        w, trained_b, _ = train(table, y_column, w, b, 1, rate)
        b = b if trained_b is None else trained_b
        path.append((w.item(), b.item()))
    return path


def loss_at(table: Tensor, w: float, b: float) -> float:
    """The mean squared error of one line."""
    prediction = predict(table, x.new_tensor([[w]]), x.new_tensor([b]))
    return mean_squared_error(prediction, y_column).item()


rate, scaled_rate, epochs = 0.027, 0.15, 40  # change these

spread_x = x_column.std(correction=0)
scaled_x = (x_column - x_column.mean()) / spread_x
height, slope = y.mean().item(), (y.mean() / x.mean()).item()
maps = [
    ("x as it is", x_column, (-0.6 * slope, 1.6 * slope), (-0.3 * height, 1.8 * height)),
    (
        "x standardised",
        scaled_x,
        (slope * spread_x.item() - 0.8 * height, slope * spread_x.item() + 0.8 * height),
        (0.2 * height, 1.8 * height),
    ),
]
try:
    paths = [path_of(x_column, rate, epochs), path_of(scaled_x, scaled_rate, epochs)]
    both, panels = plt.subplots(1, 2, figsize=(7, 3), gridspec_kw={"wspace": 0.3})
    for panel, walk, (title, table, across, up) in zip(panels, paths, maps, strict=True):
        ws, bs = torch.linspace(*across, 25).tolist(), torch.linspace(*up, 25).tolist()
        roots = [[loss_at(table, w, b) ** 0.5 for w in ws] for b in bs]
        panel.contour(ws, bs, roots, levels=12, linewidths=0.7)
        walked = zip(*walk, strict=True)
        panel.plot(*walked, "o-", color="C3", markersize=2, linewidth=0.8)
        panel.set(title=title, xlabel="w", ylabel="b", xlim=across, ylim=up, box_aspect=1)
        print(f"{title:15} condition number {condition_number(table):4.0f}", end="   ")
        print(f"loss after {epochs} epochs {loss_at(table, *walk[-1]):10.4f}")
    plt.show()
except (NotImplementedError, TypeError):
    print("The maps need predict, mean_squared_error, gradient_step and train, all working.")

# %% [markdown]
# On the left the steps leap from wall to wall until the leaps die out, and then creep along the
# floor. (The two axes have different scales there, so right angles do not look right.) On the
# right the path is a straight line: in a round bowl the steepest descent points to the bottom.
#
# Things to try: at which `rate` does the left path begin to leave the map? What does the right
# one do at `scaled_rate = 0.5`? And is there a rate at which the left one gets to the bottom in
# 40 epochs?

# %% [markdown]
# A model trained on scaled features is a model of the original ones in disguise. Let $m_j$ and
# $s_j$ be the mean and the standard deviation of feature $f_j$, and $\omega_j$, $\beta$ the
# parameters found on the scaled features. Then
#
# $$\hat y = \beta + \sum_j \omega_j\, \frac{f_j - m_j}{s_j}
#   = \underbrace{\beta - \sum_j \frac{\omega_j m_j}{s_j}}_{b}
#   + \sum_j \underbrace{\frac{\omega_j}{s_j}}_{w_j} f_j .$$
#
# So divide the weights by the standard deviations. The bias $b$ is what the scaled model predicts
# where all original features are zero.

# %% [markdown]
# ## Worked example: a search for a learning rate
#
# The curvature is seldom known, and a rate is found by trying. Here the model is a straight line
# again, with $x$ measured in tens.
#
# | what the loss does | why | what to try |
# |---|---|---|
# | grows, up to `inf` or `nan` | some direction diverges | a tenth of the rate |
# | falls, more and more slowly | the floor of a valley | twice the rate, or more epochs |
# | falls by the same little each time | the steps are tiny | ten times the rate |
#
# Start with the two values below. *With which rate does the loss settle, in all printed digits,
# after the fewest epochs?*

# %%
rate, epochs = 0.01, 60  # change these

tens = x_column / 10
try:
    tried_w, tried_b, tried = train(
        tens, y_column, x.new_zeros(1, 1), x.new_zeros(1), epochs, learning_rate=rate
    )
    report(tried, every=max(1, epochs // 6))
    if tried_b is not None:
        print(f"ŷ = {tried_b.item():.3f} + {tried_w.item():.3f} · x / 10")
except (NotImplementedError, TypeError):
    print("This search needs a train that works. Write it first, then run this cell again.")

# %% [markdown]
# Did you find out from which rate on it diverges? The best rates lie not far below.
#
# Now the way back from a disguise. A model was trained on $(f - 50) / 10$ and found $\omega = 3$
# and $\beta = 20$. By the formula from above, and with a look at one point:

# %%
omega, beta = 3.0, 20.0
own_w, own_b = omega / 10, beta - omega * 50 / 10
print(f"w = {own_w}, b = {own_b}")
print(f"at f = 70: in disguise {beta + omega * (70 - 50) / 10}, undisguised {own_b + own_w * 70}")

# %% [markdown]
# ## Exercise 5: three fits
# *6 points, 2 for each fit · about 25 minutes · difficulty ●●●○○ · importance ●●●○○*
#
# Fit three models to the data with your `train`; zeros are a good start. `x.new_zeros(1, 2)` makes
# zeros with the dtype and the device of `x`.
#
# | variable | model | features | parameters | smallest possible error |
# |---|---|---|---|---|
# | `quadratic_fit` | $y = b + w_1 x + w_2 x^2$ | $x$, $x^2$ | `w` (1, 2), `b` (1,) | 1.1726 |
# | `linear_fit` | $y = b + w_1 x$ | $x$ | `w` (1, 1), `b` (1,) | 1.1726 |
# | `proportional_fit` | $y = w_1 x$ | $x$ | `w` (1, 1), `b` is `None` | 1.2208 |
#
# Each variable holds `(w, b, losses)`, and `w` and `b` belong to the **original** $x$ and $x^2$. A
# fit counts if its mean squared error is at most 5 % above the smallest possible one. The losses are
# those of the training, one or more: all are positive, and the last is not above the first.
#
# For the quadratic fit either way is accepted: be clever, train on `scaled` for about a thousand
# epochs at a rate of 0.5, and map the parameters back; or be patient, and train on `features` for
# 100 000 epochs at 0.0005, some 15 seconds. For the linear fit try 0.02, for the proportional fit
# 0.01; look at the last entries of `losses` to judge whether they have settled.

# %% [markdown]
# <details><summary>Hint 1 for quadratic_fit</summary>
#
# The clever way has two lines: train on `scaled`, keep the three results under names of your own,
# and then put a tuple together from what the formula for $w_j$ and $b$ says.
#
# </details>
#
# <details><summary>Hint 2 for quadratic_fit</summary>
#
# `spread` has the shape of `w`, so one division undoes the scaling of all weights. For the bias,
# ask which row of scaled features belongs to original features that are all zero, and `predict`
# there.
#
# </details>
#
# <details><summary>Hint 3 for quadratic_fit</summary>
#
# That prediction has shape $(1, 1)$ and a bias has $(1,)$. If the error is huge, compare it with
# that of the scaled model, which must be the same: then the mapping is wrong and not the
# training.
#
# </details>
#
# <details><summary>Hint 1 for linear_fit</summary>
#
# `train` returns just what is asked for; the features are a single column, and nothing has to be
# mapped back.
#
# </details>
#
# <details><summary>Hint 2 for linear_fit</summary>
#
# With the rate from the text, look at the losses: they fall fast at first, and then for long a
# little each epoch. That is the floor of the valley. A hundred epochs are not enough for it, two
# thousand are.
#
# </details>
#
# <details><summary>Hint 1 for proportional_fit</summary>
#
# This model has weights and no bias: what does `train` take in its place?
#
# </details>
#
# <details><summary>Hint 2 for proportional_fit</summary>
#
# There is one direction only, so nothing can be flat and steep at once. A few dozen epochs are
# more than enough.
#
# </details>

# %%
scaled_w, scaled_b, losses = train(
    scaled, y_column, x.new_zeros(1, 2), x.new_zeros(1), epochs=1000, learning_rate=0.5
)
quadratic_fit = (scaled_w / spread, predict(-mean / spread, scaled_w, scaled_b)[0], losses)

# %%
linear_fit = train(
    x_column, y_column, x.new_zeros(1, 1), x.new_zeros(1), epochs=2000, learning_rate=0.02
)

# %%
proportional_fit = train(x_column, y_column, x.new_zeros(1, 1), None, epochs=20, learning_rate=0.01)

# %% [markdown]
# The picture from the beginning, with the fits drawn over the points and, on the right, the
# course of their losses. Both axes are logarithmic there. *Before you run it:* which of the three
# curves will be the shortest, and will you be able to tell the three fits apart?

# %%
for panel in (left, right):
    panel.clear()
left.plot(x.tolist(), y.tolist(), "o", color="grey", markersize=4)
along = torch.linspace(0, 12, 50, dtype=x.dtype)
powers = torch.stack([along, along**2], dim=1)
fits = {name: globals().get(f"{name}_fit") for name in ("quadratic", "linear", "proportional")}
for style, (name, fit) in zip(("-", "--", ":"), fits.items(), strict=True):
    if isinstance(fit, (tuple, list)):
        fit_w, fit_b, fit_losses = fit
        degree = fit_w.shape[1]
        curve = predict(powers[:, :degree], fit_w, fit_b)
        left.plot(along.tolist(), curve.flatten().tolist(), style, label=name)
        right.loglog(range(1, len(fit_losses) + 1), fit_losses, style, label=name)
        squares = mean_squared_error(predict(features[:, :degree], fit_w, fit_b), y_column)
        print(f"{name:12} mean squared error {squares.item():.4f}   epochs {len(fit_losses)}")
left.set(xlabel="x", title="points and fits")
right.set(xlabel="epoch", title="loss")
if right.lines:
    right.legend()
figure

# %% [markdown]
# Compare the three errors. The square adds almost nothing to the straight line, and even the bias
# is hardly needed: these points lie close to a line through the origin with a slope of about 42. A
# model with more parameters never fits the training data worse, and that alone is no reason to
# prefer it.
#
# A curve that drops and then sinks slowly for long has come down the walls and creeps along the
# floor; one that stays flat to the end has arrived, or creeps too slowly to be seen. The three
# losses cannot be compared epoch by epoch: each curve belongs to another bowl.

# %% [markdown]
# ## From scores to probabilities
#
# A classifier chooses among $k$ classes. A linear one computes a score for each class, the same
# weighted sum as before, now with one row of weights and one bias per class:
#
# $$z = x\, w^\top + b, \qquad x: (n, d), \quad w: (k, d), \quad b: (k,), \quad z: (n, k) .$$
#
# The **softmax** turns the scores of each row into probabilities, positive numbers that add up to
# 1:
#
# $$p_{ij} = \frac{e^{z_{ij}}}{\sum_{l} e^{z_{il}}} .$$
#
# Adding the same number to all scores of a row leaves $p$ as it is, since numerator and denominator
# grow by the same factor. That is useful: after subtracting the largest score of its row no score
# is positive, and no exponential can overflow.
#
# What is a good loss for probabilities? The likelihood of the whole data set is the product of the
# probabilities given to the right answers. A product of many small numbers soon falls below
# anything that a computer can store. The logarithm turns the product into a sum, which it stores
# easily, and the best parameters for one are the best for the other:

# %%
right_answers = torch.full((2000,), 0.5, dtype=torch.float64)
print("product of 2000 probabilities of 0.5:", right_answers.prod().item())
print(f"sum of their logarithms: {right_answers.log().sum().item():.4f}")

# %% [markdown]
# The logarithm also punishes in the right proportion. A sure and right answer costs nearly nothing,
# a sure and wrong one costs a lot. The slope $-1/p$ is steepest just where there is most to learn.

# %%
for p in (0.99, 0.5, 0.01, 0.0001):
    cost = -torch.tensor(p, dtype=torch.float64).log().item()
    print(f"probability of the right class {p:6}   cost {cost:7.4f}   slope {-1 / p:10.2f}")

# %% [markdown]
# ## Worked example: rows of length 1
#
# To scale every *row* of a table to length 1, divide it by the root of its sum of squares. There
# is one length for each row. With `keepdim=True` they form a column $(n, 1)$, which broadcasting
# repeats along the row; without it they lie flat, and meet the wrong axis. *Before you run it:*
# the table is square, so both lines run without an error. By which length is each number of the
# second divided?

# %%
arrows = torch.tensor([[3.0, 4.0], [6.0, 8.0]], dtype=torch.float64)
squared = arrows**2
print("lengths as a column:", (arrows / squared.sum(dim=1, keepdim=True).sqrt()).tolist())
print("lengths lying flat: ", (arrows / squared.sum(dim=1).sqrt()).tolist())

# %% [markdown]
# In the second line each *column* was divided by the length of a row, and torch says nothing. So
# try your functions on tables that are not square.
#
# ## Worked example: one price out of each column
#
# Three shops (rows) sell four things (columns), and `shop` says where each thing is bought. An
# index for each axis, and torch walks along both at once: the first entry of each, the second of
# each, and so on. Their *geometric mean*, the fourth root of the product, is the exponential of
# the mean of the logarithms.

# %%
prices = torch.tensor([[2.0, 9.0, 5.0, 1.0], [4.0, 8.0, 6.0, 3.0], [7.0, 3.0, 4.0, 2.0]])
shop = torch.tensor([0, 2, 2, 1])
chosen_prices = prices[shop, torch.arange(4)]
print("chosen:", chosen_prices.tolist())
print(f"by logarithms: {chosen_prices.log().mean().exp().item():.4f}")
print(f"by the product: {chosen_prices.prod().item() ** 0.25:.4f}")

# %% [markdown]
# ## Exercise 6: a linear classifier
# *4 points, 2 for each function · about 20 minutes · difficulty ●●●○○ · importance ●●●●○*
#
# Write `class_probabilities(x, w, b)`, the softmax of $x w^\top + b$ along each row, with shape
# $(n, k)$. For $x = (1)$, weights $0$ and $\ln 3$, and both biases 0, the two
# probabilities are 0.25 and 0.75. Keep an eye on the axis: every *row* must add up to 1, so maxima
# and sums are taken along `dim=1`, and `keepdim=True` keeps the shape $(n, 1)$ that broadcasting
# needs. `torch.softmax` is allowed here, and taking it apart teaches more.
#
# Write `cross_entropy(probabilities, labels)`, the mean negative log-likelihood. Label $c_i$ is the
# number of the right class of row $i$, an int64 tensor of shape $(n,)$:
#
# $$L = -\frac1n \sum_{i=1}^{n} \ln p_{i, c_i} .$$
#
# Pick the probability of the right class out of each row, as in lab 1, and only then take the
# logarithm, of the probability as it is: nothing is added to it, and a small one is not cut off. For
# the probabilities above and label 1 it is $-\ln 0.75 = 0.2876821$.

# %% [markdown]
# <details><summary>Hint 1 for class_probabilities</summary>
#
# First the scores: the formula is that of `predict`, and now $w$ has a row for each class. The
# biases have shape $(k,)$ and meet the last axis of themselves.
#
# </details>
#
# <details><summary>Hint 2 for class_probabilities</summary>
#
# Then three steps: subtract from each row its largest score, take exponentials, divide by the sum
# of the row. Two of the three need a column, one number for each row.
#
# </details>
#
# <details><summary>Hint 1 for cross_entropy</summary>
#
# Which entry of row $i$ counts? The one in column `labels[i]`. All other probabilities of the row
# are left aside.
#
# </details>
#
# <details><summary>Hint 2 for cross_entropy</summary>
#
# Pick as in the second worked example, with the roles of the axes exchanged: here every *row*
# gives one entry. `torch.arange` needs the number of rows, and `gather` does without.
#
# </details>
#
# <details><summary>Hint 3 for cross_entropy</summary>
#
# After picking there are $n$ probabilities. Logarithm, mean, and the sign that makes the loss
# positive.
#
# </details>


# %%
def class_probabilities(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """Compute the class probabilities of a linear classifier: softmax of x wᵀ + b along each row.

    x: (n, d)
    w: (k, d)
    b: (k,)
    returns: (n, k), rows sum to 1
    """
    scores = x @ w.T + b
    exponentials = torch.exp(scores - scores.amax(dim=1, keepdim=True))
    return exponentials / exponentials.sum(dim=1, keepdim=True)


def cross_entropy(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Compute the mean negative log-likelihood of the right classes.

    probabilities: (n, k), rows sum to 1
    labels: (n,), int64, from 0 to k - 1
    returns: 0-d
    """
    # In one call what probabilities[rows, labels] does with the numbers of all rows.
    chosen = probabilities.gather(dim=1, index=labels[:, None])
    return -torch.log(chosen).mean()


# %% [markdown]
# Both functions in one graph, from three scores to the loss. The identity matrix as $w$ hands the
# scores through as they are. Look at the gradients that arrive at the scores. *What do they add
# up to, and why?*

# %% tags=["active-ipynb"]
# draw(
#     lambda scores: cross_entropy(
#         class_probabilities(scores, torch.eye(3), torch.zeros(3)), torch.tensor([0])
#     ),
#     torch.tensor([[2.0, 1.0, 0.0]]),
# )

# %% [markdown]
# They are the probabilities, less 1 at the right class, and add up to 0: a step raises the right
# score by just as much as it lowers the others together. Adding the same number to all scores
# changes nothing, so the loss cannot have a slope in that direction.
#
# ## Experiment: three colours
#
# Three kinds of points: a disc, and the upper and the lower half of a ring about it. Your
# functions train a classifier on them, and then ask it about every place of the plane. The colour
# mixes the three colours by the three probabilities: pure where it is sure, muddy where it is in
# doubt.
#
# *Before you run it:* the borders of a linear classifier are straight lines. How could three
# kinds be told apart by lines here, and which points must be lost?


# %%
def spiral(count: int, inner: float, outer: float) -> Tensor:
    """Spread points (count, 2) evenly between two circles, like the seeds of a sunflower."""
    seeds = torch.arange(count, dtype=torch.float64) + 0.5
    radius = (inner**2 + (outer**2 - inner**2) * seeds / count).sqrt()
    return torch.stack([radius * torch.cos(2.4 * seeds), radius * torch.sin(2.4 * seeds)], dim=1)


def table_of(places: Tensor, with_squares: bool) -> Tensor:
    """The features of places (n, 2): their coordinates, and the squares of these if wanted."""
    return torch.cat([places, places**2], dim=1) if with_squares else places


with_squares, rate, epochs = False, 1.0, 100  # change these

ring = spiral(80, 1.5, 2.5)
points = torch.cat([spiral(40, 0.0, 1.0), ring])
kinds = torch.cat([torch.zeros_like(ring[:40, 0]).long(), 1 + (ring[:, 1] < 0).long()])
colours = points.new_tensor([[0.90, 0.60, 0.00], [0.34, 0.71, 0.91], [0.00, 0.62, 0.45]])
side = torch.linspace(-3, 3, 60, dtype=torch.float64)
plane = torch.cartesian_prod(side, side)

table = table_of(points, with_squares)
class_w = table.new_zeros(3, table.shape[1]).requires_grad_()
class_b = table.new_zeros(3).requires_grad_()
try:
    course = []
    for _ in range(epochs):
        loss = cross_entropy(class_probabilities(table, class_w, class_b), kinds)
        course.append(loss.item())
        loss.backward()
        gradient_step([class_w, class_b], rate)
    report(course, every=max(1, epochs // 5))
    with torch.no_grad():
        answers = class_probabilities(table, class_w, class_b).argmax(dim=1)
        painted = class_probabilities(table_of(plane, with_squares), class_w, class_b) @ colours
    print(f"right: {int((answers == kinds).sum())} of {len(kinds)}")

    plt.figure(figsize=(4, 3))
    picture = painted.reshape(60, 60, 3).transpose(0, 1).clamp(0, 1)
    plt.imshow(picture.cpu(), origin="lower", extent=(-3, 3, -3, 3))
    for kind, marker in enumerate("o^s"):
        across, up = points[kinds == kind].T.tolist()
        plt.plot(across, up, marker, color="black", markersize=2.5)
    plt.show()
except NotImplementedError:
    print("This needs gradient_step, class_probabilities and cross_entropy. Write them first.")

# %% [markdown]
# The disc gets a strip. Its own top and bottom are lost outside, and the ends of the halves
# inside. More epochs do not help: straight borders are all that the model has to offer. What
# happens if you
#
# - set `with_squares = True`? The classifier is as linear as before, only in other features, just
#   like the quadratic fit. Which shape do the borders take, and why?
# - raise `epochs` tenfold, with squares? The borders hardly move any more. What do the colours
#   do, and the loss? (Where all points are on the right side, larger weights are always a little
#   better.)
# - raise `rate` to 3 without squares, and to 30? Look at the printed losses.
# - multiply `class_w` and `class_b` by 5 before the plane is painted? The borders stay where they
#   are. Why, and what becomes of the colours?

# %% [markdown]
# ## What to remember
#
# - A training loop is four lines: predict and measure, `backward()`, note the loss, step.
# - Gradients add up until they are cleared, and updates belong under `no_grad()`.
# - The steepest direction limits the learning rate, and the flattest one sets the number of epochs.
#   Standardised features bring the two together.
# - Add logarithms rather than multiply probabilities.
# - The map of the loss belongs to the features: other units, another valley. A rate that is right
#   for one table is wrong for the next.
# - A linear model is linear in its parameters. With squares among the features it draws curves.
#
# ## Words
#
# | word | what it means |
# |---|---|
# | epoch | one pass through all the data; here, one step |
# | batch gradient descent | steps against the gradient of the loss over all the data |
# | leaf | a tensor that no operation has made; its gradient is kept in `.grad` |
# | Hessian | the matrix of second derivatives: how the slope changes |
# | condition number $\kappa$ | the largest over the smallest curvature: how narrow the valley is |
# | standardise | shift and scale a feature to mean 0 and standard deviation 1 |
# | logit | another word for a score, before the softmax |
# | cross-entropy | the mean of $-\ln p$ over the probabilities of the right classes |
#
# ## What to read next
#
# - [Autograd mechanics](https://docs.pytorch.org/docs/stable/notes/autograd.html) in PyTorch's
#   documentation: leaves, in-place changes and `no_grad`.
# - [Linear regression](https://d2l.ai/chapter_linear-regression/index.html) and [linear
#   classification](https://d2l.ai/chapter_linear-classification/index.html) in *Dive into Deep
#   Learning*: the same two models, from scratch and then with the ready-made parts.
# - [Why momentum really works](https://distill.pub/2017/momentum/) by Gabriel Goh: eigenvalues
#   and valleys, with pictures to move, and a remedy that needs no scaling.
# - [Linear classification](https://cs231n.github.io/linear-classify/), the notes of CS231n, on
#   scores, softmax and another loss.
