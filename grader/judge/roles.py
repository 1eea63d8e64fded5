"""The parts that calls play in a check: what is asked of a notebook, and what it replied, by the same names.

Knows the order in which they are asked. Refuses to know what any of them is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from grader.protocol.messages import Ask, Read, Reply

Call = TypeVar("Call")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Roles(Generic[Call]):
    """Something for each call of a check; a check of the code alone has none.

    `answer` is the question's own function, or variable. `prerequisites` are other functions of the notebook, from
    which an answer may follow though they are wrong. `coarse` is the answer once more, in float32. `beside` are the
    prerequisites and then the answer at points beside the check's own: they tell where values come from, and not what
    is right.
    """

    answer: Call | None = None
    prerequisites: tuple[Call, ...] = ()
    coarse: Call | None = None
    beside: tuple[Call, ...] = ()

    @property
    def own(self) -> tuple[Call, ...]:
        """The answer, and the answer in float32, as far as there are any."""
        return tuple(one for one in (self.answer, self.coarse) if one is not None)

    def __iter__(self) -> Iterator[Call]:
        """All of them, in the order of asking."""
        return iter((*self.prerequisites, *self.own, *self.beside))

    def each(self, make: Callable[[Call], Made]) -> Roles[Made]:
        """What is made of each of them, in the order of asking."""
        prerequisites = tuple(map(make, self.prerequisites))
        answer, coarse = (None if one is None else make(one) for one in (self.answer, self.coarse))
        return Roles(answer, prerequisites, coarse, tuple(map(make, self.beside)))


Asks: TypeAlias = Roles[Ask | Read]
Replies: TypeAlias = Roles[Reply]
