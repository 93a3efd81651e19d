"""What a server lacks, in whatever way, is missing, and no other feature is accused of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.patching import Patch
from tests.partial.examine import examine, few
from tests.partial.registry import find, names, partial, types_of

if TYPE_CHECKING:
    from conformance.spec import Spec

NAMES = names()
A_FEW = 24
QUICK = ("reactions:silence", "fetch_history:confirmed")
"""Of a server that ignores what it does not know, and of one whose answers are always empty."""
NIGHTLY = (
    *("edit_message:serde", "delete_message:success", "call_offer:closes_1003", "search_messages:relay"),
    *("sync_messages:outside", "typing_indicators:unheard", "ping_pong:silence", "read_receipts:unimplemented"),
    *("fetch_history+search_messages+sync_messages:silence", "join_conversation:plain", "send_message:uniform"),
    *("no_rate_limits", "no_presence", "no_greeting", "no_attachments", "no_cursor", "no_confirmations"),
    *("no_live_events", "no_errors", "errors_end_the_connection", "errors_are_closes", "errors_without_type"),
    *("negative_confirmations", "no_senders", "only_others_hear", "history_without_limit", "no_zones"),
    *("search_finds_everything", "history_on_join", "strict_fields", "tells_who_joins", "silent_sends"),
)


class TestEveryPartialServer:
    def test_changes_the_server(self):
        for one in [*find(["reactions:*"]), *find(["no_*"])]:
            with Patch() as patch:
                one.apply(patch)
                assert patch.changes, one.name

    def test_lacks_features_and_breaks_rules_that_exist(self, spec: Spec):
        for name in NAMES:
            one = partial(name)
            assert one.verdicts.keys() <= spec.features.keys()
            assert one.breaks <= spec.rules.keys()

    def test_is_there_for_every_request(self, spec: Spec):
        assert {kind for types in types_of().values() for kind in types} == spec.incoming.keys()


class TestTheRegistry:
    def test_finds_by_name_and_glob(self):
        assert [one.name for one in find(["reactions:s*"])] == [
            "reactions:serde",
            "reactions:silence",
            "reactions:success",
        ]
        assert [one.name for one in find(["reactions+typing_indicators+ping_pong:plain"])]
        with pytest.raises(LookupError, match="'nothing'"):
            find(["nothing"])


@pytest.mark.end_to_end
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", QUICK)
def test_the_report_accuses_nothing_else(name: str, whole_spec: Spec):
    scenarios = [one for one in few(whole_spec) if not one.exclusive]
    chosen = {one.id: one for one in scenarios if one.feature in partial(name).verdicts}
    others = [one for one in scenarios if one.id not in chosen]
    chosen |= {one.id: one for one in others[:: len(others) // A_FEW]}
    found = asyncio.run(examine(partial(name), whole_spec, chosen.values()))
    run_in_part = {one for one, verdict in found.wrong.items() if verdict == "NOT TESTED"} - {*partial(name).verdicts}
    assert found.wrong.keys() == run_in_part, found
    assert replace(found, wrong={}).passed, found


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NIGHTLY)
def test_the_whole_report_accuses_nothing_else(name: str, whole_spec: Spec):
    found = asyncio.run(examine(partial(name), whole_spec, few(whole_spec)))
    assert found.passed, found


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["reactions:silence", "fetch_history:confirmed", "search_messages:closes_1003"])
def test_the_report_says_the_same_with_one_job(name: str, whole_spec: Spec):
    scenarios = [one for one in few(whole_spec) if not one.exclusive]
    one, many = (asyncio.run(examine(partial(name), whole_spec, scenarios, jobs)) for jobs in (1, 8))
    assert one.verdicts == many.verdicts
