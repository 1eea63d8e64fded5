"""The outputs of cells, recorded as a notebook's file holds them (nbformat 4).

Knows streams, displays, results and errors, the order in which a Jupyter client would have received
them, and how much of them is kept. Refuses to know how a cell is run.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping
from json import dumps, loads
from time import monotonic
from typing import Any, Final, TypeAlias

from grader.kernel.results import clipped, type_name
from grader.protocol.caps import OutputCaps
from grader.protocol.messages import Output

Bundle: TypeAlias = dict[str, Any]
"""An output, or its data by MIME type, while it can still change."""

FLUSH: Final = 0.2
"""Seconds after which a kernel sends what was printed (ipykernel's `OutStream.flush_interval`)."""
PENDING: Final = 1 << 20
TRACEBACK: Final = 50_000
DROPPED: Final = "\n(The rest of this cell's output was dropped: there was too much of it.)\n"


class Recorder:
    """The outputs of every cell so far; while no cell is current, what arrives is dropped."""

    def __init__(self, caps: OutputCaps) -> None:
        """Start without cells."""
        self.streams = {name: Stream(name, self) for name in ("stdout", "stderr")}
        self._caps = caps
        self._left_in_all = caps.characters
        self._left = 0
        self._cells: dict[int, list[Bundle]] = {}
        self._named: dict[str, list[tuple[int, Bundle]]] = {}
        self._touched: set[int] = set()
        self._current: int | None = None
        self._clear_next = self._full = False

    def begin(self, cell: int) -> None:
        """What arrives from now on belongs to this cell."""
        self._current = cell
        self._cells[cell] = []
        self._touched = {cell}
        self._clear_next = self._full = False
        self._left = min(self._caps.cell_characters, self._left_in_all)

    def end(self) -> dict[int, tuple[Output, ...]]:
        """The outputs of the current cell, and of earlier ones that it updated, by the cell's place."""
        self.flush()
        self._current = None
        return {cell: tuple(self._cells[cell]) for cell in sorted(self._touched)}

    def flush(self) -> None:
        """Everything printed so far becomes output, stdout first."""
        for stream in self.streams.values():
            stream.flush()

    def flush_due(self) -> None:
        """What a kernel would have sent by now becomes output, in the order of printing."""
        late = monotonic() - FLUSH
        for stream in sorted(self.streams.values(), key=lambda stream: stream.since):
            if stream.since < late:
                stream.flush()

    def printed(self, name: str, text: str) -> None:
        """A piece of a stream; pieces of one stream in a row are one output."""
        outputs = self._open() if text else None
        if outputs is None or self._full:
            return
        text = text.encode("utf-8", "replace").decode()
        kept = text[: self._left]
        self._spend(len(kept))
        if outputs and outputs[-1].get("name") == name:
            outputs[-1]["text"] += kept
        elif len(outputs) < self._caps.cell_outputs:
            outputs.append({"output_type": "stream", "name": name, "text": kept})
        else:
            kept = ""
        if len(kept) < len(text):
            self._stop(outputs)

    def shown(self, kind: str, data: Mapping[str, Any], metadata: Mapping[str, Any] | None, **more: Any) -> None:
        """A display, a result, or an update; `display_id`, where there is one, names it for updates."""
        self.flush()
        display_id = more.pop("display_id", None)
        output = {
            "output_type": kind,
            "data": _plain(data),
            "metadata": _plain(metadata or {}),
            **more,
        }
        if display_id:
            self._update(display_id, output)
        outputs = None if kind == "update_display_data" else self._open()
        if outputs is None or self._full:
            return
        if len(outputs) >= self._caps.cell_outputs or not self._spend(_size(output)):
            self._stop(outputs)
            return
        outputs.append(output)
        if display_id and self._current is not None:
            self._named.setdefault(display_id, []).append((self._current, output))

    def failed(self, name: str, text: str, trace: list[str]) -> None:
        """An error; one that ends a cell is kept even where the output before it was too much."""
        self.flush()
        outputs = self._open()
        if outputs is not None and len(outputs) <= 2 * self._caps.cell_outputs:
            lines = [clipped(line, TRACEBACK) for line in trace[:100]]
            error = {
                "output_type": "error",
                "ename": clipped(name),
                "evalue": clipped(text, TRACEBACK),
            }
            outputs.append({**error, "traceback": lines})

    def cleared(self, wait: bool) -> None:
        """The current cell's outputs are taken away, at once or when the next one arrives."""
        self.flush()
        self._clear_next = wait
        if not wait and self._current is not None:
            self._forget(self._current)

    def _open(self) -> list[Bundle] | None:
        if self._current is None:
            return None
        if self._clear_next:
            self._clear_next = False
            self._forget(self._current)
        return self._cells[self._current]

    def _forget(self, cell: int) -> None:
        self._cells[cell].clear()
        for shown in self._named.values():
            shown[:] = [(at, output) for at, output in shown if at != cell]

    def _update(self, display_id: str, output: Bundle) -> None:
        for cell, shown in self._named.get(display_id, []):
            if self._spend(_size(output)):
                shown.update(data=output["data"], metadata=output["metadata"])
                self._touched.add(cell)

    def _stop(self, outputs: list[Bundle]) -> None:
        self._full = True
        outputs.append({"output_type": "stream", "name": "stderr", "text": DROPPED})

    def _spend(self, size: int) -> bool:
        if size > self._left:
            return False
        self._left -= size
        self._left_in_all -= size
        return True


class Stream(io.TextIOBase):
    """What cells see as `sys.stdout` and `sys.stderr`: buffered, as a kernel's streams are."""

    def __init__(self, name: str, recorder: Recorder) -> None:
        """A stream that hands what was printed to `recorder`."""
        super().__init__()
        self.name = f"<{name}>"
        self.since = float("inf")
        self._name = name
        self._recorder = recorder
        self._pending: list[str] = []
        self._size = 0

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As a kernel's streams say."""
        return "UTF-8"

    def writable(self) -> bool:
        """True."""
        return True

    def fileno(self) -> int:
        """The process's own stream, which leads nowhere."""
        return 1 if self._name == "stdout" else 2

    def write(self, text: str) -> int:
        """Print text."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type_name(text)}")
        self._recorder.flush_due()
        if not self._pending:
            self.since = monotonic()
        self._pending.append(text)
        self._size += len(text)
        if self._size > PENDING:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Make output of what was printed."""
        text = "".join(self._pending)
        self._pending.clear()
        self._size, self.since = 0, float("inf")
        self._recorder.printed(self._name, text)


def _plain(bundle: Mapping[str, Any]) -> Bundle:
    """A bundle of MIME types as JSON, without what is none; bytes as base64, as Jupyter sends them."""
    kept = {}
    for mime, content in bundle.items():
        try:
            text = dumps(content, ensure_ascii=False, allow_nan=False, default=_base64)
            kept[clipped(str(mime))] = loads(text.encode("utf-8", "replace"))
        except (ValueError, TypeError, RecursionError):
            continue
    return kept


def _base64(content: object) -> str:
    if isinstance(content, bytes):
        return b64encode(content).decode()
    raise TypeError(f"no JSON for {type_name(content)}")


def _size(output: Bundle) -> int:
    return len(dumps(output))
