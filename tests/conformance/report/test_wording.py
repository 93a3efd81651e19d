"""The words for one problem."""

from __future__ import annotations

import pytest

from conformance.report.wording import Expectation, and_list, expectation, message_of
from tests.conformance.report import toys


@pytest.mark.parametrize(
    ("message", "came", "said"),
    [
        ("no Error at bob", ("Confirmed",), "no Error at bob; got Confirmed"),
        ("no Error at bob", ("Confirmed", "Edited"), "no Error at bob; got Confirmed and Edited"),
        ("no Error at bob", (), "no Error at bob"),
        ("no Error at bob", ("Error",), "no Error at bob"),
        ("no Error at bob; it got a Reply instead", ("Reply",), "no Error at bob; it got a Reply instead"),
        ("no matching Error at bob", ("Confirmed",), "no matching Error at bob"),
    ],
)
def test_a_missing_frame_is_told_with_what_came_instead(message: str, came: tuple[str, ...], said: str) -> None:
    assert message_of(toys.problem(message, step="expect Error at bob", came=came)) == said


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("expect Error at bob", Expectation("expect", "Error")),
        ("never Edited at alice, bob", Expectation("never", "Edited")),
        ("collect Page at bob", Expectation("collect", "Page")),
        ("expect_close at bob", Expectation()),
        ("", Expectation()),
    ],
)
def test_the_label_of_a_step_says_what_it_expects(step: str, expected: Expectation) -> None:
    assert expectation(toys.problem(step=step)) == expected


def test_many_words_are_cut() -> None:
    assert and_list(["a"]) == "a"
    assert and_list(["a", "b", "c"]) == "a, b and c"
    assert and_list(["a", "b", "c", "d"]) == "a, b, c and others"
