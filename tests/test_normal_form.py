"""What makes no difference to the normal form of code, and what does."""

import pytest

from grader.judge.source import Source, parsed
from grader.similarity.normal_form import Statement, answers, labels


def rows(code: str, *more: str) -> tuple[Statement, ...]:
    return answers(Source((code, *more)), ["f", "g"])["f"]


def keys(code: str, *more: str) -> set[str]:
    return {row.key for row in rows(code, *more) if row.key}


PLAIN = """
import torch
def f(x, w):
    a = torch.exp(-x)
    b = 1 + a
    for k in range(3):
        b = b * w[k]
    return {"a": a, "b": b}
"""

THE_SAME = {
    "names": ("(x,", "(value,", "-x", "-value"),
    "more names": ("a =", "first =", " a\n", " first\n", ": a", ": first"),
    "the number": ("1 +", "3.5 +"),
    "its sign": ("1 +", "-1 +"),
    "a comment": ("    b = 1", "    # my own\n    b = 1"),
    "the layout": ("torch.exp(-x)", "torch.exp(\n        -x,\n    )"),
    "quotes": ('"a"', "'a'"),
    "a type hint": ("    a =", "    a: float ="),
    "a docstring": ("    a =", '    """Mine."""\n    a ='),
    "the module's name": ("import torch", "import torch as t", "torch.exp", "t.exp"),
    "a name of a part": ("    a =", "    v = w\n    a =", "w[k]", "v[k]"),
    "an imported name": ("import torch", "from torch import exp", "torch.exp", "exp"),
}


@pytest.mark.parametrize("changes", THE_SAME.values(), ids=THE_SAME.keys())
def test_what_hides_nothing(changes: tuple[str, ...]) -> None:
    code = PLAIN
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in code
        code = code.replace(old, new)
    assert keys(code) >= keys(PLAIN)
    assert len(keys(code) - keys(PLAIN)) <= ("v = w" in code)


OTHERWISE = {
    "another function": ("torch.exp", "torch.exp2"),
    "another operator": ("1 + a", "1 - a"),
    "another way round": ("1 + a", "a + 1"),
    "another key": ('"a"', '"c"'),
    "another variable": ("b * w[k]", "a * w[k]"),
    "another parameter": ("-x", "-w"),
}


@pytest.mark.parametrize("change", OTHERWISE.values(), ids=OTHERWISE.keys())
def test_what_is_written_otherwise_is_not_the_same(change: tuple[str, str]) -> None:
    assert keys(PLAIN) - keys(PLAIN.replace(*change))


def test_a_change_shows_where_it_is_and_in_what_uses_it() -> None:
    code = "def f(x):\n    a = 1 + x\n    b = a * x\n    c = b - x\n    d = c / x\n    return d"
    changed = keys(code) - keys(code.replace("1 + x", "x + 1"))
    assert len(changed) == 2


def test_the_order_of_statements_does_not_matter() -> None:
    code = "def f(x, y):\n    a = x * x\n    b = y + y\n    return a, b"
    assert keys(code) == keys("def f(x, y):\n    b = y + y\n    a = x * x\n    return a, b")


def test_helpers_belong_to_the_answer_and_other_answers_do_not() -> None:
    own = "def f(x):\n    return half(g(x))\ndef half(x):\n    return x / 2\ndef g(x):\n    return 7 * x * x"
    renamed = own.replace("half", "middle").replace("7 * x * x", "x")
    assert keys(own) == keys(renamed)
    assert not any("7" in row.text for row in rows(own))


def test_stubs_have_no_statements_and_what_was_given_has_no_key() -> None:
    assert rows('def f(x):\n    """Do."""\n    raise NotImplementedError') == ()
    assert rows("x = 1") == ()
    assert [bool(row.key) for row in rows('def f(x):\n    """Do."""\n    return x')] == [False, False, True]


def test_the_lines_of_an_answer_are_all_there_as_written() -> None:
    code = (
        "def f(x):\n    # say what\n    if x > 0:  # so\n        y = 1\n    else:\n        y = 2\n\n"
        "    with a as b:\n        z = (y +\n             b)\n    return z  # done"
    )
    assert "\n".join(row.text for row in rows("import torch\n\n" + code)) == code


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    return " + "-" * 3000 + "x",
        "def f(x):\n    return " + "+".join(["x"] * 3000),
        "def f(x):\n    return " + "+".join(["x"] * 600),
        "def f(x):\n    if x: pass\n" + "    elif x: pass\n" * 200,
        "def f(x): return",
        "f = lambda x: x",
        "f: int",
        "f = [1, 2]\nf[0] = 3",
        "def f(*a, b=1, **c):\n    match a:\n        case [1, d]: return d\n    return b",
        "def f(a):\n    try: e = 1\n    except E as e: raise\n    finally: return a",
    ],
    ids=range(10),
)
def test_odd_code_is_no_trouble(code: str) -> None:
    assert all(row.text in code for row in rows(code))


def test_a_long_chain_of_names_of_parts_does_not_grow_without_end() -> None:
    code = "def f(a0):\n" + "".join(f"    a{n + 1} = a{n}[0]\n" for n in range(3000))
    (function,) = parsed(code)
    assert max(map(len, labels(function, {}).values())) < 300
