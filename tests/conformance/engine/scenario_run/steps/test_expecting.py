"""The steps that expect one of several things, or a close."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.run_contexts import Author, complaints

if TYPE_CHECKING:
    from conformance.spec import Spec


ALONE = "{users: [alice]}"


class TestExpect:
    CLOSED = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {disconnect: alice}
  - {expect: NewMessage, at: bob, with: {content: hi}}
"""

    async def test_waits_for_what_a_closed_connection_has_sent(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario(self.CLOSED), "late send") == []

    async def test_does_not_wait_for_ever(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario(self.CLOSED), "no broadcast", reply=0.5) == ["no NewMessage at bob"]


class TestExpectEither:
    TOY = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - expect_either: [{frame: NewMessage, with: {content: hi}}, {close: [10xx]}, {dropped: true}]
    at: alice
"""

    async def test_asks_a_slow_server_whether_it_has_handled_the_request(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(self.TOY, allow="[{frame: NewMessage, at: bob}]")
        assert await complaints(spec, toy, "late send", reply=0.7) == []

    @pytest.mark.parametrize("fault", ["no greeting", "close", "drop connection"])
    async def test_takes_whatever_happens(self, spec: Spec, scenario: Author, fault: str) -> None:
        later = () if fault == "no greeting" else (fault,)
        allowed = "[{frame: NewMessage, at: bob}]"
        assert await complaints(spec, scenario(self.TOY, allow=allowed), *later) == []

    async def test_says_what_did_not_happen(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario(self.TOY), "no broadcast", reply=0.2) == [
            "expected NewMessage or a close with 10xx or a dropped connection at alice; nothing of that happened"
        ]

    async def test_says_what_happened_instead(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(self.TOY.replace("10xx", "44xx"))
        assert await complaints(spec, toy, "close") == [
            "expected NewMessage or a close with 44xx or a dropped connection at alice; "
            "the connection was closed with 1011"
        ]


class TestExpectClose:
    SENT = 'steps: [{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}, %s]'

    @pytest.mark.parametrize(
        ("fault", "step", "said"),
        [
            ("close", "{expect_close: alice}", []),
            ("close", "{expect_close: alice, codes: [1011]}", []),
            ("close", "{expect_close: alice, codes: [44xx, 10xx]}", []),
            (
                "close",
                "{expect_close: alice, codes: [1009, 44xx]}",
                ["alice was closed with 1011, not with 1009 or 44xx"],
            ),
            ("drop connection", "{expect_close: alice, or_dropped: true}", []),
            ("drop connection", "{expect_close: alice}", ["alice was dropped without a close frame"]),
            ("drop", "{expect_close: alice}", ["alice should have been closed by the server, and is still open"]),
        ],
    )
    async def test_looks_at_how_it_ended(
        self, spec: Spec, scenario: Author, fault: str, step: str, said: list[str]
    ) -> None:
        assert await complaints(spec, scenario(self.SENT % step), fault, reply=0.3) == said
