"""WebSockets and the requests of provisioning take the same way: proxy, TLS, headers, subprotocols."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from conformance.errors import ProvisioningFailed
from conformance.target.access.model import Access
from conformance.target.access.proxies import Proxies
from conformance.target.access.tls import Tls
from conformance.target.provision.api_client import open_client
from conformance.wire.connection import Connection
from conformance.wire.handshake import Handshake
from conformance.wire.handshake_errors import Refused
from conformance.wire.open_connection import open_connection
from tests.conformance.run_contexts import target_at
from tests.doubles.answers import answering, response
from tests.doubles.forward_proxy import ForwardProxy
from tests.doubles.listening import certified, listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from websockets.asyncio.server import ServerConnection

    from conformance.spec import Spec
    from conformance.target.provision.api_client import Answer

HOST = "chat.example"


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


async def silent(socket: ServerConnection) -> None:
    await socket.wait_closed()


async def opened(spec: Spec, url: str, access: Access, handshake: Handshake | None = None) -> str:
    """Say how a connection comes to be, or why it does not."""
    outcome = await open_connection(
        "alice", url, spec.protocol, spec.outgoing, timeout=60.0, access=access, handshake=handshake or Handshake()
    )
    if isinstance(outcome, Refused):
        return str(outcome)
    assert isinstance(outcome, Connection)
    await outcome.close()
    return "open"


async def asked(spec: Spec, url: str, access: Access, **changes: Any) -> Answer:
    target = target_at(spec, f"wss://{HOST}/ws", access=access, **changes)
    async with open_client(target) as client:
        return await client.ask("GET /x", "GET", f"{url}/x")


@asynccontextmanager
async def proxied(leads: dict[str, int], credentials: str = "") -> AsyncIterator[tuple[ForwardProxy, Access]]:
    async with ForwardProxy(leads, credentials).serving() as proxy:
        yield proxy, Access(proxies=Proxies(proxy.url))


async def test_a_websocket_goes_through_the_proxy(spec: Spec) -> None:
    async with listening(silent) as url, proxied({f"{HOST}:80": port_of(url)}) as (proxy, access):
        assert await opened(spec, f"ws://{HOST}/ws", access) == "open"
        assert await opened(spec, f"ws://{HOST}/ws", access, Handshake(small_buffers=True)) == "open"
        assert proxy.asked == [f"CONNECT {HOST}:80"] * 2


async def test_a_request_of_provisioning_goes_through_the_same_proxy(spec: Spec) -> None:
    async with answering(response(b"{}")) as server, proxied({f"{HOST}:81": server.port}) as (proxy, access):
        assert (await asked(spec, f"http://{HOST}:81", access)).status == 200
        assert proxy.asked == [f"GET http://{HOST}:81/x"]


async def test_the_environment_names_the_proxy_of_both(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with answering(response(b"{}")) as server, listening(silent) as url:
        leads = {f"{HOST}:80": port_of(url), f"{HOST}:81": server.port}
        async with proxied(leads) as (proxy, _):
            monkeypatch.setenv("http_proxy", proxy.url)
            assert await opened(spec, f"ws://{HOST}/ws", Access()) == "open"
            assert (await asked(spec, f"http://{HOST}:81", Access())).status == 200
            assert len(proxy.asked) == 2
            assert await opened(spec, url, Access()) == "open"
            assert (await asked(spec, server.url, Access())).status == 200
            assert len(proxy.asked) == 2, "no proxy leads to this machine"


async def test_both_take_a_socks_proxy(spec: Spec) -> None:
    async with answering(response(b"{}")) as server, listening(silent) as url:
        leads = {f"{HOST}:80": port_of(url), f"{HOST}:81": server.port}
        async with proxied(leads) as (proxy, _):
            access = Access(proxies=Proxies(proxy.url.replace("http", "socks5h")))
            assert await opened(spec, f"ws://{HOST}/ws", access) == "open"
            assert (await asked(spec, f"http://{HOST}:81", access)).status == 200
            assert proxy.asked == [f"SOCKS {HOST}:80", f"SOCKS {HOST}:81"]


async def test_a_proxy_that_refuses_is_named_without_its_password(spec: Spec) -> None:
    async with (
        answering(response(b"{}")) as server,
        listening(silent) as url,
        proxied({f"{HOST}:80": port_of(url), f"{HOST}:81": server.port}, "dXNlcjpwYXNz") as (proxy, access),
    ):
        said = await opened(spec, f"ws://{HOST}/ws", access)
        assert said.startswith(f"the proxy answers with HTTP 407, through the proxy {proxy.url}; ")
        with pytest.raises(ProvisioningFailed, match="407"):
            await asked(spec, f"https://{HOST}", access)
        known = Access(proxies=Proxies(proxy.url.replace("//", "//user:pass@")))
        assert await opened(spec, f"ws://{HOST}/ws", known) == "open"
        assert (await asked(spec, f"http://{HOST}:81", known)).status == 200
        assert "user:pass" not in await opened(spec, "ws://elsewhere.example/ws", known)


async def test_nobody_at_the_proxy_is_no_fault_of_the_server(spec: Spec) -> None:
    said = await opened(spec, f"ws://{HOST}/ws", Access(proxies=Proxies("http://127.0.0.1:1")))
    assert said.startswith("nobody listens there, through the proxy http://127.0.0.1:1; ")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> ssl.SSLContext:
    return certified(authority, HOST)


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_through_a_proxy_the_certificate_is_that_of_the_server(
    spec: Spec, authority: trustme.CA, server: ssl.SSLContext
) -> None:
    async with listening(silent, ssl=server) as url, proxied({f"{HOST}:443": port_of(url)}) as (proxy, access):
        known = replace(access, tls=Tls(trusting(authority)))
        assert await opened(spec, f"wss://{HOST}/ws", known) == "open"
        assert (await asked(spec, f"https://{HOST}", known)).status == 426
        assert proxy.asked == [f"CONNECT {HOST}:443"] * 2
        assert "certificate is not trusted" in await opened(spec, f"wss://{HOST}/ws", access)
        with pytest.raises(ProvisioningFailed, match="certificate verify failed"):
            await asked(spec, f"https://{HOST}", access)


async def test_the_name_of_the_certificate_may_be_another(
    spec: Spec, authority: trustme.CA, server: ssl.SSLContext
) -> None:
    async with listening(silent, ssl=server) as url:
        secure = url.replace("ws:", "wss:")
        context = trusting(authority)
        assert "certificate is not trusted" in await opened(spec, secure, Access(tls=Tls(context)))
        access = Access(tls=Tls(context, HOST))
        assert await opened(spec, secure, access) == "open"
        assert await opened(spec, secure, access, Handshake(small_buffers=True)) == "open"
        api = secure.replace("wss:", "https:").removesuffix("/ws")
        assert (await asked(spec, api, access, instances=(secure,))).status == 426
        with pytest.raises(ProvisioningFailed, match="certificate verify failed"):
            await asked(spec, api, access)


async def test_insecure_takes_any_certificate(spec: Spec, server: ssl.SSLContext) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with listening(silent, ssl=server) as url:
        secure = url.replace("ws:", "wss:")
        access = Access(tls=Tls(context, insecure=True))
        assert await opened(spec, secure, access) == "open"
        assert (await asked(spec, secure.replace("wss:", "https:").removesuffix("/ws"), access)).status == 426


async def test_the_client_shows_its_certificate(
    spec: Spec, authority: trustme.CA, server: ssl.SSLContext, tmp_path: Path
) -> None:
    context = trusting(authority)
    authority.issue_cert("client@chat.example").configure_cert(context)
    server.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(server)
    try:
        async with listening(silent, ssl=server) as url:
            secure = url.replace("ws:", "wss:")
            assert await opened(spec, secure, Access(tls=Tls(context, HOST))) == "open"
            assert await opened(spec, secure, Access(tls=Tls(trusting(authority), HOST))) != "open"
    finally:
        server.verify_mode = ssl.CERT_NONE


async def test_offers_the_subprotocols_and_takes_the_one_that_the_server_selects(spec: Spec) -> None:
    heard: list[str] = []

    async def note(socket: ServerConnection) -> None:
        assert socket.request is not None
        heard.append(socket.request.headers["Sec-WebSocket-Protocol"])

    async with listening(note, subprotocols=["chat.v1"]) as url:
        assert await opened(spec, url, Access(), Handshake(subprotocols=("chat.v1", "bearer.x"))) == "open"
    assert heard == ["chat.v1, bearer.x"]


async def test_a_black_hole_ends_in_time_also_with_small_buffers(spec: Spec) -> None:
    async with asyncio.timeout(60):
        outcome = await open_connection(
            "alice",
            "ws://192.0.2.1:9/ws",  # an address for documentation: nobody answers there (RFC 5737)
            spec.protocol,
            spec.outgoing,
            timeout=0.3,
            handshake=Handshake(small_buffers=True),
        )
    assert isinstance(outcome, Refused)
