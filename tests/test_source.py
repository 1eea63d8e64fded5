"""Reading code: what a function uses, through names, aliases and other functions."""

from collections.abc import Callable

import pytest
from effort import calls

from grader.judge.source import Source

PRELUDE = "import torch\nfrom torch import Tensor\n"


def used(*cells: str, name: str = "f") -> frozenset[str]:
    return Source((PRELUDE, *cells)).used(name)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def f(x):\n    y = x**2\n    y.backward()\n    return x.grad", {"backward", "grad"}),
        ("g = torch.autograd.grad\ndef f(x):\n    return g(x**2, x)", {"autograd", "grad"}),
        ("from torch.autograd import grad as g\ndef f(x):\n    return g(x**2, x)", {"autograd", "grad"}),
        ("import sympy as s\ndef f(x):\n    return s.diff(x)", {"sympy"}),
        ("def f(x):\n    from torch.func import grad\n    return grad(torch.sin)(x)", {"func", "grad"}),
        ("def h(x):\n    return torch.func.grad(torch.sin)(x)\ndef f(x):\n    return h(x)", {"func"}),
        ("def f(x):\n    return eval('x')", {"eval"}),
        ("f = lambda x: x.grad", {"grad"}),
        ("class A:\n    def go(self, x):\n        return x.grad\ndef f(x):\n    return A().go(x)", {"grad"}),
        ("if True:\n    def f(x):\n        return x.grad", {"grad"}),
    ],
)
def test_what_a_function_uses_is_found(code: str, found: set[str]) -> None:
    assert found <= used(code)


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    grad = 2 * x\n    return grad",
        "def f(grad, backward):\n    return grad * backward",
        "def grad(x):\n    return 2 * x\ndef f(x):\n    return grad(x)",
        "def other(x):\n    x.backward()\ndef f(x):\n    return 2 * x",
        "# x.backward()\ndef f(x):\n    'uses x.grad'\n    return 2 * x",
        "def f(x):\n    x.backward()\ndef f(x):\n    return 2 * x",
    ],
)
def test_names_of_ones_own_and_old_definitions_are_no_matter(code: str) -> None:
    assert not used(code) & {"grad", "backward", "autograd"}


PATCHED = "torch.autograd.grad = torch.Tensor.backward = lambda *a, **k: None"
GRAD = "torch.autograd.grad"


@pytest.mark.parametrize(
    "code",
    [
        f"{PATCHED}\ndef f(x):\n    return torch.exp(x)",
        f"torch.mine = {GRAD}\ndef f(x):\n    return torch.exp(x)",
        "w = torch.ones(1)\nw.data = w.data - w.grad\ndef f(x):\n    return x.data + x",
        "w = torch.ones(1)\nw.grad.data -= 1\ndef f(x):\n    return w * x",
    ],
)
def test_a_patched_attribute_that_is_not_read_is_no_matter(code: str) -> None:
    assert not used(code) & {"grad", "backward", "autograd"}


@pytest.mark.parametrize(
    "code",
    [
        f"torch.mine = {GRAD}\ndef f(x):\n    return torch.mine(x**2, x)",
        f"torch.a = torch.b = {GRAD}\ndef f(x):\n    return torch.b(x**2, x)",
        f"torch.a, torch.b = {GRAD}, 1\ndef f(x):\n    return torch.a(x**2, x)",
        f"a, (torch.b, c) = 1, ({GRAD}, 1)\ndef f(x):\n    return torch.b(x**2, x)",
        f"t = torch\ntorch.mine = {GRAD}\ndef f(x):\n    return t.mine(x**2, x)",
        f"torch.one = {GRAD}\ntorch.two = lambda *a: torch.one(*a)\ndef f(x):\n    return torch.two(x**2, x)",
        f"def h(x):\n    return x\nh.go = {GRAD}\ndef f(x):\n    return h.go(x**2, x)",
        f"def f(x):\n    return f.go(x**2, x)\nf.go = {GRAD}",
        f"if True:\n    torch.nn.mine = {GRAD}\ndef f(x):\n    return torch.nn.mine(x**2, x)",
        f"Tensor.__invert__ = lambda x: {GRAD}(x**2, x)\ndef f(x):\n    return ~(x + Tensor(1))",
        f"torch.__dict__['mine'] = {GRAD}\ndef f(x):\n    return torch.mine(x**2, x)",
        f"torch = {GRAD}\ndef f(x):\n    return torch(x**2, x)",
        f"torch, y = {GRAD}, 1\ndef f(x):\n    return torch(x**2, x)",
        "import torch.autograd as torch\ndef f(x):\n    return torch.grad(x**2, x)",
    ],
)
def test_a_patched_attribute_that_is_read_is_found(code: str) -> None:
    assert "grad" in used(code)


def test_an_attribute_of_a_stub_does_not_fill_it() -> None:
    assert Source(("def f(x):\n    raise NotImplementedError\nf.points = 2",)).is_stub("f")


@pytest.mark.parametrize(
    "code",
    [
        "if x: pass\n" + "elif x: pass\n" * 2500 + "def f(x):\n    return x.grad",
        "def g(x):\n    return x\ndef f(x):\n    return x.grad + g(x - 1, x" + " + 1" * 2500 + ")",
        "def f(x):\n    raise NotImplementedError(x.grad" + " + 1" * 2500 + ")",
        "def f(x):\n    return x" + ".a" * 2500 + ".grad",
    ],
    ids=["branches", "sums", "errors", "attributes"],
)
def test_code_of_any_depth_is_read(code: str) -> None:
    source = Source((code,))
    assert "grad" in source.used("f")
    assert source.is_stub("f") == ("raise" in code)
    assert source.differenced("f") == ("g" if "def g" in code else "")


def test_what_python_warns_of_in_code_is_not_said_here(recwarn: pytest.WarningsRecorder) -> None:
    assert "grad" in Source(("def f(x):\n    r = '\\h'\n    return [x.grad, 1if x else 2]",)).used("f")
    assert not list(recwarn)


def long(line: str, count: int) -> str:
    return "".join(line.format(i, i + 1) for i in range(count))


def patches(count: int) -> str:
    return "def f(x):\n    return torch.a0\n" + long("torch.a{} = torch.a{}\n", count)


def calling(count: int) -> str:
    return "def g(x):\n    return x\ndef f(x):\n" + long("    h = k + x\n    g(h)\n", count)


def called(count: int) -> str:
    return long("def g{}(x): return x\n", count) + "def f(x):\n" + long("    g{}(x + 1)\n", count)


@pytest.mark.parametrize("code", [patches, calling, called])
def test_twice_the_code_takes_twice_the_steps_to_read(code: Callable[[int], str]) -> None:
    """What took the square of its length took hours for the longest code that is accepted."""

    def steps(count: int) -> int:
        source = Source((PRELUDE, code(count)))
        return calls(lambda: (source.used("f"), source.differenced("f")))

    assert steps(1_000) < 2.5 * steps(500)


def test_magics_and_broken_cells_do_not_hide_the_rest() -> None:
    source = Source(("%matplotlib inline\nimport torch", "def broken(:", "!ls\ndef f(x):\n    return x.grad"))
    assert "grad" in source.used("f")


@pytest.mark.parametrize("line", ["%time g()", "y = %time g()", "a, b[0] = !ls", "y = !ls", "x.data?", "?x", "x??"])
def test_lines_of_ipython_stand_for_the_calls_that_they_are(line: str) -> None:
    assert "get_ipython" in used(f"def f(x):\n    {line}\n    return x.data")
    assert "grad" in used(f"{line}\ndef f(x):\n    return x.grad")


def test_a_line_that_goes_on_with_a_remainder_is_no_magic() -> None:
    found = used("def f(x):\n    y = (x\n         % 7)\n    return y.grad")
    assert "grad" in found
    assert "get_ipython" not in found


@pytest.mark.parametrize(
    "code",
    [
        "def g(x):\n    return x**2\ndef f(x, h=1e-6):\n    return (g(x + h) - g(x - h)) / (2 * h)",
        "def g(x):\n    return x**2\ndef f(x):\n    up = g(x + 1e-6)\n    down = g(x)\n    return (up - down) / 1e-6",
        "g = lambda x: x**2\ndef f(x):\n    return (g(x + 1e-6) - g(x)) / 1e-6",
    ],
)
def test_differences_of_a_functions_values_are_seen(code: str) -> None:
    assert Source((code,)).differenced("f") == "g"


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [("x + 1", "x+1", ""), ("x + 1", "x - 1", "g"), ("x + 1", "x + 2", "g"), ("x.a + 1", "x.b + 1", "g")],
)
def test_arguments_that_are_spelt_alike_are_no_difference(one: str, other: str, found: str) -> None:
    assert (
        Source((f"def g(a, b):\n    return a - b\ndef f(x):\n    return g({one}, {other})",)).differenced("f") == found
    )


def test_a_function_used_twice_at_the_same_place_is_no_difference_quotient() -> None:
    code = "def s(x):\n    return 1 / x\ndef f(x):\n    return s(x) - s(x)**2"
    assert Source((code,)).differenced("f") == ""
