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
# At the end you zoom into the Mandelbrot set, every pixel an entry of one tensor and all computed
# at once, until you see with your own eyes where float32 runs out of digits.
#
# **What you should know.** Python's functions, lists and loops, and how two small matrices are
# multiplied. You need no calculus here, and need not have seen PyTorch before.
#
# **Time and layout.** About two hours, just under an hour of it for the exercises.
#
# | part | what it is about | exercises |
# |---|---|---|
# | 1 | making tensors, types, arithmetic, shapes, axes, indices, NumPy | 1 to 4 |
# | 2 | matrix products, devices, summaries, broadcasting, seeds | 5 to 11 |
# | 3 | three puzzles and an experiment, for no points | – |
#
# After part 1 is a good place to stop for the day. Each exercise says how difficult it is and how
# much you will need it later, out of five. Before each kind of exercise stands a worked example,
# and below each text are hints, folded away: open one when you are stuck. (`hint("to_grid")` shows
# them one by one.)
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
import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

print("torch", torch.__version__)

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
# `draw` shows a tensor as boxes, one for each number, with its shape. *Before you run the cells:*
# how many boxes do you expect, and in what arrangement?

# %% tags=["active-ipynb"]
# draw(vector)

# %% tags=["active-ipynb"]
# draw(matrix)

# %% tags=["active-ipynb"]
# draw(cube)

# %% [markdown]
# ## Making tensors
#
# You will seldom type the numbers in. `torch.rand` draws them uniformly from $[0, 1)$, and is given
# the shape. (The seed in the first line makes it draw the same numbers whenever the cell is run;
# more of that in the section on seeds.) A colour image is commonly a tensor of shape
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
# Older code may have `torch.range`. Unlike `arange` and Python it *includes* the end, and it makes
# floating-point numbers even of integers, which cannot serve as positions. Torch itself warns
# against it (silenced here). Know it when you see it, and write `arange`.

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    print(torch.range(0, 5))
print(torch.arange(0, 5))

# %% [markdown]
# ## Pictures, words and tables
#
# Whatever a network is to learn from must first become a tensor. Here is a tiny one of each kind.
#
# - A *picture* is a number for every row, column and colour.
# - A *sentence* is a list of integers: each word's place in a vocabulary.
# - A *table* has a row for each example and a column for each thing that was measured.

# %%
red, white = [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]
flag = torch.tensor([[red, white, red], [red, white, red]])
print("picture: ", tuple(flag.shape), flag.dtype)

vocabulary = {"a": 0, "cat": 1, "dog": 2, "sees": 3}
sentence = torch.tensor([vocabulary[word] for word in "a dog sees a cat".split()])
print("sentence:", tuple(sentence.shape), sentence.dtype, sentence.tolist())

# One flat in each row: its size in square metres, its rooms, its rent.
flats = torch.tensor([[30.0, 1.0, 400.0], [50.0, 2.0, 650.0], [70.0, 3.0, 810.0]])
print("table:   ", tuple(flats.shape), flats.dtype)

# %% tags=["active-ipynb"]
# draw(flag)

# %% [markdown]
# Networks are fed many examples at a time, a *batch*. By custom that is a further axis, the first.
# What would be the shape of a batch of 32 flags?

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
# The plot shows the distance from a number to the next that the type can hold, both as powers of
# ten: 2 stands for 100. The distance doubles whenever the number passes a power of two, and so
# keeps in step with the number: a type has a number of *digits*, not of decimal places. The grey
# line is at a distance of 1. Roughly where does float16 stop telling whole numbers apart?

# %%
sizes = torch.logspace(-4, 4, 300, dtype=torch.float64, device="cpu")
plt.figure(figsize=(5, 3))
for dtype in (torch.float16, torch.float32, torch.float64):
    gaps = torch.finfo(dtype).eps * 2 ** sizes.log2().floor()
    plt.plot(sizes.log10(), gaps.log10(), label=str(dtype))
plt.axhline(0, color="grey", linewidth=0.5)
plt.xlabel("a number (power of ten)")
plt.ylabel("distance to the next")
plt.ylim(-25, 3)
plt.legend(loc="lower right")
plt.show()

# %% [markdown]
# `x.to(dtype)` converts; `half()`, `float()` and `double()` are short for it. Each gives a new
# tensor (or `x` itself, if it has that type already), and `x` keeps its type. *Before you run it:*
# `fine` goes to 16 bits and back. Do its digits come back? And what becomes of 70000 in 16 bits?

# %%
fine = torch.tensor(1 / 3, dtype=torch.float64)
print(fine.half().dtype, fine.float().dtype, fine.double().dtype)
print(fine.item())
print(fine.half().double().item())
print(torch.tensor(70000.0).half().item(), torch.finfo(torch.float16).max)

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
# Type and device can be chosen when a tensor is made, together with `requires_grad`, which asks
# torch to keep track of what is computed from the tensor, for its derivative (lab 2).

# %%
weights = torch.zeros(2, 3, dtype=torch.float64, device="cpu", requires_grad=True)
print(weights.dtype, weights.device, weights.requires_grad)

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
# One operation has several spellings. You will read them all; write what reads best.
#
# | operator | function | method | in place |
# |---|---|---|---|
# | `u + v` | `torch.add(u, v)` | `u.add(v)` | `u.add_(v)` or `u += v` |
# | `u * v` | `torch.mul(u, v)` | `u.mul(v)` | `u.mul_(v)` or `u *= v` |

# %%
print(torch.add(u, v), u.add(v))
print(torch.mul(u, v), u.mul(v))

# %% [markdown]
# The first three columns leave `u` alone: each makes a new tensor. To keep a result you may
# *reassign* the name, `u = u + 1`, and then `u` stands for the new tensor while the old one is as it was. Or you may
# work *in place*, `u += 1` or `u.add_(1)`, which overwrites the numbers where they are stored.
# (A trailing underscore marks every method that works in place.) The difference shows as soon as a
# second name stands for the same tensor. *Before you run it:* what will `same` hold, each time?

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
# ### Worked example: rows of two
#
# *Lay a contiguous tensor out in rows of two, as a view.* Begin with shapes, on paper: (6,) becomes
# (3, 2), and (2, 4) becomes (4, 2). The last length is always 2; the first depends on `x` and is
# left to torch. As it must be a view, the method is `view`, which raises an error rather than copy.
# Then try it: on more than one shape, and by writing into the result and looking at the original.

# %%
def in_pairs(x: Tensor) -> Tensor:
    """Give a view of a contiguous tensor, of an even number of entries, in rows of two."""
    return x.view(-1, 2)


print(in_pairs(torch.arange(6)).shape)

original = torch.zeros(2, 4)
in_pairs(original)[3, 1] = 9
print(original)

# %% [markdown]
# ## Exercise 1: shapes
# *`flat_view` 2 points, the others 1 point each · about 15 minutes ·
# difficulty ●●○○○ · importance ●●●●●*
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


# %% [markdown]
# <details><summary>Hint 1 for to_grid</summary>
#
# Neither the entries nor their order change. So this is a matter of cutting the line of numbers
# elsewhere, and one method does that.
#
# </details>
#
# <details><summary>Hint 2 for to_grid</summary>
#
# `reshape` takes a length for each axis of the result. Take both lengths from the arguments, in the
# order in which the docstring gives the shape.
#
# </details>
#
# <details><summary>Hint 1 for flat_view</summary>
#
# Of the two methods that change a shape, one copies where it must, the other never does.
#
# </details>
#
# <details><summary>Hint 2 for flat_view</summary>
#
# One axis is one length. You need not count the entries: one length may be left for torch to work
# out.
#
# </details>
#
# <details><summary>Hint 1 for stack_pair</summary>
#
# The result has an axis that neither `a` nor `b` has. Which function joins tensors along a new one?
#
# </details>
#
# <details><summary>Hint 2 for stack_pair</summary>
#
# It takes the tensors in a list. Where it puts the new axis, unless told otherwise, is where the
# docstring wants it: try it and look at the shape.
#
# </details>
#
# <details><summary>Hint 1 for drop_ones</summary>
#
# You cannot know which axes have length 1, and need not: one method finds them.
#
# </details>
#
# <details><summary>Hint 2 for drop_ones</summary>
#
# Given an axis, that method looks at this axis only. What does it do without an argument?
#
# </details>
#
# <details><summary>Hint 1 for add_batch_axis</summary>
#
# This undoes, for one axis, what `drop_ones` does. The method for it has the opposite name.
#
# </details>
#
# <details><summary>Hint 2 for add_batch_axis</summary>
#
# Its argument says at which place of the new shape the 1 shall stand. Places are counted from 0.
#
# </details>


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

# %% tags=["active-ipynb"]
# draw(table.permute(1, 0))

# %% tags=["active-ipynb"]
# draw(table.reshape(3, 2))

# %% [markdown]
# The last two have one shape and different contents. With three axes it is the same: here axis 0
# of the result is axis 2 of the original, and the other two follow in their old order.

# %%
block = torch.rand(4, 5, 6)
turned = block.permute(2, 0, 1)
print(turned.shape)
print((turned[3, 1, 2] == block[1, 2, 3]).item())

# %% [markdown]
# ### Worked example: one picture, colours in front
#
# *Turn a picture of shape (H, W, C) into one of shape (C, H, W).* To find the arguments of
# `permute`, write the letters of the result in a row, and below each its place in the original:
#
# | axis of the result | C | H | W |
# |---|---|---|---|
# | place in (H, W, C) | 2 | 0 | 1 |
#
# The second row is what `permute` is given. A reshape to (3, H, W) gives the same shape. *Before
# you run it:* what do you expect to see of each? (How the picture is made you can read after the
# section on broadcasting.)

# %%
height, width = 40, 60
down = torch.linspace(0, 1, height, device="cpu").unsqueeze(-1).expand(height, width)
across = torch.linspace(0, 1, width, device="cpu").expand(height, width)
oval = ((across - 0.5) ** 2 + (down - 0.5) ** 2 < 0.15).float()
picture = torch.stack([oval, across, down], dim=-1)

permuted = picture.permute(2, 0, 1)
reshaped = picture.reshape(3, height, width)
print(picture.shape, permuted.shape, reshaped.shape)

figure, frames = plt.subplots(1, 3, figsize=(6, 2))
frames[0].imshow(picture)
frames[0].set_title("the picture")
frames[1].imshow(permuted[0], cmap="gray")
frames[1].set_title("its red, by permute")
frames[2].imshow(reshaped[0], cmap="gray")
frames[2].set_title("by reshape")
for frame in frames:
    frame.axis("off")
plt.show()

# %% [markdown]
# Red is 1 on the oval and 0 elsewhere, and `permute` finds it. What `reshape` puts first is the
# first third of all numbers: the top of the picture, with red, green and blue side by side.

# %% [markdown]
# ## Exercise 2: channels first
# *2 points · about 5 minutes · difficulty ●●●○○ · importance ●●●●○*
#
# Files hold an image with the colour last, while torch's layers want it first. Turn a batch of $N$
# images of shape $(N, H, W, C)$ into one of shape $(N, C, H, W)$, such that
#
# $$\text{result}_{n c h w} = \text{images}_{n h w c}.$$
#
# Each colour of each image must come out as the same picture as before: a reshape has the right
# shape, and scrambles the values.


# %% [markdown]
# <details><summary>Hint 1 for channels_first</summary>
#
# Make the little table of the worked example: the letters N, C, H, W in a row, and below each its
# place in (N, H, W, C).
#
# </details>
#
# <details><summary>Hint 2 for channels_first</summary>
#
# The second row of your table holds the arguments of `permute`. N comes first in both.
#
# </details>


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
# *mask* picks the entries where it is true, and lists them along a single axis. (Why can the result
# not be a matrix?)

# %%
print(table < 0)
print(table[table < 0])

# %% [markdown]
# Masks are combined with `&` (and), `|` (or) and `~` (not), each comparison in brackets. The sum of
# a mask counts its trues. `torch.where(mask, a, b)` keeps the shape: it takes from `a` where the
# mask is true and from `b` elsewhere.

# %%
middle = (table > -3) & (table < 4)
print(middle.sum(), table[middle])
print(torch.where(table < 0, 0, table))

# %% [markdown]
# Finally, an index may itself be a tensor of integers. Two such tensors are read side by side, as a
# list of positions: the entries at (0, 2), (1, 2) and (3, 0) are

# %%
down = torch.tensor([0, 1, 3])
along = torch.tensor([2, 2, 0])
print(table[down, along])

# %% [markdown]
# ### Worked example: down the other diagonal
#
# *Pick the diagonal from the top right down to the left.* First the positions, for a (3, 3) matrix:
# (0, 2), (1, 1), (2, 0). No slice gives these, but two lists of integers do. The rows count up; the
# columns count down from $n - 1$.

# %%
def other_diagonal(x: Tensor) -> Tensor:
    """Pick from an (n, n) matrix the entries from the top right to the bottom left."""
    steps = torch.arange(x.shape[0], device=x.device)
    return x[steps, x.shape[0] - 1 - steps]


square = torch.arange(9).view(3, 3)
print(square)
print(other_diagonal(square))

# %% [markdown]
# ## Exercise 3: indexing
# *`pick_per_row` 2 points, the others 1 point each · about 10 minutes ·
# difficulty ●●●○○ · importance ●●●●●*
#
# - `last_column(x)`: the last column of a matrix, as a vector.
# - `every_other_row(x)`: the rows 0, 2, 4, … of a matrix.
# - `positives(x)`: the entries greater than zero, in order, as a vector. Zero itself is not
#   positive and does not belong.
# - `pick_per_row(x, columns)`: one entry from every row, namely from row $i$ the entry
#   $x_{i,\,\text{columns}_i}$. From $\begin{pmatrix} 1&2\\ 3&4\\ 5&6 \end{pmatrix}$ and the columns
#   $(1, 0, 1)$ it picks $(2, 3, 6)$. You will need the numbers of all rows, $0, 1, \dots, n-1$;
#   make them on the device of `x`.


# %% [markdown]
# <details><summary>Hint 1 for last_column</summary>
#
# Two indices, separated by a comma: the first says which rows, the second which columns.
#
# </details>
#
# <details><summary>Hint 2 for last_column</summary>
#
# Negative places count from the end, so you need not know how many columns there are. A single
# number removes its axis, and that makes the result a vector.
#
# </details>
#
# <details><summary>Hint 1 for every_other_row</summary>
#
# A slice has three parts, `start:end:step`. Which of them can be left out?
#
# </details>
#
# <details><summary>Hint 2 for every_other_row</summary>
#
# Rows are the first axis. An axis that is not mentioned is taken whole.
#
# </details>
#
# <details><summary>Hint 1 for positives</summary>
#
# First make the mask, by a comparison of `x` with zero. Which comparison is false for zero itself?
#
# </details>
#
# <details><summary>Hint 2 for positives</summary>
#
# Then use the mask as the index. The result is a vector by itself, whatever the shape of `x`.
#
# </details>
#
# <details><summary>Hint 1 for pick_per_row</summary>
#
# Write the positions down for the example: (0, 1), (1, 0), (2, 1). The second numbers are
# `columns`. What are the first?
#
# </details>
#
# <details><summary>Hint 2 for pick_per_row</summary>
#
# `torch.arange` makes them, as in the worked example: as many as `x` has rows, on the device of
# `x`. Then index with the two, side by side.
#
# </details>


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
# ### Worked example: NumPy works on a tensor
#
# *Add an amount to a tensor, by means of NumPy.* Wrap the tensor and change the array in place.
# Nothing need be brought back: the array has no numbers of its own.

# %%
def add_by_numpy(x: Tensor, amount: float) -> None:
    """Add to a tensor on the CPU, in place."""
    array = x.numpy()
    array += amount


readings = torch.zeros(3, device="cpu")
add_by_numpy(readings, 2.5)
print(readings)

# %% [markdown]
# What would `readings` be if the line were `array = array + amount`? (Remember reassigning.)

# %% [markdown]
# ## Exercise 4: to torch and back
# *2 points · about 5 minutes · difficulty ●●○○○ · importance ●●●○○*
#
# Turn a NumPy array into a tensor, and that tensor into an array again. Return both. Nothing may be
# copied on the way: all three share one memory and one type.


# %% [markdown]
# <details><summary>Hint 1 for numpy_round_trip</summary>
#
# Two functions make a tensor of an array. Which of them takes over the array's memory and type?
#
# </details>
#
# <details><summary>Hint 2 for numpy_round_trip</summary>
#
# The way back is a method of the tensor, and it never copies. Return the tensor first, then the
# array.
#
# </details>


# %%
def numpy_round_trip(array: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """Turn an array into a tensor and back, sharing its memory and keeping its dtype.

    array: any shape
    returns: (tensor, array), each with the shape of the argument
    """
    tensor = torch.from_numpy(array)
    return tensor, tensor.numpy()


# %% [markdown]
# ## A good place to stop
#
# This is the end of part 1. You can make tensors and know what their types round away; you can cut
# them to shape, turn them and pick from them; and you know when two names share one memory. Save
# the notebook. When you come back, first run all cells from the top: a new kernel remembers
# nothing.

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
# Of two vectors of one length, `@` makes a single number, their dot product. Do not mistake it for
# the product entry by entry.
#
# | | `a * a` | `a @ a` |
# |---|---|---|
# | what is done | multiply, entry by entry | multiply entry by entry, then add up |
# | result | a vector, as long as `a` | a 0-d tensor |
# | the same in other words | `torch.mul(a, a)`, `a**2` | `torch.matmul(a, a)`, `(a * a).sum()` |
# | for matrices | the shapes must agree | the inner lengths must agree |

# %%
a = torch.tensor([1.0, 2.0, 3.0])
print(a * a)
print(a @ a)

# %% [markdown]
# This is how torch computes it: the values on the way, and for each how much the result changes
# with it, which is the subject of lab 2.

# %% tags=["active-ipynb"]
# draw(lambda a: a @ a, torch.tensor([1.0, 2.0, 3.0]))

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
# ### Worked example: another range
#
# *Draw numbers uniformly from $[\text{low}, \text{high})$.* The range of `torch.rand` is 1 wide and
# starts at 0: stretch it first, then shift it.

# %%
def uniform_between(low: float, high: float, count: int) -> Tensor:
    """Draw numbers uniformly from [low, high)."""
    return low + (high - low) * torch.rand(count)


torch.manual_seed(1)
print(uniform_between(-1, 1, 4))

# %% [markdown]
# ## Exercise 5: a random square
# *1 point · about 2 minutes · difficulty ●○○○○ · importance ●●○○○*
#
# Return a (7, 7) tensor of random numbers, uniform on $[0, 1)$. Two calls must give different
# numbers, so set no seed.


# %% [markdown]
# <details><summary>Hint 1 for random_square</summary>
#
# The section on making tensors draws numbers of just this kind. It is given the shape.
#
# </details>
#
# <details><summary>Hint 2 for random_square</summary>
#
# `torch.randn` would draw from the normal distribution, and `torch.randint` whole numbers. What you
# want has neither letters behind its name.
#
# </details>


# %%
def random_square() -> Tensor:
    """Draw a square of random numbers, uniform on [0, 1), new ones at every call.

    returns: (7, 7)
    """
    return torch.rand(7, 7)


# %% [markdown]
# ### Worked example: which one to transpose
#
# *For $a$ of shape $(n, k)$ and $b$ of shape $(n, m)$, find the dot product of every column of $a$
# with every column of $b$.* A column has $n$ entries, so it is the two $n$ that must meet inside.
# They do if $a$ is turned:
#
# $$a^\top b, \qquad (k, \mathbf{n}) \text{ times } (\mathbf{n}, m) \text{ gives } (k, m).$$

# %%
def column_products(a: Tensor, b: Tensor) -> Tensor:
    """Multiply the transpose of `a`, (n, k), by `b`, (n, m)."""
    return a.T @ b


left = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
right = torch.tensor([[3.0], [4.0], [5.0]])
print(column_products(left, right))

# %% [markdown]
# ## Exercise 6: a matrix times a row
# *1 point · about 5 minutes · difficulty ●●○○○ · importance ●●●●●*
#
# Multiply a (7, 7) matrix $S$ by a row $r$ of shape (1, 7). As they stand, the inner lengths do not
# agree, so transpose the row:
#
# $$S\, r^\top, \qquad (7, 7) \text{ times } (7, 1) \text{ gives } (7, 1).$$


# %% [markdown]
# <details><summary>Hint 1 for times_row</summary>
#
# Write the two shapes side by side, as in the worked example. Which one must be turned so that
# equal lengths meet?
#
# </details>
#
# <details><summary>Hint 2 for times_row</summary>
#
# The transpose of a matrix is its `.T`. Mind the operator: `*` multiplies entry by entry and adds
# nothing up.
#
# </details>


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
# A machine may have several GPUs, `"cuda:0"`, `"cuda:1"` and so on. Note that `to` gives a copy,
# and the original stays where and as it was: keep what is returned. (If there is nothing to change,
# that is the tensor itself.)

# %%
print("CUDA devices:", torch.cuda.device_count())

double = matrix.to(torch.float64)
print(matrix.dtype, double.dtype)
print(double is matrix, matrix.to(matrix.dtype) is matrix)

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
# And if you forget `cpu()`? For a CUDA tensor that is a `TypeError`, which names the cure. Without
# a GPU there is nothing to see.

# %%
if on_device.is_cuda:
    try:
        on_device.numpy()
    except TypeError as error:
        print(error)
else:
    print("These numbers are in the main memory already.")

# %% [markdown]
# ### Worked example: noise of the right kind
#
# *Draw noise to be added to a tensor.* It needs the tensor's shape, type and device, and all three
# can be given where it is made.

# %%
def noise_like(x: Tensor, size: float) -> Tensor:
    """Draw numbers uniformly from [0, size), of the shape, type and device of `x`."""
    return size * torch.rand(x.shape, dtype=x.dtype, device=x.device)


noise = noise_like(double, 0.1)
print(noise.shape, noise.dtype, noise.device == double.device)

# %% [markdown]
# ## Exercise 7: a pair on a device
# *1 point · about 3 minutes · difficulty ●○○○○ · importance ●●●○○*
#
# Return two random (2, 3) tensors, uniform on $[0, 1)$, drawn independently, and both on the device
# that is given.


# %% [markdown]
# <details><summary>Hint 1 for random_pair</summary>
#
# A function that makes a tensor can be told the device at once. There is no need to make it
# elsewhere and move it.
#
# </details>
#
# <details><summary>Hint 2 for random_pair</summary>
#
# Drawn independently means two calls: one draw returned twice would be twice the same numbers.
# Separate the two results with a comma.
#
# </details>


# %%
def random_pair(device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Draw two tensors of random numbers, uniform on [0, 1), on `device`.

    device: a torch.device or its name, such as "cpu"
    returns: (a, b), each (2, 3)
    """
    return torch.rand(2, 3, device=device), torch.rand(2, 3, device=device)


# %% [markdown]
# ## Exercise 8: the product of a pair
# *1 point · about 3 minutes · difficulty ●●○○○ · importance ●●●●●*
#
# Two (2, 3) tensors have no matrix product as they are. Return $a\, b^\top$, of shape (2, 2), which
# holds the dot product of every row of $a$ with every row of $b$.


# %% [markdown]
# <details><summary>Hint 1 for pair_product</summary>
#
# Write the two shapes side by side, and then turn the second. Which lengths meet now, and which
# remain?
#
# </details>
#
# <details><summary>Hint 2 for pair_product</summary>
#
# To turn the first instead gives a product too, but of columns with columns, as in the worked
# example. Its shape tells you.
#
# </details>


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
print(table.argmax(), table.reshape(6))

# %% [markdown]
# The axis that you name is the one that disappears. Which shape has `table.sum(dim=1)`, then?
#
# ### Worked example: the largest row
#
# *Find which row of a matrix has the largest sum.* Two steps: sum along each row, (n, m) to (n,),
# then take the position of the largest sum, 0-d.

# %%
def largest_row(x: Tensor) -> Tensor:
    """Find the number of the row with the largest sum."""
    return x.sum(dim=1).argmax()


print(table.sum(dim=1), largest_row(table))

# %% [markdown]
# ## Exercise 9: extremes
# *1 point · about 2 minutes · difficulty ●○○○○ · importance ●●●○○*
#
# Return the largest and the smallest value in a tensor, in this order.


# %% [markdown]
# <details><summary>Hint 1 for extremes</summary>
#
# The section on summaries has a method for each of the two. Which entries do they look at if you
# name no axis?
#
# </details>
#
# <details><summary>Hint 2 for extremes</summary>
#
# Return both, separated by a comma, the largest first. They should stay tensors, so do not call
# `item()`.
#
# </details>


# %%
def extremes(x: Tensor) -> tuple[Tensor, Tensor]:
    """Find the largest and the smallest value.

    x: any shape
    returns: (max, min), each 0-d
    """
    return x.max(), x.min()


# %% [markdown]
# Which entries does the largest value depend on? In this picture of your function, look at the
# numbers that run back to `x`.

# %% tags=["active-ipynb"]
# draw(lambda x: extremes(x)[0], torch.tensor([3.0, 8.0, 1.0]))

# %% [markdown]
# ## Exercise 10: where the extremes are
# *1 point · about 2 minutes · difficulty ●○○○○ · importance ●●●●○*
#
# Return the positions of the largest and of the smallest value, in this order, each as an index
# into the flattened tensor, which is an integer.


# %% [markdown]
# <details><summary>Hint 1 for extreme_positions</summary>
#
# You want where the values stand, not what they are. The names of these methods begin with `arg`.
#
# </details>
#
# <details><summary>Hint 2 for extreme_positions</summary>
#
# Named no axis, they count through the tensor laid out flat, and that is the index which is asked
# for. It is a tensor of an integer already.
#
# </details>


# %%
def extreme_positions(x: Tensor) -> tuple[Tensor, Tensor]:
    """Find the flat indices of the largest and of the smallest value.

    x: any shape
    returns: (argmax, argmin), each 0-d and of integers
    """
    return x.argmax(), x.argmin()


# %% [markdown]
# ## Broadcasting
#
# `u + 1` adds one number to every entry. Tensors of unlike shapes are combined in the same way.
# Torch compares the shapes *from the right*: two lengths fit if they are equal, or if one of them
# is 1 or missing. Along that axis its tensor is used again and again, as if copied, but without the
# memory.
#
# | shape | with shape | gives |
# |---|---|---|
# | (2, 3) | (3,) | (2, 3) |
# | (2, 1) | (3,) | (2, 3) |
# | (4, 2, 3) | (2, 1) | (4, 2, 3) |
# | (2, 3) | (2,) | an error |
#
# First, a multiplication table of a column and a row. Then the table of flats, made ready for
# training: from each column its mean is taken, and what is left is divided by its spread, so that
# metres, rooms and rents come to one size.

# %%
factors = torch.arange(1, 6)
print(factors.unsqueeze(-1) * factors)
print((flats - flats.mean(dim=0)) / flats.std(dim=0))

# %% [markdown]
# To work along the rows, keep the axis that a summary would remove: with `keepdim=True` it stays,
# with length 1, and fits. *Before you run it:* what does each row of the first result add up to,
# and what is the shape in the last line?

# %%
print(table / table.sum(dim=1, keepdim=True))

prediction, target = torch.zeros(3, 1), torch.zeros(3)
print((prediction - target).shape)

# %% [markdown]
# The last line is a trap. A column minus a vector is no error: it is a matrix of all differences. A
# loss made of it runs, and learns the wrong thing.
#
# ## einsum: sums by letters
#
# `torch.einsum` names the axes of each argument by letters, and after the arrow those of the
# result. A letter that is missing there is summed over. So the matrix product is `"il,lj->ij"`.
# What do the other two lines compute? And what would `"ij->ji"` do?

# %%
print(torch.allclose(torch.einsum("il,lj->ij", A, B), A @ B))
print(torch.einsum("i,i->", a, a))
print(torch.einsum("ij->j", table))

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
# ### Worked example: the same hand of cards
#
# *Deal five cards of 52, the same at every call.* The seed is set inside the function, before the
# draw. `torch.randperm` shuffles the numbers from 0 on.

# %%
def same_hand(seed: int) -> Tensor:
    """Shuffle 52 cards from this seed and deal five."""
    torch.manual_seed(seed)
    return torch.randperm(52)[:5]


print(same_hand(3), same_hand(3))

# %% [markdown]
# ## Exercise 11: a seed and a squeeze
# *1 point · about 3 minutes · difficulty ●●○○○ · importance ●●●○○*
#
# Set the seed to 7 with `torch.manual_seed`. Draw a tensor of shape (1, 1, 1, 10) with
# `torch.rand`. Return it, together with the same tensor without its axes of length 1, which
# has the shape (10,). Every call must give the same numbers.


# %% [markdown]
# <details><summary>Hint 1 for seeded_squeeze</summary>
#
# First the seed, then the draw, both inside the function, as in the worked example.
#
# </details>
#
# <details><summary>Hint 2 for seeded_squeeze</summary>
#
# Draw once only. The second result is made of the first, with the method of `drop_ones`.
#
# </details>


# %%
def seeded_squeeze() -> tuple[Tensor, Tensor]:
    """Set the seed 7, draw uniformly from [0, 1) with torch.rand, and remove axes of length 1.

    returns: (first, second), of shapes (1, 1, 1, 10) and (10,), with the same numbers
    """
    torch.manual_seed(7)
    first = torch.rand(1, 1, 1, 10)
    return first, first.squeeze()


# %% [markdown]
# ## Three puzzles
#
# Each answer is one line, without a loop. Allowed are `arange`, `unsqueeze`, comparisons, `@`, and
# `.float()`, which makes 0 and 1 of false and true. The cell prints what must come out; compare
# yours with `torch.equal(yours, goals[0])`.

# %%
places = torch.arange(5)
amounts = torch.tensor([3.0, 1.0, 4.0, 1.0, 5.0])
goals = [torch.ones(5, 5).tril(), amounts.cumsum(0), torch.eye(4)[sentence]]
for goal in goals:
    print(goal)

# %% [markdown]
# **Puzzle 1, a triangle.** Make the first goal from `places` alone. In row $i$ and column $j$
# stands 1 where …?
#
# <details><summary>Answer to puzzle 1</summary>
#
# Where $j \le i$. A column of row numbers, compared with a row of column numbers, is a matrix:
#
# ```python
# (places <= places.unsqueeze(-1)).float()
# ```
#
# </details>
#
# **Puzzle 2, a running total.** From `amounts`, make the sums of the first, the first two, the
# first three, … The triangle helps.
#
# <details><summary>Answer to puzzle 2</summary>
#
# Row $i$ of the triangle has ones up to place $i$: its dot product with the amounts adds those up.
#
# ```python
# (places <= places.unsqueeze(-1)).float() @ amounts
# ```
#
# </details>
#
# **Puzzle 3, words.** For every word of `sentence`, make a row with a 1 in the column of its number
# in the vocabulary of four, and 0 elsewhere. This is called *one-hot*.
#
# <details><summary>Answer to puzzle 3</summary>
#
# Again a column compared with a row: is this word of the sentence that word of the vocabulary?
#
# ```python
# (sentence.unsqueeze(-1) == torch.arange(4)).float()
# ```
#
# </details>
#
# ## An experiment: where the digits end
#
# Take a point $(a, b)$ of the plane. Start with $x = y = 0$, and replace, again and again,
#
# $$x \leftarrow x^2 - y^2 + a, \qquad y \leftarrow 2xy + b.$$
#
# For some $(a, b)$ the point $(x, y)$ stays within a distance of 2 of the origin for ever: these
# form the *Mandelbrot set*. Others are soon gone; the picture shows after how many steps. `x` and
# `y` hold all pixels, broadcast from one row of $a$ and one column of $b$, and the count is a sum
# of masks.

# %%
def steps_within(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """Count, for a row `a` and a column `b`, the steps that each point stays within 2."""
    x = y = torch.zeros_like(a + b)
    count = torch.zeros_like(x, dtype=torch.int64)
    for _ in range(steps):
        x, y = x * x - y * y + a, 2 * x * y + b
        count += x * x + y * y < 4
    return count


def zoomed(side: float, steps: int, dtype: torch.dtype) -> Tensor:
    """Look at a square of the plane with that side, about a fixed point."""
    offsets = side * torch.linspace(-0.5, 0.5, 100, dtype=dtype)
    a, b = -0.77568377 + offsets, (0.13646737 + offsets).unsqueeze(-1)
    print(f"{dtype}: {len(a.unique())} different values of a in {len(a)} columns")
    return steps_within(a, b, steps)

# %% [markdown]
# *Before you run it:* both panels show the same square, a millionth of a unit wide, once in float32
# and once in float64. What will differ?

# %%
side, steps = 1e-6, 300

figure, frames = plt.subplots(1, 2, figsize=(6, 3))
for frame, dtype in zip(frames, (torch.float32, torch.float64), strict=True):
    frame.imshow(zoomed(side, steps, dtype).cpu(), cmap="magma")
    frame.set_title(str(dtype))
    frame.axis("off")
plt.show()

# %% [markdown]
# About this $a$, the numbers of float32 lie further apart than the pixels. So neighbouring columns
# get the very same $a$, and the picture falls into blocks. (The rows fare better: $b$ is smaller.)
# And there was no error to warn you. Lab 4 comes back to this.
#
# What happens if …
#
# - `side` is 3, with 50 steps? That shows the whole set. Then go in: 0.1, 1e-3, 1e-5.
# - `side` is 1e-15? Even float64 comes to its end.
# - `torch.float16` takes the place of float32, at a `side` of 3? Of 0.01?
# - you move the fixed point? Points at the edge of the set are the interesting ones.

# %% [markdown]
# ## What to remember
#
# - Before you trust a result, look at its shape, its dtype and its device.
# - `view` and `reshape` keep the entries in their order; `permute` moves axes.
# - In a matrix product the inner lengths must agree, and the outer ones remain.
# - Views, `from_numpy` and `.numpy()` share memory: what is written to one shows in the other.
# - Broadcasting compares shapes from the right, and where it fits by chance it does not warn.
# - `to` never changes its tensor: keep what it returns. Methods with a trailing underscore do
#   change it.
#
# **Words**
#
# | word | what it means |
# |---|---|
# | shape | the length along each axis |
# | dtype | the type of the numbers, the same for all in a tensor |
# | device | where the numbers are stored: the CPU's memory, or that of a GPU |
# | storage | the line of numbers in memory that a shape is laid over |
# | view | a tensor that shares the storage of another |
# | contiguous | with its entries in memory in the order in which the shape reads them |
# | in place | overwriting the numbers of a tensor, instead of making a new one |
# | mask | a tensor of true and false, used as an index |
# | broadcasting | using a tensor again along an axis where its length is 1 or missing |
#
# **What to read next**
#
# - [Tensors](https://docs.pytorch.org/tutorials/beginner/basics/tensorqs_tutorial.html) in
#   PyTorch's tutorials: much of this lab in other words.
# - [Broadcasting](https://docs.pytorch.org/docs/stable/notes/broadcasting.html) and
#   [views](https://docs.pytorch.org/docs/stable/tensor_view.html) in PyTorch's documentation.
# - [Data manipulation](https://d2l.ai/chapter_preliminaries/ndarray.html) in *Dive into Deep
#   Learning*.
# - [Tensor Puzzles](https://github.com/srush/Tensor-Puzzles): more of the same kind.
