"""Sketches of steps: where a pass breaks, and which edges that concerns."""

from observed import leaf, marked, posed, seen

from grader.judge.sketch import Sketch, Standing, sketched
from grader.judge.truth import Steps


def sketch_of(name: str, **standing: Standing) -> tuple[Sketch, ...]:
    """The sketches of a question whose steps are all right but for these."""
    _, trials = posed(name)
    (truth,) = (trial.truth for trial in trials if isinstance(trial.truth, Steps))
    return sketched(truth, {**dict.fromkeys(truth.keys[-1], Standing.RIGHT), **standing})


def test_a_gradient_concerns_the_edges_out_of_its_node() -> None:
    (sketch,) = sketch_of("backward", dE_dh1=Standing.WRONG, dE_dz_h1=Standing.CARRIED, dE_dw3=Standing.ABSENT)
    assert sketch.caption.startswith("Backward pass")
    assert {n: s for n, s in sketch.nodes.items() if s not in (Standing.RIGHT, Standing.PLAIN)} == {
        "h1": Standing.WRONG,
        "z_h1": Standing.CARRIED,
        "w3": Standing.ABSENT,
    }
    assert {name for name, s in sketch.nodes.items() if s is Standing.PLAIN} == {
        "x1",
        "x2",
        "t1",
        "t2",
        "E1",
        "E2",
        "E",
    }
    assert {edge for edge, s in sketch.edges.items() if s is Standing.WRONG} == {("h1", "o1"), ("h1", "o2")}
    assert sketch.edges["z_h1", "h1"] is Standing.CARRIED
    assert sketch.edges["w1", "z_h1"] is Standing.RIGHT
    assert sketch.labels == {"h1": "dE_dh1", "w3": "dE_dw3"}


def test_a_step_forward_concerns_the_edges_into_its_node() -> None:
    (sketch,) = sketch_of("forward", o1=Standing.WRONG, E1=Standing.CARRIED)
    assert sketch.caption.startswith("Forward pass")
    wrong = {edge for edge, s in sketch.edges.items() if s is Standing.WRONG}
    assert wrong == {(name, "o1") for name in ("h1", "h2", "w5", "w6", "b_o1")}
    assert sketch.labels == {}


def test_both_passes_are_sketched_where_both_are_broken_and_none_where_none_is() -> None:
    assert sketch_of("sigmoid_backward") == ()
    assert sketch_of("sigmoid_backward", b=Standing.CARRIED) == ()
    captions = [
        sketch.caption.split()[0] for sketch in sketch_of("sigmoid_backward", a=Standing.WRONG, ds_da=Standing.WRONG)
    ]
    assert captions == ["Forward", "Backward"]


def test_a_graph_too_large_to_take_in_is_not_sketched() -> None:
    assert sketch_of("updated_parameters", w1=Standing.WRONG) == ()


def test_the_verdict_on_steps_has_the_sketch() -> None:
    _, trials = posed("sigmoid_backward")
    truth = next(trial.truth for trial in trials if trial.asks)
    slips = {"ds_dc": -1, "ds_db": -1, "ds_da": -1, "ds_dx": -1}
    reply = tuple(
        seen({key: leaf(point.expected[key] * slips.get(key, 1)) for key in truth.keys[-1] if key != "c"})
        for point in truth.points
    )
    forward, back = marked("sigmoid_backward", (reply, reply)).verdict.sketches
    assert [*forward.nodes.values()] == [
        Standing.PLAIN,
        Standing.RIGHT,
        Standing.RIGHT,
        Standing.ABSENT,
        Standing.RIGHT,
    ]
    assert [*back.nodes.values()] == [*[Standing.CARRIED] * 3, Standing.WRONG, Standing.PLAIN]
