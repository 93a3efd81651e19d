"""What is the same in two messages about the same thing."""

from __future__ import annotations

import pytest

from conformance.results.causes import LONGEST, cause, cause_of
from tests.conformance.report.toys import problem


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("no NewMessage at bob", "no NewMessage at alice"),
        ("no NewMessage at bob", "no NewMessage at alice@phone"),
        ("this took 1.2 s", "this took 12 s"),
        ("got 0b9c0000-0000-4000-8000-000000000001", "got 1b9c0000-0000-4000-8000-000000000002"),
        ('got "a long text that somebody wrote"', 'got "another long text of somebody"'),
    ],
)
def test_what_differs_by_who_and_when_has_one_cause(one: str, another: str) -> None:
    assert cause(one, ("alice", "bob")) == cause(another, ("alice", "bob"))


@pytest.mark.parametrize(
    ("one", "another"),
    [("no NewMessage at bob", "no MessageEdited at bob"), ('got "joined"', 'got "left"'), ("no bob", "no bobcat")],
)
def test_what_differs_otherwise_has_two(one: str, another: str) -> None:
    assert cause(one, ("alice", "bob")) != cause(another, ("alice", "bob"))


def test_is_no_longer_than_what_tells_causes_apart() -> None:
    assert len(cause("x" * 10_000)) == LONGEST


def test_of_a_problem_of_an_older_log_is_its_message() -> None:
    assert cause_of(problem("no NewMessage at bob")) == "no NewMessage at bob"
    assert cause_of(problem("no NewMessage at bob", cause="no NewMessage at …")) == "no NewMessage at …"
