"""Where a run's files lie, and how they are written: whole or not at all.

Knows paths and what a file system does to them. Refuses to know what is in a file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

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
    """Where a result's page lies."""
    return out / "feedback" / folder_name(result.student) / f"{_file_name(result)}.html"


def record_path(out: Path, result: Result) -> Path:
    """Where it is written down what was found: not among the students' pages."""
    return out / "records" / folder_name(result.student) / f"{_file_name(result)}.json"


def _file_name(result: Result) -> str:
    """The lab's name; what is about an unreadable notebook is called after its file."""
    return folder_name(result.lab or f"unread {Path(result.file).stem}")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that at any moment the old one or the new one is there, whole. Makes its folder."""
    write_parts(path, (content,))


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file whole from parts that are made meanwhile: no more than one is held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_json(path: Path) -> Any:
    """What a file of ours holds; None where it is not there or cannot be read as JSON."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _begins_and_ends_well(name: str) -> bool:
    """No hidden file, no option of a command, nothing that Windows would trim."""
    return bool(re.match(r"\w", name)) and name[-1] not in " ."
