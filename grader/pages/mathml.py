r"""Mathematics in LaTeX as MathML, which browsers draw without a script.

Knows MathML's names. Refuses to trust what a student wrote: `latex2mathml` passes `\href`, `\style` and
`<` on as they are, so only known elements and attributes stay, and text is escaped.
"""

from __future__ import annotations

import html
from functools import lru_cache
from typing import Final
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import convert_to_element
from markupsafe import Markup

LONGEST: Final = 4_000
"""Characters of one formula; a longer one is shown as it was written."""

ELEMENTS: Final = frozenset(
    {"math", "menclose", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom"}
    | {"mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable"}
    | {"mtd", "mtext", "mtr", "munder", "munderover", "none"}
)
ATTRIBUTES: Final = frozenset(
    {"accent", "accentunder", "columnalign", "columnlines", "columnspacing", "depth", "display", "displaystyle"}
    | {"fence", "form", "height", "largeop", "linethickness", "lspace", "mathsize", "mathvariant", "maxsize"}
    | {"minsize", "movablelimits", "notation", "rowlines", "rowspacing", "rspace", "scriptlevel", "separator"}
    | {"stretchy", "symmetric", "voffset", "width"}
)
_CLOSE: Final = ("/", "\u2202", "\u2207")
"""Signs that TeX sets without space around them, and a browser with."""


class UnknownMathError(ValueError):
    """The student's fault: a formula became something other than mathematics."""


@lru_cache(maxsize=2048)
def mathml(latex: str, display: bool) -> Markup:
    """A formula as MathML, on a line of its own where `display`; its source where that cannot be done."""
    if len(latex) <= LONGEST:
        try:
            element = convert_to_element(latex, display="block" if display else "inline")
            _clean(element)
            return Markup(tostring(element, encoding="unicode", short_empty_elements=False))
        # The converter raises whatever it stumbles over, IndexError and RecursionError among them.
        except Exception:
            return _source(latex, display)
    return _source(latex, display)


def _clean(element: Element) -> None:
    if element.tag not in ELEMENTS:
        raise UnknownMathError(element.tag)
    element.attrib = {k: html.unescape(v) for k, v in element.attrib.items() if k in ATTRIBUTES}
    # The converter writes its symbols as entities, for which it switches the escaping off.
    element.text, element.tail = html.unescape(element.text or ""), html.unescape(element.tail or "")
    if element.tag == "mo" and element.text in _CLOSE:
        element.attrib |= {"lspace": "0", "rspace": "0"}
    for child in element:
        _clean(child)


def _source(latex: str, display: bool) -> Markup:
    sign = "$$" if display else "$"
    return Markup('<code class="latex">{}{}{}</code>').format(sign, latex, sign)
