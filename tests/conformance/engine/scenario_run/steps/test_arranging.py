"""The steps that change the server or wait for it: a barrier, a role, a timer, a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, complaints, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec


ALONE = "{users: [alice]}"


class TestSync:
    async def test_holds_where_the_barrier_answers(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario("steps: [{sync: [alice, bob]}]")) == []

    async def test_says_that_the_barrier_got_no_reply(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario("steps: [{sync: [alice, bob]}]"), "no pong", reply=0.2) == [
            "no reply to the barrier's request at alice or bob within 0.2 s"
        ]

    async def test_says_who_is_not_connected_any_more(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {sync: alice}
""")
        assert await complaints(spec, toy, "close") == ["alice should still be connected, and was closed with 1011"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("{role: {conversation: lobby, user: bob, role: reader}}", "cannot make"),
        ("{remove: {conversation: lobby, user: bob}}", "cannot remove"),
    ],
)
async def test_provision_needs_a_driver_that_can(spec: Spec, scenario: Author, change: str, said: str) -> None:
    async with toy_runner(spec) as runner:
        result = await runner.run_scenario(scenario(f"steps: [{{provision: {change}}}]"))
    assert result.outcome is Outcome.UNTESTABLE
    assert said in messages(result)[0]


class TestRestart:
    async def test_does_not_apply_where_the_run_cannot(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(
                scenario("steps: [{restart: hard}]", given=ALONE, needs="{restart: true}", exclusive="true")
            )
        assert result.outcome is Outcome.NOT_APPLICABLE
