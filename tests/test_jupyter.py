"""A session's outputs are those of a Jupyter kernel, cell by cell."""

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import nbformat
import pytest
from nbclient import NotebookClient

from grader.authoring.notebooks import solution_notebook
from grader.judge.model import CellRun
from grader.runner.limits import Limits
from grader.runner.session import Session
from grader.runner.starting import Starter

Pair: TypeAlias = tuple[nbformat.NotebookNode, CellRun]
"""A cell as a kernel left it, and its run in a session."""

CELLS = {
    "prints": "print('one')\nprint('two', end='')",
    "result": "x = 6 * 7\nx",
    "nothing": "None",
    "semicolon": "x;",
    "blank": "  \n ",
    "comment": "# only a comment",
    "both streams": "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('out again')",
    "streams and result": "print('before')\nx + 1",
    "late streams": "import time\nprint('a', file=sys.stderr)\ntime.sleep(0.5); print('b')"
    "\ntime.sleep(0.5)\nprint('c')",
    "flushed": "print('a', flush=True); print('b', file=sys.stderr, flush=True); print('c', flush=True)",
    "underscores": "(_, _2, Out[2], In[2])",
    "imports": "from IPython.display import HTML, JSON, Markdown, clear_output, display, update_display",
    "html": "display(HTML('<b>bold</b>'))\nprint('between')\nHTML('<i>x</i>')",
    "many displays": "display(1, 'two', [3.0])\ndisplay(JSON({'a': [1]}))",
    "display with metadata": "display(Markdown('# a'), metadata={'k': 'v'})",
    "raw bundle": "display({'text/plain': 'a', 'text/html': 'b'}, raw=True)",
    "bytes": "display({'image/png': b'\\x89PNG123', 'text/plain': 'p'}, raw=True)",
    "updates": "handle = display('first', display_id='here')\nhandle.update('second')\nprint('x')",
    "updates of an earlier cell": "update_display('third', display_id='here')",
    "cleared": "print('gone')\ndisplay('gone too')\nclear_output()\nprint('stays')",
    "cleared later": "print('gone')\nclear_output(wait=True)\nprint('stays')",
    "cleared never": "print('stays')\nclear_output(wait=True)",
    "figure": "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('t')",
    "two figures": "plt.figure(figsize=(2, 1))\nplt.show()\nprint('between')\nplt.figure(figsize=(1, 1));",
    "inline magic": "%matplotlib inline\nfig, ax = plt.subplots(figsize=(1, 1))",
    "figure as result": "fig",
    "zero division": "def f(x):\n    return x / 0\n\nprint('before')\nf(1)",
    "chained": "try:\n    f(1)\nexcept ZeroDivisionError as error:\n    raise ValueError('2\\nlines') from error",
    "long traceback": "def g(n):\n    if n:\n        return g(n - 1)\n    raise KeyError('deep')\ng(12)",
    "name": "undefined_name",
    "syntax": "def broken(:\n    pass",
    "indentation": "if True:\nprint(1)",
    "nested syntax": "compile('a b', 'other.py', 'exec')",
    "assertion": "assert 1 == 2, 'not equal'",
    "library": "import json\njson.loads('{')",
    "exit": "sys.exit(3)",
    "system exit": "raise SystemExit",
    "group": "raise ExceptionGroup('several', [ValueError('a'), TypeError('b')])",
    "keyboard": "raise KeyboardInterrupt('stop')",
    "own exception": "class Own(BaseException):\n    pass\nraise Own('mine')",
    "bad text": "class Mute(Exception):\n    def __str__(self):\n        raise RuntimeError('mute')\nraise Mute",
    "bad repr": "class Bad:\n    def __repr__(self):\n        raise RuntimeError('no repr')\nBad()",
    "html repr": "class Rich:\n    def _repr_html_(self):\n        return '<p>'",
    "rich": "Rich.__repr__ = lambda self: 'rich'\nRich()",
    "input": "input('name? ')",
    "password": "import getpass\ngetpass.getpass()",
    "magic": "%env NOTEBOOK_TEST=1",
    "cell magic": "%%capture caught\nprint('hidden')\ndisplay('hidden too')",
    "captured": "caught.show()\ncaught.stdout",
    "written": "%%writefile note.txt\nhello",
    "bash": "%%bash\ncat note.txt\necho oops >&2",
    "failing bash": "%%bash\nexit 3",
    "bang": "!cat note.txt",
    "unknown magic": "%nonsense",
    "who": "%who_ls int",
    "help": "len?",
    "await": "import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')",
    "async result": "async def h():\n    return 5\nawait h()",
    "tensor": "import torch\ntorch.arange(3.0).reshape(1, 3)",
    "torch error": "torch.zeros(2) @ torch.zeros(3)",
    "gradient": "w = torch.tensor(2.0, requires_grad=True)\n(w * w).backward()\nw.grad",
    "warning": "import warnings\nwarnings.warn('careful', stacklevel=1)",
    "logging": "import logging\nlogging.warning('logged')",
    "main": "(__name__, sys.stdout.isatty(), sys.stdout.encoding, sys.path[0])",
    "docstring": "get_ipython().__class__.__mro__[1].__name__",
    "unicode": "print('é🙂')\n'\\ud800'",
    "traceback later": "%tb",
    "source": "import inspect\ninspect.getsource(f)",
    "pickle": "import pickle\nclass Point: pass\ntype(pickle.loads(pickle.dumps(Point()))).__name__",
    "long list": "list(range(2000))",
    "wide dict": "{i: 'x' * 30 for i in range(10)}",
    "carriage returns": "for i in range(3):\n    print(f'\\r{i}', end='')",
    "last": "print('the end')",
}
CELL_FILE = re.compile(r"(?<![^ \"(])[^ \"(]*/ipykernel_\d+/\d+\.py|\b\d+\.py(?=, line)")
"""From the beginning of a path: tried from everywhere in it, an image's thousands of characters take seconds."""
TIMES = re.compile(r"\b\d+\.\d+ ms\b")
HANG = 600
"""Seconds that nothing waits for which ends, on a machine with a dozen others at work."""
KERNELS_OWN = {"input": ("evalue", "traceback"), "password": ("evalue", "traceback"), "bad text": ("traceback",)}
"""What of an error is the kernel's own and not a session's: its source in the traceback, its words for who asks."""


def comparable(outputs: Sequence[Mapping[str, object]], name: str) -> list[dict[str, Any]]:
    """Outputs without numbers of processes and times, with what each stream got in a row put together.

    In a row because a kernel empties its two streams when a timer says so: on a busy machine either comes first.
    """
    text = TIMES.sub("TIME", CELL_FILE.sub("CELL", json.dumps(outputs)))
    listed = json.loads(text.replace(str(Path.home()), "~"))
    kept: list[dict[str, Any]] = []
    for kind, row in itertools.groupby(listed, key=lambda output: output["output_type"]):
        if kind == "stream":
            texts: dict[str, str] = {}
            for output in row:
                texts[output["name"]] = texts.get(output["name"], "") + output["text"]
            kept.append(texts)
        else:
            kept += row
    for output, part in itertools.product(kept, KERNELS_OWN.get(name, ())):
        output.pop(part, None)
    return kept


def ran(sources: Sequence[str], folder: Path, starter: Starter) -> list[Pair]:
    """Each cell as a kernel leaves it, and its run in a session: the two begin afresh, and run the same in a row."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    patient: dict[str, Any] = {"timeout": HANG, "startup_timeout": HANG, "iopub_timeout": HANG}
    client = NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(folder)}}, **patient)
    with pytest.MonkeyPatch.context() as patch:
        # What stands there would come before the notebook's own folder.
        patch.delenv("PYTHONPATH", raising=False)
        client.execute()
    with Session(Limits(cell=HANG, notebook=HANG), starter) as session:
        return list(zip(notebook.cells, session.run(sources), strict=True))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, starter: Starter) -> dict[str, Pair]:
    return dict(zip(CELLS, ran(list(CELLS.values()), tmp_path_factory.mktemp("jupyter"), starter), strict=True))


@pytest.mark.parametrize("name", CELLS)
def test_outputs_are_those_of_a_kernel(runs: dict[str, Pair], name: str) -> None:
    theirs, ours = runs[name]
    assert comparable(ours.outputs, name) == comparable(theirs.outputs, name)


def test_the_cells_that_fail_are_those_with_an_error(runs: dict[str, Pair]) -> None:
    shown = {name for name, (theirs, _) in runs.items() if any(o.output_type == "error" for o in theirs.outputs)}
    failed = {name for name, (_, ours) in runs.items() if ours.outcome == "error"}
    # An exception group and an unknown magic fail with text on stderr alone; a repr's error ends no cell.
    assert failed - shown == {"group", "unknown magic"}
    assert shown - failed == {"bad repr", "traceback later"}


def codes(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


ROOT = Path(__file__).parents[1]
SOLUTIONS = {
    path.stem: codes(solution_notebook(path.read_text("utf-8"))) for path in sorted((ROOT / "solutions").glob("*.py"))
}
SUBMISSIONS = {
    f"{path.parent.name}-{path.stem}": codes(nbformat.read(path, 4))
    for path in sorted((ROOT / "submissions").glob("*/*.ipynb"))
}
NOTEBOOKS = SOLUTIONS | SUBMISSIONS


@pytest.fixture(scope="module")
def in_a_row(tmp_path_factory: pytest.TempPathFactory, starter: Starter) -> dict[str, list[Pair]]:
    """All solutions and the example class, one after another in one kernel: a kernel for each takes a minute more."""
    folder = tmp_path_factory.mktemp("notebooks")
    # In a kernel, too, `check` is to say nothing: it would run the oracle there.
    (folder / "grader").mkdir()
    (folder / "grader" / "__init__.py").write_text("")
    (folder / "grader" / "student.py").write_text("def check(*_):\n    pass\n")
    pairs = iter(ran([source for cells in NOTEBOOKS.values() for source in cells], folder, starter))
    return {name: list(itertools.islice(pairs, len(cells))) for name, cells in NOTEBOOKS.items()}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_give_the_same_outputs_as_in_a_kernel(in_a_row: dict[str, list[Pair]], name: str) -> None:
    for theirs, ours in in_a_row[name]:
        assert comparable(ours.outputs, "") == comparable(theirs.outputs, "")


@pytest.mark.parametrize("name", SOLUTIONS)
def test_solutions_run_to_their_end_and_show_something(in_a_row: dict[str, list[Pair]], name: str) -> None:
    assert {ours.outcome for _, ours in in_a_row[name]} == {"ok"}
    assert sum(len(ours.outputs) for _, ours in in_a_row[name]) > 3
