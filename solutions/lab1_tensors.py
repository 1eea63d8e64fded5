# %% [markdown]
# # Lab 1: Introduction to tensors
#
# A tensor is an array of numbers of one type, with any number of axes. Everything in deep learning
# is held in one: the data, the parameters, the gradients. In this lab you learn to
#
# - make tensors and read their shape, type and device;
# - choose a number type, knowing what its precision costs;
# - compute with tensors, entry by entry and as matrices;
# - change a tensor's shape, reorder its axes, and pick entries out of it;
# - move tensors to and from NumPy, and to and from a GPU.
#
# **How to work.** Read from top to bottom and run each cell as you reach it; change the examples
# and run them again. In the exercises, write your code in place of `raise NotImplementedError`;
# the docstring says what goes in and what must come out. Run your cell, and then the `check(...)`
# cell below it, as often as you like. It answers ✓ for right, ◐ for right in part, ✗ for wrong and
# … for not yet written, and it says where you are wrong and often why. If that is not enough, call
# your function at the numbers it names, and print what happens on the way. (Should the very first
# cell of code fail with `ModuleNotFoundError`, install the package that came with this notebook:
# `%pip install` and the name of its `.whl` file.)
#
# **How it is graded.** Your notebook is run afresh from top to bottom, and your answers are found
# by name; so keep the names and arguments of the functions as they are. Otherwise you are free to
# add cells and functions of your own. Before you hand in, restart the kernel, run all cells, and
# look at the checks once more. The lab is worth 22 points.
#
# `check` asks at a few fixed points, the grader at others: tensors that you have not seen, most of
# them in float64, on a device which may be a GPU. So it is best to let each answer take its type and
# device from its arguments, and to write neither into your code. The grader also differentiates
# through your answers, to see which entry went where; so stay with torch's operations, and do not
# take numbers out of a tensor to build a new one.
#
# A function works for every size that its docstring allows. It leaves its arguments as they were: it
# neither writes into them nor changes their `requires_grad`. Where an answer is right but for such a
# demand, that costs a quarter of its points.

# %%
import time

import numpy as np
import torch
from torch import Tensor

# %% [markdown]
# ## Scalars, vectors, matrices and beyond
#
# The number of axes of a tensor is its `ndim`, and the length along each axis is its `shape`.
# A single number, a *scalar*, has no axes at all, so its shape is empty: it is a 0-d tensor.

# %%
scalar = torch.tensor(7.0)
vector = torch.tensor([1.0, 2.0, 3.0])
matrix = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
cube = torch.tensor([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])

for name, tensor in [("scalar", scalar), ("vector", vector), ("matrix", matrix), ("cube", cube)]:
    print(f"{name}: ndim {tensor.ndim}, shape {tuple(tensor.shape)}")

# %% [markdown]
# To find the shape by eye, count from the outside in: `matrix` is a list of 3 rows of 2 numbers,
# hence (3, 2), and `cube` is one list of 2 rows of 3 numbers, hence (1, 2, 3).
#
# Beside its shape, every tensor has a `dtype`, the type of its numbers, and a `device`, the place
# where they are stored. A tensor of one entry becomes a Python number with `item()`.

# %%
print(matrix.dtype, matrix.device)
print(scalar.item())

# %% [markdown]
# ## Making tensors
#
# You will seldom type the numbers in. `torch.rand` draws them uniformly from $[0, 1)$, and is given
# the shape. (The seed in the first line makes it draw the same numbers whenever the cell is run;
# more of that in the last section.) A colour image is commonly a tensor of shape
# (height, width, 3): for each pixel, its share of red, green and blue.

# %%
torch.manual_seed(0)
print(torch.rand(2, 3))

image = torch.rand(224, 224, 3)
print(image.shape)

# %% [markdown]
# `zeros` and `ones` are given a shape as well. `arange` counts from a start, up to *and not
# including* an end, in steps of your choice. `zeros_like` and `ones_like` copy the shape, the type
# and the device of another tensor, and that makes them the tools of choice in code which should
# work for any type and on any device.

# %%
print(torch.zeros(2, 3))
print(torch.ones(3))
print(torch.arange(0, 10, 2))
print(torch.zeros_like(matrix))

# %% [markdown]
# ## Types and precision
#
# A floating-point number of 64 bits holds about 16 decimal digits, one of 32 bits about 7, and one
# of 16 bits about 3. Python's own floats have 64 bits; torch's default is 32, for half the memory
# and, on most GPUs, many times the speed. The price is rounding. Here is one tenth as each type
# holds it.

# %%
for dtype in (torch.float64, torch.float32, torch.float16):
    tenth = torch.tensor(0.1, dtype=dtype)
    print(f"{dtype}: {tenth.element_size()} bytes, {tenth.item():.20f}")

# %% [markdown]
# The numbers that a type can hold lie close together near zero and further apart away from it. In
# float32 the next number after $2^{24} = 16\,777\,216$ is larger by two, so adding one to it
# changes nothing. In float64 there is room for it.

# %%
large = torch.tensor(2.0**24, dtype=torch.float32)
print((large + 1 == large).item())
print((large.to(torch.float64) + 1 == large.to(torch.float64)).item())

# %% [markdown]
# Integers are exact. Whole numbers become `int64` unless you say otherwise, and integers of this
# type serve as positions and labels. Two things are worth knowing: `/` always gives floating-point
# numbers, while `//` divides and rounds down; and a small integer type wraps round at its end, so
# in `uint8`, which runs from 0 to 255, the number after 255 is 0.

# %%
whole = torch.tensor([7, 8, 9])
print(whole.dtype, whole / 2, whole // 2)
print(torch.tensor([254, 255], dtype=torch.uint8) + 1)

# %% [markdown]
# ## Arithmetic, entry by entry
#
# `+`, `-`, `*`, `/` and `**` work on each entry by itself, as do functions such as `torch.exp` and
# `torch.sin`. A plain number is applied to every entry.

# %%
u = torch.tensor([1.0, 2.0, 3.0])
v = torch.tensor([10.0, 20.0, 30.0])
print(u + v)
print(u * v)
print(2 * u**2 + 1)

# %% [markdown]
# None of these touches `u`: each makes a new tensor. To keep a result you may *reassign* the name,
# `u = u + 1`, and then `u` stands for the new tensor while the old one is as it was. Or you may
# work *in place*, `u += 1` or `u.add_(1)`, which overwrites the numbers where they are stored.
# (A trailing underscore marks every method that works in place.) The difference shows as soon as a
# second name stands for the same tensor.

# %%
u = torch.tensor([1.0, 2.0, 3.0])
same = u
u = u + 1
print("reassigned:", u, same)

u = torch.tensor([1.0, 2.0, 3.0])
same = u
u += 1
print("in place:  ", u, same)

# %% [markdown]
# ## Changing the shape
#
# The entries of a tensor lie in memory one after another, the last axis running fastest. This line
# of numbers is the *storage*; the shape only says how to read it. So `view` gives a tensor a new
# shape without moving a number, and since the storage is shared, a change to one shows in the
# other. The number of entries must stay the same. One length may be left for torch to work out, by
# writing `-1`. The last line below asks whether both begin at the same place in memory.

# %%
line = torch.arange(6)
pairs = line.view(3, -1)
pairs[0, 0] = 100
print(pairs)
print(line)
print(line.data_ptr() == pairs.data_ptr())

# %% [markdown]
# `view` works if the entries lie in the order in which the new shape reads them, as they do in
# every *contiguous* tensor. `reshape` gives a view where it can, and a copy where it cannot.
#
# An axis of length 1 holds no information, but operations often want one added or removed.
# `unsqueeze(axis)` adds one at the given place (negative places count from the end).
# `squeeze(axis)` removes that axis if its length is 1, and without an argument `squeeze` removes
# all such axes. `torch.stack` joins tensors of one shape along a new axis.

# %%
column = vector.unsqueeze(-1)
print(vector.shape, column.shape, column.squeeze(-1).shape)
print(torch.stack([scalar, scalar + 1, scalar + 2]))

# %% [markdown]
# ## Exercise 1: shapes
# *`flat_view` 2 points, the others 1 point each · about 15 minutes*
#
# Write five functions, each of which keeps the numbers it is given and changes their shape.
#
# - `to_grid(x, rows, columns)` arranges a 1-d tensor in rows and columns.
#   With 2 rows and 3 columns, 0, 1, …, 5 becomes $\begin{pmatrix} 0&1&2\\ 3&4&5 \end{pmatrix}$.
# - `flat_view(x)` lays a contiguous tensor out along a single axis. It must be a view: what is
#   later written into it has to appear in `x`.
# - `stack_pair(a, b)` joins two vectors of length $n$ into a matrix with the rows `a` and `b`.
# - `drop_ones(x)` removes every axis of length 1, so that (1, 3, 1, 2) becomes (3, 2).
# - `add_batch_axis(x)` adds an axis of length 1 in front, so that (3, 2) becomes (1, 3, 2).


# %%
def to_grid(x: Tensor, rows: int, columns: int) -> Tensor:
    """Arrange the entries of `x`, in their order, row by row.

    x: (rows * columns,)
    returns: (rows, columns)
    """
    return x.reshape(rows, columns)


def flat_view(x: Tensor) -> Tensor:
    """Give a 1-d view of a contiguous tensor, sharing its storage.

    x: any shape, contiguous
    returns: (number of entries of x,)
    """
    return x.view(-1)


def stack_pair(a: Tensor, b: Tensor) -> Tensor:
    """Make `a` the first and `b` the second row of a matrix.

    a: (n,)
    b: (n,)
    returns: (2, n)
    """
    return torch.stack([a, b])


def drop_ones(x: Tensor) -> Tensor:
    """Remove every axis of length 1.

    x: any shape
    returns: the shape of x without its ones
    """
    return x.squeeze()


def add_batch_axis(x: Tensor) -> Tensor:
    """Add an axis of length 1 in front.

    x: any shape
    returns: (1, *shape of x)
    """
    return x.unsqueeze(0)


# %% [markdown]
# ## Reordering the axes
#
# To turn rows into columns is not to reshape. A reshape keeps the entries in their order and cuts
# the line elsewhere; `permute` keeps every entry with its neighbours and renames the axes. Its
# arguments say, for each axis of the result, which axis of the original it is. For a matrix,
# `permute(1, 0)` is the transpose, also written `.T`.

# %%
table = torch.arange(6).view(2, 3)
print(table)
print(table.permute(1, 0))
print(table.reshape(3, 2))

# %% [markdown]
# The last two have one shape and different contents. With three axes it is the same: here axis 0
# of the result is axis 2 of the original, and the other two follow in their old order.

# %%
block = torch.rand(4, 5, 6)
turned = block.permute(2, 0, 1)
print(turned.shape)
print((turned[3, 1, 2] == block[1, 2, 3]).item())

# %% [markdown]
# ## Exercise 2: channels first
# *2 points · about 5 minutes*
#
# Files hold an image with the colour last, while torch's layers want it first. Turn a batch of $N$
# images of shape $(N, H, W, C)$ into one of shape $(N, C, H, W)$, such that
#
# $$\text{result}_{n c h w} = \text{images}_{n h w c}.$$
#
# Each colour of each image must come out as the same picture as before: a reshape has the right
# shape, and scrambles the values.


# %%
def channels_first(images: Tensor) -> Tensor:
    """Move the last axis, the channels, to directly after the first.

    images: (N, H, W, C)
    returns: (N, C, H, W)
    """
    return images.permute(0, 3, 1, 2)


# %% [markdown]
# ## Picking entries
#
# Give one index for each axis, separated by commas. A number picks one place and removes its axis;
# a slice `start:end:step` picks a range and keeps its axis; a bare `:` takes the whole axis.
# Counting starts at 0, and negative numbers count from the end.

# %%
table = torch.tensor([[5, -1, 0], [-2, 7, 3], [4, -6, 8], [9, 1, -3]])
print(table[1, -1])
print(table[:, 0])
print(table[1:3])
print(table[:, ::2])

# %% [markdown]
# A comparison gives a tensor of the same shape that holds true and false. Used as an index, such a
# *mask* picks the entries where it is true, and lists them along a single axis.

# %%
print(table < 0)
print(table[table < 0])

# %% [markdown]
# Finally, an index may itself be a tensor of integers. Two such tensors are read side by side, as a
# list of positions: the entries at (0, 2), (1, 2) and (3, 0) are

# %%
rows = torch.tensor([0, 1, 3])
columns = torch.tensor([2, 2, 0])
table[rows, columns]

# %% [markdown]
# ## Exercise 3: indexing
# *`pick_per_row` 2 points, the others 1 point each · about 10 minutes*
#
# - `last_column(x)`: the last column of a matrix, as a vector.
# - `every_other_row(x)`: the rows 0, 2, 4, … of a matrix.
# - `positives(x)`: the entries greater than zero, in order, as a vector. Zero itself is not
#   positive and does not belong.
# - `pick_per_row(x, columns)`: one entry from every row, namely from row $i$ the entry
#   $x_{i,\,\text{columns}_i}$. From $\begin{pmatrix} 1&2\\ 3&4\\ 5&6 \end{pmatrix}$ and the columns
#   $(1, 0, 1)$ it picks $(2, 3, 6)$. You will need the numbers of all rows, $0, 1, \dots, n-1$;
#   make them on the device of `x`.


# %%
def last_column(x: Tensor) -> Tensor:
    """Pick the last column of a matrix.

    x: (n, m)
    returns: (n,)
    """
    return x[:, -1]


def every_other_row(x: Tensor) -> Tensor:
    """Pick the rows 0, 2, 4, and so on.

    x: (n, m)
    returns: (n / 2 rounded up, m)
    """
    return x[::2]


def positives(x: Tensor) -> Tensor:
    """Pick the entries greater than zero, in order; zero is left out.

    x: any shape
    returns: (number of positive entries,)
    """
    return x[x > 0]


def pick_per_row(x: Tensor, columns: Tensor) -> Tensor:
    """Pick from every row i of `x` the entry in column `columns[i]`.

    x: (n, m)
    columns: (n,), integers from 0 to m - 1
    returns: (n,)
    """
    rows = torch.arange(len(x), device=x.device)
    return x[rows, columns]


# %% [markdown]
# ## NumPy
#
# Much data arrives as a NumPy array. `torch.tensor(array)` copies it. `torch.from_numpy(array)`
# wraps it instead: the tensor reads and writes the array's own memory, and takes over its type,
# which for NumPy is float64 by default. In the other direction, `tensor.numpy()` wraps a tensor
# in the same way.

# %%
samples = np.zeros(3)
copied = torch.tensor(samples)
wrapped = torch.from_numpy(samples)
samples[0] = 1
print(copied.tolist(), wrapped.tolist(), wrapped.dtype)

# %% [markdown]
# ## Exercise 4: to torch and back
# *2 points · about 5 minutes*
#
# Turn a NumPy array into a tensor, and that tensor into an array again. Return both. Nothing may be
# copied on the way: all three share one memory and one type.


# %%
def numpy_round_trip(array: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """Turn an array into a tensor and back, sharing its memory and keeping its dtype.

    array: any shape
    returns: (tensor, array), each with the shape of the argument
    """
    tensor = torch.from_numpy(array)
    return tensor, tensor.numpy()


# %% [markdown]
# ## The matrix product
#
# The product of an $(n, k)$ matrix $A$ and a $(k, m)$ matrix $B$ has the entries
#
# $$(AB)_{ij} = \sum_{l=1}^{k} A_{il} B_{lj}.$$
#
# It is written `A @ B`, or `torch.matmul(A, B)`, which is the same. There are two rules of shape.
#
# 1. The inner lengths must agree: $(n, \mathbf{k})$ times $(\mathbf{k}, m)$.
# 2. The result takes the outer lengths: $(n, m)$.

# %%
A = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
B = torch.tensor([[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, 2.0]])
print(A @ B)
print(torch.equal(A @ B, torch.matmul(A, B)))

# %% [markdown]
# The product of `A` with itself breaks the first rule. Its product with its own transpose keeps it.

# %%
try:
    A @ A
except RuntimeError as error:
    print(error)

print((A @ A.T).shape)

# %% [markdown]
# The formula could be written as three loops in Python. The built-in product does the same sums in
# compiled code that makes use of the whole processor. Even for small matrices the difference is
# large, and it grows with their size. (Both run on the CPU here, so that they are timed alike.)

# %%
left = torch.rand(20, 20, device="cpu")
right = torch.rand(20, 20, device="cpu")

start = time.perf_counter()
looped = torch.zeros_like(left)
for i in range(20):
    for j in range(20):
        for k in range(20):
            looped[i, j] += left[i, k] * right[k, j]
loop_seconds = time.perf_counter() - start

product_seconds = loop_seconds
for _ in range(10):
    start = time.perf_counter()
    product = left @ right
    product_seconds = min(product_seconds, time.perf_counter() - start)

print("same result:", torch.allclose(looped, product))
print(f"three loops: {1000 * loop_seconds:.3f} ms")
print(f"the product: {1000 * product_seconds:.3f} ms")

# %% [markdown]
# ## Exercise 5: a random square
# *1 point · about 2 minutes*
#
# Return a (7, 7) tensor of random numbers, uniform on $[0, 1)$. Two calls must give different
# numbers, so set no seed.


# %%
def random_square() -> Tensor:
    """Draw a square of random numbers, uniform on [0, 1), new ones at every call.

    returns: (7, 7)
    """
    return torch.rand(7, 7)


# %% [markdown]
# ## Exercise 6: a matrix times a row
# *1 point · about 5 minutes*
#
# Multiply a (7, 7) matrix $S$ by a row $r$ of shape (1, 7). As they stand, the inner lengths do not
# agree, so transpose the row:
#
# $$S\, r^\top, \qquad (7, 7) \text{ times } (7, 1) \text{ gives } (7, 1).$$


# %%
def times_row(square: Tensor, row: Tensor) -> Tensor:
    """Multiply a square matrix by the transpose of a row, as a matrix product.

    square: (7, 7)
    row: (1, 7)
    returns: (7, 1)
    """
    return square @ row.T


# %% [markdown]
# ## Devices
#
# A GPU computes on tensors in its own memory. It is usual to choose a device once, at the top of
# the work, and to make tensors there, or move them there with `to`.

# %%
chosen = torch.device("cuda" if torch.cuda.is_available() else "cpu")
made_there = torch.ones(2, 2, device=chosen)
moved_there = matrix.to(chosen)
print(made_there.device.type == moved_there.device.type == chosen.type)

# %% [markdown]
# Tensors that meet in an operation must be on one device. The result stays there too.
#
# NumPy knows only the computer's main memory. Since `.numpy()` shares memory and never copies, it
# cannot work for a CUDA tensor, and raises an error. Bring the tensor back first, with `cpu()`;
# for a tensor that is there already, this does nothing.

# %%
on_device = moved_there @ made_there
brought_back = on_device.cpu().numpy()
print(type(brought_back).__name__, brought_back.shape)

# %% [markdown]
# ## Exercise 7: a pair on a device
# *1 point · about 3 minutes*
#
# Return two random (2, 3) tensors, uniform on $[0, 1)$, drawn independently, and both on the device
# that is given.


# %%
def random_pair(device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Draw two tensors of random numbers, uniform on [0, 1), on `device`.

    device: a torch.device or its name, such as "cpu"
    returns: (a, b), each (2, 3)
    """
    return torch.rand(2, 3, device=device), torch.rand(2, 3, device=device)


# %% [markdown]
# ## Exercise 8: the product of a pair
# *1 point · about 3 minutes*
#
# Two (2, 3) tensors have no matrix product as they are. Return $a\, b^\top$, of shape (2, 2), which
# holds the dot product of every row of $a$ with every row of $b$.


# %%
def pair_product(a: Tensor, b: Tensor) -> Tensor:
    """Multiply `a` by the transpose of `b`, as a matrix product.

    a: (2, 3)
    b: (2, 3)
    returns: (2, 2)
    """
    return a @ b.T


# %% [markdown]
# ## Summaries
#
# Some methods sum a tensor up. Without an argument they look at all entries and give a 0-d tensor;
# with an axis, `dim`, they run along that axis and remove it.

# %%
table = torch.tensor([[3.0, 8.0, 1.0], [6.0, 2.0, 4.0]])
print(table.sum(), table.mean())
print(table.sum(dim=0))
print(table.max(dim=1).values)

# %% [markdown]
# `max` and `min` give a value. `argmax` and `argmin` give its *position*: along an axis if you name
# one, and otherwise in the tensor laid out flat.

# %%
print(table.argmax(dim=1))
print(table.argmax(), table.view(-1))

# %% [markdown]
# ## Exercise 9: extremes
# *1 point · about 2 minutes*
#
# Return the largest and the smallest value in a tensor, in this order.


# %%
def extremes(x: Tensor) -> tuple[Tensor, Tensor]:
    """Find the largest and the smallest value.

    x: any shape
    returns: (max, min), each 0-d
    """
    return x.max(), x.min()


# %% [markdown]
# ## Exercise 10: where the extremes are
# *1 point · about 2 minutes*
#
# Return the positions of the largest and of the smallest value, in this order, each as an index
# into the flattened tensor, which is an integer.


# %%
def extreme_positions(x: Tensor) -> tuple[Tensor, Tensor]:
    """Find the flat indices of the largest and of the smallest value.

    x: any shape
    returns: (argmax, argmin), each 0-d and of integers
    """
    return x.argmax(), x.argmin()


# %% [markdown]
# ## Seeds
#
# Random numbers on a computer are computed, from a starting point called the *seed*. The same seed
# gives the same numbers in the same order, and this makes an experiment repeatable. Without a new
# seed, the next draw goes on where the last one ended.

# %%
torch.manual_seed(2)
once = torch.rand(3)
onwards = torch.rand(3)
torch.manual_seed(2)
again = torch.rand(3)
print(once)
print(onwards)
print(again)

# %% [markdown]
# ## Exercise 11: a seed and a squeeze
# *1 point · about 3 minutes*
#
# Set the seed to 7 with `torch.manual_seed`. Draw a tensor of shape (1, 1, 1, 10) with
# `torch.rand`. Return it, together with the same tensor without its axes of length 1, which
# has the shape (10,). Every call must give the same numbers.


# %%
def seeded_squeeze() -> tuple[Tensor, Tensor]:
    """Set the seed 7, draw uniformly from [0, 1) with torch.rand, and remove axes of length 1.

    returns: (first, second), of shapes (1, 1, 1, 10) and (10,), with the same numbers
    """
    torch.manual_seed(7)
    first = torch.rand(1, 1, 1, 10)
    return first, first.squeeze()


# %% [markdown]
# ## What to remember
#
# - Before you trust a result, look at its shape, its dtype and its device.
# - `view` and `reshape` keep the entries in their order; `permute` moves axes.
# - In a matrix product the inner lengths must agree, and the outer ones remain.
# - Views, `from_numpy` and `.numpy()` share memory: what is written to one shows in the other.
