"""A scenario that sends more than the target allows, and is not about that limit, says nothing of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.results.model import Outcome
from tests.conformance.run_contexts import Author, complaints, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec

SAID = '{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: %s}}'
FILE = '{url: "https://files.example/1", filename: a, content_type: text/plain, size: 2000}'
FILES = SAID % f"hi, attachments: [{FILE}, {FILE}]"
ID = "9d2c7a40-1f3e-4c57-8f0a-6b5e3d2c1b0a"
REACTED = f'{{send: AddReaction, by: %s, with: {{conversation_id: "${{lobby}}", message_id: {ID}, emoji: %s}}}}'


@pytest.mark.parametrize(
    ("step", "limits", "why"),
    [
        (SAID % "hello", {"content_max": 4}, "5 code points in content; limits.content_max = 4"),
        (
            FILES,
            {"attachments_per_message": 1},
            "2 attachments in attachments; limits.attachments_per_message = 1",
        ),
        (FILES, {"attachment_bytes": 1999}, "2,000 bytes in attachments[].size; limits.attachment_bytes = 1,999"),
        (
            "{send_raw: {text: '[1, 2, 3]'}, by: alice}",
            {"frame_bytes": 8},
            "9 bytes of the frame; limits.frame_bytes = 8",
        ),
    ],
)  # fmt: skip
async def test_what_is_over_a_limit_makes_a_scenario_not_applicable(
    spec: Spec, scenario: Author, step: str, limits: dict[str, int], why: str
) -> None:
    async with toy_runner(spec, limits=limits) as runner:
        result = await runner.run_scenario(scenario(f"steps: [{step}, {{expect: Error, at: alice}}]"))
    assert result.outcome is Outcome.NOT_APPLICABLE
    size, limit = why.split("; ")
    assert messages(result) == [f"it sends {size}, and the target declares {limit}"]
    assert result.lacks == f"limits.{next(iter(limits))}"


async def test_what_is_at_the_limit_is_judged(spec: Spec, scenario: Author) -> None:
    toy = scenario(f"steps: [{SAID % 'hello'}, {{expect: NewMessage, at: bob}}]")
    assert await complaints(spec, toy, limits={"content_max": 5}) == []


async def test_a_scenario_about_the_limit_may_send_more(spec: Spec, scenario: Author) -> None:
    fill = '{$fill: {text: x, times: "${limits.content_max}", plus: 1}}'
    toy = scenario(f"steps: [{SAID % fill}, {{expect: NewMessage, at: bob}}]")
    assert await complaints(spec, toy, limits={"content_max": 5}) == []


async def test_reactions_are_counted_for_each_user(spec: Spec, scenario: Author) -> None:
    two_of_one = scenario(f"steps: [{REACTED % ('alice', 'a')}, {REACTED % ('alice', 'b')}]")
    async with toy_runner(spec, limits={"reactions_per_user": 1}) as runner:
        result = await runner.run_scenario(two_of_one)
    assert messages(result) == [
        "it sends 2 reactions of a user to a message in emoji, and the target declares limits.reactions_per_user = 1"
    ]


async def test_the_same_reaction_counts_once(spec: Spec, scenario: Author) -> None:
    steps = [REACTED % ("alice", "a"), REACTED % ("bob", "b"), REACTED % ("alice", "a")]
    async with toy_runner(spec, limits={"reactions_per_user": 1}) as runner:
        result = await runner.run_scenario(scenario(f"steps: [{', '.join(steps)}]"))
    assert result.outcome is not Outcome.NOT_APPLICABLE


FETCHED = (
    f"""
steps:
  - {SAID % "a"}
  - {SAID % "b"}
"""
    + """\
  - {send: FetchHistory, by: alice, with: {conversation_id: "${lobby}"%s}}
  - {expect: HistoryChunk, at: alice, with: {messages: [{}, {}, {}]}}
"""
)


@pytest.mark.parametrize(
    ("asked", "limits", "limit"),
    [
        ("", {"history_default": 2}, "limits.history_default"),
        (", limit: 3", {"history_default": 2, "history_max": 2}, "limits.history_max"),
    ],
)
async def test_a_page_that_is_full_because_the_target_has_small_ones_says_nothing(
    spec: Spec, scenario: Author, asked: str, limits: dict[str, int], limit: str
) -> None:
    async with toy_runner(spec, limits=limits) as runner:
        result = await runner.run_scenario(scenario(FETCHED % asked))
    assert messages(result) == [f"it needs a page of more than 2, and the target declares {limit} = 2"]
    assert (result.outcome, result.lacks) == (Outcome.NOT_APPLICABLE, limit)


@pytest.mark.parametrize(("asked", "limits"), [("", {"history_default": 3}), (", limit: 2", {"history_max": 2})])
async def test_a_page_that_is_not_full_or_not_cut_is_judged(
    spec: Spec, scenario: Author, asked: str, limits: dict[str, int]
) -> None:
    async with toy_runner(spec, limits=limits) as runner:
        result = await runner.run_scenario(scenario(FETCHED % asked))
    assert result.outcome is Outcome.FAIL
