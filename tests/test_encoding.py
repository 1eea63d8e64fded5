"""What is written of findings and pictures is read again as it was."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from grader.desk.encoding import decoded, encoded
from grader.judge.annotated_graph import AnnotatedGraph, EdgeStatus
from grader.judge.error_curve import ErrorCurve
from grader.judge.findings import Advice, Difference, Facts, Finding, Form, Numbers, Remark, Way
from grader.judge.model import Comparison, Status, Verdict
from grader.judge.truth import Slip

SLIP = Slip("missing_path", (("where", "dz/da"), ("step", "y")), (("a", "y"), ("y", "z")))
POINT = {"a": Numbers((0.1,)), "x": Numbers((), (20, 3))}
FINDINGS = (
    Finding("not_independent"),
    Finding("wrong_value", Facts(where=POINT, theirs=Numbers((math.nan,)), expected=Numbers((-0.0, math.inf), (2,)))),
    Finding("wrong_value", Facts(theirs=Numbers((1e-323,), (), (4, 2)), difference=Difference(Way.TIMES, 1 / 3))),
    Finding("wrong_value", Facts(mistakes=((SLIP,), (SLIP, SLIP)), edges=SLIP.edges)),
    Finding("wrong_value", Facts(mistakes=())),
    Finding(
        "wrong_type", Facts(theirs=Form("dict", names=("a", "\udcff"), count=7), expected=Form("tensor", shape=()))
    ),
    Finding("wrong_edges", Facts(missing=(("a", "b"),), turned=(("a", "n", "b"),))),
    Finding("wrong_step", Facts(follows_from=("u",), also=(("v", "missing_key"),), steps_right=1, steps=3)),
    Finding("poor_fit", Facts(advice=Advice.FALLING, excess=5.0)),
    Finding("not_a_function", Facts(hidden=True)),
)
CURVE = ErrorCurve("value", "x", (-1e30, 2.0), (math.inf, 0.0), (0.5, 1.0), (0.0, 0.0), 16.0, 0, POINT, Numbers((1.0,)))
GRAPH = AnnotatedGraph("Forward", {"z": EdgeStatus.WRONG, "a": EdgeStatus.PLAIN}, {("a", "z"): EdgeStatus.CARRIED})


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.code)
def test_a_finding_is_read_as_it_was(finding: Finding) -> None:
    verdict = Verdict(
        Status.PARTIAL,
        1 / 3,
        (finding,),
        (Remark("float32_slip", "f", Facts(error=1e-8)),),
        (Comparison("f", POINT, None, (("a", "x"),), False), Comparison("f", None, Numbers((1.0,)), None, True)),
        (CURVE,),
        (GRAPH,),
    )
    assert decoded(Verdict, json.loads(json.dumps(encoded(verdict), allow_nan=False))) == verdict


@pytest.mark.parametrize(
    "found",
    [
        {"status": "pass"},
        {"status": "well", "score": 1.0},
        {"status": "pass", "score": "1.0"},
        {"status": "pass", "score": 1.0, "colour": "red"},
        {"status": "pass", "score": 1.0, "findings": [{"code": "raised", "facts": {"hidden": 1}}]},
        {"status": "pass", "score": 1.0, "comparisons": [{"what": "f", "where": {"x": "1"}}]},
        [],
        None,
    ],
)
def test_what_is_something_else_is_refused(found: Any) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        decoded(Verdict, found)
