"""Two loads are compared by their 99th percentiles, where enough was measured to tell."""

from __future__ import annotations

import pytest

from conformance.results.load.ratio import differing_options, nothing_compared, pairs, say, slower, unclear, why_unclear
from conformance.results.load.record import Generator
from tests.conformance.results.load.records import a_record


def test_what_is_slower_than_allowed_is_named() -> None:
    found = slower(a_record(20.0), a_record(40.0), 1.5)
    assert [say(pair) for pair in found] == [
        "the reply p99 of SendMessage is 40.0 ms, 2.0 times the 20.0 ms before",
        "the delivery p99 of NewMessage is 40.0 ms, 2.0 times the 20.0 ms before",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (20.0, 20.0),
        (20.0, 30.0),  # just as much as is allowed
        (40.0, 20.0),
        (0.5, 1.4),  # less than a millisecond: noise
    ],
)
def test_what_is_not_slower_than_allowed_is_not_named(old: float, new: float) -> None:
    assert slower(a_record(old), a_record(new), 1.5) == []


def test_a_few_measurements_tell_nothing() -> None:
    old, new = a_record(20.0, count=99), a_record(400.0)
    assert slower(old, new, 1.5) == []
    assert nothing_compared(old, new)
    assert not nothing_compared(new, new)


def test_what_only_one_side_has_is_shown_and_not_compared() -> None:
    old = a_record(deliveries=())
    (pair,) = (one for one in pairs(old, a_record()) if one.type == "NewMessage")
    assert (pair.old, pair.ratio) == (None, None)


def test_options_that_make_another_load_are_named() -> None:
    old, new = a_record(), a_record(options={**a_record().options, "users": 20, "seed": 7})
    assert differing_options(old, new) == ["users"]


def test_what_the_generators_own_delay_may_explain_is_not_judged() -> None:
    late = Generator(workers=1, cpu_seconds=1.0, late_seconds=0.015)
    old, doubtful = a_record(20.0), a_record(40.0, generator=late)
    assert slower(old, doubtful, 1.5) == []
    said = why_unclear(unclear(old, doubtful, 1.5))
    assert said.startswith(
        "the load generator was late by up to 15 ms, so it is not judged whether the server is slower"
    )
    assert "(reply SendMessage, delivery NewMessage)" in said
    surely = a_record(50.0, generator=late)
    assert len(slower(old, surely, 1.5)) == 2
    assert unclear(old, surely, 1.5) == []
