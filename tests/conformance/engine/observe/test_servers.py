"""A conversation through the relay with whole servers: legal ones break nothing, wrong ones what they are wrong in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.observe.capture import read_capture
from conformance.engine.observe.observer import Observer
from conformance.engine.observe.replay import replay
from conformance.target.embedded import launch
from tests.conformance.engine.observe.conversing import converse
from tests.faults.serve import main as wrong
from tests.forked import forked
from tests.variants.registry import all_variants
from tests.variants.serve import main as legal

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

FAULTS = {
    "reaction_is_confirmed_twice": "ACK-1",
    "pong_overtakes": "ACK-2",
    "searches_are_answered_later": "ACK-2",
    "told_in_another_order_than_stored": "SEND-4",
    "history_in_order_of_ids": "SEND-4",
    "leaks_to_outsiders": "SEND-3",
    "deleted_twice_told_twice": "DEL-5",
    "deleted_stays_in_history": "DEL-1",
    "deleted_stays_in_search": "SRCH-5",
    "tombstone_keeps_its_text": "DEL-3",
    "one_more_than_asked_for": "HIST-1",
    "cursor_at_the_end": "HIST-3",
}


async def test_the_reference_server_breaks_nothing_and_most_features_are_seen(spec: Spec, tmp_path: Path) -> None:
    lines: list[str] = []
    observer = await converse(spec, launch, record=lines.append, complete=True)
    assert [one.violation for one in observer.wrong.values() if one.violation.by == "server"] == []
    rules = {rule for rule, _ in observer.seen}
    assert len({feature for rule in rules for feature in spec.rules[rule].features}) >= 18

    recorded = tmp_path / "traffic.jsonl"
    recorded.write_text("".join(lines), encoding="utf-8")
    again = Observer(spec, complete=True)
    replay(read_capture(recorded), again)
    assert [one.violation for one in again.wrong.values() if one.violation.by == "server"] == []
    assert again.types == observer.types


@pytest.mark.nightly
@pytest.mark.parametrize("variant", list(all_variants()))
async def test_a_legal_server_breaks_no_must_rule(spec: Spec, variant: str) -> None:
    observer = await converse(spec, forked(legal, variant), complete=True)
    rules = {one.violation.rule for one in observer.wrong.values() if one.violation.by == "server"}
    assert {rule for rule in rules if rule is None or spec.rules[rule].level == "must"} == set()


@pytest.mark.nightly
@pytest.mark.parametrize(("fault", "rule"), FAULTS.items())
async def test_a_wrong_server_breaks_the_rule_that_it_is_wrong_in(spec: Spec, fault: str, rule: str) -> None:
    observer = await converse(spec, forked(wrong, fault))
    assert rule in {one.violation.rule for one in observer.wrong.values()}
