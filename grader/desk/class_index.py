"""Where the instructor's page on the class lies, and what it leads to.

Knows which pages lie in an output folder. Refuses to know what any of them says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from grader.desk.files import page_path, write_whole
from grader.desk.gradebook import everybody
from grader.judge.model import Report, Result
from grader.pages.class_page import index

SIMILAR: Final = Path("instructor", "similar.html")
"""Where the page on who wrote the same lies, once there is one: not among the students' pages."""


def write_index(report: Report, labs: Sequence[str], out: Path) -> Path:
    """Write `index.html` into the folder `out`, with links to the pages that are there; returns its path.

    `labs` are its columns.
    """
    path = out / "index.html"
    similar = SIMILAR.as_posix() if (out / SIMILAR).exists() else ""
    page = index(report, everybody(report), labs, lambda result: _link(result, out), similar)
    write_whole(path, page.encode("utf-8", "replace"))
    return path


def _link(result: Result, out: Path) -> str:
    """The address of a result's page, seen from `out`; "" where none was written."""
    page = page_path(out, result)
    return quote(page.relative_to(out).as_posix(), errors="surrogatepass") if page.exists() else ""
