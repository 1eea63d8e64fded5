"""Drawings that mean the same are read as right, whatever their author called and split; others never are."""

from collections.abc import Iterable

import pytest
from effort import calls
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from grader.judge.node_matching import Edge, StepFormulas, read


def edges(text: str) -> list[Edge]:
    """Edges from "ax bx": a → x, b → x; longer names with a dash between."""
    return [
        (pair.partition("-")[0], pair.partition("-")[2]) if "-" in pair else (pair[0], pair[1]) for pair in text.split()
    ]


PATH = StepFormulas(tuple(edges("ax bx ay by xz yz")))
RELU = StepFormulas(tuple(edges("wu xu uv bv va")))
CHAIN = StepFormulas(tuple(edges("xa yb ac bc cd zd de ef")))
DIAMOND = StepFormulas(tuple(edges("xu uy uz yo zo")))
LABS = some.sampled_from([PATH, RELU, CHAIN])


@pytest.mark.parametrize(
    ("formulas", "drawing", "stands", "merged", "between"),
    [
        (RELU, "wu xu uv bv va", {}, {}, ()),
        (RELU, "wp xp pv bv va", {"p": "u"}, {}, ()),
        (RELU, "wp xp pq bq qa", {"p": "u", "q": "v"}, {}, ()),
        (RELU, "wv xv bv va", {}, {"u": "v"}, ()),
        (RELU, "wu xu bu ua", {"u": "v"}, {"u": "v"}, ()),
        (RELU, "wn xn bn na", {"n": "v"}, {"u": "v"}, ()),
        (RELU, "wu xu ua ba", {}, {"v": "a"}, ()),
        (RELU, "wn xn nu uv bv va", {}, {}, ("n",)),
        (RELU, "wn nu xu uv bm mv va", {}, {}, ("m", "n")),
        (PATH, "a-p p-x p-y bx by xz yz", {}, {}, ("p",)),
        (PATH, "az bz ay by yz", {}, {"x": "z"}, ()),
        (PATH, "ap bq p-r q-r rz ay by yz", {"r": "x"}, {}, ("p", "q")),
        (CHAIN, "xc bc yb cd zd df", {}, {"a": "c", "e": "f"}, ()),
        (CHAIN, "xa yb ac bc cn zn nf", {"n": "d"}, {"e": "f"}, ()),
        (DIAMOND, "xn ny nz yo zo", {"n": "u"}, {}, ()),
    ],
)
def test_what_means_the_same_is_right(
    formulas: StepFormulas, drawing: str, stands: dict[str, str], merged: dict[str, str], between: tuple[str, ...]
) -> None:
    found = read(formulas, edges(drawing))
    assert found.wrong == 0
    assert (found.stands, found.merged, tuple(sorted(found.between))) == (stands, merged, between)


@pytest.mark.parametrize(
    ("formulas", "drawing", "missing", "turned", "extra"),
    [
        (PATH, "bx ay by xz yz", "ax", "", ""),
        (PATH, "ax bx ay by xz yz az", "", "", "az"),
        (PATH, "xa bx ay by xz yz", "", "ax", ""),
        (PATH, "ax xa bx ay by xz yz", "", "", "xa"),
        # Only where it has left and what it led from leads on is a step drawn within another.
        (PATH, "ay by yz", "ax bx xz", "", ""),
        (PATH, "ax bx ay by xz yz an nz", "", "", "an nz"),
        (PATH, "xn na bx ay by xz yz", "", "ax", ""),
        # One number that x and y share is another graph than two numbers that each use both inputs.
        (PATH, "an bn nx ny xz yz", "ax bx ay by", "", "an bn nx ny"),
        # Names of the formulas mean what the formulas say.
        (CHAIN, "xb ya ac bc cd zd de ef", "xa yb", "", "xb ya"),
        (RELU, "wu xu bu uv va", "bv", "", "bu"),
        # Nothing is left of a graph of which most steps are merged.
        (RELU, "wa xa ba", "wu xu uv bv va", "", "wa xa ba"),
        # Whatever the names, and wherever the break.
        (CHAIN, "xr yq rp qp pt zt ts sf fp", "", "", "fc"),
        (CHAIN, "xq ys qr sr rn zn nm mf ms", "", "", "eb"),
        (CHAIN, "xp yn pr nr rs zs qf", "de", "", ""),
        # What comes out keeps its name, as what goes in.
        (RELU, "wu xu uv bv vr", "va", "", "vr"),
        (RELU, "wu xu ur br", "va", "", ""),
        # A step that two others use is no part of either.
        (DIAMOND, "xy xz yo zo", "xu uy uz", "", "xy xz"),
        # Coarser here and finer there.
        (RELU, "wn nv xv bv va", "xu", "", "xv"),
        (CHAIN, "xa yb ac bc cd zd", "de ef", "", ""),
        (CHAIN, "xa yb ac bc cd zd de ef 1e", "", "", "1e"),
        (CHAIN, "xa yb ac bc cd zd de ef fn", "", "", "fn"),
        (CHAIN, "Xa yb ac bc cd zd de ef", "xa", "", "Xa"),
        (RELU, "wu xu uv bv va aa", "", "", "aa"),
        (RELU, "", "wu xu uv bv va", "", ""),
    ],
)
def test_what_differs_is_named(formulas: StepFormulas, drawing: str, missing: str, turned: str, extra: str) -> None:
    found = read(formulas, edges(drawing))
    assert found.missing == set(edges(missing))
    assert {edge[::-1] for edge in found.turned} == set(edges(turned))
    assert found.extra == set(edges(extra))


def merged(drawing: set[Edge], step: str, user: str) -> set[Edge]:
    """The drawing with a step drawn within its only user."""
    before = {source for source, target in drawing if target == step}
    return {edge for edge in drawing if step not in edge} | {(source, user) for source in before}


@some.composite
def coarser(draw: some.DrawFn, formulas: StepFormulas) -> set[Edge]:
    """A drawing of which up to half of the steps are merged."""
    steps = draw(some.sets(some.sampled_from(formulas.inner), max_size=len(formulas.steps) // 2))
    drawing = set(formulas.edges)
    for step in sorted(steps):
        (user,) = {target for source, target in drawing if source == step}
        drawing = merged(drawing, step, user)
    return drawing


@some.composite
def finer(draw: some.DrawFn, formulas: StepFormulas) -> set[Edge]:
    """A drawing with up to two nodes more, each between a step and some of what it uses, or a node and some users."""
    drawing = set(formulas.edges)
    for node in draw(some.sampled_from(["", "p", "pq"])):
        end = draw(some.integers(0, 1))
        hub = draw(some.sampled_from(sorted({edge[end] for edge in drawing})))
        around = sorted({edge[1 - end] for edge in drawing if edge[end] == hub})
        moved = draw(some.sets(some.sampled_from(around), min_size=1))
        drawing = {edge for edge in drawing if edge[end] != hub or edge[1 - end] not in moved}
        drawing |= {(other, node) if end else (node, other) for other in moved} | {(node, hub) if end else (hub, node)}
    return drawing


@some.composite
def renamed(draw: some.DrawFn, formulas: StepFormulas, drawing: set[Edge]) -> set[Edge]:
    """A drawing with new names for some of its inner steps."""
    names = {step: f"my_{step}" for step in draw(some.sets(some.sampled_from(formulas.inner)))}
    return {(names.get(source, source), names.get(target, target)) for source, target in drawing}


@settings(max_examples=200)
@given(some.data())
def test_merging_splitting_and_renaming_cost_nothing(data: some.DataObject) -> None:
    formulas = data.draw(LABS)
    drawing = data.draw(some.one_of(coarser(formulas), finer(formulas)))
    assert read(formulas, data.draw(renamed(formulas, drawing))).wrong == 0


def uses(drawing: Iterable[Edge], names: Iterable[str]) -> set[Edge]:
    """Which of these names lead to which, directly or by way of other names alone."""
    follows: dict[str, set[str]] = {}
    for source, target in drawing:
        follows.setdefault(source, set()).add(target)
    found = set()
    for name in names:
        left, seen = [*follows.get(name, ())], set()
        while left:
            node = left.pop()
            if node in names:
                found.add((name, node))
            elif node not in seen:
                seen.add(node)
                left += follows.get(node, ())
    return found


@settings(max_examples=200)
@given(some.data())
def test_one_edge_more_or_less_or_turned_is_never_right(data: some.DataObject) -> None:
    """Under whatever names; and in coarser and finer drawings under the formulas' own."""
    formulas = data.draw(LABS)
    same = renamed(formulas, set(formulas.edges))
    whole = data.draw(some.one_of(same, coarser(formulas), finer(formulas)))
    known = sorted({name for edge in whole for name in edge})
    nodes = some.sampled_from([*known, "new"])
    edge = data.draw(some.tuples(nodes, nodes))
    changed = whole ^ {edge}
    if edge in whole and data.draw(some.booleans()):
        changed |= {edge[::-1]}
    # To a finer drawing an edge may come that says nothing new: the same leads to the same by another node already.
    own = formulas.names & {*known} if {"p", "q"} & {*known} else {*known}
    assume(uses(changed, own) != uses(whole, own) or "new" in edge)
    assert read(formulas, changed).wrong > 0


@settings(max_examples=200)
@given(some.data())
def test_one_difference_is_named_as_one_under_whatever_names(data: some.DataObject) -> None:
    formulas = data.draw(LABS)
    whole = data.draw(renamed(formulas, set(formulas.edges)))
    nodes = some.sampled_from(sorted({name for edge in whole for name in edge}))
    edge = data.draw(some.tuples(nodes, nodes))
    assert read(formulas, whole ^ {edge}).wrong == 1


def new_names(count: int) -> list[Edge]:
    return [(f"n{i}", f"n{(i * i + 3) % count}") for i in range(count)] + [("x", "n1"), ("y", "n2"), ("z", "n3")]


@pytest.mark.parametrize(
    "drawing",
    [
        *map(new_names, range(4, 13)),
        [(f"n{i}", f"n{j}") for i in range(7) for j in range(i)] * 2,
        [(f"n{i}", f"n{i + 1}") for i in range(50)],
    ],
)
def test_a_drawing_of_nothing_but_new_names_takes_few_steps_to_read(drawing: list[Edge]) -> None:
    """50 000 at most; that it could be read in every order of 12 names would take millions."""
    assert read(CHAIN, drawing).wrong > 0
    assert calls(lambda: read(CHAIN, drawing)) < 100_000
