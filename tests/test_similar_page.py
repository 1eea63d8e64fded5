"""The instructor's page on who wrote the same, and that it is nowhere else."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from commands import grader
from honest import APART, disguised
from test_likeness import drawn

from grader.desk.class_index import SIMILAR
from grader.desk.files import record_path, write_whole
from grader.desk.records import Record, record_bytes
from grader.desk.report import result_json, write_report
from grader.judge.model import Mark, Question, Report, Result, Status, Verdict
from grader.judge.source import Source
from grader.labs import all_labs
from grader.similarity import kept_forms
from grader.similarity.likeness import Likeness, groups
from grader.similarity.normal_form import answers
from grader.similarity.pictures import LARGEST, LETTER, picture
from grader.similarity.search import NoRunError, compare, search
from grader.similarity.side_by_side import beside
from grader.similarity.similar_page import OF_GROUP, SHOWN, page

HOSTILE = '<script>alert("x")</script> & \u202esecret'


def page_of(codes: dict[str, str], out: Path, lab: str = "lab5_backprop", *more: Result) -> str:
    """The page of a class that was filed in the folder `out`, beside `more` that were."""
    return page(compare(Report("cpu", "s", (*filed(codes, out, lab), *more)), out))


def filed(codes: dict[str, str], out: Path, lab: str = "lab5_backprop") -> list[Result]:
    """The results of a class of which the folder `out` has the records."""
    (own,) = (one for one in all_labs() if one.name == lab)
    right = Verdict(Status.PASS, 1.0)
    marks = tuple(Mark(Question(question.name, question.points, ()), right) for question in own.questions)
    results = [Result(s, lab, "x.ipynb", marks, 0.0, fingerprint=code) for s, code in codes.items()]
    for result, code in zip(results, codes.values(), strict=True):
        write_whole(record_path(out, result), record_bytes(Record(result, (code,))))
    return results


def run(codes: dict[str, str], out: Path) -> None:
    """A run over a class in the folder `out`, as far as the search for similar code knows it."""
    report = Report("cpu", "s", tuple(filed(codes, out)))
    write_report(report, map(result_json, report.results), out)


def class_(count: int = 12, **more: str) -> dict[str, str]:
    return {f"s{place:02}": code for place, code in enumerate(drawn(count))} | more


def test_a_pair_is_drawn_named_and_shown_side_by_side(tmp_path: Path) -> None:
    text = page_of(class_(ada=APART[2], ben=disguised(APART[2])), tmp_path)
    assert "14 notebooks; 1 pair is more alike than chance explains" in text
    assert 'href="#lab5_backprop-1"' in text and 'id="lab5_backprop-1"' in text
    assert len(re.findall(r"<svg", text)) == 1 and len(re.findall(r"<circle", text)) == 2
    assert re.findall(r"<text[^>]*>([^<]*)</text>", text) == ["ada", "ben"]
    assert "<title>ada and ben</title>" in text
    assert "only these two of 14" in text
    assert text.count('<tr class="same">') > 30
    assert "evidence to look at, and no verdict" in text


def test_an_honest_class_has_a_page_that_says_so(tmp_path: Path) -> None:
    text = page_of(class_(), tmp_path)
    assert "12 notebooks: none more alike than chance explains." in text
    assert "<svg" not in text and "s03" not in text
    assert "No notebook was handed in." in page_of({}, tmp_path)


def test_labs_are_compared_apart(tmp_path: Path) -> None:
    one = filed(class_(ada=APART[2]), tmp_path)
    assert page_of(class_(ben=APART[2]), tmp_path, "lab2_graphs", *one).count("none more alike") == 2


def test_what_was_not_graded_or_not_written_down_is_not_compared(tmp_path: Path) -> None:
    unread = Result("eve", "", "x.ipynb", (), 0.0, "This file is no notebook.")
    lost = Result("fay", "lab5_backprop", "x.ipynb", (), 0.0)
    text = page_of(class_(ada=APART[2], ben=disguised(APART[2])), tmp_path, "lab5_backprop", unread, lost)
    assert "15 notebooks; 1 pair is more alike" in text


def test_what_students_wrote_is_text_and_no_markup(tmp_path: Path) -> None:
    code = APART[2].replace('"""The layers as matrices."""', f'"""{HOSTILE.replace(chr(34), "")}"""')
    code = code.replace("return dict(", f"# {HOSTILE}\n    return dict(", 1)
    text = page_of(class_(12, **{HOSTILE: code, "b'\"<i>": code}), tmp_path)
    assert "1 pair is" in text
    assert "<script" not in text and "<i>" not in text and "\u202e" not in text
    assert "default-src 'none'" in text
    assert not re.search(r"""(?:src|href)=["'](?!#|\.\./index\.html)""", text)


def test_students_with_one_name_on_the_page_are_not_one_in_the_picture() -> None:
    found = picture({("a\n", "a"): "x", ("a", "a\t"): "y"})
    assert found.students == ("a", "a", "a")
    assert len(found.lines) == 2


def test_groups_are_apart_and_the_most_surprising_first() -> None:
    found = [Likeness(*pair, {}, bits) for pair, bits in ((("d", "e"), 9), (("a", "b"), 8), (("b", "c"), 7))]
    assert [[(each.one, each.other) for each in own] for own in groups(found)] == [
        [("d", "e")],
        [("a", "b"), ("b", "c")],
    ]


def test_a_group_is_a_picture_in_which_all_names_have_room() -> None:
    found = picture({("a", "b"): "2", ("b", "c"): ""})
    assert found.students == ("a", "b", "c")
    assert [(line.one, line.other, line.link) for line in found.lines] == [("a", "b", "2"), ("b", "c", "")]
    for dot in found.dots:
        assert 0 < dot.x < found.width and 0 < dot.y < found.height
        end = dot.text_x + (-1 if dot.anchor == "end" else 1) * LETTER * len(dot.name)
        assert 0 <= end <= found.width


def test_a_group_too_large_to_draw_is_named() -> None:
    names = [f"s{n}" for n in range(LARGEST + 1)]
    found = picture(dict.fromkeys(pairwise(names), ""))
    assert found.dots == ()
    assert len(found.students) == len(names)


def test_of_many_pairs_the_most_surprising_of_each_group_are_shown_and_all_are_named(tmp_path: Path) -> None:
    copies = {f"c{place}": APART[2] for place in range(7)} | {"ada": APART[0], "ben": APART[0]}
    text = page_of(class_(40, **copies), tmp_path)
    pairs = 7 * 6 // 2 + 1
    assert f"{pairs} pairs are more alike" in text
    shown = re.findall(r'<h3 id="[^"]*">(\w+) and (\w+)</h3>', text)
    assert len(shown) == OF_GROUP + 1 <= SHOWN and ("ada", "ben") in shown
    assert f"<summary>{pairs - len(shown)} more pairs</summary>" in text
    rows = re.findall(r'<tr><th scope="row">(\w+)</th><td>([\w, ]+)</td></tr>', text)
    named = [(one, other) for one, others in rows for other in others.split(", ")]
    assert len({*shown, *named}) == len(shown) + len(named) == pairs


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


def test_what_is_written_lies_where_no_student_looks(tmp_path: Path) -> None:
    run(class_(), tmp_path)
    search(tmp_path)
    there = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.*")}
    assert there == {"records", "report.json", "index.html", SIMILAR.parts[0]}
    assert SIMILAR.parts[0] != "feedback"


def test_after_one_more_notebook_only_that_one_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counted(source: Source, graded: list[str]) -> object:
        read.append(1)
        return answers(source, graded)

    monkeypatch.setattr(kept_forms, "answers", counted)
    run(class_(12, ada=APART[2]), tmp_path)
    assert search(tmp_path) == "no pairs are more alike than chance explains"
    assert len(read) == 13
    run(class_(12, ada=APART[2], ben=disguised(APART[2])), tmp_path)
    assert search(tmp_path) == "1 pair is more alike than chance explains"
    assert len(read) == 14
    before = (tmp_path / SIMILAR).stat().st_mtime_ns
    assert search(tmp_path) == "1 pair is more alike than chance explains"
    assert (len(read), (tmp_path / SIMILAR).stat().st_mtime_ns) == (14, before)


def test_a_folder_without_a_run_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoRunError, match="There is no run in "):
        search(tmp_path)


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


def compared(folder: Path, out: Path) -> str:
    """The page of a class that is graded, and then searched."""
    for command in (("grade", folder, "--out", out, "--seed", "s"), ("similar", out)):
        done = grader(*command)
        assert done.returncode == 0, done.stderr
    return (out / SIMILAR).read_text("utf-8")


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
        assert not re.search(r"\bada\b", compared(folder, out))
    hand_in("ben", disguised(SHORT))
    assert "ada and ben" in compared(folder, out)
    assert f'href="{SIMILAR.as_posix()}"' in (out / "index.html").read_text("utf-8")
    for told in (*(out / "feedback").rglob("*.html"), out / "report.json", out / "gradebook.csv"):
        text = told.read_text("utf-8")
        assert "alike" not in text and "same as" not in text and "similar.html" not in text
    assert "ben" not in (out / "feedback" / "ada" / "lab2_graphs.html").read_text("utf-8")
