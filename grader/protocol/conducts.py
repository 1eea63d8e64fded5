"""What calls were seen to do, in the form in which it travels beside the observations of a reply.

Knows how a conduct becomes part of a header, and that part a conduct. Refuses to know what a deed means. Nothing that
comes back is believed to have the right form: what is odd in any way is a `FrameError`, whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grader.protocol.caps import CONDUCT_CAPS
from grader.protocol.conduct import Conduct, Deed, Means
from grader.protocol.frames import Body, FrameError
from grader.protocol.messages import Observation, Raised, Reply, Value
from grader.protocol.words import text_of

_MEANS = {means.value: means for means in Means}


def written_conducts(reply: Reply) -> list[Body]:
    """The conducts in a reply, each with the number of its point."""
    return [
        {"point": point, "disturbed": seen.conduct.disturbed, "deeds": [_deed(deed) for deed in seen.conduct.deeds]}
        for point, seen in enumerate(reply)
        if isinstance(seen, Value | Raised) and seen.conduct
    ]


def _deed(deed: Deed) -> list[object]:
    return [deed.means.value, deed.name, deed.line, list(deed.through)]


def with_conducts(seen: Sequence[Observation], written: Sequence[object]) -> Reply:
    """Observations, each with its conduct where there is one. Raises FrameError."""
    if len(written) > CONDUCT_CAPS.calls:
        raise FrameError("the answer tells of too many calls")
    found = list(seen)
    for each in written:
        match each:
            case {"point": int(point), "disturbed": disturbed, "deeds": list(deeds)} if 0 <= point < len(found):
                told = found[point]
                if not isinstance(told, Value | Raised) or told.conduct or len(deeds) > CONDUCT_CAPS.deeds:
                    raise FrameError("the answer tells of a call that there was not")
                conduct = Conduct(tuple(map(_read, deeds)), text_of(disturbed))
                found[point] = replace(told, conduct=conduct)
            case _:
                raise FrameError("a conduct is of another form")
    return tuple(found)


def _read(written: object) -> Deed:
    match written:
        case [str(means), name, line, list(through)] if means in _MEANS and len(through) <= CONDUCT_CAPS.ways:
            return Deed(_MEANS[means], text_of(name), text_of(line), tuple(map(text_of, through)))
    raise FrameError("a deed is of another form")
