"""The steps that collect frames and pages, and check what they have collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.run_contexts import Author, complaints, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec


ALONE = "{users: [alice]}"


class TestPage:
    SENT = """
steps:
  - repeat: 7
    as: i
    steps:
      - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "no ${i}"}}
      - {expect: NewMessage, at: bob, with: {content: "no ${i}"}}
  - page: FetchHistory
    by: bob
    with: {conversation_id: "${lobby}", limit: 2}
    reply: HistoryChunk
    follow: {next_cursor: cursor}
    while: {has_more: true}
    collect: {messages: seen}
    expect: {messages: {$length: {$at_most: 2}}}
"""

    async def test_follows_to_the_end_and_collects(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(
            self.SENT + '  - {check: "${seen.count}", is: 7}\n'
            '  - {check: "${seen}", is: {$contains: [{content: "no 1"}, {content: "no 7"}]}}\n'
        )
        assert await complaints(spec, toy) == []

    async def test_says_what_is_wrong_with_a_page(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(self.SENT.replace("$at_most: 2", "$at_most: 1"))
        assert await complaints(spec, toy) == [
            "no matching HistoryChunk at bob; the nearest differs: messages: the length: expected at most 1, got 2"
        ]

    @pytest.mark.parametrize(
        ("most", "pages", "said"),
        [
            (
                1,
                '"has_more": true, "messages": [], "next_cursor": "on"',
                "FetchHistory did not come to an end within 1 pages",
            ),
            (
                5,
                '"has_more": true, "messages": [], "next_cursor": "on"',
                "HistoryChunk says that there is more, and leads back to the same page",
            ),
            (5, '"has_more": true, "messages": []', "HistoryChunk says that there is more, and has no next_cursor"),
            (5, '"has_more": true', "HistoryChunk has no list 'messages'"),
        ],
    )
    async def test_ends_where_the_server_does_not(
        self, spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch, most: int, pages: str, said: str
    ) -> None:
        monkeypatch.setattr("conformance.engine.scenario_run.steps.collecting.MAX_PAGES", most)
        async with toy_runner(spec) as runner:
            runner.server.canned["FetchHistory"] = (
                '{"type": "HistoryChunk", "conversation_id": "${conversation}", ' + pages + "}"
            )
            page = self.SENT[self.SENT.index("  - page") :].partition("    expect:")[0]
            toy = scenario("steps:\n" + page)
            assert messages(await runner.run_scenario(toy)) == [said]


class TestCollect:
    SENT = """
steps:
  - repeat: 3
    as: i
    steps: [{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "no ${i}"}}]
"""

    async def test_gathers_all_matches_in_order(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(
            self.SENT
            + """
  - {collect: NewMessage, at: bob, into: seen, field: content, count: 3}
  - {check: "${seen}", is: [no 1, no 2, no 3]}
"""
        )
        assert await complaints(spec, toy) == []

    @pytest.mark.parametrize(
        ("bound", "said"),
        [
            ("count: 4", "expected exactly 4 NewMessage at bob, got 3"),
            ("at_least: 4", "expected at least 4 NewMessage at bob, got 3"),
            ("at_most: 2", "expected at most 2 NewMessage at bob, got 3"),
        ],
    )
    async def test_says_how_many_there_were(self, spec: Spec, scenario: Author, bound: str, said: str) -> None:
        toy = scenario(self.SENT + f"  - {{collect: NewMessage, at: bob, into: seen, {bound}}}\n")
        assert await complaints(spec, toy) == [said]


async def test_check_says_what_differs(spec: Spec, scenario: Author) -> None:
    toy = scenario("steps: [{check: [1, 2], is: [1, {$at_least: 3}]}]")
    assert await complaints(spec, toy) == ["[1, 2]: [1]: expected at least 3, got 2"]
