"""IPython's syntax is looked for only where it can be: what is found must be what IPython finds everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from grader.kernel.cells import Syntax

CELLS = (
    "%time 1 + 1",
    "x = %time 1",
    "%%time\nx = 1",
    "!ls",
    "files = !ls -l",
    "x = 1 if a != b else 2",
    "x != y",
    "x?",
    "?x",
    "x = 1\ntorch.sum??",
    ",print a b",
    ";print a b",
    "/print a",
    "if True:\n    %cd ~\n",
    "for f in x:\n    !echo {f}",
    "print('%d!' % 3)",
    "y = 5 % 3",
    "y = (5\n% 3)",
    "# really?\n# yes!\nx = 1",
    "def f():\n    '''What?\n    %not a magic\n    '''",
    "  x = 1\n  y = 2",
    ">>> x = 1\n>>> x",
    "In [1]: x = 1\nOut[1]: 1",
    "await f()",
    "x = [1,\n, 2]",
    "\x0c%time x",
    "",
)
_parts = st.sampled_from([*"x1= \n%!?,;/()'\"#\\", "    ", "%%", "!=", "??", "//", '"""'])


def made(syntax: type[TransformerManager], cell: str) -> str:
    """What a cell becomes."""
    return syntax().transform_cell(cell)


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_becomes_what_ipython_makes_of_it(cell: str) -> None:
    assert made(Syntax, cell) == made(TransformerManager, cell)


@given(st.lists(_parts, max_size=14).map("".join))
def test_any_text_becomes_what_ipython_makes_of_it(cell: str) -> None:
    try:
        theirs = made(TransformerManager, cell)
    except SyntaxError:
        theirs = None
    try:
        ours = made(Syntax, cell)
    except SyntaxError:
        ours = None
    assert ours == theirs
