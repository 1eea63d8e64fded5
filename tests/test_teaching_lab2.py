"""What lab 2 adds for learning: figures that are right, and cells that only show."""

import ast
import re

import jupytext
import pytest
import sympy
from sheets import sheet

from grader.authoring.notebooks import SHOWN_ONLY, answered
from grader.authoring.release import own_text
from grader.labs.lab2_graphs import FAMILY, LAB

TEXT = sheet("lab2_graphs")
GRADED = {question.name: question.points for question in LAB.questions}
STOP = "## A good place to stop"


def cells(text: str = TEXT) -> list[tuple[str, str, bool]]:
    """The cells as kind, source, and whether the notebook alone has them."""
    read = jupytext.reads(text, fmt="py:percent").cells
    return [(cell.cell_type, cell.source, SHOWN_ONLY in cell.metadata.get("tags", ())) for cell in read]


def test_an_exercise_says_how_hard_and_how_important_it_is() -> None:
    stars = re.findall(r"minutes(?:\n#)? · difficulty ([●○]{5}) · importance ([●○]{5})\*", TEXT)
    assert len(stars) == TEXT.count("\n# ## Exercise ") == 7
    assert all(re.fullmatch("●+○*", each) for pair in stars for each in pair)


def test_the_minutes_add_up() -> None:
    exercises = sum(map(int, re.findall(r"about (\d+) minutes(?:\n#)? · difficulty", TEXT)))
    parts = sum(
        map(int, re.findall(r"^# \|[^|]+\|[^|]+\| (\d+) \|$", cut_before(TEXT, "**How to work."), re.MULTILINE))
    )
    assert f"take about {exercises} minutes" in TEXT
    assert parts == 150
    assert "two and a half hours" in TEXT


def cut_before(text: str, mark: str) -> str:
    """The text up to a mark that it must have."""
    found, separator, _ = text.partition(mark)
    assert separator
    return found


def test_what_is_done_at_the_place_to_stop() -> None:
    done = sum(p for name, p in GRADED.items() if f"def {name}(" in cut_before(TEXT, STOP))
    assert f"{done:g} of the {sum(GRADED.values()):g} points" in TEXT


def test_the_figures_of_the_worked_backward_pass() -> None:
    x, y, q, r = sympy.symbols("x y q r", positive=True)
    at = {x: 2, y: 5}
    p = x**2
    steps = [p, p * y, p * y + y, sympy.sqrt(p * y + y)]
    values = [step.subs(at) for step in steps]
    assert "$p = {}$, $q = {}$, $r = {}$, $s = {}$".format(*values) in TEXT
    root = sympy.sqrt(r)
    ds_dr = root.diff(r)
    by_q = sympy.sqrt(q + y).diff(q).subs(q, p * y)
    gradients = (ds_dr.subs(r, values[2]), by_q.subs(at), (by_q * y).subs(at), steps[3].diff(y), steps[3].diff(x))
    table = re.findall(r"^# \| \$.*s/.*\| ([\d.]+) \|$", TEXT.partition("smaller backward pass")[2], re.MULTILINE)
    assert table == [f"{float(each.subs(at)):g}" for each in gradients]


def test_the_other_figures_and_derivatives() -> None:
    x, b = sympy.symbols("x b", real=True)
    slope = (1 / (1 + sympy.exp(-x))).diff(x)
    # s(1 - s) has its one maximum where s is a half.
    assert slope.subs(x, 0) == sympy.Rational(1, 4)
    assert sympy.simplify(slope.diff(x).subs(x, 0)) == 0
    assert "slope of the sigmoid is\n# at most 0.25" in TEXT
    assert sympy.simplify(sympy.tanh(x).diff(x) - (1 - sympy.tanh(x) ** 2)) == 0
    assert (x**3 - 5 * x).diff(x) == 3 * x**2 - 5
    # Why y = 4.1 is worth a try: the denominator has changed its sign.
    below = sympy.log(3) + (3 - b) ** 3
    assert below.subs(b, 4) > 0 > below.subs(b, 4.1)
    assert "Try $y = 4.1$" in TEXT


def test_cells_that_only_show_are_one_call_and_plots_are_few() -> None:
    shown = [source for _, source, only in cells() if only]
    for source in shown:
        (statement,) = ast.parse(source).body
        assert isinstance(statement, ast.Expr)
        assert isinstance(statement.value, ast.Call)
        assert ast.unparse(statement.value.func) == "draw"
    plots = [source for kind, source, _ in cells() if kind == "code" and "plt.show()" in source]
    assert len(plots) == 3
    assert [answered(source, GRADED) for source in plots] == [[], [], []]


@pytest.mark.parametrize("student", ["ada", "emmy", "sofja"])
def test_numbers_of_ones_own_change_the_exercises_alone(student: str) -> None:
    own = own_text(TEXT, FAMILY, FAMILY.draw(b"a secret", student))
    changed = [mine for mine, sheet in zip(cells(own), cells(), strict=True) if mine != sheet]
    assert changed
    for kind, source, _ in changed:
        assert source.startswith("## Exercise") if kind == "markdown" else answered(source, GRADED)
