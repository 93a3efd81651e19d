"""Frames are claimed: each expectation takes the earliest frame that fits and that no other has taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec

TWO_SENT = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: first}}
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: second}}
"""


async def test_takes_the_earliest_match(spec: Spec, scenario: Author) -> None:
    toy = scenario(
        TWO_SENT
        + """
  - {expect: NewMessage, at: bob, with: {content: {$capture: one}}}
  - {expect: NewMessage, at: bob, with: {content: {$capture: two}}}
  - {check: ["${one}", "${two}"], is: [first, second]}
"""
    )
    async with toy_runner(spec) as runner:
        assert messages(await runner.run_scenario(toy)) == []


async def test_may_take_a_later_match_first(spec: Spec, scenario: Author) -> None:
    toy = scenario(
        TWO_SENT
        + """
  - {expect: NewMessage, at: bob, with: {content: second}}
  - {expect: NewMessage, at: bob, with: {content: first}}
"""
    )
    async with toy_runner(spec) as runner:
        assert messages(await runner.run_scenario(toy)) == []


async def test_a_frame_is_taken_once(spec: Spec, scenario: Author) -> None:
    toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: only}}
  - {expect: NewMessage, at: bob, with: {content: only}}
  - {expect: NewMessage, at: bob, with: {content: only}}
""")
    async with toy_runner(spec) as runner:
        result = await runner.run_scenario(toy)
    assert messages(result) == ["no NewMessage at bob; the one that came was expected before"]
    assert (result.problems[0].line, result.problems[0].step) == (9, "expect NewMessage at bob")


class TestNext:
    async def test_holds_where_nothing_came_before(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(
            TWO_SENT + "  - {expect: NewMessage, at: bob, next: true, with: {content: first}}\n"
            "  - {expect: NewMessage, at: bob, next: true, with: {content: second}}\n"
        )
        async with toy_runner(spec) as runner:
            assert messages(await runner.run_scenario(toy)) == []

    async def test_fails_where_something_came_before(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(TWO_SENT + "  - {expect: NewMessage, at: bob, next: true, with: {content: second}}\n")
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert messages(result) == ["at bob, NewMessage came first"]
        entry = result.transcript[result.problems[0].entry or 0]
        assert entry.frame is not None
        assert entry.frame["content"] == "first"

    async def test_catches_a_server_that_turns_the_order_around(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(TWO_SENT + "  - {expect: NewMessage, at: bob, next: true, with: {content: first}}\n")
        async with toy_runner(spec, later=["wrong order"]) as runner:
            assert messages(await runner.run_scenario(toy)) == ["at bob, NewMessage came first"]


class TestSeveralConnections:
    async def test_agree_on_what_is_captured(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: [alice, bob], with: {message_id: {$capture: message}}}
  - {check: "${message}", is: {$match: "^[0-9a-f-]{36}$"}}
""")
        async with toy_runner(spec) as runner:
            assert messages(await runner.run_scenario(toy)) == []

    async def test_that_disagree_fail(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: first}}
  - {expect: NewMessage, at: alice, with: {content: first}}
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: second}}
  - {expect: NewMessage, at: [alice, bob], with: {content: {$capture: said}}}
""")
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert messages(result) == ['bob got "first" for said, alice got "second"']


class TestSaysWhatIsMissing:
    async def test_with_the_nearest_miss(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(TWO_SENT + '  - {expect: NewMessage, at: bob, with: {content: third, sender_id: "${alice}"}}\n')
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert messages(result) == [
            'no matching NewMessage at bob; the nearest differs: content: expected "third", got "second"'
        ]
        assert result.outcome is Outcome.FAIL

    async def test_with_the_error_that_answered_rather_than_an_earlier_reply(
        self, spec: Spec, scenario: Author
    ) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: ActionConfirmed, at: alice, with: {action: message_sent}}
  - {send_raw: {text: "{}"}, by: alice}
  - {expect: ActionConfirmed, at: alice, with: {action: message_edited}}
""")
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert messages(result)[0] == "no ActionConfirmed at alice; it got an Error instead"

    async def test_with_the_error_that_came_instead(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(
            """
steps:
  - {send: EditMessage, by: alice, with: {conversation_id: "${lobby}", message_id: "${lobby}", content: no}}
  - {expect: MessageEdited, at: alice}
""",
            feature="edit_message",
            rules="[EDIT-1]",
        )
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert messages(result) == ["no MessageEdited at alice; it got an Error instead"]

    async def test_with_how_the_connection_ended(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(TWO_SENT + "  - {expect: NewMessage, at: alice}\n")
        async with toy_runner(spec, later=["close"]) as runner:
            assert messages(await runner.run_scenario(toy)) == [
                "no NewMessage at alice; the connection was closed with 1011"
            ]
        async with toy_runner(spec, later=["drop connection"]) as runner:
            assert messages(await runner.run_scenario(toy)) == [
                "no NewMessage at alice; the connection was dropped without a close frame"
            ]


async def test_the_greeting_is_claimed_already_and_may_still_be_asked_for(spec: Spec, scenario: Author) -> None:
    toy = scenario("steps: [{expect: ActionConfirmed, at: carol, with: {action: connected}}, {never: '*', at: carol}]")
    async with toy_runner(spec) as runner:
        assert messages(await runner.run_scenario(toy)) == []
