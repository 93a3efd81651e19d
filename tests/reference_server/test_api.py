from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from tests.reference_server.support import token

if TYPE_CHECKING:
    from tests.reference_server.support import Chat, Client


class TestConversations:
    async def test_belong_to_their_creator(self, chat: Chat):
        lobby = await chat.conversation()
        listed = (await chat.call("GET", "/conversations")).json()["conversations"]
        assert {"conversation_id": str(lobby), "name": None, "visibility": "private", "role": "owner"} in listed

    async def test_take_the_creators_role_from_the_members_if_it_is_there(self, chat: Chat, alice: Client):
        body = {"name": "n", "visibility": "public", "members": [{"user_id": str(alice.user_id), "role": "reader"}]}
        created = await chat.call("POST", "/conversations", body, user_id=alice.user_id)
        assert created.status_code == 201
        [listed] = (await chat.call("GET", "/conversations", user_id=alice.user_id)).json()["conversations"]
        assert (listed["name"], listed["visibility"], listed["role"]) == ("n", "public", "reader")

    @pytest.mark.parametrize(
        "body",
        [
            None,
            [],
            "text",
            {"visibility": "secret"},
            {"members": [{"user_id": "x", "role": "member"}]},
            {"members": [{"user_id": str(UUID(int=0)), "role": "king"}]},
            {"name": "nul\0"},
            {"name": 5},
        ],
        ids=repr,
    )
    async def test_are_not_made_of_bad_bodies(self, chat: Chat, body: object):
        response = await chat.call("POST", "/conversations", body)
        assert response.status_code == 422
        assert response.json()["detail"]

    @pytest.mark.parametrize("body", [b"{", b'{"name": "\\ud800"}', b"[" * 100_000, b'{"name": "\xff"}'])
    async def test_are_not_made_of_what_is_hardly_json(self, chat: Chat, body: bytes):
        response = await chat.http.post(
            chat.api[0] + "/conversations",
            content=body,
            headers={"Authorization": f"Bearer {token(chat.admin)}", "Content-Type": "application/json"},
        )
        assert response.status_code in {400, 422}


class TestMembers:
    async def test_are_set_by_owners_and_moderators_only(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        path = f"/conversations/{lobby}/members/{uuid4()}"
        expected = {"moderator": 200, "member": 403, "reader": 403, "banned": 404, None: 404}
        for role, status in expected.items():
            await chat.set_role(lobby, alice.user_id, role)
            response = await chat.call("PUT", path, {"role": "member"}, user_id=alice.user_id)
            assert response.status_code == status
        response = await chat.call("DELETE", path, user_id=alice.user_id)
        assert response.status_code == 404
        assert (await chat.call("DELETE", path)).status_code == 204

    async def test_of_an_unknown_conversation_are_not_found(self, chat: Chat):
        response = await chat.call("PUT", f"/conversations/{uuid4()}/members/{uuid4()}", {"role": "member"})
        assert response.status_code == 404


class TestAccess:
    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp4"}])
    async def test_needs_a_bearer_token(self, chat: Chat, headers: dict[str, str]):
        response = await chat.http.get(chat.api[0] + "/conversations", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"

    async def test_of_health_needs_none(self, chat: Chat):
        response = await chat.http.get(chat.api[1] + "/health")
        assert response.json() == {"status": "ok", "database": True, "pubsub": True}
