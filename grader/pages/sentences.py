"""Findings and remarks as sentences, filled in from their facts.

Knows how a student is told. Refuses to know what is right, and to decide anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

from grader.judge.clipping import FACT, FINDING, MESSAGE, clipped
from grader.judge.error_curve import ErrorCurve
from grader.judge.findings import Facts, Finding
from grader.judge.model import Verdict
from grader.judge.truth import Slip
from grader.pages.digits import lost_sentence
from grader.pages.notes import ADVICE, ALSO, DEEDS, LAST_STEP, NEXT, NOTES, REGIMES, REMARKS, REQUIREMENTS
from grader.pages.slip_notes import SLIPS
from grader.pages.wording import arrows, difference, few_of, one_of, pair, place, shown

STANDING: Final = {True: "\u2713", False: "\u2717", None: "\u2013"}
"""Whether a requirement holds, or leaves the count."""
AS_THEY_ARE: Final = frozenset({"not_finite", "not_squeezed", "wrong_draw"})
"""Codes whose numbers tell enough in the usual digits."""


def message(verdict: Verdict) -> str:
    """What was found, a line for each finding."""
    lines = [sentence(finding) for finding in verdict.findings]
    return clipped("\n".join(lines), MESSAGE) if lines else NOTES["correct"]


def sentence(finding: Finding) -> str:
    """A finding, and what explains it."""
    return "".join(_parts_there(finding))


@dataclass(frozen=True)
class ToldFinding:
    """A finding in three pieces: what matters most in a sentence or two, what to look at, and the rest."""

    first: str
    then: str
    rest: str


def told(finding: Finding) -> ToldFinding:
    """A finding, the cause before what was seen, where a cause is known."""
    seen, cause, breaking, *rest = (part.strip() for part in _parts_there(finding))
    known = " ".join(filter(None, (cause, breaking) if finding.facts.mistakes else (breaking,)))
    after = " ".join(filter(None, rest))
    return ToldFinding(known, seen, after) if known else ToldFinding(seen, cause, after)


def _parts_there(finding: Finding) -> tuple[str, ...]:
    """The parts of a finding, with the point at which it was found."""
    at = few_of(finding.facts.where, _about(finding.facts))
    return _parts(finding, f" at {at}" if at else "")


def _about(facts: Facts) -> frozenset[str]:
    """The names that a finding speaks of: the numbers of a point that tell most about it."""
    told = [facts.what, *(fact for slips in facts.mistakes or () for slip in slips for _, fact in slip.facts)]
    words = frozenset(word for text in told for word in re.findall(r"\w+", text))
    return words | {word.partition("_d")[2] for word in words}


def brief(finding: Finding, room: int) -> str:
    """A finding without the point at which it was found, and of what explains it as much as there is room for."""
    told, *more = _parts(finding, "")
    for part in more:
        if len(told) + len(part) <= room:
            told += part
    return told


def remarks(verdict: Verdict) -> tuple[str, ...]:
    """The remarks; those that say the same of several things are one."""
    subjects: dict[tuple[str, Facts], list[str]] = {}
    for one in dict.fromkeys(verdict.remarks):
        subjects.setdefault((one.code, one.facts), []).append(one.what)
    return tuple(f"{', '.join(whats)}: {remark(code, facts)}" for (code, facts), whats in subjects.items())


def remark(code: str, facts: Facts) -> str:
    """What is said beside a mark of several things."""
    return REMARKS[code].format(**_words(code, facts))


def requirements(verdict: Verdict) -> str:
    """How much of what an answer has to keep to holds: "2 of 3 hold: ✓ y, ✓ dy_dx, ✗ losses"; "" where it is told.

    Where one slip shows in several, so that their count is not what was lost, which of them hold.
    """
    counted = [one for one in verdict.requirements if one.holds is not None]
    if len(counted) < 2:
        return ""
    right = sum(one.holds is True for one in counted)
    named = (f"{STANDING[one.holds]} {REQUIREMENTS.get(one.kind, one.what)}" for one in verdict.requirements)
    shared = any(remark.code == "slips_shared" for remark in verdict.remarks)
    return ", ".join(named) if shared else f"{right} of {len(counted)} hold: {', '.join(named)}"


def explained(slip: Slip) -> str:
    """The sentence on a likely mistake."""
    return SLIPS[slip.note].format(**dict(slip.facts))


def first_failure(curve: ErrorCurve) -> str:
    """Where an answer first fails over a range, and how; nothing where it does not."""
    if curve.first is None:
        return ""
    theirs, expected = pair(curve.theirs, curve.expected)
    return f"at {place(curve.where)}: {_failure(theirs, expected, curve.yours[curve.first], curve.limit)}"


def _parts(finding: Finding, at: str) -> tuple[str, ...]:
    """What was found, then what explains it, why it breaks, and what else is wrong; "" where nothing is known."""
    facts = finding.facts
    first = clipped(NOTES[finding.code].format(**_words(finding.code, facts), at=at), FINDING)
    return first, _mistakes(facts), _breaking(facts), _steps(facts), _regimes(facts)


def _regimes(facts: Facts) -> str:
    """How many regimes of a function hold, and of each whether it does."""
    if not facts.regimes:
        return ""
    holding = sum(failing in ("", "easy") for _, failing in facts.regimes)
    named = ", ".join(f"{name} {REGIMES[failing]}" for name, failing in facts.regimes)
    return f" {holding} of {len(facts.regimes)} regimes hold: {named}."


def _words(code: str, facts: Facts) -> dict[str, object]:
    """Everything that a sentence may be filled in with, in words."""
    sides = one_of(facts.theirs, facts.expected)
    theirs, expected = map(shown, sides) if code in AS_THEY_ARE else pair(*sides)
    subject = "your step" if code == "wrong_update" else "yours"
    return {
        **vars(facts),
        "theirs": theirs,
        "expected": expected,
        "difference": difference(facts.difference, subject),
        "failure": _failure(theirs, expected, facts.error, facts.limit),
        **{name: phrase(facts) for name, phrase in PHRASES.items()},
    }


def _failure(theirs: str, expected: str, error: float | None, limit: float | None) -> str:
    known = error is not None and limit is not None and isfinite(error)
    return f"yours {theirs}, expected {expected}" + (
        f" (an error of {error:.3g} ulp, at most {limit:g} allowed)" if known else ""
    )


def _all(names: Sequence[str]) -> str:
    return clipped(" and ".join(names), FACT)


def _basis(facts: Facts) -> str:
    return f" from your own {' and '.join(facts.follows_from)}" if facts.follows_from else ""


def _silent(facts: Facts) -> str:
    return f" at {facts.count} of {facts.total} points" if facts.count != facts.total else ""


def _raised(facts: Facts) -> str:
    return (f": {facts.text}" if facts.text else "") + (f" ({facts.line})" if facts.line else "")


def _lost(facts: Facts) -> str:
    return ": a line after its definition gives the name to something else" if facts.hidden else ""


def _first(facts: Facts) -> str:
    first = place(facts.where)
    return f"{first}, and is not finite at {place(facts.not_finite_at)}" if facts.not_finite_at else first


def _drawn(facts: Facts) -> str:
    """The edges that differ; of far too many, how many there are."""
    if facts.count is not None:
        return f"it has {facts.count} edges, and theirs has {facts.total}"
    told = ((facts.missing, "missing"), (facts.extra, "not in the graph"), (facts.turned, "the wrong way round"))
    named = [f"{arrows(edges)} {'is' if len(edges) == 1 else 'are'} {what}" for edges, what in told if edges]
    if facts.untold:
        named.append(f"{facts.untold} more {'is' if facts.untold == 1 else 'are'} missing")
    return "; ".join(named)


def _since(facts: Facts) -> str:
    """From which epoch on the losses differ, and what that points to."""
    match facts.agreeing:
        case None:
            return LAST_STEP
        case 0:
            return "The very first loss differs, before any step: look at the loss, or at when it is recorded."
        case 1:
            return (
                "The first loss agrees, the second does not: the first step is wrong (its direction, size or gradient)."
            )
    return (
        f"The losses agree for {facts.agreeing} epochs and part from then on: are the gradients cleared after each "
        "step?"
    )


PHRASES: Final[Mapping[str, Callable[[Facts], str]]] = {
    "basis": _basis,
    "silent": _silent,
    "raised": _raised,
    "lost": _lost,
    "first": _first,
    "drawn": _drawn,
    "since": _since,
    "own": lambda facts: _all(facts.follows_from),
    "listed_names": lambda facts: ", ".join(facts.names),
    "all_names": lambda facts: _all(facts.names),
    "did": lambda facts: DEEDS[facts.what].format(names=facts.names) if facts.what in DEEDS else "",
    "slips": lambda facts: (
        f"{facts.count} slips explain all" if facts.count != 1 else "one slip, which costs one share, explains all"
    ),
    "called_at": lambda facts: f" ({facts.line})" if facts.line else "",
    "advised": lambda facts: ADVICE[facts.advice] if facts.advice else "",
}
"""What is said of several facts together, or of none."""


def _mistakes(facts: Facts) -> str:
    """The mistakes that explain an answer, or that none does; nothing where none was looked for."""
    if facts.mistakes is None:
        return ""
    told = [" ".join(map(explained, slips)) for slips in facts.mistakes]
    first, *others = told or [NEXT]
    return f" {first}" + "".join(f" Or: {other[0].lower()}{other[1:]}" for other in others)


def _breaking(facts: Facts) -> str:
    """Which operation loses the digits; or else why a way of writing fails that is known to fail."""
    if facts.lost:
        return f" {lost_sentence(facts.lost, ' there')}"
    if facts.cancels:
        return " Its digits cancel."
    return f" There, {facts.breaking} leaves the range of {facts.dtype}." if facts.breaking else ""


def _steps(facts: Facts) -> str:
    """The other steps that are not right, and how many are."""
    groups: dict[str, list[str]] = {}
    for step, note in facts.also:
        groups.setdefault(ALSO.get(note, "Also wrong in themselves"), []).append(step)
    others = "".join(f" {word}: {', '.join(steps)}." for word, steps in groups.items())
    return others + (f" ({facts.steps_right} of {facts.steps} steps are right.)" if facts.steps else "")
