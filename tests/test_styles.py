"""Right answers in legal styles have full marks; ways around a rule are refused with evidence.

Each runs in this process, at the public points; those that need a process of their own are in tests/attacks.
"""

import linecache
from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest
from observed import QUESTIONS

from grader.judge.model import Mark
from grader.judge.source import Source
from grader.pages.sentences import message
from grader.student.caller import Caller
from grader.student.public import checked

numbers = count()


def marked(name: str, code: str) -> Mark:
    """The mark of an answer in a notebook of one cell."""
    file = f"/tmp/ipykernel_1/{next(numbers)}.py"
    linecache.cache[file] = len(code), None, code.splitlines(keepends=True), file
    names: dict[str, Any] = {}
    exec(compile("import torch\n" + FORWARD + code, file, "exec"), names)
    return checked(QUESTIONS[name], Caller(names, Source((code,))))


FORWARD = """
def polynomial(x):
    return 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3
def exponential(x):
    return torch.exp(-x**2 - 2 * x - torch.sin(x))
"""
RIGHT = "32 * x**3 + 9 * x**2 + 14 * x + 6"
DEF = "def polynomial_gradient(x):\n"

STYLES: Mapping[str, str] = {
    "as it is": f"{DEF}    return {RIGHT}",
    "from torch import nn, Tensor": f"from torch import nn, Tensor\n{DEF}    return {RIGHT}",
    "import torch, gc": f"import torch, gc\n{DEF}    gc.collect()\n    return {RIGHT}",
    "a dataclass with a field grad": f"""
from dataclasses import dataclass
@dataclass
class Node:
    value: object
    grad: object = 0.0
    def backward(self):
        self.grad = (lambda x: {RIGHT})(self.value)
{DEF}    node = Node(x)
    node.backward()
    return node.grad""",
    "re.compile": f"import re\nword = re.compile('x')\n{DEF}    assert word.match('x')\n    return {RIGHT}",
    "a namedtuple with a derivative": f"""
from collections import namedtuple
Pair = namedtuple("Pair", "value derivative")
{DEF}    return Pair(polynomial(x), {RIGHT}).derivative""",
    "getattr and vars": f"""
class Rules: pass
rules = Rules()
rules.slope = lambda x: {RIGHT}
{DEF}    return getattr(rules, "slope")(x) + 0 * vars(rules)["slope"](x)""",
    "a power in a loop": """
def power(x, n):
    return x if n == 1 else x * power(x, n - 1)
def polynomial_gradient(x):
    total = 6 + 0 * x
    for c, n in ((8, 4), (3, 3), (7, 2)):
        total = total + c * n * power(x, n - 1)
    return total""",
    "a helper at x and x + 1": """
def inverse(d):
    return 1 / d
def polynomial_gradient(x):
    return (32 * x**3 + 9 * x**2 + 14 * x + 6) * inverse(x**2 + 2) / inverse(x**2 + 1 + 1) + 0 * inverse(x**2 + 3)""",
    "requires_grad_(False) in a helper": f"""
def plain(x):
    return x.clone().requires_grad_(False)
{DEF}    x = plain(x)
    return {RIGHT}""",
    "through exec": f"exec('''{DEF}    return {RIGHT}''')",
    "an object that can be called": f"""
class Gradient:
    def __call__(self, x):
        return {RIGHT}
polynomial_gradient = Gradient()""",
    "own dual numbers": """
class Dual:
    def __init__(self, value, slope): self.value, self.slope = value, slope
    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other, 0.0)
        return Dual(self.value + other.value, self.slope + other.slope)
    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other, 0.0)
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)
    __rmul__ = __mul__
    def __pow__(self, n): return Dual(self.value**n, n * self.value ** (n - 1) * self.slope)
def polynomial_gradient(x):
    return polynomial(Dual(x, 1.0)).slope""",
    "own rules for symbols": """
def derivative(terms):
    return {n - 1: n * c for n, c in terms.items() if n}
def polynomial_gradient(x):
    return sum(c * x**n for n, c in derivative({4: 8, 3: 3, 2: 7, 1: 6, 0: 3}).items())""",
    "a thread of its own": f"""
import threading
{DEF}    found = []
    thread = threading.Thread(target=lambda: found.append({RIGHT}))
    thread.start()
    thread.join()
    return found[0]""",
    "printed and logged": f"{DEF}    print(x, x.dtype)\n    return {RIGHT}",
    "through NumPy": f"""
import numpy as np
{DEF}    x = x.numpy()
    return torch.from_numpy(np.asarray({RIGHT}))""",
    "torch.func.vmap": f"{DEF}    return torch.func.vmap(lambda x: {RIGHT})(x.reshape(1))[0]",
}


@pytest.mark.parametrize("code", STYLES.values(), ids=STYLES)
def test_a_right_answer_has_full_marks_however_it_is_written(code: str) -> None:
    mark = marked("polynomial_gradient", code)
    assert mark.score == 1, message(mark.verdict)


GRAD = """    with torch.inference_mode(False), torch.enable_grad():
        leaf = torch.tensor(x.item(), dtype=x.dtype, requires_grad=True)
        return torch.autograd.grad(polynomial(leaf), leaf)[0]
"""
HELPER = f"def helper(x):\n{GRAD}"

ESCAPES: Mapping[str, str] = {
    "plainly": f"{DEF}{GRAD}",
    "behind match": f"{HELPER}{DEF}    match 1:\n        case 1:\n            return helper(x)",
    "behind a decoy": f"{HELPER}if False:\n    def helper(x): return {RIGHT}\n{DEF}    return helper(x)",
    "in a module from a file": f"""
import importlib.util, pathlib, tempfile
path = pathlib.Path(tempfile.mkdtemp(), "helpful.py")
path.write_text('''import torch\n{FORWARD}{HELPER}''')
spec = importlib.util.spec_from_file_location("helpful", path)
helpful = importlib.util.module_from_spec(spec)
spec.loader.exec_module(helpful)
{DEF}    return helpful.helper(x)""",
    "in TorchScript": """
unit = torch.jit.CompilationUnit('''
def slope(x):
    y = 8 * x**4 + 3 * x**3 + 7 * x**2 + 6 * x + 3
    return torch.autograd.grad([y], [x])[0]
''')
def polynomial_gradient(x):
    with torch.inference_mode(False):
        leaf = torch.tensor(x.item(), dtype=x.dtype, requires_grad=True)
        return unit.slope(leaf)""",
    "where torch functions are not heard": f"""{HELPER}{DEF}
    with torch._C.DisableTorchFunction():
        return helper(x)""",
    "forward": """
import torch.autograd.forward_ad as ahead
def polynomial_gradient(x):
    with torch.inference_mode(False), ahead.dual_level():
        dual = ahead.make_dual(torch.tensor(x.item(), dtype=x.dtype), torch.ones_like(x).clone())
        return ahead.unpack_dual(polynomial(dual)).tangent""",
    "torch.func.grad": f"{DEF}    return torch.func.grad(polynomial)(x)",
    "torch.func.jvp": f"{DEF}    return torch.func.jvp(polynomial, (x,), (torch.ones_like(x),))[1]",
    "torch.func.jacrev": f"{DEF}    return torch.func.jacrev(polynomial)(x)",
    "a step into the complex plane": f"{DEF}    return (polynomial(x + 1e-20j)).imag * 1e20",
    "a complex step of Python's": f"""{DEF}    z = complex(x.item(), 1e-20)
    return torch.tensor(polynomial(z).imag * 1e20)""",
    "bound by except": f"""
class Carrier(Exception): pass
{HELPER}{DEF}    try:
        raise Carrier(helper)
    except Carrier as carried:
        return carried.args[0](x)""",
    "bound by for": f"{HELPER}for other in [helper]: pass\n{DEF}    return other(x)",
    "bound by a walrus": f"{HELPER}[other := helper]\n{DEF}    return other(x)",
    "bound by with": f"""
import contextlib
{HELPER}with contextlib.nullcontext(helper) as other: pass
{DEF}    return other(x)""",
    "through map": f"{HELPER}{DEF}    return list(map(helper, [x]))[0]",
    "SymPy": f"""
import sympy
{DEF}    t = sympy.Symbol("t")
    return torch.tensor(float(polynomial(t).diff(t).subs(t, x.item())), dtype=x.dtype)""",
    "a function that SymPy made": f"""
import sympy
t = sympy.Symbol("t")
slope = sympy.lambdify(t, sympy.diff(polynomial(t), t))
{DEF}    return slope(x)""",
    "only for some": f"{HELPER}{DEF}    return helper(x) if x.item() else {RIGHT}",
}


@pytest.mark.parametrize("code", ESCAPES.values(), ids=ESCAPES)
@pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")  # torch.func.jvp's own
def test_a_way_around_is_refused_with_evidence(code: str) -> None:
    mark = marked("polynomial_gradient", code)
    assert (mark.score, mark.verdict.note) == (0, "forbidden_method"), message(mark.verdict)
    assert "(line " in message(mark.verdict)


DIFFERENCES: Mapping[str, str] = {
    "central": "    h = 1e-6\n    return (polynomial(x + h) - polynomial(x - h)) / (2 * h)",
    "forward": "    return (polynomial(x + 1e-6) - polynomial(x)) / 1e-6",
    "times the reciprocal": "    return (polynomial(x + 1e-6) - polynomial(x - 1e-6)) * 500_000.0",
    "of more points": """    h = 1e-3
    a, b, c, d = (polynomial(x + k * h) for k in (-2, -1, 1, 2))
    return (a - 8 * b + 8 * c - d) / (12 * h)""",
    "in a loop": """    h = x.abs().clamp(min=1.0) * 1e-6
    ends = [polynomial(x + s * h) for s in (1, -1)]
    return (ends[0] - ends[1]) / (2 * h)""",
    "of a function inside": """    def own(t):
        return 8 * t**4 + 3 * t**3 + 7 * t**2 + 6 * t + 3
    return (own(x + 1e-6) - own(x - 1e-6)) / 2e-6""",
    "of plain numbers": """    x, h = x.item(), 1e-6
    return torch.tensor((polynomial(x + h) - polynomial(x - h)) / (2 * h), dtype=torch.float64)""",
    "both ends at once": """    ends = polynomial(torch.stack([x - 1e-6, x + 1e-6]))
    return (ends[1] - ends[0]) / 2e-6""",
}


@pytest.mark.parametrize("body", DIFFERENCES.values(), ids=DIFFERENCES)
def test_a_difference_quotient_is_told_by_what_it_does(body: str) -> None:
    mark = marked("polynomial_gradient", DEF + body)
    assert (mark.score, mark.verdict.note) == (0, "finite_differences"), message(mark.verdict)


TAMPERED: Mapping[str, str] = {
    "switched off": f"import sys\n{HELPER}{DEF}    sys.setprofile(None)\n    return helper(x)",
    "looked at": f"import sys\n{DEF}    sys.getprofile()\n    return {RIGHT}",
    "looked at by another": f"import threading\n{DEF}    threading.setprofile(None)\n    return {RIGHT}",
    "torch's listeners taken away": f"""
from torch.utils._python_dispatch import _disable_current_modes
{DEF}    with _disable_current_modes():
        return {RIGHT}""",
    "replaced": f"import sys\n{DEF}    list(map(sys.setprofile, [lambda *a: None]))\n    return {RIGHT}",
}


@pytest.mark.parametrize("code", TAMPERED.values(), ids=TAMPERED)
def test_who_hinders_recording_is_not_graded_or_refused(code: str) -> None:
    mark = marked("polynomial_gradient", code)
    assert (mark.score, mark.verdict.note) in ((0, "not_recorded"), (0, "forbidden_method")), message(mark.verdict)


SCRATCH = """
def predict(x, w, b):
    return torch.nn.functional.linear(x, w, b)
def mean_squared_error(prediction, y):
    return ((prediction - y) ** 2).mean()
def train(x, y, w, b, epochs, learning_rate):
    w = w.detach().clone().requires_grad_()
    parameters = [w]
    if b is not None:
        b = b.detach().clone().requires_grad_()
        parameters.append(b)
    losses = []
    for _ in range(epochs):
        loss = mean_squared_error(predict(x, w, b), y)
        losses.append(loss.item())
        BACK
        with torch.no_grad():
            for p in parameters:
                p -= learning_rate * p.grad
                p.grad = None
    return w.detach(), None if b is None else b.detach(), losses
"""
BACKWARD = "loss.backward()"


def test_what_is_ready_made_costs_the_function_that_uses_it_and_not_its_caller() -> None:
    code = SCRATCH.replace("BACK", BACKWARD)
    assert marked("predict", code).verdict.note == "forbidden_method"
    assert "predict called torch.nn.functional.linear" in message(marked("predict", code).verdict).replace(
        "torch._C._nn.linear", "torch.nn.functional.linear"
    )
    assert marked("train", code).score == 4


@pytest.mark.parametrize("code", ["from torch import nn, Tensor\nimport torch, gc\n", "import re\nre.compile('nn')\n"])
def test_what_is_imported_and_not_called_costs_nothing(code: str) -> None:
    right = SCRATCH.replace("BACK", BACKWARD).replace(
        "torch.nn.functional.linear(x, w, b)", "x @ w.T + (0 if b is None else b)"
    )
    assert marked("predict", code + right).score == 2
    assert marked("train", code + right).score == 4


AUTOGRAD: Mapping[str, str] = {
    "backward": "x, y = marked(x), marked(y)\n    ratio(x, y).backward()\n    return x.grad, y.grad",
    "autograd.grad": "x, y = marked(x), marked(y)\n    return torch.autograd.grad(ratio(x, y), (x, y))",
    "torch.func.grad": "return torch.func.grad(ratio, argnums=(0, 1))(x, y)",
    "torch.func.vjp": "return torch.func.vjp(ratio, x, y)[1](torch.ones_like(x))",
    "torch.func.jacrev": "return torch.func.jacrev(ratio, argnums=(0, 1))(x, y)",
    "torch.func.jacfwd": "return torch.func.jacfwd(ratio, argnums=(0, 1))(x, y)",
    "torch.func.jvp": """one, none = torch.ones_like(x), torch.zeros_like(x)
    return tuple(torch.func.jvp(ratio, (x, y), ways)[1] for ways in ((one, none), (none, one)))""",
    "jacobian": "return torch.autograd.functional.jacobian(ratio, (x, y))",
}


@pytest.mark.parametrize("body", AUTOGRAD.values(), ids=AUTOGRAD)
@pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")  # torch.func.jvp's own
def test_every_way_of_using_autograd_counts(body: str) -> None:
    code = "def marked(t):\n    return t.detach().clone().requires_grad_()\ndef ratio(x, y):\n"
    code += "    return (x + torch.exp(y)) / (torch.log(x) + (x - y) ** 3)\n"
    mark = marked("ratio_gradient", f"{code}def ratio_gradient(x, y):\n    {body}")
    assert mark.score == 1, message(mark.verdict)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("stable_softmax", "def stable_softmax(x):\n    return torch.softmax(x, 0)"),
        ("stable_softmax", "def stable_softmax(x):\n    return list(map(torch.nn.Softmax(dim=0), [x]))[0]"),
        ("stable_softmax", "def stable_softmax(x):\n    return x.log_softmax(0).exp()"),
        ("stable_sigmoid", "import functools\nstable_sigmoid = functools.partial(torch.special.expit)"),
        ("stable_logsumexp", "def stable_logsumexp(x):\n    return next(map(torch.logsumexp, [x], [0]))"),
    ],
)
def test_a_ready_made_function_is_seen_whoever_calls_it(name: str, code: str) -> None:
    mark = marked(name, code)
    assert (mark.score, mark.verdict.note) == (0, "forbidden_method"), message(mark.verdict)
