"""Markdown cells as HTML that a stranger may have written.

Knows Markdown as notebooks have it, formulas and folds included. Refuses other raw HTML, which is shown as text, and
everything that would be loaded from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import unescape
from typing import Any, Final
from urllib.parse import unquote

from markupsafe import Markup
from mistune.util import striptags
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from grader.pages.code import highlighted
from grader.pages.images import data_url
from grader.pages.mathml import mathml
from grader.pages.sanitize import visible

LONGEST: Final = 10_000
"""Characters of a cell that is read as Markdown, whose parsing time may grow with their square; a longer one is
shown as plain text."""

_LINK: Final = re.compile(r"https?://|mailto:|#", re.IGNORECASE)
_DATA: Final = re.compile(r"data:(image/\w+);base64,(.*)", re.DOTALL)
_FOLD: Final = re.compile(
    r"^<details>\s*<summary>([^<\n]*)</summary>\n(.*?)^</details>[ \t]*$", re.DOTALL | re.MULTILINE
)
"""A fold, as hints have it: the one piece of HTML that a sheet is written with."""
_BELOW: Final = 2
"""The page's own headings stand above those of the notebook by so many levels."""

Attachments = Mapping[str, Mapping[str, str]]


def rendered(source: str, attachments: Attachments) -> Markup:
    """A Markdown cell as HTML; the source itself where it defeats the parser."""
    return _rendered(source, attachments) if attachments else _prose(source)


@lru_cache(maxsize=512)
def _prose(source: str) -> Markup:
    """A cell without images: most are the lab's own, the same in every notebook of a class."""
    return _rendered(source, {})


def _rendered(source: str, attachments: Attachments) -> Markup:
    if len(source) <= LONGEST:
        try:
            return Markup("").join(_pieces(source, attachments))
        # Whatever a parser does with a hostile text, the page is still to be written.
        except Exception:
            return _plain(source)
    return _plain(source)


def _pieces(source: str, attachments: Attachments) -> Iterator[Markup]:
    """The folds of a cell and what stands between them; within a fold there is no other."""
    between, *folds = _FOLD.split(source)
    yield _parsed(between, attachments)
    for summary, body, after in zip(folds[::3], folds[1::3], folds[2::3], strict=True):
        inner = _parsed(body, attachments)
        yield Markup("<details><summary>{}</summary>\n{}</details>\n").format(visible(summary), inner)
        yield _parsed(after, attachments)


def _parsed(source: str, attachments: Attachments) -> Markup:
    return Markup(visible(MarkdownWithMath(renderer=Renderer(attachments)).render(source)))


class Renderer(IPythonRenderer):
    """nbconvert's renderer, with MathML for formulas and nothing left that loads or runs."""

    def __init__(self, attachments: Attachments) -> None:
        """A renderer for one cell, with the images that were pasted into it."""
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
        self._attached = attachments

    def heading(self, text: str, level: int, **_: Any) -> str:
        """A heading, below those of the page."""
        level = min(level + _BELOW, 6)
        return f"<h{level}>{text}</h{level}>\n"

    def block_code(self, code: str, info: str | None = None) -> str:
        """A block of code, in colour where it says that it is Python."""
        language = (info or "").split(maxsplit=1)[:1]
        python = bool(language) and language[0].lower() in ("python", "py", "python3", "ipython3")
        return Markup("<pre>{}</pre>\n").format(highlighted(code) if python else code)

    def block_math(self, body: str) -> str:
        """A formula on a line of its own."""
        return mathml(body.strip(), True)

    def inline_math(self, body: str) -> str:
        """A formula in a line."""
        return mathml(body.strip(), False)

    def latex_environment(self, name: str, body: str) -> str:
        """An environment such as `align`."""
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", True)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link to the web, to an address, or within the page; of any other only the text stays."""
        if not _LINK.match(url):
            return text
        return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(unescape(url), Markup(text))

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """An image that is in the notebook; of any other only the description stays."""
        alt = unescape(striptags(text))
        source = self._image(url)
        if not source:
            return Markup("<em>[image: {}]</em>").format(alt or "without a description")
        return Markup('<img src="{}" alt="{}">').format(source, alt)

    def _image(self, url: str) -> str:
        if found := _DATA.fullmatch(url):
            return data_url(found[1], unquote(found[2]))
        attached = self._attached.get(unquote(url.removeprefix("attachment:")), {})
        return next((u for mime, content in attached.items() if (u := data_url(mime, content))), "")


def _plain(source: str) -> Markup:
    return Markup("<pre>{}</pre>").format(visible(source))
