"""The regimes of the stable functions, each with its share of the points.

Knows what a regime is called and what it is worth: a half cure a fifth to two fifths, the formula as written nothing.
Refuses to know how points are drawn, and what is right.
"""

from __future__ import annotations

from grader.oracle.samples import (
    Stratum,
    certain,
    distant,
    gaps,
    lone,
    losses,
    means,
    middle,
    one_side,
    outside,
    right_side,
    scores,
    small_entries,
    ties,
    triples,
    wrong_side,
)

SCORES = (
    Stratum("scores of any size", 0.2, scores),
    Stratum("equal scores", 0.15, ties),
    Stratum("a small loss", 0.3, losses),
    Stratum("scores far apart", 0.35, distant),
)
ENTRIES = (
    Stratum("entries of any size", 0.2, triples),
    Stratum("small probabilities", 0.2, small_entries),
    Stratum("an entry far above the others", 0.6, lone),
)
NUMBERS = (
    Stratum("numbers near 0", 0.1, middle, easy=True),
    Stratum("positive numbers", 0.2, one_side(1), easy=True),
    Stratum("negative numbers", 0.3, one_side(-1)),
    Stratum("numbers beyond the range of exp", 0.4, outside),
)
LOGITS, SLOPED_LOGITS = (
    (
        Stratum("a large loss", 0.25, wrong_side(hard)),
        Stratum("a tiny loss", 0.45, right_side),
        Stratum("logits beyond the range of exp", 0.3, certain),
    )
    # The slope is the logit's probability less its target: where that is between 0 and 1, this may cancel rightly.
    for hard in (False, True)
)
CENTRED = (
    Stratum("a mean of up to ten thousand times the spread", 0.3, means((0, 1), (3.6, 4))),
    Stratum("a mean of up to a million times the spread", 0.3, means((4, 5), (5, 6))),
)
ROUNDED = (Stratum("numbers a few gaps apart", 0.4, gaps),)
