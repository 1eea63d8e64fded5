"""Numbers in doubt: what is right, and what would come out after a slip, or after two.

Knows that a slip made once shows wherever its result is used. Refuses to know which slips there are, and
whether the numbers are arrays of floats or code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, Final, TypeAlias

from grader.judge.truth import EdgeList, Slip

Slips: TypeAlias = frozenset[Slip]

_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True)
class Alternatives:
    """A number, and by the slips that lead to them the wrong ones in its place."""

    right: Any
    wrong: Mapping[Slips, Any] = field(default_factory=dict)

    def after(self, slips: Slips) -> Any:
        """What comes out where these slips are made; those that play no part here change nothing."""
        if slips in self.wrong:
            return self.wrong[slips]
        if len(slips) > 1:
            for slip in slips:
                if frozenset([slip]) in self.wrong:
                    return self.wrong[frozenset([slip])]
        return self.right


def combined(function: Callable[..., Any], parts: Sequence[Alternatives], most: int) -> Alternatives:
    """A function of numbers in doubt, with at most so many slips at once."""
    singles = dict.fromkeys(slips for part in parts for slips in part.wrong if len(slips) == 1)
    known = dict.fromkeys(slips for part in parts for slips in part.wrong)
    if most > 1:
        known |= dict.fromkeys(one | other for one, other in combinations(singles, 2))
    wrong = {slips: function(*(part.after(slips) for part in parts)) for slips in known}
    return Alternatives(function(*(part.right for part in parts)), wrong)


def doubted(number: Alternatives, slip: Slip, instead: Alternatives, most: int) -> Alternatives:
    """A number in whose place a slip puts another, which may be in doubt itself."""
    own = frozenset([slip])
    found = {own: instead.right}
    if most > 1:
        found |= {slips | own: value for slips, value in instead.wrong.items() if len(slips) == 1}
    return Alternatives(number.right, {**found, **number.wrong})


def along(number: Alternatives, edges: EdgeList) -> Alternatives:
    """A number whose slips are made on these edges, but for those that have theirs."""

    def placed(slips: Slips) -> Slips:
        return frozenset(slip if slip.edges else replace(slip, edges=edges) for slip in slips)

    return Alternatives(number.right, {placed(slips): wrong for slips, wrong in number.wrong.items()})


def in_all(doubts: Mapping[Any, Alternatives], symbols: Sequence[Any]) -> Iterable[tuple[Slip, Mapping[Any, Any]]]:
    """The same slip in all of several steps that are made alike, and what they become."""
    found: dict[object, dict[Any, Slip]] = {}
    for symbol in symbols:
        for slips in doubts[symbol].wrong:
            (slip,) = slips if len(slips) == 1 else (None,)
            if slip and ("where", str(symbol)) in slip.facts:
                alike = tuple((name, _DIGITS.sub("", fact)) for name, fact in slip.facts)
                found.setdefault((slip.note, alike), {}).setdefault(symbol, slip)
    for made in found.values():
        if len(made) > 1:
            first, *_ = made.values()
            facts = {**dict(first.facts), "where": " and ".join(map(str, made))}
            after = {symbol: doubts[symbol].after(frozenset([slip])) for symbol, slip in made.items()}
            yield replace(first, facts=tuple(facts.items()), edges=()), after


def renamed(number: Alternatives, names: Mapping[str, str]) -> Alternatives:
    """A number whose slips are told with other names, where a fact is one of them."""

    def told(slips: Slips) -> Slips:
        return frozenset(
            replace(slip, facts=tuple((name, names.get(fact, fact)) for name, fact in slip.facts)) for slip in slips
        )

    return Alternatives(number.right, {told(slips): wrong for slips, wrong in number.wrong.items()})
