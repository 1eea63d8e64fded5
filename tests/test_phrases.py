"""Phrases: found in the sheet's text all at once, and refused where they do not fit."""

import pytest

from grader.authoring.phrases import WordingError, filled, reworded

SHEET = {"a": 2, "b": 3}


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("«a|coefficient»x + «b»", "4x + 1"),
        ("«b|coefficient»x", "x"),
        ("«b|factor»x - «a|factor»y", "x - 4 * y"),
        ("«b|coefficient(' ')»sin, «a|coefficient(' ')»sin", "sin, 4 sin"),
        ("{x}: «2 * a»\n", "{x}: 8\n"),
    ],
)
def test_a_template_is_filled(template: str, said: str) -> None:
    assert filled(template, {"a": 4, "b": 1}) == said


def test_every_place_of_a_phrase_is_changed_and_nothing_else() -> None:
    text = "x = 2a, again x = 2a; y = 2b, and 2"
    assert reworded(text, ["x = «a»a"], SHEET, {"a": 7, "b": 3}) == "x = 7a, again x = 7a; y = 2b, and 2"


def test_numbers_that_change_places_are_not_changed_twice() -> None:
    assert reworded("p 2, q 3", ["p «a»", "q «b»"], SHEET, {"a": 3, "b": 2}) == "p 3, q 2"
    assert reworded("2 then 3", ["«a»", "«b»"], SHEET, {"a": 3, "b": 2}) == "3 then 2"


def test_the_longer_of_two_phrases_is_meant_where_both_stand() -> None:
    assert reworded("2 * x; 2 * x**3", ["«a» * x", "«b - 1» * x**3"], SHEET, {"a": 5, "b": 8}) == "5 * x; 7 * x**3"


def test_a_number_is_not_found_inside_a_longer_one() -> None:
    assert reworded("2 * x, 12 * x, 0.2 * x, 2", ["«a» * x"], SHEET, {"a": 5, "b": 3}) == "5 * x, 12 * x, 0.2 * x, 2"


def test_a_phrase_that_the_sheet_does_not_have_is_an_error() -> None:
    with pytest.raises(WordingError, match="nowhere says '2 apples'"):
        reworded("3 apples", ["«a» apples"], SHEET, SHEET)


def test_two_phrases_for_one_place_are_an_error() -> None:
    with pytest.raises(WordingError, match="two phrases claim"):
        reworded("2 apples", ["«a» apples", "«c» apples"], SHEET | {"c": 2}, {"a": 4, "b": 3, "c": 5})
