"""The tallies of several processes add up, travel as JSON, and stay small."""

from __future__ import annotations

import json

from conformance.results.load.histogram import Histogram
from conformance.results.load.tally import MOST_FAILURES, Ending, Failure, Tally

LOST = Failure("lost", "toy.told", "no Event at …")


def a_tally() -> Tally:
    tally = Tally(cpu_seconds=1.5, late=0.1, dropped=2)
    tally.replies["Ask"] = Histogram()
    tally.replies["Ask"].add(0.01)
    tally.sent["Ask"] += 3
    tally.limited["Ask"] += 1
    tally.doubled["Event"] += 1
    tally.endings["asking", Ending.PASSED] += 2
    tally.endings["asking", Ending.FAILED] += 1
    tally.fail(LOST, "no Event at bob")
    tally.leave("it was too slow")
    return tally


def test_the_json_form_is_read_back() -> None:
    tally = a_tally()
    assert Tally.from_dict(json.loads(json.dumps(tally.to_dict()))) == tally


def test_tallies_add_up_and_the_longest_delay_counts() -> None:
    whole = a_tally()
    other = a_tally()
    other.late = 0.3
    other.replies["Tell"] = Histogram()
    whole.merge(other)
    assert whole.sent["Ask"] == 6
    assert whole.replies["Ask"].count == 2
    assert whole.replies.keys() == {"Ask", "Tell"}
    assert (whole.scenarios, whole.ended(Ending.FAILED)) == (6, 2)
    assert (whole.failures[LOST], whole.examples[LOST]) == (2, "no Event at bob")
    assert (whole.not_judged["it was too slow"], whole.dropped) == (2, 4)
    assert (whole.cpu_seconds, whole.late) == (3.0, 0.3)


def test_many_kinds_of_failures_and_reasons_are_counted_as_one() -> None:
    tally = Tally()
    for number in range(MOST_FAILURES + 50):
        tally.fail(Failure("lost", f"toy.{number}", "gone"), "gone")
        tally.leave(f"reason {number}")
    assert tally.failures.total() == tally.not_judged.total() == MOST_FAILURES + 50
    assert len(tally.failures) == len(tally.not_judged) == MOST_FAILURES + 1
    whole = Tally()
    whole.merge(tally)
    whole.merge(tally)
    assert len(whole.not_judged) <= MOST_FAILURES + 1
