"""The outputs of cells, as a page shows them: text in measure, and images that are images.

Knows the notebook format, and how much of an output is read by anybody. Refuses to trust a field's type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nbformat import NotebookNode
from nbformat.v4 import new_output

from grader.judge.model import CellRun
from grader.pages.images import data_url
from grader.pages.sanitize import cut

PER_OUTPUT: Final = 20_000
PER_PAGE: Final = 200_000
IMAGES: Final = 8 << 20
"""Characters of text of one output and of all, and of all images in base64."""

OUTCOMES: Final = {
    "error": "This cell stopped with an error.",
    "timeout": "This cell ran out of time and was stopped.",
    "died": "The notebook\u2019s process ended in this cell.",
    "skipped": "This cell was not run.",
}
"""What is said under a cell that did not end well."""


@dataclass
class OutputAllowance:
    """What a page may still hold, in characters of text and of images."""

    text: int = PER_PAGE
    images: int = IMAGES


def kept(run: CellRun, left: OutputAllowance) -> list[NotebookNode]:
    """The outputs of a cell, cut and checked; `left` becomes less by what they take."""
    outputs = []
    for position, output in enumerate(run.outputs):
        if left.text <= 0:
            count = len(run.outputs) - position
            outputs.append(_said(f"({count} more outputs are not shown: this page is long enough.)"))
            break
        outputs.append(_shown(output, left))
    return outputs


def _shown(output: Mapping[str, object], left: OutputAllowance) -> NotebookNode:
    match output.get("output_type"):
        case "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            return _node("stream", name=name, text=_spend(_text(output.get("text")), left))
        case "error":
            named = f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
            trace = output.get("traceback")
            lines = "\n".join(map(_text, trace)) if isinstance(trace, list | tuple) else ""
            return _node("error", ename="", evalue="", traceback=[_spend(lines or named, left)])
        case "display_data" | "execute_result":
            return _displayed(output.get("data"), left)
    return _said("(An output of an unknown kind is not shown.)")


def _displayed(bundle: object, left: OutputAllowance) -> NotebookNode:
    """The one form of a displayed object that the page shows: an image, else its text."""
    data = bundle if isinstance(bundle, Mapping) else {}
    text = _text(data.get("text/plain"))
    for mime in ("image/png", "image/jpeg"):
        url = data_url(mime, data.get(mime))
        if url and len(url) <= left.images:
            left.images -= len(url)
            return _node("display_data", data={mime: url.partition(",")[2]}, metadata={"alt": cut(text, 200)})
    if text:
        return _node("display_data", data={"text/plain": _spend(text, left)})
    kinds = ", ".join(sorted(map(str, data))) or "nothing"
    return _said(f"(An output that cannot be shown here: {cut(kinds, 200)})")


def _said(notice: str) -> NotebookNode:
    return _node("display_data", data={"text/plain": notice})


def _spend(text: str, left: OutputAllowance) -> str:
    kept = cut(text, min(PER_OUTPUT, left.text))
    left.text -= len(kept)
    return kept


def _text(value: object) -> str:
    """Text as the notebook format has it: a string, or a list of its lines."""
    if isinstance(value, list | tuple):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _node(kind: str, **fields: object) -> NotebookNode:
    node: NotebookNode = new_output(kind, **fields)
    return node
