"""The steps that stop reading from a connection, and resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.run_contexts import Author, complaints

if TYPE_CHECKING:
    from conformance.spec import Spec


class TestStopReading:
    @pytest.mark.parametrize("expected", ["{expect: NewMessage, at: bob}", "{never: Error, at: bob}", "{sync: bob}"])
    async def test_leaves_nothing_to_expect(self, spec: Spec, scenario: Author, expected: str) -> None:
        toy = scenario(f"steps: [{{stop_reading: bob}}, {expected}, {{resume_reading: bob}}]")
        assert await complaints(spec, toy) == [
            "bob has stopped reading, so nothing can be expected there before `resume_reading`"
        ]

    async def test_loses_nothing_that_is_read_later(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {stop_reading: bob}
  - {repeat: 3, as: i, steps: [{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "n ${i}"}}]}
  - {sync: alice}
  - {send: SendMessage, by: bob, with: {conversation_id: "${lobby}", content: mine}}
  - {expect: NewMessage, at: alice, with: {content: mine}}
  - resume_reading: bob
    steps: [{repeat: 3, as: i, steps: [{expect: NewMessage, at: bob, next: true, with: {content: "n ${i}"}}]}]
""")
        assert await complaints(spec, toy) == []

    TOY = """
steps:
  - {stop_reading: bob}
  - {send: SendMessage, by: bob, with: {conversation_id: "${lobby}", content: hi}}
  - {resume_reading: bob, steps: [{expect: UserTyping, at: bob}]}
"""

    @pytest.mark.parametrize("ending", ["close", "drop connection"])
    async def test_may_be_answered_by_the_end_of_the_connection(
        self, spec: Spec, scenario: Author, ending: str
    ) -> None:
        assert await complaints(spec, scenario(self.TOY), "no broadcast", ending) == []

    async def test_may_not_be_answered_by_silence(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario(self.TOY), "no pong", reply=0.2) == [
            "bob reads again, and neither gets a reply to the barrier's request nor is closed"
        ]

    async def test_finds_no_one_who_has_gone(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("steps: [{disconnect: bob}, {stop_reading: bob}]")
        assert messages_of_end(await complaints(spec, toy)) == "bob should still be connected"


def messages_of_end(said: list[str]) -> str:
    return said[0].partition(",")[0]
