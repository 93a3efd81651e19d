from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
import yaml

from reference_server.errors import Refused
from reference_server.permissions import ROLE_CHANGES, Membership, Right, Role, Visibility
from tests.reference_server.support import ROOT

if TYPE_CHECKING:
    from tests.reference_server.support import Chat, Client

ALL = {"owner", "moderator", "member", "reader"}
SENDERS = ALL - {"reader"}
MODERATORS = {"owner", "moderator"}
EVERYBODY = {*ALL, "banned", None}

#: For each request: who may, about somebody else's message.
MATRIX: dict[str, set[str | None]] = {
    "SendMessage": SENDERS,
    "EditMessage": set(),
    "DeleteMessage": MODERATORS,
    "JoinConversation": ALL,
    "LeaveConversation": EVERYBODY,
    "FetchHistory": ALL,
    "SearchMessages": ALL,
    "SyncMessages": ALL,
    "Typing": SENDERS,
    "MarkAsRead": ALL,
    "Delivered": ALL,
    "AddReaction": SENDERS,
    "RemoveReaction": SENDERS,
    "CallOffer": SENDERS,
    "CallAnswer": SENDERS,
    "ICECandidate": SENDERS,
    "CallHangup": SENDERS,
    "CallReject": SENDERS,
}
SILENT = {"Typing", "ICECandidate"}


def fields(conversation_id: UUID, message_id: object, target: UUID) -> dict[str, Any]:
    """Return what any request may need; the rest is ignored."""
    return {
        "conversation_id": conversation_id,
        "message_id": message_id,
        "target_user_id": target,
        "content": "content",
        "query": "content",
        "since": "2000-01-01T00:00:00Z",
        "is_typing": False,
        "emoji": "👍",
        "sdp": "v=0\r\n",
        "candidate": "",
    }


class TestRoleChanges:
    def test_are_those_of_the_protocol(self):
        protocol = yaml.safe_load((ROOT / "spec/protocol.yaml").read_text())
        names = {None: protocol["no_member"]}
        ours = {role.value: {names.get(other, other) for other in changed} for role, changed in ROLE_CHANGES.items()}
        assert ours == {role: set(changed) for role, changed in protocol["role_changes"].items()}
        assert protocol["sole_role"] == Role.OWNER

    @pytest.mark.parametrize("role", [*Role, None])
    def test_are_allowed_between_roles_below_ones_own_and_to_owners(self, role: Role | None):
        caller = Membership(Visibility.PUBLIC, role)
        for before in [*Role, None]:
            for after in [*Role, None]:
                below = {Role.OWNER, Role.MODERATOR}.isdisjoint({before, after})
                expected = role is Role.OWNER or (role is Role.MODERATOR and below)
                assert _is_allowed(caller, before, after) == expected

    @pytest.mark.parametrize("role", [*Role, None])
    def test_of_oneself_are_no_promotion(self, role: Role | None):
        caller = Membership(Visibility.PUBLIC, role)
        for after in Role:
            assert _is_allowed(caller, role, after, is_own=True) == (role is Role.OWNER)
        assert _is_allowed(caller, role, None, is_own=True) == (role not in {Role.BANNED, None})


def _is_allowed(caller: Membership, before: Role | None, after: Role | None, *, is_own: bool = False) -> bool:
    try:
        caller.require_role_change(before, after, is_own=is_own)
    except Refused:
        return False
    return True


class TestMatrix:
    @pytest.mark.parametrize("role", ["owner", "moderator", "member", "reader", "banned", None])
    async def test_is_kept_for_every_request(self, chat: Chat, alice: Client, bob: Client, role: str | None):
        for type, allowed in MATRIX.items():
            lobby = await chat.conversation(alice, roles={bob.user_id: role} if role else {})
            message = await alice.say(lobby, "content")
            named = fields(lobby, message["message_id"], alice.user_id)
            if type in SILENT and role in allowed:
                await bob.send(type, **named)
                await bob.ask("Ping")
                assert await alice.events() != []
                continue
            reply = await bob.ask(type, **named)
            if role in allowed:
                assert reply["type"] != "Error", (type, reply)
            else:
                assert reply["code"] == ("forbidden" if role in ALL else "not_found"), (type, reply)
                assert await alice.events() == [], type

    async def test_tells_an_outsider_nothing(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice)
        message = await alice.say(lobby, "content")
        for type in MATRIX:
            real = await bob.ask(type, **fields(lobby, message["message_id"], alice.user_id))
            none = await bob.ask(type, **fields(uuid4(), message["message_id"], alice.user_id))
            assert real == none


class TestRoleChange:
    @pytest.mark.parametrize("role", ["banned", None])
    async def test_ends_the_events_of_every_connection_and_gives_them_back(
        self, chat: Chat, alice: Client, bob: Client, role: str | None
    ):
        lobby = await chat.conversation(alice, bob)
        phone = await chat.connect(bob.user_id, instance=0)
        await phone.ask("JoinConversation", conversation_id=lobby)
        await chat.set_role(lobby, bob.user_id, role)
        await alice.say(lobby, "without bob")
        assert await bob.events() == await phone.events() == []
        assert (await bob.ask("FetchHistory", conversation_id=lobby))["code"] == "not_found"
        await chat.set_role(lobby, bob.user_id, "reader")
        await alice.say(lobby, "with bob")
        assert [event["content"] for event in await bob.events()] == ["with bob"]
        assert [event["content"] for event in await phone.events()] == ["with bob"]

    async def test_counts_for_the_next_request(self, chat: Chat, alice: Client, bob: Client):
        lobby = await chat.conversation(alice, bob)
        sending = {"conversation_id": lobby, "content": "hello"}
        for role, outcome in (("reader", "Error"), ("member", "ActionConfirmed"), ("banned", "Error")):
            await chat.set_role(lobby, bob.user_id, role)
            assert (await bob.ask("SendMessage", **sending))["type"] == outcome


class TestPermission:
    @pytest.mark.parametrize(
        ("visibility", "role", "code"),
        [
            (None, None, "not_found"),
            (Visibility.PRIVATE, None, "not_found"),
            (Visibility.PUBLIC, None, "forbidden"),
            (Visibility.PUBLIC, Role.BANNED, "not_found"),
            (Visibility.PRIVATE, Role.READER, "forbidden"),
        ],
    )
    def test_refuses_without_telling_too_much(self, visibility: Visibility | None, role: Role | None, code: str):
        with pytest.raises(Refused) as refused:
            Membership(visibility, role).require(Right.SEND)
        assert refused.value.code == code
