"""Graphs in columns: from left to right, nothing on top of anything, edges past the nodes between."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as some

from grader.pages.layout import Arrow, Spot, laid_out

NODES = tuple("abcdefgh")


@settings(max_examples=200)
@given(some.sets(some.tuples(some.sampled_from(NODES), some.sampled_from(NODES)), max_size=16))
def test_every_graph_has_room(edges: set[Arrow]) -> None:
    drawn = tuple(sorted(edges))
    found = laid_out(NODES, drawn, drawn)
    spots = [*found.spots.values(), *(spot for way in found.ways.values() for spot in way)]
    for one, other in combinations(spots, 2):
        assert one.column != other.column or abs(one.down - other.down) >= 1 / found.rows - 1e-9
    assert all(0 < spot.down < 1 for spot in spots)
    for (source, target), way in found.ways.items():
        columns = [found.spots[source].column, *(spot.column for spot in way), found.spots[target].column]
        step = 1 if columns[-1] >= columns[0] else -1
        assert len(columns) == 2 or columns == [*range(columns[0], columns[-1] + step, step)]


@settings(max_examples=200)
@given(some.sets(some.sampled_from([*combinations(NODES, 2)]), max_size=16))
def test_a_graph_without_circles_goes_from_left_to_right(edges: set[Arrow]) -> None:
    found = laid_out(NODES, tuple(sorted(edges)), tuple(sorted(edges)))
    assert all(found.spots[source].column < found.spots[target].column for source, target in edges)


def test_an_input_stands_right_before_its_first_use() -> None:
    edges = tuple((pair[0], pair[1]) for pair in "xa yb ac bc cd zd de ef".split())
    found = laid_out(tuple("xyabczdef"), edges, edges)
    assert {name: spot.column for name, spot in found.spots.items()} == dict(
        zip("xyabczdef", [0, 0, 1, 1, 2, 2, 3, 4, 5], strict=True)
    )


def test_neighbours_stand_in_one_order_so_that_lines_need_not_cross() -> None:
    edges = (("a", "q"), ("b", "p"), ("p", "r"), ("q", "s"))
    found = laid_out(tuple("abpqrs"), edges, edges)
    assert len({found.spots[one].down < found.spots[other].down for one, other in ("ab", "qp", "sr")}) == 1


def test_an_edge_past_a_column_goes_through_a_free_spot_there() -> None:
    edges = (("a", "b"), ("b", "c"), ("a", "c"), ("c", "a"))
    found = laid_out(tuple("abc"), edges, edges)
    assert found.spots["b"].column == 1
    assert [spot.column for spot in found.ways["a", "c"]] == [1]
    assert len({found.spots["b"], *found.ways["a", "c"], *found.ways["c", "a"]}) == 3
    assert found.spots["a"] == Spot(0, 0.5)
