"""Pulling cotangents back: from a result to the one number whose gradients are asked for.

Knows where an output stands in a result. Refuses to know whose result it is, and what is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from grader.kernel.results import type_name
from grader.protocol.messages import Array

_as_tensor = torch.as_tensor
_multiply = Tensor.mul
_numel = Tensor.numel
_reshape = Tensor.reshape
_sum = Tensor.sum
_to = Tensor.to


def pulled(result: Any, pulls: Mapping[str, Array]) -> Tensor:
    """The sum over outputs of output times cotangent; an output of another shape counts by its entries."""
    terms = []
    for path, pull in pulls.items():
        output = part_at(result, path)
        if not issubclass(type(output), Tensor):
            raise TypeError(f"the result is a {type_name(output)}, which autograd cannot follow")
        if _numel(output) != pull.size:
            raise ValueError(f"the result has shape {tuple(output.shape)}; {pull.shape} was expected")
        cotangent = _to(_as_tensor(pull.copy()), device=output.device, dtype=output.dtype)
        terms.append(_sum(_multiply(output, _reshape(cotangent, output.shape))))
    return sum(terms[1:], terms[0])


def part_at(result: Any, path: str) -> Any:
    """The part of a result that a path names: "" is all of it, "z" an entry, "0" an item."""
    for step in path.split(".") if path else ():
        result = result[step] if issubclass(type(result), dict) else result[int(step)]
    return result
