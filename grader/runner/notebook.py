"""Reading a notebook that nobody has looked at.

Knows what a notebook's file may be, and repairs what does no harm: cell ids, odd metadata, half
characters, format 3. Refuses to know what is in the cells. What cannot be read is a `NotebookError`
with one plain sentence.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Final

import nbformat
from nbformat import NotebookNode

from grader.protocol.frames import more_values
from grader.runner.machine import MachineError, is_scarce

BYTES: Final = 50 << 20
CELLS: Final = 5_000
CODE: Final = 250_000
"""Characters of all code cells: ten times a lab's own. Python's parser takes a kilobyte of memory for each."""
MEMORY: Final = 256 << 20
"""Bytes that reading a file may take. JSON can stand for thirty times its size: {} takes two bytes of the file."""
_FOUR: Final = re.compile(rb"[\xf0-\xff]|\\u[dD]8")
_TWO: Final = re.compile(rb"[\xc4-\xff]|\\u(?!00)")
"""What begins a character above U+FFFF, and above U+00FF, in UTF-8 or as an escape."""
_PER_VALUE: Final = 110
"""Bytes of memory for each, at most: Python's own dict with a name and a number to every entry."""
_SAVE_AGAIN: Final = "open it in Jupyter and save it again"
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class NotebookError(Exception):
    """The submission's fault: one sentence that says what is wrong with the file, and what to do."""


@dataclass(frozen=True)
class Cell:
    """A cell: `kind` is code, markdown or raw, `index` its place in the file, `node` as in nbformat."""

    kind: str
    source: str
    index: int
    node: NotebookNode


@dataclass(frozen=True)
class Notebook:
    """A notebook without its outputs; `sha256` is of the file's bytes, in hexadecimal."""

    cells: tuple[Cell, ...]
    sha256: str

    @property
    def code(self) -> tuple[Cell, ...]:
        """The cells to be run."""
        return tuple(cell for cell in self.cells if cell.kind == "code")


def read_notebook(path: Path) -> Notebook:
    """The notebook in a file. Raises NotebookError, and MachineError where the machine is to blame."""
    raw = _bytes(path)
    content = _json(raw)
    if _version(content) == 3:
        content = _upgraded(content)
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise NotebookError(f"This notebook has no list of cells; {_SAVE_AGAIN}.")
    _expect_few(cells)
    taken: set[str] = set()
    read = tuple(_cell(cell, index, taken) for index, cell in enumerate(cells))
    if sum(len(cell.source) for cell in read if cell.kind == "code") > CODE:
        raise NotebookError(f"This notebook has more than {CODE} characters of code; remove what was not asked for.")
    return Notebook(read, hashlib.sha256(raw).hexdigest())


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal, as `Notebook` has it. Raises NotebookError."""
    return hashlib.sha256(_bytes(path)).hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        # Not blocking, because a pipe without a writer would be waited for.
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotebookError("This file is a symbolic link; hand in the notebook itself.") from error
        if is_scarce(error):
            raise MachineError(f"a notebook could not be opened: {error.strerror}") from error
        raise NotebookError(f"This file cannot be opened ({error.strerror}); hand it in again.") from error
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise NotebookError("This is no ordinary file; hand in the notebook itself.")
        with os.fdopen(opened, "rb", closefd=False) as file:
            raw = file.read(BYTES + 1)
    finally:
        os.close(opened)
    if len(raw) > BYTES:
        raise NotebookError(f"This notebook is larger than {BYTES >> 20} MB; clear its outputs and save it.")
    return raw


def _expect_small(raw: bytes) -> None:
    """Refuse what would take more than `MEMORY` when it is read: the bytes, their text, and the values in it."""
    # A text takes 1, 2 or 4 bytes for every character, as its widest one does.
    width = 4 if _FOUR.search(raw) else 2 if _TWO.search(raw) else 1
    most = (MEMORY - len(raw) * (1 + 2 * width)) // _PER_VALUE
    if most < 0 or more_values(raw, most):
        raise NotebookError("This notebook would take too much memory to read; clear its outputs and save it.")


def _json(raw: bytes) -> Mapping[str, Any]:
    if not raw.strip():
        raise NotebookError("This file is empty, as after an upload that failed; hand it in again.")
    _expect_small(raw)
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotebookError(f"This file is not UTF-8 text, as notebooks are; {_SAVE_AGAIN}.") from error
    except ValueError as error:
        raise NotebookError(f"This file is no notebook, because it is no JSON; {_SAVE_AGAIN}.") from error
    except RecursionError as error:
        raise NotebookError(f"This file is nested too deeply to be a notebook; {_SAVE_AGAIN}.") from error
    if not isinstance(content, dict):
        raise NotebookError(f"This file is JSON, but no notebook; {_SAVE_AGAIN}.")
    return content


def _version(content: Mapping[str, Any]) -> int:
    version = content.get("nbformat")
    if type(version) is not int or not 0 <= version < 100:
        raise NotebookError(f"This file does not say which notebook format it has; {_SAVE_AGAIN}.")
    if version not in (3, 4):
        raise NotebookError(f"This notebook has format {version}, and 3 and 4 can be read; {_SAVE_AGAIN}.")
    return version


def _upgraded(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """A notebook of format 3 in format 4, without its outputs: each takes half a millisecond to convert."""
    try:
        cells = [{**cell, "outputs": []} for sheet in content["worksheets"] for cell in sheet["cells"]]
        _expect_few(cells)
        upgraded: Mapping[str, Any] = nbformat.convert(_node({**content, "worksheets": [{"cells": cells}]}), 4)
    except NotebookError:
        raise
    except Exception as error:
        raise NotebookError(f"This notebook of format 3 cannot be converted; {_SAVE_AGAIN}.") from error
    return upgraded


def _expect_few(cells: Sequence[object]) -> None:
    if len(cells) > CELLS:
        raise NotebookError(f"This notebook has more than {CELLS} cells; remove some.")


def _cell(cell: object, index: int, taken: set[str]) -> Cell:
    where = f"Cell {index + 1} of this notebook"
    if not isinstance(cell, dict):
        raise NotebookError(f"{where} is no cell; {_SAVE_AGAIN}.")
    kind, source = cell.get("cell_type"), cell.get("source")
    if kind not in ("code", "markdown", "raw"):
        raise NotebookError(f"{where} is of no known type; {_SAVE_AGAIN}.")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise NotebookError(f"{where} has no text as its source; {_SAVE_AGAIN}.")
    source = _whole(source)
    content = {
        "id": _id(cell.get("id"), index, taken),
        "cell_type": kind,
        "metadata": _metadata(cell),
        "source": source,
    }
    if kind == "code":
        content.update(outputs=[], execution_count=None)
    elif attachments := _attachments(cell):
        content["attachments"] = attachments
    return Cell(kind, source, index, _node(content))


def _node(content: Mapping[str, Any]) -> NotebookNode:
    node: NotebookNode = nbformat.from_dict(content)
    return node


def _whole(text: str) -> str:
    """The text with a ? for each half of a character."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _id(given: object, index: int, taken: set[str]) -> str:
    """The cell's id where it is a valid one and new, otherwise one made from its place."""
    own = [given] if isinstance(given, str) and _ID.fullmatch(given) else []
    made = (f"cell-{index}" + "-again" * n for n in count())
    found = next(name for name in chain(own, made) if name not in taken)
    taken.add(found)
    return found


def _metadata(cell: Mapping[str, Any]) -> dict[str, list[str]]:
    """The cell's tags; a page needs nothing else."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if isinstance(tags, list) and tags and all(isinstance(tag, str) for tag in tags):
        return {"tags": [_whole(tag) for tag in tags]}
    return {}


def _attachments(cell: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Images pasted into the text, where each is text by its MIME type."""
    found = cell.get("attachments")
    if not isinstance(found, dict):
        return {}
    bundles = {_whole(name): bundle for name, bundle in found.items() if isinstance(bundle, dict)}
    return {
        name: {_whole(mime): _whole(data) for mime, data in bundle.items()}
        for name, bundle in bundles.items()
        if all(isinstance(data, str) for data in bundle.values())
    }
