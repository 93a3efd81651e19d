"""Loads beside two runs: two columns in each view, and a limit at the gate."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.compare import compare, document, markdown, text
from conformance.compare.gate import Kind, Terms, decide
from conformance.compare.html import render_comparison
from conformance.results.load.record import FeatureLoad
from conformance.results.model import Outcome
from tests.conformance.compare.test_pairing import run
from tests.conformance.results.load.records import a_record, latency

if TYPE_CHECKING:
    from conformance.compare import Comparison
    from conformance.compare.gate import Decision
    from conformance.results.load.record import LoadRecord

RUN = run({"1a": Outcome.PASS})
NEWER = run({"1a": Outcome.PASS})


def a_load(p99: float, count: int = 1000) -> LoadRecord:
    feature = RUN.header.spec.features[0]
    one = FeatureLoad(feature.number, feature.id, feature.title, 9, 0, 0, 0, latency(p99), None)
    return a_record(p99, count, features=(one,), spec=RUN.header.spec.digest)


def compared(old: LoadRecord | None, new: LoadRecord | None) -> Comparison:
    return compare(RUN, NEWER, loads=(old, new))


def decided(old: LoadRecord, new: LoadRecord) -> Decision:
    return decide(compared(old, new), Terms(max_p99_ratio=1.5))


@pytest.mark.parametrize("render", [text.render, markdown.render, lambda one: render_comparison(one, None)])
def test_every_view_has_both_sides(render: object) -> None:
    assert callable(render)
    page, without = render(compared(a_load(20.0), a_load(30.0))), render(compared(a_load(20.0), None))
    assert "20.0 → 30.0" in page
    assert "4.0 → 6.0" in page
    assert "p99 ms" in page
    assert "p99 ms" not in without


def test_the_form_for_programs_has_both_sides() -> None:
    value = json.loads(document.render(compared(a_load(20.0), a_load(30.0))))
    assert value["features"][0]["latency"]["old"]["p99"] == 20.0
    assert value["features"][0]["latency"]["new"]["p99"] == 30.0
    value = json.loads(document.render(compared(None, a_load(30.0))))
    assert value["features"][0]["latency"] is None


def test_notes_say_which_loads_and_how_they_differ() -> None:
    other = replace(a_load(30.0), options={**a_load(30.0).options, "users": 99})
    notes = compared(a_load(20.0), other).notes
    assert any(note.startswith("OLD: p50 and p99 are of a load of toy (10 users") for note in notes)
    assert "the two loads differ in users: their latencies are not comparable" in notes


class TestTheGate:
    def test_stays_open_if_nothing_is_slower_than_allowed(self) -> None:
        assert decided(a_load(20.0), a_load(29.0)).exit_code == 0

    def test_is_closed_by_what_is_slower(self) -> None:
        decision = decided(a_load(20.0), a_load(40.0))
        assert decision.exit_code == 1
        assert {reason.kind for reason in decision.reasons} == {Kind.SLOWER}
        assert "gate: closed: 2 slower than allowed; first: the reply p99 of SendMessage is 40.0 ms" in decision.line

    def test_is_closed_by_a_load_that_tells_nothing(self) -> None:
        decision = decided(a_load(20.0, count=5), a_load(20.0))
        assert decision.exit_code == 3
        assert "too little was measured in the two loads to compare them" in decision.line

    def test_is_closed_by_a_load_that_ended_early(self) -> None:
        decision = decided(a_load(20.0), replace(a_load(20.0), complete=False, reason="interrupted"))
        assert decision.exit_code == 3
        assert "the load of NEW is not complete: interrupted" in decision.line

    def test_looks_at_no_load_unless_asked_to(self) -> None:
        assert decide(compared(a_load(20.0), a_load(400.0)), Terms()).exit_code == 0
