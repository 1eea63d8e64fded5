"""What a question's answer is for each variant of a class, kept so that an unchanged class is not derived again.

Knows how what is right is written down as plain numbers. Refuses to derive any of it: the labs do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from grader.desk.files import read_json, write_whole
from grader.desk.resuming import code_digest
from grader.judge.given import AskedOutput, asked_outputs
from grader.judge.model import Check, Conditions
from grader.judge.truth import Named, Point, Tolerance
from grader.labs import family

TRUTHS: Final = Path("instructor", "truths")
Outputs: TypeAlias = "Sequence[Sequence[AskedOutput]]"
"""The outputs of a question, check by check."""


def class_truths(
    lab: str, question: str, variants: Collection[str], conditions: Conditions, out: Path
) -> dict[str, Outputs]:
    """What is right in a question for each of the variants that there are, at the points drawn under `conditions`."""
    key = repr((lab, question, conditions, code_digest())).encode("utf-8", "surrogatepass")
    path = out / TRUTHS / f"{hashlib.sha256(key).hexdigest()[:24]}.json"
    kept = read_json(path) or {"of": {}, "outputs": []}
    if missing := sorted(set(variants) - kept["of"].keys()):
        for variant, outputs in _derived(lab, question, missing, conditions).items():
            # Variants whose numbers do not touch the question share what is right in it.
            if outputs not in kept["outputs"]:
                kept["outputs"].append(outputs)
            kept["of"][variant] = kept["outputs"].index(outputs)
        write_whole(path, json.dumps(kept).encode("ascii"))
    made = [[[_read(one) for one in check] for check in outputs] for outputs in kept["outputs"]]
    return {variant: made[place] for variant, place in kept["of"].items() if variant in variants}


def _derived(lab: str, question: str, variants: Iterable[str], conditions: Conditions) -> dict[str, Any]:
    """The outputs of each variant as JSON has them; none for what is no variant of the lab as it is now."""
    checks = {variant: found for variant in variants if (found := _checks(lab, question, variant))}
    each = dict.fromkeys(check for found in checks.values() for check in found)
    made = {check: [_plain(o) for o in asked_outputs(check.prepare(question, conditions).truth)] for check in each}
    return {variant: [made[check] for check in found] for variant, found in checks.items()}


def _checks(lab: str, question: str, variant: str) -> tuple[Check, ...]:
    variants = family(lab)
    try:
        own = variants.lab(variants.read(variant))
    except (SyntaxError, ValueError, TypeError):
        return ()
    return next((each.checks for each in own.questions if each.name == question), ())


def _plain(output: AskedOutput) -> dict[str, Any]:
    return {
        "what": output.what,
        "tolerance": [output.tolerance.agree, output.tolerance.slip],
        "points": [[_lists(point.inputs), point.expected[output.path].tolist()] for point in output.points],
    }


def _lists(named: Named) -> Mapping[str, Any]:
    return {name: array.tolist() for name, array in named.items()}


def _read(found: Mapping[str, Any]) -> AskedOutput:
    points = tuple(
        Point({name: np.array(values) for name, values in inputs.items()}, {"": np.array(expected)})
        for inputs, expected in found["points"]
    )
    return AskedOutput(found["what"], "", points, Tolerance(*found["tolerance"]))
