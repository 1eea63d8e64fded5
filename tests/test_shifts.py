"""A difference quotient is told by its steps: entries that one parts, and a number to divide by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.kernel.shifts import shifted, spread

numbers = st.floats(-100, 100)
away = st.floats(-100, 100).filter(lambda x: abs(x) > 0.5)


@given(away, st.sampled_from([1e-6, 1e-4, 1e-3, 0.01]), st.sampled_from([0.5, 1.0, 2.0]), numbers)
def test_a_step_with_its_divisor_is_seen_wherever_it_is_taken(x: float, step: float, ratio: float, y: float) -> None:
    assert shifted([(y, x), (y, x + step)], {step * ratio}) == 1
    assert spread((x, x + step), {step * ratio})


@given(numbers, st.sampled_from([1e-6, 1e-3, 0.01]))
def test_without_a_number_to_divide_by_there_is_none(x: float, step: float) -> None:
    assert shifted([(x,), (x + step,)], {7.3 * step, 0.0}) is None


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [(1.0,)],
        [(1.0,), (1.0,)],
        [(4.0,), (3.0,), (2.0,)],
        [(1.0,), (2.0,)],
        [(1.0, 2.0), (1.01, 2.02)],
        [(1.0,), (1.01, 2.0)],
        # Multiples of a small number that is at hand, as what a backward pass of one's own hands on.
        [(-0.01,), (-0.02,), (0.08,), (0.05,)],
        [(1.0,), (float("nan"),)],
        [(float("inf"),), (1.01,)],
    ],
)
def test_what_is_no_small_step_is_none(entries: list[tuple[float, ...]]) -> None:
    assert shifted(entries, {1.0, 0.01, 2.0}) is None
    assert not any(spread(entry, {1.0, 0.01, 2.0}) for entry in entries)
