"""Generators, rules and drawings as the oracle states them."""

import numpy as np
import torch

from grader.judge.model import Conditions
from grader.judge.truth import SeededTruth
from grader.labs import all_labs
from grader.oracle.structure import SeededCheck, seeded_uniform


def test_the_numbers_behind_a_seed_are_torchs() -> None:
    for seed in (0, 7, 2**31):
        torch.manual_seed(seed)
        assert torch.rand(100, dtype=torch.float32).tolist() == seeded_uniform(seed, 100).tolist()


def test_on_cuda_the_generator_is_another_so_no_numbers_are_expected() -> None:
    check = SeededCheck(7, (1, 10))
    elsewhere, here = (check.prepare("f", Conditions("s", device)).truth for device in ("cuda", "cpu"))
    assert isinstance(elsewhere, SeededTruth)
    assert elsewhere.expected is None
    assert isinstance(here, SeededTruth)
    assert here.expected is not None
    assert np.array_equal(here.expected, seeded_uniform(7, 10).reshape(1, 10))


def test_every_question_can_earn_points_and_its_truth_is_finite() -> None:
    for lab in all_labs():
        for question in lab.questions:
            trials = [check.prepare(question.name, Conditions("finite")) for check in question.checks]
            assert sum(trial.weight for trial in trials) > 0
            for trial in trials:
                for point in getattr(trial.truth, "points", ()):
                    assert all(np.isfinite(v).all() for v in point.expected.values())
