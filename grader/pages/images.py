"""Images that came with a notebook: which of them may stand on a page.

Knows three formats by their first bytes. Refuses every other format: an SVG is a program.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

FORMATS: Final = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8"}
LARGEST: Final = 4 << 20
"""Characters of an image in base64."""


def data_url(mime: str, content: object) -> str:
    """The image as a `data:` URL; empty where the base64 or the first bytes are not those of its format."""
    if mime not in FORMATS or not isinstance(content, str) or len(content) > LARGEST:
        return ""
    try:
        raw = base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    if not raw.startswith(FORMATS[mime]):
        return ""
    return f"data:{mime};base64,{base64.b64encode(raw).decode()}"
