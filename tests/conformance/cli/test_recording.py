from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cli.recording import spec_tables

if TYPE_CHECKING:
    from conformance.spec import Spec


def test_a_rule_has_the_message_types_of_the_features_that_it_is_about(spec: Spec) -> None:
    needs = {rule.id: rule.needs for rule in spec_tables(spec).rules}
    barrier = {"Ping", "Pong"}
    assert {*needs["SEND-1"]} == barrier
    assert {*needs["SEND-5"]} == barrier | {
        "FetchHistory",
        "HistoryChunk",
        "JoinConversation",
    }
