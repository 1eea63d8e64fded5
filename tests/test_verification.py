"""Verification finds what is not in order: it is tested by breaking things."""

from dataclasses import replace
from pathlib import Path

import pytest

from grader.authoring.planted import Mistake, planted, read_mistakes
from grader.authoring.verification import LEAST, orphans, run, verify_lab
from grader.authoring.versions import narrowed, sheet, variant
from grader.labs import all_labs, family

ROOT = Path(__file__).parents[1]
LABS = {lab.name: lab for lab in all_labs()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the mirrored rooms."""
    for room in ("labs", "solutions", "tests/mistakes"):
        (tmp_path / room).mkdir(parents=True)
        for path in (ROOT / room).iterdir():
            if path.is_file():
                (tmp_path / room / path.name).write_text(path.read_text("utf-8"), "utf-8")
    return tmp_path


def test_every_question_has_planted_mistakes() -> None:
    for name, lab in LABS.items():
        mistakes = read_mistakes(ROOT / "tests" / "mistakes" / f"{name}.toml")
        counts = {q.name: sum(m.question == q.name for m in mistakes) for q in lab.questions}
        assert {q: n for q, n in counts.items() if n < LEAST} == {}
        assert {m.question for m in mistakes} <= set(counts)


def test_orphans_are_named(project: Path) -> None:
    assert orphans(project, all_labs()) == []
    (project / "labs" / "lab6_more.ipynb").write_text("{}")
    (project / "solutions" / "lab1_tensors.py").unlink()
    assert orphans(project, all_labs()) == [
        "labs/lab6_more.ipynb belongs to no lab",
        "solutions/lab1_tensors.py is missing",
    ]


def test_a_mistake_must_fit_the_solution() -> None:
    solution = "def f(x):\n    return x + x"
    assert planted(Mistake("f", "", "x + x", "x - x", ""), solution) == "def f(x):\n    return x - x"
    with pytest.raises(ValueError, match="stands 0 times"):
        planted(Mistake("f", "slip", "2 * x", "x", ""), solution)
    with pytest.raises(ValueError, match="defines no g"):
        planted(Mistake("g", "slip", "x", "y", ""), solution)


def test_what_is_wrong_is_found(project: Path) -> None:
    """A wrong solution, a mistake that is none, one with another note, and one that shows elsewhere."""
    solution = project / "solutions" / "lab2_graphs.py"
    text = solution.read_text("utf-8")
    solution.write_text(text.replace("5 * a**2 + 3 * b**3", "5 * a**2 + 3 * b**2"), "utf-8")
    (project / "tests" / "mistakes" / "lab2_graphs.toml").write_text(
        '[[ratio]]\nslip = "none"\nold = "torch.log(x)"\nnew = "(torch.log(x))"\nnote = "wrong_value"\n'
        '[[polynomial]]\nslip = "other note"\nold = "8 * x**4"\nnew = "4 * x**4"\nnote = "raised"\n'
    )
    planted_in = frozenset({"ratio", "polynomial"})
    said = [f.text for f in verify_lab(project, LABS["lab2_graphs"], "seed", "cpu", planted_in).findings]
    assert any(s.startswith("the solution of path_forward earns 0.67") for s in said)
    assert any(s.startswith("the sheet nowhere says 'y = 5 * a**2 + 3 * b**3'") for s in said)
    assert "ratio, none: full marks" in said
    assert any(s.startswith("polynomial, other note: noted as wrong_value, not raised") for s in said)
    assert f"path_edges has 0 planted mistakes; {LEAST} are asked for" in said


def test_mistakes_can_be_planted_in_some_exercises_alone(project: Path) -> None:
    held = sheet(project, LABS["lab2_graphs"])
    alone = narrowed(held, frozenset({"ratio"}))
    assert {m.question for m in alone.mistakes} == alone.touched == frozenset({"ratio"})
    assert narrowed(held, frozenset()) == held


def test_a_variant_is_held_against_its_own_numbers(project: Path) -> None:
    """Only the questions that its numbers touch are planted in; a solution that keeps the sheet's number is found."""
    held = variant(project, LABS["lab2_graphs"], "seed", 1)
    assert {m.question for m in held.mistakes} & {"relu_neuron", "path_forward"} == {"path_forward"}
    assert held.text != (project / "solutions" / "lab2_graphs.py").read_text("utf-8")
    numbers = family("lab2_graphs").draw(b"seed", "variant 1")
    (old, new) = (f"df_dx = df_da * {number}" for number in (numbers.double, numbers.double + 1))
    kept = replace(held, text=held.text.replace(old, new), mistakes=(), touched=frozenset())
    found = run(kept, "seed", "cpu")
    assert (found.points, found.blank) == (LABS["lab2_graphs"].points, 0)
    assert [f.text.partition(" earns")[0] for f in found.findings] == ["the solution of tanh_log_backward"]
