from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.reference_server.support import Chat, Client

SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n" + "a" * 16_384 + "\r\n"
CALLS: dict[str, dict[str, Any]] = {
    "CallOffer": {"sdp": SDP, "call_type": "video"},
    "CallAnswer": {"sdp": SDP},
    "ICECandidate": {"candidate": "", "sdp_mid": "0", "sdp_mline_index": 0},
    "CallHangup": {},
    "CallReject": {},
}
each_call = pytest.mark.parametrize("type", CALLS)


async def refused(client: Client, type: str, **fields: Any) -> str:
    reply = await client.ask(type, **CALLS[type], **fields)
    assert reply["type"] == "Error"
    return reply["code"]


class TestCalls:
    @each_call
    async def test_reach_every_connection_of_the_target_and_nobody_else(
        self, chat: Chat, alice: Client, bob: Client, carol: Client, type: str
    ):
        lobby = await chat.conversation(alice, carol, roles={bob.user_id: "member"})
        phone = await chat.connect(bob.user_id, instance=0)
        await alice.send(type, conversation_id=lobby, target_user_id=bob.user_id, **CALLS[type])
        relayed = await bob.event()
        assert relayed == {
            "type": type,
            "conversation_id": str(lobby),
            "from_user_id": str(alice.user_id),
            **CALLS[type],
        }
        assert await phone.event() == relayed
        assert await carol.events() == []
        if type != "ICECandidate":
            assert (await alice.reply())["type"] == "ActionConfirmed"
        assert await alice.events() == []

    @each_call
    async def test_are_refused_without_two_different_members(
        self, chat: Chat, alice: Client, bob: Client, carol: Client, type: str
    ):
        lobby = await chat.conversation(alice, bob)
        named = {"conversation_id": lobby}
        assert await refused(alice, type, **named, target_user_id=carol.user_id) == "not_found"
        assert await refused(carol, type, **named, target_user_id=alice.user_id) == "not_found"
        assert await refused(alice, type, **named, target_user_id=alice.user_id) == "invalid_message"
        assert await carol.events() == await alice.events() == await bob.events() == []

    @each_call
    async def test_are_refused_when_the_target_is_offline(self, chat: Chat, alice: Client, type: str):
        absent = uuid4()
        lobby = await chat.conversation(alice, roles={absent: "member"})
        assert await refused(alice, type, conversation_id=lobby, target_user_id=absent) == "unavailable"
        late = await chat.connect(absent)
        assert await late.events() == []

    @pytest.mark.parametrize("type", ["CallAnswer", "CallReject"])
    async def test_tell_the_other_connections_of_whoever_answers_or_rejects(
        self, chat: Chat, alice: Client, bob: Client, type: str
    ):
        lobby = await chat.conversation(alice, roles={bob.user_id: "member"})
        phone = await chat.connect(bob.user_id, instance=1)
        await bob.send(type, conversation_id=lobby, target_user_id=alice.user_id, **CALLS[type])
        assert await phone.event() == await alice.event()
        assert (await bob.reply())["type"] == "ActionConfirmed"
        assert await bob.events() == []
