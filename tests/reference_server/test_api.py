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
        members = [
            {"user_id": str(alice.user_id), "role": "reader"},
            {"user_id": str(uuid4()), "role": "owner"},
        ]
        body = {"name": "n", "visibility": "public", "members": members}
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

    async def test_never_leave_a_conversation_without_an_owner(self, chat: Chat, alice: Client):
        lobby = await chat.conversation(alice)
        admin, other = (f"/conversations/{lobby}/members/{user}" for user in (chat.admin, alice.user_id))
        for role in ("moderator", "member", "reader", "banned"):
            assert (await chat.call("PUT", admin, {"role": role})).status_code == 409
        assert (await chat.call("DELETE", admin)).status_code == 409
        assert (await chat.call("PUT", admin, {"role": "owner"})).status_code == 200
        assert (await chat.call("PUT", other, {"role": "owner"})).status_code == 200
        assert (await chat.call("DELETE", admin)).status_code == 204
        assert (await chat.call("DELETE", other, user_id=alice.user_id)).status_code == 409

    async def test_are_not_without_an_owner_from_the_start(self, chat: Chat, alice: Client):
        body = {"members": [{"user_id": str(alice.user_id), "role": "moderator"}]}
        response = await chat.call("POST", "/conversations", body, user_id=alice.user_id)
        assert response.status_code == 422

    @pytest.mark.parametrize("role", ["moderator", "banned", "reader", None])
    async def test_that_are_moderators_have_no_power_over_owners(self, chat: Chat, alice: Client, role: str | None):
        lobby = await chat.conversation(roles={alice.user_id: "moderator", (second := uuid4()): "owner"})
        path, body = f"/conversations/{lobby}/members/{second}", {"role": role}
        response = await chat.call("PUT" if role else "DELETE", path, body if role else None, user_id=alice.user_id)
        assert response.status_code == 403

    async def test_do_not_promote_themselves(self, chat: Chat, alice: Client):
        lobby = await chat.conversation()
        path = f"/conversations/{lobby}/members/{alice.user_id}"
        for now in ("moderator", "member", "reader"):
            await chat.set_role(lobby, alice.user_id, now)
            response = await chat.call("PUT", path, {"role": "owner"}, user_id=alice.user_id)
            assert response.status_code == 403
            [listed] = (await chat.call("GET", "/conversations", user_id=alice.user_id)).json()["conversations"]
            assert listed["role"] == now

    async def test_may_leave_but_not_to_escape_a_ban(self, chat: Chat, alice: Client):
        for role, status in {"moderator": 204, "member": 204, "reader": 204, "banned": 404}.items():
            lobby = await chat.conversation(roles={alice.user_id: role}, visibility="public")
            path = f"/conversations/{lobby}/members/{alice.user_id}"
            assert (await chat.call("DELETE", path, user_id=alice.user_id)).status_code == status

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
        assert (await chat.http.get(chat.api[1] + "/health/live")).json() == {"status": "ok"}
        ready = await chat.http.get(chat.api[1] + "/health/ready")
        assert ready.json() == {"status": "ok", "engines": {"sqlite": "ok", "memory": "ok"}}
