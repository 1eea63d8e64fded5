"""A notebook's file is read, repaired, or refused with one sentence."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from grader.runner.machine import MachineError
from grader.runner.notebook import BYTES, Notebook, NotebookError, read_notebook

Save = Callable[[object], Path]
"""Writes bytes, or what stands for JSON, into a notebook's file."""


def code(source: object, **more: object) -> dict[str, object]:
    return {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": 1,
        **more,
    }


def content(*cells: object, **more: object) -> dict[str, object]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}


@pytest.fixture
def saved(tmp_path: Path) -> Save:
    def save(what: object) -> Path:
        path = tmp_path / "notebook.ipynb"
        path.write_bytes(what if isinstance(what, bytes) else json.dumps(what).encode())
        return path

    return save


def valid(notebook: Notebook) -> Notebook:
    nodes = [cell.node for cell in notebook.cells]
    assert len({node.id for node in nodes}) == len(nodes)
    nbformat.validate(nbformat.v4.new_notebook(cells=nodes))
    return notebook


def test_cells_come_in_order_without_outputs(saved: Save) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "x" * 1000}
    path = saved(
        content(
            {"cell_type": "markdown", "metadata": {}, "source": ["# A\n", "b"], "id": "one"},
            code("x = 1", id="two", outputs=[output]),
            {"cell_type": "raw", "metadata": {}, "source": "", "id": "three"},
        )
    )
    notebook = valid(read_notebook(path))
    assert [(c.kind, c.source, c.index) for c in notebook.cells] == [
        ("markdown", "# A\nb", 0),
        ("code", "x = 1", 1),
        ("raw", "", 2),
    ]
    assert [cell.index for cell in notebook.code] == [1]
    assert notebook.code[0].node.outputs == []
    assert len(notebook.sha256) == 64


@pytest.mark.parametrize(
    ("what", "sources"),
    [
        (b"\xef\xbb\xbf" + json.dumps(content(code("a"))).encode(), ["a"]),
        (
            content(code("a", id="same"), code("b", id="same"), code("c"), code("d", id="no id!")),
            list("abcd"),
        ),
        (
            content(code("a", id="cell-1"), code("b", id="cell-1"), code("c", id="cell-1")),
            list("abc"),
        ),
        (content(code("a\ud800b")), ["a?b"]),
        (
            content(code("a", metadata=[1]), code("b", metadata={"collapsed": "x", "tags": 3})),
            ["a", "b"],
        ),
        (content(code("a", outputs="none", execution_count="x")), ["a"]),
        (
            content({"cell_type": "markdown", "source": "i", "attachments": {"a": {"image/png": 3}}}),
            ["i"],
        ),
        (
            content({"cell_type": "markdown", "source": "i", "attachments": {"a": {"image/png": "aa"}}}),
            ["i"],
        ),
        (content(code("%%bash\nls"), nbformat_minor="x", metadata=None), ["%%bash\nls"]),
        (content(), []),
        (
            {
                "nbformat": 3,
                "nbformat_minor": 0,
                "metadata": {},
                "worksheets": [
                    {
                        "cells": [
                            {"cell_type": "heading", "level": 1, "source": "T", "metadata": {}},
                            {
                                "cell_type": "code",
                                "input": "x = 1",
                                "language": "python",
                                "outputs": [],
                                "metadata": {},
                            },
                        ]
                    }
                ],
            },
            ["# T", "x = 1"],
        ),
    ],
)
def test_what_does_no_harm_is_repaired(saved: Save, what: object, sources: list[str]) -> None:
    assert [cell.source for cell in valid(read_notebook(saved(what))).cells] == sources


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hello", "no JSON"),
        (b'{"nbformat": ' + b"9" * 5000 + b"}", "no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        ("x".encode("utf-16"), "not UTF-8"),
        ([], "no notebook"),
        ({}, "does not say"),
        (content(nbformat="4"), "does not say"),
        (content(nbformat=True), "does not say"),
        (content(nbformat=10**4000), "does not say"),
        (content(nbformat=2), "format 2"),
        (content(nbformat=99), "format 99"),
        (content(nbformat=3, worksheets=5), "format 3 cannot"),
        (content(nbformat=3, worksheets=[{"cells": [None]}]), "format 3 cannot"),
        ({"nbformat": 4}, "no list of cells"),
        ({"nbformat": 4, "cells": None}, "no list of cells"),
        ({"nbformat": 4, "cells": {"a": 1}}, "no list of cells"),
        (content(*[code("")] * 5001), "more than 5000"),
        (content(code("x" * 100_000), code("x" * 150_001)), "more than 250000 characters of code"),
        (content(5), "Cell 1 of this notebook is no cell"),
        (content(code("a"), code(5)), "Cell 2 of this notebook has no text"),
        (content(code(["a", 5])), "no text"),
        (content({"cell_type": "code"}), "no text"),
        (content({"cell_type": "worse", "source": ""}), "no known type"),
        (content({"cell_type": ["code"], "source": ""}), "no known type"),
        (b" " * (BYTES + 1), "larger than 50 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_notebook_is_refused_with_a_sentence(saved: Save, what: object, said: str) -> None:
    with pytest.raises(NotebookError, match=said) as refused:
        read_notebook(saved(what))
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_only_ordinary_files_are_read(saved: Save, tmp_path: Path) -> None:
    real = saved(content(code("a")))
    link, pipe = tmp_path / "link.ipynb", tmp_path / "pipe.ipynb"
    link.symlink_to(real)
    os.mkfifo(pipe)
    for path, said in [
        (link, "symbolic link"),
        (pipe, "no ordinary file"),
        (tmp_path, "no ordinary file"),
        (tmp_path / "none.ipynb", "cannot be opened"),
    ]:
        with pytest.raises(NotebookError, match=said):
            read_notebook(path)


def filled(begin: str, part: str, end: str = "", size: int = BYTES) -> bytes:
    """A file of about `size` bytes: between a begin and an end, a part as often as it goes in."""
    first, again, last = begin.encode(), part.encode(), end.encode()
    return first + again * ((size - len(first) - len(last)) // len(again)) + last


OLD = '{"nbformat":3,"nbformat_minor":0,"metadata":{},"worksheets":[{"cells":[{"cell_type":"code","input":"x",'
OUTPUT = '{"output_type":"stream","text":"abc"},'
MARKDOWN = '{"nbformat":4,"cells":[{"cell_type":"markdown","source":'

PEAK = """
import sys
from pathlib import Path
from grader.runner.notebook import NotebookError, read_notebook
try:
    print(len(read_notebook(Path(sys.argv[1])).cells), "read")
except NotebookError as error:
    print(error)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="how much memory was in use is read in /proc")
@pytest.mark.parametrize(
    ("what", "said"),
    [
        (filled('{"nbformat":4,"cells":[', "{},", "0]}"), "too much memory"),
        (filled(f'{MARKDOWN}"', "😀" + "a" * 99, '"}]}', BYTES // 2), "1 read"),
        (filled(f"{MARKDOWN}[", f'"{"a" * 99}",', '"a"]}]}'), "1 read"),
        (filled(f'{OLD}"outputs":[', OUTPUT, f"{OUTPUT[:-1]}]}}]}}]}}", BYTES // 10), "1 read"),
    ],
    ids=["objects", "wide text", "lines", "old outputs"],
)
def test_reading_takes_little_memory_whatever_the_file_holds(saved: Save, what: object, said: str) -> None:
    """Nothing but the whole process shows what a parser takes meanwhile; more than 1 GB it was for the objects."""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", PEAK, saved(what)], cwd=root, capture_output=True, check=True, text=True
    )
    answer, peak = done.stdout.splitlines()
    assert said in answer
    assert int(peak) << 10 < 300 << 20


@pytest.mark.parametrize(
    ("begin", "part", "end"),
    [
        ('{"nbformat":4,"cells":[', "{},", "0]}"),
        ('{"nbformat":4,"cells":[', "[],", "0]}"),
        ('{"nbformat":4,"cells":[', "300,", "0]}"),
        ('{"nbformat":4,"cells":[', '"ab",', "0]}"),
        (f'{MARKDOWN}"', "😀" + "a" * 99, '"}]}'),
        (f'{MARKDOWN}"', "\\ud83d\\ude00" + "a" * 99, '"}]}'),
    ],
    ids=["objects", "lists", "numbers", "texts", "wide text", "escaped wide text"],
)
def test_what_would_take_too_much_memory_is_refused_with_a_sentence(
    saved: Save, monkeypatch: pytest.MonkeyPatch, begin: str, part: str, end: str
) -> None:
    monkeypatch.setattr("grader.runner.notebook.MEMORY", 500_000)
    with pytest.raises(NotebookError, match="would take too much memory to read; clear its outputs and save it"):
        read_notebook(saved(filled(begin, part, end, 100_000)))


def test_text_takes_as_much_memory_as_it_is_long_whatever_it_says(saved: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.runner.notebook.MEMORY", 500_000)
    for part in ("a", "é", '\\"{},', "[1, 2]"):
        assert len(read_notebook(saved(filled(f'{MARKDOWN}"', part, '"}]}', 100_000))).cells) == 1


def test_a_file_for_which_no_descriptor_is_left_is_the_machines_fault(
    saved: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    path = saved(content(code("a")))
    monkeypatch.setattr(os, "open", full)
    with pytest.raises(MachineError, match="a notebook could not be opened: Too many open files"):
        read_notebook(path)
