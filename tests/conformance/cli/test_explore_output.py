from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.cli.explore_output import known, unused
from conformance.results.waivers import Waiver, Waivers
from tests.conformance.results.explored import exploration, found

if TYPE_CHECKING:
    from conformance.results.explored import Exploration


def _waiver(scenario: str, line: int, expires: str = "2027-01-31", rule: str = "") -> Waiver:
    return Waiver(scenario, "we know", "CHAT-1", "backend", expires, rule, line=line)


def _explored() -> Exploration:
    return replace(exploration(found("aa", rule="SEND-1")), complete=True)


def test_a_waiver_covers_a_finding_by_its_id_and_its_rule() -> None:
    waivers = Waivers("known.yaml", "2026-11-30", (_waiver("explored.aa", 2, rule="SEND-1"),))
    assert known(waivers, "aa", "SEND-1") == "we know"
    assert known(waivers, "aa", "EDIT-1") == known(waivers, "bb", "SEND-1") == known(None, "aa", "SEND-1") == ""


def test_an_entry_that_covers_nothing_is_told() -> None:
    entries = (
        _waiver("explored.aa", 2),
        _waiver("explored.bb", 5),
        _waiver("explored.cc", 8, expires="2026-11-29"),
        _waiver("send-message.refused", 11),
    )
    waivers = Waivers("known.yaml", "2026-11-30", entries)
    assert list(unused(waivers, _explored())) == [
        "known.yaml:5: the waiver for explored.bb covers no finding of this search",
        "known.yaml:8: the waiver for explored.cc expired on 2026-11-29",
    ]


def test_a_search_that_was_cut_short_says_nothing_of_what_it_did_not_find() -> None:
    waivers = Waivers("known.yaml", "2026-11-30", (_waiver("explored.bb", 5),))
    assert list(unused(waivers, replace(_explored(), complete=False))) == []
