"""The student's page: each verdict after its cell, the same page every time, and nothing hostile in it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from effort import ending
from nbconvert.filters.markdown_mistune import MarkdownWithMath

from grader.desk.class_index import write_index
from grader.judge.annotated_graph import AnnotatedGraph, EdgeStatus
from grader.judge.findings import Facts, Finding, Form, Numbers, Remark
from grader.judge.model import (
    CellRun,
    Comparison,
    Mark,
    Question,
    Report,
    Result,
    Status,
    Verdict,
)
from grader.pages.code import coloured, highlighted
from grader.pages.feedback_page import render
from grader.pages.images import data_url
from grader.pages.markdown import rendered
from grader.pages.mathml import mathml
from grader.pages.panels import panel
from grader.runner.notebook import Notebook, read_notebook

PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU"
).decode()
VOID = {"meta", "br", "img", "hr", "input"}
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"


class Seen(HTMLParser):
    """Everything that a browser would find: elements with their attributes, and texts; tags must nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


ALLOWED = set(
    "html head meta title style body a header footer main section h1 h2 h3 h4 h5 h6 p div span strong em small i b "
    "code pre table thead tbody tfoot tr th td ul ol li details summary figure img br hr blockquote del input dl dt "
    "dd math mrow mi mn mo mfrac msup msub msubsup mtext mtable mtr mtd munder mover munderover msqrt mspace "
    "mstyle mpadded figcaption svg desc g path polygon circle rect text".split()
)


def assert_harmless(page: str) -> Seen:
    seen = Seen(page)
    for tag, attributes in seen.elements:
        assert tag in ALLOWED
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("srcset", "srcdoc", "action", "formaction", "background", "xlink:href", "ping")
            if name == "src":
                assert tag == "img"
                assert value.startswith(("data:image/png;base64,", "data:image/jpeg;base64,"))
            if name == "href":
                assert tag == "a"
                assert value.startswith(("#", "http://", "https://", "mailto:"))
                assert value.startswith("#") or attributes["rel"] == "noopener noreferrer"
            if name == "style":
                assert "url" not in value
    (style,) = [text for text in seen.texts if ":root" in text]
    assert "url(" not in style
    assert "@import" not in style
    assert not set(page) & set(BIDI)
    assert not [c for c in page if ord(c) < 32 and c not in "\n\t"]
    assert any("default-src 'none'" in meta.get("content", "") for meta in seen.all("meta"))
    return seen


def notebook(tmp_path: Path, *cells: tuple[str, str], **more: object) -> Notebook:
    path = tmp_path / "lab.ipynb"
    made = [{"cell_type": kind, "source": source, "metadata": {}, **more} for kind, source in cells]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}))
    return read_notebook(path)


def ran(*outputs: Mapping[str, object], outcome: str = "ok") -> CellRun:
    return CellRun(outputs, outcome, 0.1)


def printed(text: str) -> dict[str, object]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def displayed(**data: object) -> dict[str, object]:
    return {"output_type": "display_data", "data": {k.replace("_", "/", 1): v for k, v in data.items()}}


ONE_TWO = (Numbers((1.0,)), Numbers((2.0,)))


def at(x: float) -> dict[str, Numbers]:
    return {"x": Numbers((x,))}


def raised(name: str, text: str) -> Finding:
    return Finding("raised", Facts(name=name, error_type=text))


def mark(name: str, status: Status, message: str = "", rows: int = 0, remarks: tuple[Remark, ...] = ()) -> Mark:
    compared = tuple(Comparison(f"part{i}", at(i), *ONE_TWO, i % 2 == 0) for i in range(rows))
    found = () if status is Status.PASS else (raised(name, message),)
    return Mark(Question(name, 2, ()), Verdict(status, float(not found), found, remarks, compared))


def result(*marks: Mark, student: str = "ada", problem: str = "") -> Result:
    return Result(student, "lab2_graphs", "class/ada/lab2.ipynb", marks, 1.5, problem)


CELLS = (
    ("markdown", "# Lab\n\nTake $y = x^2$, where\n\n$$\\frac{dy}{dx} = 2x.$$"),
    ("code", "%matplotlib inline\ndef square(x):\n    return x * x"),
    ("code", "slope = 3\nprint('between')"),
    ("code", "def square(x):\n    return x**2  # the one that counts"),
    ("code", "1 / 0"),
    ("code", "square(3)"),
)


def normal(tmp_path: Path) -> str:
    error = {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero"}
    runs = [
        ran(),
        ran(printed("between\n")),
        ran(),
        ran({**error, "traceback": ["\x1b[31mZeroDivisionError\x1b[0m: division"]}, outcome="error"),
        ran(outcome="timeout"),
    ]
    marks = (
        mark("slope", Status.PASS, rows=1),
        mark("square", Status.FAIL, "at x = 3:\nyours 9", rows=9, remarks=(Remark("used_here", "slope"),)),
        mark("cube", Status.MISSING, "No cube was found."),
    )
    return render(result(*marks), notebook(tmp_path, *CELLS), runs, "Graphs", "cpu")


def test_each_panel_stands_after_the_last_cell_that_defines_its_name(tmp_path: Path) -> None:
    page = normal(tmp_path)
    landmarks = [
        page.index(text)
        for text in (
            "print(",
            'id="q-slope"',
            "# the one that counts",
            'id="q-square"',
            "ZeroDivisionError",
            "Not found in the notebook",
            'id="q-cube"',
        )
    ]
    assert landmarks == sorted(landmarks)


def test_the_page_says_what_a_student_wants_to_know(tmp_path: Path) -> None:
    seen = assert_harmless(normal(tmp_path))
    for said in ("ada", "Graphs", "2 of 6 points", "✓ Right", "✗ Not right yet", "– Missing", "slope: is used here"):
        assert said in seen.text
    assert "at x = 3:\nyours 9" in seen.text
    assert "This cell stopped with an error." in seen.text
    assert "This cell ran out of time and was stopped." in seen.text
    assert {"class": "ansi-red-fg"} in seen.all("span")
    assert {"href": "#q-square"} in seen.all("a")
    assert "Right." not in seen.text


def test_what_differs_comes_first_and_long_tables_are_folded(tmp_path: Path) -> None:
    page = normal(tmp_path)
    panel = page[page.index('id="q-square"') : page.index("ZeroDivisionError")]
    seen, folded = panel.split("<details>")
    assert [f"part{i}" in seen for i in range(9)] == [True, True, True, True, False, True, False, True, False]
    assert "3 more of 9 comparisons" in folded
    assert "1 of 1 agree" in page


def test_a_table_names_every_part_once_before_it_repeats_one() -> None:
    rows = tuple(Comparison(what, at(i), *ONE_TWO, what == "c") for what in "abc" for i in range(9))
    verdict = Verdict(Status.FAIL, 0.0, (Finding("wrong_value"),), comparisons=rows)
    shown = panel(Mark(Question("q", 1, ()), verdict))
    assert [row.what + row.at[-2] for row in shown.open] == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert [len(shown.folded), shown.folded[-1].what, shown.agreeing, shown.total] == [14, "c", 9, 27]
    agreed = panel(Mark(Question("q", 1, ()), replace(verdict, comparisons=rows[18:])))
    assert [len(agreed.open), len(agreed.folded), agreed.total] == [0, 8, 9]
    assert [row.span for row in shown.open] == [2, 0, 2, 0, 2, 0]


def test_the_summary_leaves_the_place_to_the_panel() -> None:
    facts = Facts(what="dz_da", where=at(1.0), theirs=ONE_TWO[0], expected=ONE_TWO[1])
    assert brief_of(Finding("wrong_value", facts), Finding("not_independent")) == "dz_da: yours 1, expected 2."
    sweep = replace(facts, dtype="float32", right=1, total=3, not_finite_at=at(2.0))
    assert "first fails at (x = 1), and is not finite at (x = 2): yours 1" in brief_of(Finding("unstable", sweep))
    assert brief_of(raised("f", "E: at (0).\nMore.")) == "f raised E: at (0)."
    assert panel(mark("q", Status.PASS)).brief == ""


def brief_of(*findings: Finding) -> str:
    return panel(Mark(Question("q", 1, ()), Verdict(Status.FAIL, 0.0, findings))).brief


def test_formulas_become_mathml(tmp_path: Path) -> None:
    page = normal(tmp_path)
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in page
    assert '<math display="block">' in page
    assert "$" not in "".join(Seen(page).texts)
    assert '<mo lspace="0" rspace="0">/</mo>' in mathml("x/y", False)


def test_the_page_is_the_same_every_time_and_small(tmp_path: Path) -> None:
    page = normal(tmp_path)
    assert page == normal(tmp_path)
    assert len(page) < 25_000


def test_images_and_texts_are_shown_and_other_forms_named(tmp_path: Path) -> None:
    outputs = (
        displayed(image_png=PNG, text_plain="<Figure>"),
        displayed(text_html="<table>", text_plain="a frame"),
        displayed(text_html="<script>alert(1)</script>"),
    )
    page = render(result(), notebook(tmp_path, ("code", "show()")), [ran(*outputs)], "Graphs", "cpu")
    seen = assert_harmless(page)
    assert seen.all("img") == [{"src": f"data:image/png;base64,{PNG}", "alt": "<Figure>"}]
    assert "a frame" in seen.text
    assert "cannot be shown here: text/html" in seen.text


def test_an_unreadable_notebook_has_a_page_that_says_why() -> None:
    page = render(result(problem="This file is no notebook."), None, (), "Graphs", "cpu")
    assert "This file is no notebook." in assert_harmless(page).text


SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>"
HOSTILE_MARKDOWN = [
    SCRIPT,
    f"*{SCRIPT}* [text](javascript:alert(1)) [t](JaVaScRiPt:alert(1)) [t](data:text/html,<script>1</script>)",
    "[t](&#106;avascript:alert(1)) [t](java\nscript:alert(1)) [t](\x01javascript:alert(1)) <javascript:alert(1)>",
    '[ok](https://example.org/?a=1&b="2") [file](file:///etc/passwd) [rel](/x) [p](//example.org/x) [v](vbscript:1)',
    '[t](https://example.org "title\\" onmouseover=alert(1)") ![x](https://example.org/x.png) ![x](x.svg)',
    f'![alt" onerror=alert(1)](data:image/png;base64,{PNG}) ![a](data:image/svg+xml;base64,PHN2Zz4=)',
    '![gone](attachment:missing.png) ![a][r]\n\n[r]: javascript:alert(1) "t"',
    "```mermaid\n</pre><script>alert(1)</script>\n```\n\n```python\n</pre><script>\n```\n\n```<script>\n<script>\n```",
    "| a | b |\n|:-:|--:|\n| <script> | `<script>` |\n\n- [x] <script>\n\nterm\n: <script>\n\n~~<b>~~",
    r"$\text{<script>alert(1)</script>}$ $\href{javascript:alert(1)}{x}$ $\style{background:url(//x)}{x}$",
    r"$\text{&lt;script&gt;}$ $\class{x\" onclick=\"alert(1)}{y}$ $\color{red\"onload=1}{y}$ $\frac{$ $<script>$",
    r"\begin{script}<script>\end{script} \begin{align}<img src=x onerror=alert(1)>&=1\end{align} $$<img src=x>$$",
    "# <script> {#id}\n\n<!-- --><style>body{display:none}</style><iframe src=//x></iframe><base href=//x>",
    f"bidirectional {BIDI} &#x202e; &#8238; control \x00\x07\x1b[31m\x85 half \ud800",
    '<https://example.org/<script>> http://example.org/"onclick=alert(1) <a@b.c>',
]


@pytest.mark.parametrize("source", HOSTILE_MARKDOWN)
def test_hostile_markdown_is_only_text(source: str, tmp_path: Path) -> None:
    page = render(result(), notebook(tmp_path, ("markdown", source)), (), "Graphs", "cpu")
    seen = assert_harmless(page)
    assert len(seen.all("style")) == 1
    assert "display:none" not in next(t for t in seen.texts if ":root" in t)


def test_hostile_everything_else_is_only_text(tmp_path: Path) -> None:
    hostile = f"{SCRIPT} {BIDI} \x1b[31m\x1b[38m\x1b[38;2;1;2;3mred \x00\x07\x9b {{{{ 7 * 7 }}}} {{% raw %}} \udc80"
    outputs: list[dict[str, object]] = [
        printed(hostile),
        {"output_type": "stream", "name": SCRIPT, "text": ["a", SCRIPT, None]},
        {"output_type": "error", "ename": hostile, "evalue": hostile, "traceback": [hostile, 5]},
        {"output_type": "error", "ename": hostile, "evalue": None, "traceback": None},
        displayed(image_png=f'{PNG}" onerror="alert(1)', text_plain=hostile),
        displayed(image_png="PHN2Zz4=", image_jpeg=5, text_html=SCRIPT, text_plain=hostile),
        displayed(image_png=PNG, text_plain=f'"{hostile}'),
        {"output_type": "display_data", "data": {"image/svg+xml": SCRIPT, SCRIPT: SCRIPT, "text/latex": SCRIPT}},
        {"output_type": SCRIPT, "data": []},
        {"output_type": "execute_result", "data": "text"},
        {},
    ]
    cells = (("code", f"# {SCRIPT} {BIDI}\nx = '{SCRIPT}'\n\x0c\x00"), ("raw", hostile))
    form = Form("object", names=(hostile,))
    row = Comparison(hostile, {hostile: Numbers((1.0,))}, form, ((hostile, hostile),), False)
    sketch = AnnotatedGraph(
        hostile,
        {hostile: EdgeStatus.WRONG, SCRIPT: EdgeStatus.PLAIN},
        {(hostile, SCRIPT): EdgeStatus.EXTRA},
        {SCRIPT: hostile},
    )
    rows = row, replace(row, agrees=True)
    said = (Remark("dtype_slip", hostile, Facts(theirs=form, expected=form)),)
    verdict = Verdict(Status.FAIL, 0.0, (raised(SCRIPT, hostile),), said, rows, sketches=(sketch,))
    marked = replace(
        result(Mark(Question("x", 1, ()), verdict), student=hostile),
        file=f"{hostile}.ipynb",
        remarks=(hostile,),
        problem=hostile,
    )
    for shown in (marked, replace(marked, problem="")):
        page = render(shown, notebook(tmp_path, *cells), [ran(*outputs, outcome=SCRIPT)], hostile, hostile)
        seen = assert_harmless(page)
        assert "{{ 7 * 7 }}" in seen.text
        assert "⟨U+202E⟩" in seen.text
        assert all("style" not in span for span in seen.all("span"))


def test_a_graph_is_drawn_in_its_panel_and_told_to_those_who_do_not_see_it(tmp_path: Path) -> None:
    forward = AnnotatedGraph(
        "Forward", {"x": EdgeStatus.PLAIN, "y": EdgeStatus.WRONG}, {("x", "y"): EdgeStatus.WRONG}, {"y": "d<y>"}
    )
    drawing = AnnotatedGraph(
        "Drawing", {"x": EdgeStatus.PLAIN, "y": EdgeStatus.PLAIN}, {("x", "y"): EdgeStatus.MISSING}
    )
    verdict = Verdict(Status.PARTIAL, 0.5, (raised("y", "wrong."),), sketches=(forward, drawing))
    page = render(
        result(Mark(Question("q", 1, ()), verdict)), notebook(tmp_path, ("code", "q = 1")), (), "Graphs", "cpu"
    )
    seen = assert_harmless(page)
    pictures = [svg for svg in seen.all("svg") if svg.get("role") == "img"]
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len({*ids})
    assert {told for svg in pictures for told in svg["aria-labelledby"].split()} <= {*ids}
    assert "Not right in itself: look here first: d<y>." in seen.text
    assert "In the formulas, but not drawn: x to y." in seen.text
    panel = page[page.index('id="q-q"') :]
    assert panel.index("y raised wrong.") < panel.index("<svg") < panel.index("</section>")
    names = [attributes.get("class", "") for tag, attributes in seen.elements if tag == "g"]
    assert names == [
        *["edge is-wrong", "sign is-wrong", "node is-plain", "node is-wrong"],
        *["edge is-missing", "sign is-missing"],
        *["node is-plain"] * 2,
    ]


def test_the_page_stays_small_whatever_there_was_to_say(tmp_path: Path) -> None:
    flood = "<&\x1b[31m" * 2_000_000
    form = Form("object", names=(flood,))
    row = Comparison(flood, {flood: Numbers((1.0,))}, form, form, False)
    verdict = Verdict(Status.FAIL, 0.0, (raised(flood, flood),), (Remark("used_here", flood),), (row,) * 2000)
    loud = ran(*(printed(flood) for _ in range(30)))
    marked = replace(result(Mark(Question("x", 1, ()), verdict)), remarks=(flood,))
    long = flood[:2_000_000]
    cells = (("code", f"x = 1 #{long[:200_000]}"), ("markdown", long), ("raw", long), *[("code", "1")] * 20)
    with ending():
        page = render(marked, notebook(tmp_path, *cells), [loud] * 21, "Graphs", "cpu")
    assert len(page) < 4_000_000
    text = assert_harmless(page).text
    assert "more characters are not shown" in text
    assert "more outputs are not shown" in text


@pytest.mark.parametrize("unit", ["\n \n", "!", "(", '"', "[", "$ ", r"\\(", "> ", "- ", "**", r"\begin{a}", "| a "])
def test_rendering_a_hostile_cell_ends(unit: str) -> None:
    """In half a second; that of IPython's own lexer takes minutes for lines of spaces."""
    source = unit * (10_000 // len(unit))
    for show in (highlighted, coloured, lambda text: rendered(text, {}), lambda text: mathml(text, True)):
        with ending():
            shown = show(source)
        assert {tag for tag, _ in Seen(shown).elements} <= ALLOWED


def test_an_image_is_what_it_says() -> None:
    assert data_url("image/png", PNG) == f"data:image/png;base64,{PNG}"
    assert data_url("image/png", f"{PNG[:40]}\n{PNG[40:]}\n") == f"data:image/png;base64,{PNG}"
    for mime, content in (
        ("image/jpeg", PNG),
        ("image/svg+xml", "PHN2Zz4="),
        ("text/html", PNG),
        ("image/png", PNG[:-1] + "!"),
        ("image/png", "PHN2Zz4="),
        ("image/png", f"!{PNG}!"),
        ("image/png", ["a"]),
        ("image/png", None),
    ):
        assert data_url(mime, content) == ""


def test_a_pasted_image_is_shown(tmp_path: Path) -> None:
    read = notebook(
        tmp_path, ("markdown", "![my plot](attachment:a%20b.png)"), attachments={"a b.png": {"image/png": PNG}}
    )
    page = render(result(), read, (), "Graphs", "cpu")
    assert {"src": f"data:image/png;base64,{PNG}", "alt": "my plot"} in assert_harmless(page).all("img")


def test_terminal_text() -> None:
    assert coloured("10%\r50%\r100%\r\ndone") == "100%\ndone"
    assert coloured("\x1b[32mgreen\x1b[0m") == '<span class="ansi-green-fg">green</span>'
    assert coloured("\x1b[38;2;1;2;3mno background is known\x1b[0m") == "<span>no background is known</span>"


def test_what_is_too_long_to_parse_is_shown_plainly() -> None:
    assert highlighted("if x:  \n") == '<span class="k">if</span> x:\n'
    assert highlighted("@a\ndef f(x):\n    return x @ y, not 1.5 # <b>") == (
        '@<span class="nd">a</span>\n<span class="k">def</span> <span class="nf">f</span>(x):\n'
        '    <span class="k">return</span> x @ y, <span class="ow">not</span> <span class="m">1.5</span> '
        '<span class="c"># &lt;b&gt;</span>'
    )
    # What is no Python is there all the same, and in colour as far as it goes.
    assert highlighted("!ls 'a\n%time f(\nx = (1,\n") == '!ls &#39;a\n%time f(\nx = (<span class="m">1</span>,\n'
    assert highlighted("  else:\n 1 + 1") == '  <span class="k">else</span>:\n 1 + 1'
    assert highlighted("if x:\n" * 4000) == "if x:\n" * 4000
    assert rendered("*a*", {}) == "<p><em>a</em></p>\n"
    assert rendered("*a*" * 4000, {}) == f"<pre>{'*a*' * 4000}</pre>"
    assert mathml("x", False) == '<math display="inline"><mrow><mi>x</mi></mrow></math>'
    assert mathml("x<" * 3000, False) == f'<code class="latex">${"x&lt;" * 3000}$</code>'


def test_markdown_that_defeats_the_parser_is_shown_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    def defeated(*_: object) -> str:
        raise RecursionError

    monkeypatch.setattr(MarkdownWithMath, "render", defeated)
    assert rendered("<b>", {}) == "<pre>&lt;b&gt;</pre>"


def test_the_class_at_a_glance(tmp_path: Path) -> None:
    (tmp_path / "feedback" / "grace").mkdir(parents=True)
    (tmp_path / "feedback" / "grace" / "lab2_graphs.html").touch()
    results = (
        result(mark("x", Status.PASS), mark("y", Status.FAIL), student="grace"),
        result(mark("x", Status.PASS), mark("y", Status.PASS), student=SCRIPT + BIDI),
        Result("karl", "", "x.ipynb", (), 0.0, f"Unreadable {SCRIPT}"),
    )
    page = write_index(Report("cpu", "s", results), ["lab1_tensors", "lab2_graphs"], tmp_path).read_text("utf-8")
    seen = Seen(page)
    assert not set(page) & set(BIDI)
    assert {tag for tag, _ in seen.elements} <= ALLOWED
    assert [a["href"] for a in seen.all("a")] == [
        "gradebook.csv",
        "report.json",
        "feedback/grace/lab2_graphs.html",
    ]
    assert "lab1_tensors" not in seen.text
    assert "3 students" in seen.text
    assert page.index("<code>y</code>") < page.index("<code>x</code>")
    assert "Refused" not in seen.text


@pytest.mark.parametrize(
    ("refused", "sentence"),
    [
        (("fork",), "It tried fork, which a graded notebook may not call."),
        (("fork", "socket", "kill"), "It tried fork, socket and kill, which a graded notebook may not call."),
    ],
)
def test_what_a_notebook_was_refused_is_on_the_page_of_the_class(
    tmp_path: Path, refused: tuple[str, ...], sentence: str
) -> None:
    results = (result(mark("x", Status.PASS), student="grace"), result(mark("x", Status.PASS), student="karl"))
    tried = replace(results[1], refused=refused)
    page = write_index(Report("cpu", "s", (results[0], tried)), ["lab2_graphs"], tmp_path)
    assert sentence in Seen(page.read_text("utf-8")).text


def test_a_fold_is_a_fold_and_nothing_else_is_html() -> None:
    source = (
        "before\n\n<details><summary>Hint 1 for f</summary>\n\nUse $x^2$ and **care**.\n\n</details>\n\n"
        "<details><summary><b>odd</b></summary>\n\n<script>alert(1)</script>\n\n</details>\n\nafter"
    )
    html = rendered(source, {})
    assert html.count("<details><summary>Hint 1 for f</summary>\n<p>Use <math") == 1
    assert html.count("</details>") == 1
    assert "<strong>care</strong>" in html
    assert "<script" not in html
    assert "<b>" not in html
