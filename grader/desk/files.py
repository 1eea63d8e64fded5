"""Where a run's files lie, and how they are written: whole or not at all.

Knows paths and what a file system does to them. Refuses to know what is in a file.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from pathlib import Path
from typing import Final

from grader.judge.model import Result

LONGEST: Final = 120
"""Bytes of a folder's name; file systems allow 255, and Windows 260 for a whole path."""

_ODD: Final = re.compile(r"[^\w .,@+()'-]")
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d)\s*(\..*)?", re.IGNORECASE)


def folder_name(student: str) -> str:
    """The name of a student's folder: the id itself where that is an ordinary name.

    Elsewhere odd characters become "_", and "~" with eight digits of the id's SHA-256 follows. No ordinary
    name has a "~", so two students never share a folder.
    """
    encoded = student.encode("utf-8", "surrogatepass")
    plain = unicodedata.normalize("NFC", student)
    ordinary = plain == student and not _ODD.search(plain) and _begins_and_ends_well(plain)
    if ordinary and len(encoded) <= LONGEST and not _RESERVED.fullmatch(plain):
        return student
    kept = _ODD.sub("_", plain).encode()[: LONGEST - 9].decode("utf-8", "ignore")
    return f"{kept.strip(' .-') or 'student'}~{hashlib.sha256(encoded).hexdigest()[:8]}"


def page_path(out: Path, result: Result) -> Path:
    """Where a result's page lies; that of an unreadable notebook is called after its file."""
    page = result.lab or f"unread {Path(result.file).stem}"
    return out / "feedback" / folder_name(result.student) / f"{folder_name(page)}.html"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that at any moment the old one or the new one is there, whole. Makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _begins_and_ends_well(name: str) -> bool:
    """No hidden file, no option of a command, nothing that Windows would trim."""
    return bool(re.match(r"\w", name)) and name[-1] not in " ."
