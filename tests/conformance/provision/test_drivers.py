"""The drivers: one for servers without membership, one for the reference server's own API."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from conformance.errors import ProvisioningFailed
from conformance.provision.nothing import Nothing
from conformance.provision.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable


class TestNothing:
    async def test_gives_a_new_id_for_plain_members(self) -> None:
        driver = Nothing("member")
        made = [await driver.conversation("lobby", "private", {"somebody": "member"}) for _ in range(2)]
        assert len({uuid.UUID(one) for one in made}) == 2

    async def test_cannot_give_a_role(self) -> None:
        driver = Nothing("member")
        with pytest.raises(ProvisioningFailed, match="cannot make anybody owner of lobby"):
            await driver.conversation("lobby", "private", {"somebody": "owner"})
        with pytest.raises(ProvisioningFailed):
            await driver.give_role("lobby", "somebody", "member")
        with pytest.raises(ProvisioningFailed):
            await driver.remove("lobby", "somebody")


def answering(handle: Callable[[httpx.Request], httpx.Response]) -> Reference:
    """A driver whose server is a function."""
    return Reference(httpx.AsyncClient(base_url="http://toy/api/v1", transport=httpx.MockTransport(handle)))


class TestReference:
    async def test_lists_every_member_with_its_role(self) -> None:
        asked = []

        def handle(request: httpx.Request) -> httpx.Response:
            asked.append((request.method, request.url.path, request.content))
            return httpx.Response(201, json={"conversation_id": "c1"})

        assert await answering(handle).conversation("lobby", "public", {"u1": "owner"}) == "c1"
        ((method, path, body),) = asked
        assert (method, path) == ("POST", "/api/v1/conversations")
        assert b'"visibility":"public"' in body.replace(b" ", b"")
        assert b'{"user_id":"u1","role":"owner"}' in body.replace(b" ", b"")

    async def test_changes_and_ends_a_membership(self) -> None:
        asked = []

        def handle(request: httpx.Request) -> httpx.Response:
            asked.append((request.method, request.url.path))
            return httpx.Response(204)

        driver = answering(handle)
        await driver.give_role("c1", "u1", "reader")
        await driver.remove("c1", "u1")
        path = "/api/v1/conversations/c1/members/u1"
        assert asked == [("PUT", path), ("DELETE", path)]

    @pytest.mark.parametrize(
        ("response", "said"),
        [
            (httpx.Response(403, text="no"), "POST /conversations was answered with 403: no"),
            (httpx.Response(201, json={"id": "c1"}), "without a conversation_id"),
            (httpx.Response(201, json=["c1"]), "without a conversation_id"),
            (httpx.Response(201, text="<html>"), "was answered with no JSON"),
        ],
    )
    async def test_says_what_the_server_did_instead(self, response: httpx.Response, said: str) -> None:
        with pytest.raises(ProvisioningFailed, match=said):
            await answering(lambda _: response).conversation("lobby", "private", {})

    async def test_says_that_the_server_is_gone(self) -> None:
        def handle(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("all is dark", request=request)

        with pytest.raises(ProvisioningFailed, match="POST /conversations failed: all is dark"):
            await answering(handle).conversation("lobby", "private", {})
