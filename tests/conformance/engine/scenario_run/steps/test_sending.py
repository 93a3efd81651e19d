"""The steps that send: raw texts, bytes and frames, and WebSocket pings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.run_contexts import Author, complaints, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec


ALONE = "{users: [alice]}"


class TestSendRaw:
    @pytest.mark.parametrize(
        "raw",
        [
            "{text: 'hello'}",
            "{binary: '00ff'}",
            "{frames: [{opcode: 1, fin: false, payload: 'he'}, {opcode: 0, payload: 'llo'}]}",
            "{frames: [{opcode: 1, payload_hex: '68656c6c6f'}]}",
        ],
    )
    async def test_brings_what_is_no_request_to_the_server(self, spec: Spec, scenario: Author, raw: str) -> None:
        toy = scenario(f"steps: [{{send_raw: {raw}, by: alice}}, {{expect: Error, at: alice}}]")
        assert await complaints(spec, toy) == []

    async def test_with_fragments_of_a_request_counts_as_a_request(self, spec: Spec, scenario: Author) -> None:
        first, rest = '{"type": "SendMessage", "content": "hi", ', '"conversation_id": "${lobby}"}'
        toy = scenario(f"""
steps:
  - send_raw: {{frames: [{{opcode: 1, fin: false, payload: '{first}'}}, {{opcode: 9, payload: x}},
                         {{opcode: 0, payload: '{rest}'}}]}}
    by: alice
  - {{expect: NewMessage, at: bob, with: {{content: hi}}}}
""")
        assert await complaints(spec, toy) == []

    async def test_with_frames_that_break_the_rules_ends_the_connection(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send_raw: {frames: [{opcode: 3, payload: hi}]}, by: alice}
  - {expect_close: alice, codes: [1002]}
""")
        assert await complaints(spec, toy) == []

    async def test_of_invalid_utf8_ends_it_with_1007(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send_raw: {frames: [{opcode: 1, payload_hex: 'ff'}]}, by: alice}
  - {expect_close: alice, codes: [1007]}
""")
        assert await complaints(spec, toy) == []

    async def test_of_a_ping_does_not_confuse_the_barrier(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send_raw: {text: '{"type": "Ping"}'}, by: alice}
  - {sync: alice}
  - {expect: Pong, at: alice}
  - {never: Pong, at: alice}
""")
        assert await complaints(spec, toy) == []


class TestWsPing:
    TOY = "steps: [{ws_ping: 'are you there', by: alice}]"

    async def test_is_answered_with_its_payload(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario(self.TOY)) == []

    async def test_that_is_not_answered_fails(
        self, spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with toy_runner(spec, reply=0.3) as runner:
            monkeypatch.setattr("websockets.server.ServerProtocol.recv_frame", _ignoring_pings)
            result = await runner.run_scenario(scenario(self.TOY))
        assert messages(result) == ["alice got no WebSocket pong with the payload b'are you there'"]


def _ignoring_pings(self: Any, frame: Any) -> None:
    if frame.opcode != 9:
        super(type(self), self).recv_frame(frame)
