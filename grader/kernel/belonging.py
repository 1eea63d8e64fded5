"""Whose code a frame runs, what the functions of libraries are called, and what of them shows how a value was found.

Knows where libraries lie, and the few functions deep in torch that every way of differentiating goes through. Refuses
to know which ways are allowed.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any, Final

from torch import Tensor

from grader.kernel.results import clipped
from grader.protocol.conduct import Means

_OURS: Final = str(Path(__file__).parents[1])
_LIBRARIES: Final = (
    "<frozen ",
    _OURS,
    *(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")),
)
_ALGEBRA_FILE: Final = "<lambdifygenerated"
"""How SymPy names the file of a function that it has made."""

_ALGEBRA: Final = frozenset({"sympy", "symengine", "jax", "autograd", "numdifftools", "casadi"})
_ALGEBRA_MODULES: Final = ("mpmath.calculus",)
_DIFFERENTIATORS: Final = frozenset(
    """
    polyder chebder legder lagder hermder hermeder deriv gradient approx_fprime approx_derivative derivative jacobian
    """.split()
)
"""Functions of NumPy and SciPy that differentiate."""

INNER: Final = {"run_backward": Means.ENGINE, "_enter_dual_level": Means.FORWARD, "_make_dual": Means.FORWARD}
"""C functions of torch that autograd goes through, whichever of its fronts was called."""
INNER_OPERATIONS: Final = {"_has_same_storage_numel": Means.FORWARD, "_make_dual": Means.FORWARD}
"""Operations that torch carries out when a dual number is made, and at no other time."""

_FRONTS: Final = {
    "torch._functorch.apis": "torch.func",
    "torch._functorch.eager_transforms": "torch.func",
    "torch._tensor": "",
}
"""Modules of torch whose functions are known by another module's name."""

_MACHINERY: Final = ("torch._compile", "torch._dynamo", "torch._library", "torch._ops", "torch.utils._python_dispatch")
_MACHINERY_NAMES: Final = frozenset({"_handle_torch_function_and_wrap_type_error_to_not_implemented", "wrapped"})

_known: Final[dict[str, bool]] = {}


def is_own(code: CodeType) -> bool:
    """Whether it is the notebook's own code: of a cell, of a file that it wrote, of a text that it ran."""
    file_name = code.co_filename
    found = _known.get(file_name)
    if found is None:
        found = not file_name.startswith((*_LIBRARIES, _ALGEBRA_FILE))
        if len(_known) < 10_000:
            _known[file_name] = found
    return found


def is_machinery(frame: FrameType) -> bool:
    """Whether it is what lies between the notebook's code and an operation of torch: torch's own, and the grader's."""
    code = frame.f_code
    if code.co_filename.startswith(_OURS) or code.co_name in _MACHINERY_NAMES:
        return True
    return str(frame.f_globals.get("__name__", "")).startswith(_MACHINERY)


def name_of(frame: FrameType) -> str:
    """What the function of a library is called that runs in a frame."""
    module, code = str(frame.f_globals.get("__name__", "")), frame.f_code
    front = _FRONTS.get(module, module)
    name = code.co_qualname.partition(".<locals>")[0].removesuffix(".__init__").removesuffix(".__new__")
    return clipped(".".join(filter(None, [front, name])), 200)


def name_of_builtin(function: Any) -> str:
    """What a function written in C is called."""
    owner = function.__self__
    if type(owner) is ModuleType:
        return clipped(f"{owner.__name__}.{function.__name__}", 200)
    if issubclass(type(owner), Tensor):
        return clipped(f"Tensor.{function.__name__}", 200)
    return clipped(function.__qualname__.replace("_VariableFunctionsClass.", "torch."), 200)


def algebra(frame: FrameType) -> bool:
    """Whether it is the work of a library that differentiates, or of a function that it has made."""
    if frame.f_code.co_filename.startswith(_ALGEBRA_FILE):
        return True
    module = str(frame.f_globals.get("__name__", ""))
    top = module.partition(".")[0]
    if top in ("numpy", "scipy", "torch"):
        return frame.f_code.co_name in _DIFFERENTIATORS and ".autograd" not in module and "functorch" not in module
    return top in _ALGEBRA or module.startswith(_ALGEBRA_MODULES)
