"""Sketches of steps: where a pass breaks, and which edges that concerns."""

from collections.abc import Callable, Mapping

import pytest
from observed import leaf, marked, posed, seen

from grader.judge.annotated_graph import AnnotatedGraph, EdgeStatus, annotated
from grader.judge.roles import Replies
from grader.judge.truth import EdgeList, StepsTruth
from grader.protocol.messages import Reply

Numbers = dict[str, float]


def steps_of(name: str) -> StepsTruth:
    """What is right, step by step."""
    _, trials = posed(name)
    (truth,) = (trial.truth for trial in trials if isinstance(trial.truth, StepsTruth))
    return truth


def sketch_of(name: str, **standing: EdgeStatus) -> tuple[AnnotatedGraph, ...]:
    """The sketches of a question whose steps are all right but for these."""
    truth = steps_of(name)
    return annotated(truth, {**dict.fromkeys(truth.keys, EdgeStatus.RIGHT), **standing}, {})


def answered(name: str, **wrong: Callable[[Numbers], float]) -> tuple[AnnotatedGraph, ...]:
    """The sketches of an answer that is right but for some steps, which are worked out from what is right."""
    truth = steps_of(name)
    at = [{step: float(v) for step, v in {**point.inputs, **point.expected}.items()} for point in truth.points]

    def given(keys: Mapping[str, str]) -> Reply:
        found = [
            {key: wrong[key](right) if key in wrong else right[step] for key, step in keys.items()} for right in at
        ]
        return tuple(seen({key: leaf(value) for key, value in one.items()}) for one in found)

    return marked(
        name, Replies(given(truth.keys), tuple(given(known.keys) for known in truth.prior.functions.values()))
    ).verdict.sketches


def test_a_gradient_concerns_the_edges_out_of_its_node() -> None:
    (sketch,) = sketch_of("backward", dE_dh1=EdgeStatus.WRONG, dE_dz_h1=EdgeStatus.CARRIED, dE_dw3=EdgeStatus.ABSENT)
    assert sketch.caption.startswith("Backward pass")
    assert {n: s for n, s in sketch.nodes.items() if s not in (EdgeStatus.RIGHT, EdgeStatus.PLAIN)} == {
        "h1": EdgeStatus.WRONG,
        "z_h1": EdgeStatus.CARRIED,
        "w3": EdgeStatus.ABSENT,
    }
    assert {name for name, s in sketch.nodes.items() if s is EdgeStatus.PLAIN} == {
        "x1",
        "x2",
        "t1",
        "t2",
        "E1",
        "E2",
        "E",
    }
    assert {edge for edge, s in sketch.edges.items() if s is EdgeStatus.WRONG} == {("h1", "o1"), ("h1", "o2")}
    assert sketch.edges["z_h1", "h1"] is EdgeStatus.CARRIED
    assert sketch.edges["w1", "z_h1"] is EdgeStatus.RIGHT
    assert sketch.labels == {"h1": "dE_dh1", "w3": "dE_dw3"}


def test_a_step_forward_concerns_the_edges_into_its_node() -> None:
    (sketch,) = sketch_of("forward", o1=EdgeStatus.WRONG, E1=EdgeStatus.CARRIED)
    assert sketch.caption.startswith("Forward pass")
    wrong = {edge for edge, s in sketch.edges.items() if s is EdgeStatus.WRONG}
    assert wrong == {(name, "o1") for name in ("h1", "h2", "w5", "w6", "b_o1")}
    assert sketch.labels == {}


def test_both_passes_are_sketched_where_both_are_broken_and_none_where_none_is() -> None:
    assert sketch_of("sigmoid_backward") == ()
    assert sketch_of("sigmoid_backward", b=EdgeStatus.CARRIED) == ()
    captions = [
        sketch.caption.split()[0]
        for sketch in sketch_of("sigmoid_backward", a=EdgeStatus.WRONG, ds_da=EdgeStatus.WRONG)
    ]
    assert captions == ["Forward", "Backward"]


def test_a_graph_too_large_to_take_in_is_not_sketched() -> None:
    assert sketch_of("updated_parameters", w1=EdgeStatus.WRONG) == ()


def test_the_verdict_on_steps_has_the_sketch() -> None:
    truth = steps_of("sigmoid_backward")
    slips = {"ds_dc": -1, "ds_db": -1, "ds_da": -1, "ds_dx": -1}
    reply = tuple(
        seen({key: leaf(point.expected[key] * slips.get(key, 1)) for key in truth.keys if key != "c"})
        for point in truth.points
    )
    forward, back = marked("sigmoid_backward", Replies(reply, coarse=reply)).verdict.sketches
    assert [*forward.nodes.values()] == [
        EdgeStatus.PLAIN,
        EdgeStatus.RIGHT,
        EdgeStatus.RIGHT,
        EdgeStatus.ABSENT,
        EdgeStatus.RIGHT,
    ]
    assert [*back.nodes.values()] == [*[EdgeStatus.CARRIED] * 3, EdgeStatus.WRONG, EdgeStatus.PLAIN]


SLIPPED = {
    "a path left out": (
        "backward",
        {"dE_dh1": lambda v: v["dE_do1"] * v["w5"]},
        "h1",
        (("h1", "o2"),),
    ),
    "a flow turned": (
        "backward",
        {"dE_dh1": lambda v: v["dE_do1"] * v["w5"] - v["dE_do2"] * v["w7"]},
        "h1",
        (("h1", "o2"),),
    ),
    "a factor lost": (
        "backward",
        {"dE_dh2": lambda v: v["dE_do1"] + v["dE_do2"] * v["w8"]},
        "h2",
        (("h2", "o1"),),
    ),
    "another weight": (
        "backward",
        {"dE_dh2": lambda v: v["dE_do1"] * v["w6"] + v["dE_do2"] * v["w7"]},
        "h2",
        (("h2", "o2"),),
    ),
    "two slips": (
        "backward",
        {"dE_dh1": lambda v: v["dE_do1"] - v["dE_do2"] * v["w7"]},
        "h1",
        (("h1", "o1"), ("h1", "o2")),
    ),
    "a term left out": (
        "forward",
        {"o1": lambda v: v["w5"] * v["h1"] + v["w6"] * v["h2"]},
        "o1",
        (("b_o1", "o1"),),
    ),
    "a term turned": (
        "forward",
        {"o1": lambda v: v["w5"] * v["h1"] - v["w6"] * v["h2"] + v["b_o1"]},
        "o1",
        (("w6", "o1"), ("h2", "o1")),
    ),
    "another name": (
        "forward",
        {"o1": lambda v: v["w7"] * v["h1"] + v["w6"] * v["h2"] + v["b_o1"]},
        "o1",
        (("w5", "o1"),),
    ),
}


@pytest.mark.parametrize(("question", "wrong", "node", "edges"), SLIPPED.values(), ids=SLIPPED)
def test_where_a_slip_is_known_its_edge_alone_is_marked(
    question: str, wrong: dict[str, Callable[[Numbers], float]], node: str, edges: EdgeList
) -> None:
    (sketch,) = answered(question, **wrong)
    assert sketch.nodes[node] is EdgeStatus.WRONG
    assert {edge for edge, s in sketch.edges.items() if s is EdgeStatus.WRONG} == {*edges} == {*sketch.slips}
    end = 1 if question == "forward" else 0
    others = [s for edge, s in sketch.edges.items() if edge[end] == node and edge not in edges]
    assert set(others) <= {EdgeStatus.RIGHT}


def test_where_no_slip_is_known_all_edges_are_marked() -> None:
    (sketch,) = answered("backward", dE_dh1=lambda v: 1.7 * v["dE_do1"] + 0.3)
    assert {edge for edge, s in sketch.edges.items() if s is EdgeStatus.WRONG} == {("h1", "o1"), ("h1", "o2")}
    assert sketch.slips == ()
