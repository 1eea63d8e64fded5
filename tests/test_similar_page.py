"""The instructor's page on who wrote the same, and that it is nowhere else."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from commands import grader
from honest import APART, disguised
from test_likeness import drawn

from grader.judge.model import Result
from grader.judge.source import Source
from grader.labs import all_labs
from grader.similarity.answers_kept import write_comparable
from grader.similarity.normal_form import answers
from grader.similarity.pictures import LARGEST, LETTER, pictures
from grader.similarity.similar_page import PAGE, beside, similar, write_similar

HOSTILE = '<script>alert("x")</script> & \u202esecret'


def page_of(codes: dict[str, str], out: Path, lab: str = "lab5_backprop", *more: Result) -> str:
    """The page of a class that was filed in the folder `out`, beside `more` that were."""
    return similar([*filed(codes, out, lab), *more], (), out)


def filed(codes: dict[str, str], out: Path, lab: str = "lab5_backprop") -> list[Result]:
    (own,) = (one for one in all_labs() if one.name == lab)
    results = [Result(student, lab, "x.ipynb", (), 0.0) for student in codes]
    for result, code in zip(results, codes.values(), strict=True):
        write_comparable(result, answers(Source((code,)), [question.name for question in own.questions]), out)
    return results


def class_(count: int = 12, **more: str) -> dict[str, str]:
    return {f"s{place:02}": code for place, code in enumerate(drawn(count))} | more


def test_a_pair_is_drawn_named_and_shown_side_by_side(tmp_path: Path) -> None:
    page = page_of(class_(ada=APART[2], ben=disguised(APART[2])), tmp_path)
    assert "14 notebooks; 1 pair is more alike than chance explains" in page
    assert 'href="#lab5_backprop-1"' in page and 'id="lab5_backprop-1"' in page
    assert len(re.findall(r"<svg", page)) == 1 and len(re.findall(r"<circle", page)) == 2
    assert re.findall(r"<text[^>]*>([^<]*)</text>", page) == ["ada", "ben"]
    assert "<title>ada and ben</title>" in page
    assert "only these two of 14" in page
    assert page.count('<tr class="same">') > 30
    assert "evidence to look at, and no verdict" in page


def test_an_honest_class_has_a_page_that_says_so(tmp_path: Path) -> None:
    page = page_of(class_(), tmp_path)
    assert "12 notebooks: none more alike than chance explains." in page
    assert "<svg" not in page and "s03" not in page
    assert "No notebook was handed in." in similar([], (), tmp_path)


def test_labs_are_compared_apart(tmp_path: Path) -> None:
    one = filed(class_(ada=APART[2]), tmp_path)
    assert page_of(class_(ben=APART[2]), tmp_path, "lab2_graphs", *one).count("none more alike") == 2


def test_what_was_not_graded_or_not_written_down_is_not_compared(tmp_path: Path) -> None:
    unread = Result("eve", "", "x.ipynb", (), 0.0, "This file is no notebook.")
    lost = Result("fay", "lab5_backprop", "x.ipynb", (), 0.0)
    page = page_of(class_(ada=APART[2], ben=disguised(APART[2])), tmp_path, "lab5_backprop", unread, lost)
    assert "15 notebooks; 1 pair is more alike" in page


def test_what_students_wrote_is_text_and_no_markup(tmp_path: Path) -> None:
    code = APART[2].replace('"""The layers as matrices."""', f'"""{HOSTILE.replace(chr(34), "")}"""')
    code = code.replace("return dict(", f"# {HOSTILE}\n    return dict(", 1)
    page = page_of(class_(**{HOSTILE: code, "b'\"<i>": code}), tmp_path)
    assert "1 pair is" in page
    assert "<script" not in page and "<i>" not in page and "\u202e" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)=["'](?!#|\.\./index\.html)""", page)


def test_students_with_one_name_on_the_page_are_not_one_in_the_picture() -> None:
    (picture,) = pictures({("a\n", "a"): "x", ("a", "a\t"): "y"})
    assert picture.students == ("a", "a", "a")
    assert len(picture.lines) == 2


def test_groups_are_pictures_of_their_own_the_largest_first() -> None:
    links = {("d", "e"): "1", ("a", "b"): "2", ("b", "c"): "3"}
    one, other = pictures(links)
    assert (one.students, other.students) == (("a", "b", "c"), ("d", "e"))
    assert [(line.one, line.other, line.link) for line in one.lines] == [("a", "b", "2"), ("b", "c", "3")]
    for picture in (one, other):
        for dot in picture.dots:
            assert 0 < dot.x < picture.width and 0 < dot.y < picture.height
            end = dot.text_x + (-1 if dot.anchor == "end" else 1) * LETTER * len(dot.name)
            assert 0 <= end <= picture.width


def test_a_group_too_large_to_draw_is_named() -> None:
    names = [f"s{n}" for n in range(LARGEST + 1)]
    (picture,) = pictures(dict.fromkeys(pairwise(names), ""))
    assert picture.dots == ()
    assert len(picture.students) == len(names)


def test_side_by_side_says_what_is_the_same_moved_and_different() -> None:
    one = "def f(x):\n    a = x * x\n    b = x + 1\n    c = x - 7\n    return a, b, c"
    other = "def f(y):\n    q = 2 + y\n    p = y * y\n    b = y + 3\n    d = y - 7\n    return p, b, d"
    left, right = (answers(Source((code,)), ["f"])["f"] for code in (one, other))
    kinds = [(str(row.left), str(row.right), row.kind) for row in beside(left, right)]
    assert [kind for _, _, kind in kinds] == ["", "other", "same", "same", "same", "same"]
    swapped = answers(
        Source((one.replace("    a = x * x\n    b = x + 1\n", "    b = x + 1\n    a = x * x\n"),)), ["f"]
    )["f"]
    assert [row.kind for row in beside(left, swapped)].count("moved") == 2


def test_the_page_lies_where_no_student_looks(tmp_path: Path) -> None:
    write_similar(filed(class_(), tmp_path), (), tmp_path)
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.*")} == {PAGE.parts[0]}
    assert PAGE.parts[0] != "feedback"


SHORT = "import torch\n" + "".join(
    f"def {name}({arguments}):\n    answer = {value}\n    return answer\n\n"
    for name, arguments, value in (
        ("polynomial", "x", "sum(k * x**n for n, k in enumerate((3, 6, 7, 3, 9)))"),
        ("path_gradient", "a, b", "tuple([4 + 20 * a, 6 + 28 * b**2])"),
        ("polynomial_gradient", "x", "sum(n * x**(n - 1) for n in (1, 2, 3))"),
        ("exponential_gradient", "x", "torch.exp(x) - torch.exp(x) * 2"),
        ("relu_neuron_gradient", "w, x, b", "[x, w, torch.ones_like(b)][::-1]"),
        ("sigmoid_neuron_gradient", "w, x, b", "dict(enumerate([w, x, b]))"),
        ("ratio_gradient", "x, y", "(x / y, y / x)"),
    )
)


def grade(folder: Path, out: Path) -> None:
    done = grader("grade", folder, "--out", out, "--seed", "s")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("runs", [1, 2])
def test_a_run_links_the_page_for_the_instructor_and_tells_no_student(tmp_path: Path, runs: int) -> None:
    """In a run that is taken up, notebooks that are kept are compared too."""
    folder, out = tmp_path / "class", tmp_path / "out"

    def hand_in(student: str, code: str) -> None:
        (folder / student).mkdir(parents=True)
        cell = nbformat.v4.new_code_cell(code)
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / student / "lab2.ipynb")

    for place in range(5):
        odd = SHORT.replace("answer =", f"answer = {'+' * (place + 1)} ")
        hand_in(f"s{place}", odd)
    hand_in("ada", SHORT)
    if runs == 2:
        grade(folder, out)
        assert not re.search(r"\bada\b", (out / PAGE).read_text("utf-8"))
    hand_in("ben", disguised(SHORT))
    grade(folder, out)
    page = (out / PAGE).read_text("utf-8")
    assert "ada and ben" in page
    assert f'href="{PAGE.as_posix()}"' in (out / "index.html").read_text("utf-8")
    for told in (*(out / "feedback").rglob("*.html"), out / "report.json", out / "gradebook.csv"):
        text = told.read_text("utf-8")
        assert "alike" not in text and "same as" not in text and "similar.html" not in text
    assert "ben" not in (out / "feedback" / "ada" / "lab2_graphs.html").read_text("utf-8")
