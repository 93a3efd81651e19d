"""The driver of the reference server's own API."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import httpx
import pytest

from conformance.errors import ChangeRefused, ProvisioningFailed
from conformance.target.access import Access
from conformance.target.accounts import Account, Room, Wanted
from conformance.target.provision.api_client import ApiClient
from conformance.target.provision.created import CreatingProvisioner
from conformance.target.provision.reference import AdminAccount, Reference
from conformance.target.secrets import Secrets
from tests.conformance.run_contexts import target_at
from tests.doubles.answers import answering as answering_with
from tests.doubles.answers import response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from conformance.spec import Spec


SOMEBODY = Account("parity-1-alice", "u1")


async def at_once() -> None:
    pass


async def streamed(content: bytes) -> AsyncIterator[bytes]:
    yield content


def answering(handle: Callable[[httpx.Request], httpx.Response]) -> AdminAccount:
    """A driver whose server is a function."""

    def whole(request: httpx.Request) -> httpx.Response:
        made = handle(request)
        return httpx.Response(made.status_code, content=streamed(made.content))

    client = httpx.AsyncClient(base_url="http://toy/api/v1", transport=httpx.MockTransport(whole))
    tokens = count(1)

    def authorize(account: Account | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {account.name if account else 't'}{next(tokens)}"}

    return AdminAccount(ApiClient(client, Secrets(), at_once), authorize)


async def test_shows_a_new_token_with_each_request() -> None:
    """A run may last longer than a token."""
    shown = []

    def handle(request: httpx.Request) -> httpx.Response:
        shown.append(request.headers["Authorization"])
        return httpx.Response(201, json={"conversation_id": "c1"})

    admin = answering(handle)
    await admin.conversation("lobby", "private", [])
    await admin.give_role("c1", SOMEBODY, "reader")
    assert shown == ["Bearer t1", "Bearer t2"]


async def test_asks_with_the_token_of_the_user_who_is_named() -> None:
    seen = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(204)

    driver = answering(handle)
    await driver.give_role("c1", SOMEBODY, "reader", SOMEBODY)
    await driver.remove("c1", SOMEBODY, SOMEBODY)
    assert seen == [f"Bearer {SOMEBODY.name}1", f"Bearer {SOMEBODY.name}2"]


async def test_a_closed_conversation_is_made_by_its_first_member() -> None:
    """The API makes whoever creates a conversation its owner."""
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Authorization"])
        return httpx.Response(201, json={"conversation_id": f"c{len(asked)}"})

    rooms = {"open": Room("private", {"bob": "owner"}), "closed": Room("private", {"bob": "owner"}, closed=True)}
    await CreatingProvisioner(answering(handle), None, "n").lease(Wanted(("bob",), rooms))
    assert asked == ["Bearer t1", "Bearer parity-n-1-bob2"]


async def test_lists_every_member_with_its_role() -> None:
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path, request.content))
        return httpx.Response(201, json={"conversation_id": "c1"})

    assert await answering(handle).conversation("lobby", "public", [(SOMEBODY, "owner")]) == "c1"
    ((method, path, body),) = asked
    assert (method, path) == ("POST", "/api/v1/conversations")
    assert b'"visibility":"public"' in body.replace(b" ", b"")
    assert b'{"user_id":"u1","role":"owner"}' in body.replace(b" ", b"")


async def test_changes_and_ends_a_membership() -> None:
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        return httpx.Response(204)

    driver = answering(handle)
    await driver.give_role("c1", SOMEBODY, "reader")
    await driver.remove("c1", SOMEBODY)
    path = "/api/v1/conversations/c1/members/u1"
    assert asked == [("PUT", path), ("DELETE", path)]


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, ChangeRefused), (404, ChangeRefused), (409, ChangeRefused), (401, ProvisioningFailed)]
    + [(status, ProvisioningFailed) for status in (400, 422, 429, 500)],
)
async def test_tells_a_refusal_from_a_request_that_went_wrong(status: int, error: type[Exception]) -> None:
    driver = answering(lambda _: httpx.Response(status))
    with pytest.raises(ProvisioningFailed) as caught:
        await driver.give_role("c1", SOMEBODY, "owner", SOMEBODY)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (
            httpx.Response(403, text="no"),
            "POST /conversations was answered with 403: no; likely causes, in this order: the",
        ),
        (httpx.Response(201, json={"id": "c1"}), "without a conversation_id"),
        (httpx.Response(201, json=["c1"]), "without a conversation_id"),
        (httpx.Response(201, text="<html>"), "was answered with 201 and no JSON"),
        (httpx.Response(201, text="[" * 100_000), "was answered with 201 and no JSON"),
        (httpx.Response(201, text='{"conversation_id": ' + "9" * 5000 + "}"), "was answered with 201 and no JSON"),
        (httpx.Response(307, text=""), "POST /conversations was answered with 307"),
    ],
)
async def test_says_what_the_server_did_instead(response: httpx.Response, said: str) -> None:
    with pytest.raises(ProvisioningFailed, match=said):
        await answering(lambda _: response).conversation("lobby", "private", [])


async def test_says_that_the_server_is_gone() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("all is dark", request=request)

    with pytest.raises(ProvisioningFailed, match="POST /conversations failed: all is dark"):
        await answering(handle).conversation("lobby", "private", [])


@pytest.mark.parametrize("api", [None, "elsewhere"])
async def test_the_api_beside_an_instance_gets_the_headers_of_the_gateway(spec: Spec, api: str | None) -> None:
    async with answering_with(response(b'{"conversation_id": "c1"}', "201 Created")) as server:
        target = target_at(
            spec,
            f"ws://127.0.0.1:{server.port}/ws",
            access=Access({"X-Api-Key": "k", "Origin": "https://app.example", "authorization": "mine"}),
        )
        driver = Reference(f"{server.url}/api/v1" if api else None)
        async with driver.open(target, "member") as provisioner:
            await provisioner.lease(Wanted(("alice",), {"lobby": Room("private", {"alice": "owner"})}))
    (head,) = server.heads
    sent = dict(line.lower().split(": ", 1) for line in head.splitlines() if ": " in line)
    assert sent.get("x-api-key") == (None if api else "k")
    assert sent["authorization"].startswith("bearer ey")
    assert "origin" not in sent
