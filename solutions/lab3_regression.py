# %% [markdown]
# # Lab 3: Regression and a linear classifier
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
# ## Exercise 1: a linear model
# *2 points · about 5 minutes*
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
# ## Exercise 2: mean squared error
# *2 points · about 5 minutes*
#
# The loss says in one number how far the predictions are from the targets:
#
# $$L = \frac1n \sum_{i=1}^{n} (\hat y_i - y_i)^2 .$$
#
# Write `mean_squared_error(prediction, y)`. Both arguments have shape $(n, 1)$, and the result is a
# scalar, that is, a 0-d tensor. For predictions 1, 2, 3 and targets 1, 2, 5 it is $4/3$.


# %%
def mean_squared_error(prediction: Tensor, y: Tensor) -> Tensor:
    """Average the squared differences between predictions and targets.

    prediction: (n, 1)
    y: (n, 1)
    returns: 0-d
    """
    return ((prediction - y) ** 2).mean()


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
# ## Exercise 3: one step
# *2 points · about 10 minutes*
#
# Write `gradient_step(parameters, learning_rate)` for a list of leaf tensors that hold gradients.
# For each of them, subtract `learning_rate` times its `.grad` **in place**, without recording, and
# then clear its gradient. The function returns nothing; its effect is on the tensors in the list.
# In place means `p -= ...`: writing `p = p - ...` makes a new tensor, and the caller's stays as it
# was.
#
# You are graded on two steps in a row, with a `backward()` before each: the second step shows
# whether the gradient of the first was cleared.


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
# ## Exercise 4: the training loop
# *4 points · about 20 minutes*
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
# ## Exercise 5: three fits
# *6 points, 2 for each fit · about 25 minutes*
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
# Compare the three errors. The square adds almost nothing to the straight line, and even the bias
# is hardly needed: these points lie close to a line through the origin with a slope of about 42. A
# model with more parameters never fits the training data worse, and that alone is no reason to
# prefer it.

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
# ## Exercise 6: a linear classifier
# *4 points, 2 for each function · about 20 minutes*
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
# ## What to remember
#
# - A training loop is four lines: predict and measure, `backward()`, note the loss, step.
# - Gradients add up until they are cleared, and updates belong under `no_grad()`.
# - The steepest direction limits the learning rate, and the flattest one sets the number of epochs.
#   Standardised features bring the two together.
# - Add logarithms rather than multiply probabilities.
