"""Reading code: what a function uses, through names, aliases and other functions."""

from collections.abc import Callable

import pytest
from effort import calls

from grader.judge.source import Source


def used(*cells: str, name: str = "f") -> list[str]:
    """Which of a few other names a function uses."""
    return Source(cells).uses(name, ["g", "h", "k"])


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def g(x): return x\ndef f(x): return g(x)", ["g"]),
        ("g = h = abs\ndef f(x): return g(h(x))", ["g", "h"]),
        ("def k(x): return x\ndef g(x): return k(x)\ndef f(x): return g(x)", ["g", "k"]),
        ("def g(x): return x\nf = lambda x: g(x)", ["g"]),
        ("def g(x): return x\nclass A:\n    def go(self, x): return g(x)\ndef f(x): return A().go(x)", ["g"]),
        ("if True:\n    def g(x): return x\n    def f(x): return g(x)", ["g"]),
        ("def g(x): return x\ndef f(g): return g", []),
        ("def g(x): return x\ndef f(x):\n    g = 2\n    return g", []),
        ("def g(x): return x\ndef f(x): return g(x)\ndef f(x): return x", []),
        ("def g(x): return x\ndef f(x):\n    'uses g'\n    return x  # g", []),
        ("import torch\ndef g(x): return x\ntorch.mine = g\ndef f(x): return x", []),
    ],
)
def test_what_a_function_uses_of_the_notebook_is_found(code: str, found: list[str]) -> None:
    assert used(code) == found


def test_an_attribute_of_a_stub_does_not_fill_it() -> None:
    assert Source(("def f(x):\n    raise NotImplementedError\nf.points = 2",)).is_stub("f")


@pytest.mark.parametrize(
    "code",
    [
        "if x: pass\n" + "elif x: pass\n" * 2500 + "def f(x):\n    return g(x)",
        "def f(x):\n    return g(x - 1, x" + " + 1" * 2500 + ")",
        "def f(x):\n    raise NotImplementedError(g(x)" + " + 1" * 2500 + ")",
        "def f(x):\n    return g(x)" + ".a" * 2500,
    ],
    ids=["branches", "sums", "errors", "attributes"],
)
def test_code_of_any_depth_is_read(code: str) -> None:
    source = Source(("def g(x):\n    return x", code))
    assert source.uses("f", ["g"]) == ["g"]
    assert source.is_stub("f") == source.raises_not_implemented("f") == ("raise" in code)


def test_what_python_warns_of_in_code_is_not_said_here(recwarn: pytest.WarningsRecorder) -> None:
    assert used("g = 1\ndef f(x):\n    r = '\\h'\n    return [g, 1if x else 2]") == ["g"]
    assert not list(recwarn)


def long(line: str, count: int) -> str:
    return "".join(line.format(i, i + 1) for i in range(count))


def calling(count: int) -> str:
    return "def g(x):\n    return x\ndef f(x):\n" + long("    h = k + x\n    g(h)\n", count)


def called(count: int) -> str:
    return long("def g{}(x): return x\n", count) + "def f(x):\n" + long("    g{}(x + 1)\n", count)


@pytest.mark.parametrize("code", [calling, called])
def test_twice_the_code_takes_twice_the_steps_to_read(code: Callable[[int], str]) -> None:
    """What took the square of its length took hours for the longest code that is accepted."""

    def steps(count: int) -> int:
        source = Source((code(count),))
        return calls(lambda: source.closure("f"))

    assert steps(1_000) < 2.5 * steps(500)


def test_magics_and_broken_cells_do_not_hide_the_rest() -> None:
    assert used("%matplotlib inline\ng = 1", "def broken(:", "!ls\ndef f(x):\n    return g") == ["g"]


@pytest.mark.parametrize("line", ["%time g()", "y = %time g()", "a, b[0] = !ls", "y = !ls", "x.data?", "?x", "x??"])
def test_lines_of_ipython_stand_for_the_calls_that_they_are(line: str) -> None:
    assert used(f"g = 1\ndef f(x):\n    {line}\n    return g") == ["g"]
    assert used(f"g = 1\n{line}\ndef f(x):\n    return g") == ["g"]


def test_a_line_that_goes_on_with_a_remainder_is_no_magic() -> None:
    assert used("g = 1\ndef f(x):\n    y = (x\n         % 7)\n    return y + g") == ["g"]
