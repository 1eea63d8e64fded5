"""Every lab in a real JupyterLab and a real browser, in both themes: run it with `make test-browser`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browsing import CHROMIUM, ROOT, Lab, menu, open_notebook, put, run_all, served, shot, theme, wait_until_run

from grader.authoring.notebooks import answered, solution_notebook
from grader.labs import all_labs
from grader.student import check

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-browser")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: make test-browser")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: make test-browser")

LABS = pytest.mark.parametrize("name", [lab.name for lab in all_labs()])
GRADED = {lab.name: {question.name for question in lab.questions} for lab in all_labs()}
FAILED = '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]'
ENDLESS = "def to_grid(x, rows, columns):\n    while True:\n        rows = rows + 1\n\n\ncheck(to_grid)"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with served(tmp_path_factory.mktemp("jupyter")) as lab:
        yield lab


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright.sync_playwright() as drivers:
        started = drivers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """High enough for a picture of most of a lab."""
    context = browser.new_context(viewport={"width": 1100, "height": 8_000})
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    context.close()


def sheet(name: str) -> Any:
    return nbformat.read(ROOT / "labs" / f"{name}.ipynb", as_version=4)


def filled_in(name: str) -> Any:
    """The student's notebook with the solution's code in place of its stubs."""
    notebook = sheet(name)
    solved = solution_notebook((ROOT / "solutions" / f"{name}.py").read_text("utf-8"))
    answers = {
        tuple(answered(cell.source, GRADED[name])): cell.source for cell in solved.cells if cell.cell_type == "code"
    }
    for cell in notebook.cells:
        names = tuple(answered(cell.source, GRADED[name])) if cell.cell_type == "code" else ()
        if names:
            cell.source = answers[names]
    return notebook


def small(*cells: str) -> Any:
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


def begun(page: Any, jupyter: Lab, name: str, notebook: Any) -> None:
    put(jupyter, f"{name}.ipynb", notebook)
    open_notebook(page, jupyter, f"{name}.ipynb")
    run_all(page)


def ran(page: Any, jupyter: Lab, name: str, notebook: Any) -> None:
    begun(page, jupyter, name, notebook)
    wait_until_run(page)


def serious(page: Any) -> list[str]:
    """What axe-core finds in cards that would keep somebody out, with the rule and the place."""
    found = axe.Axe().run(page, context=".lab-card").response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


def holds_in_both_themes(page: Any, name: str) -> None:
    """Cards have the page's own ink and paper, in light and in dark, and nobody is kept out."""
    for look in ("light", "dark"):
        theme(page, look)
        shot(page, f"{name}-{look}")
        assert serious(page) == []
        card = page.locator(".lab-card").first
        ink, paper = (card.evaluate(f"e => getComputedStyle(e).{what}") for what in ("color", "backgroundColor"))
        assert paper == "rgba(0, 0, 0, 0)", "a card is no box of another colour"
        assert (int(re.findall(r"\d+", ink)[0]) > 128) == (look == "dark"), ink


@LABS
def test_a_lab_with_right_answers(page: Any, jupyter: Lab, name: str) -> None:
    """Everything runs, every card says that it is right, and pictures are drawn."""
    ran(page, jupyter, name, filled_in(name))
    assert page.locator(FAILED).count() == 0
    badges = page.locator(".lab-card header .badge").all_inner_texts()
    assert len(badges) == len(GRADED[name])
    assert {badge.split()[-1] for badge in badges} == {"Right"}
    assert page.locator(".lab-card svg, .lab-card table.boxes").count() > 0
    holds_in_both_themes(page, name)


WRONG = (
    "from grader.student import check, draw, hint, sweep\nimport torch",
    "def path_edges():\n    return []\n\n\ncheck(path_edges)",
    "def relu_neuron_edges():\n    return [('w', 'u'), ('x', 'u'), ('u', 'v'), ('v', 'b'), ('v', 'a')]\n\n\n"
    "check(relu_neuron_edges)",
    "def polynomial_gradient(x):\n    return 32 * x**3 + 9 * x**2 + 14 * x\n\n\ncheck(polynomial_gradient)",
    "def stable_sigmoid(x):\n    return 1 / (1 + torch.exp(-x))\n\n\ncheck(stable_sigmoid)",
    "draw(lambda x: 2 * x**2 + 3, 3.5)",
    "draw(torch.arange(24).reshape(2, 3, 4))",
    "sweep(lambda x: torch.log(1 + torch.exp(x)))",
    "hint(polynomial_gradient)",
    "check()",
)


def test_wrong_answers_get_cards_drawings_and_curves(page: Any, jupyter: Lab) -> None:
    ran(page, jupyter, "wrong", small(*WRONG))
    assert page.locator(FAILED).count() == 0
    badges = page.locator(".lab-card > header .badge").all_inner_texts()
    assert [badge.split(maxsplit=1)[1] for badge in badges] == ["Not right yet", "Partly right", *["Not right yet"] * 2]
    assert page.locator(".lab-card figure.graph svg[role=img]").count() == 3
    assert page.locator(".lab-card .sweeps svg").count() >= 6
    assert page.locator(".lab-card table.boxes").count() == 2
    page.locator(".lab-card summary").last.click()
    holds_in_both_themes(page, "wrong")


def test_an_endless_answer_is_interrupted_and_the_kernel_goes_on(page: Any, jupyter: Lab) -> None:
    begun(page, jupyter, "endless", small("from grader.student import check", ENDLESS, "print(6 * 7)"))
    page.get_by_text("to_grid is still at work").wait_for(timeout=120_000)
    menu(page, "Kernel", "Interrupt Kernel")
    page.get_by_text("You have interrupted check").wait_for(timeout=30_000)
    wait_until_run(page)
    shot(page, "endless")
    assert page.locator(FAILED).count() == 0
    assert page.get_by_text("42", exact=True).count() == 1


def test_the_package_that_is_tried_is_this_one() -> None:
    assert Path(check.__code__.co_filename).is_relative_to(ROOT)
