"""The relay behind a proxy: the upstream is reached through it, and a refusal says why."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import InvalidStatus

from conformance.engine.observe.side import Upstream
from tests.conformance.engine.observe.test_relay import relayed
from tests.doubles.forward_proxy import ForwardProxy
from tests.doubles.listening import certified

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

    from conformance.spec import Spec

HOST = "chat.invalid"


async def told(connection: ServerConnection) -> None:
    """Say what the handshake had, then repeat what comes."""
    assert connection.request is not None
    await connection.send(connection.request.headers.get("X-Api-Key", "no key"))
    async for message in connection:
        await connection.send(message)


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
@pytest.mark.parametrize("secure", [False, True])
async def test_frames_pass_through_a_proxy_and_the_relay(whole_spec: Spec, scheme: str, *, secure: bool) -> None:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with serve(told, "127.0.0.1", 0, ssl=certified(authority, HOST) if secure else None) as server:
        port = server.sockets[0].getsockname()[1]
        async with ForwardProxy({f"{HOST}:{port}": port}).serving() as proxy:
            url = f"{'wss' if secure else 'ws'}://{HOST}:{port}"
            way = f"{scheme}://127.0.0.1:{proxy.port}"
            upstream = Upstream(url, trusting if secure else None, None, {"X-Api-Key": "theirs"}, way)
            async with relayed(whole_spec, upstream) as watched, connect(watched.url) as client:
                assert await client.recv() == "theirs"
                await client.send("hello")
                assert await client.recv() == "hello"
            assert len(proxy.asked) == 1
            assert proxy.asked[0].endswith(f"{HOST}:{port}")


async def test_the_headers_of_the_target_replace_those_of_the_client(whole_spec: Spec) -> None:
    async with serve(told, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        upstream = Upstream(f"ws://127.0.0.1:{port}", None, headers={"X-Api-Key": "the target's"})
        key = {"x-api-key": "the client's"}
        async with (
            relayed(whole_spec, upstream) as watched,
            connect(watched.url, additional_headers=key) as client,
        ):
            assert await client.recv() == "the target's"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://{proxy}", "the proxy wants a user name and password (`proxy:` in the target file)"),
        ("http://anna:wrong@{proxy}", "the proxy wants a user name and password (`proxy:` in the target file)"),
        ("http://anna:right@{proxy}", "the proxy answers with HTTP 502"),
        ("http://127.0.0.1:1", "nobody listens there"),
    ],
)
async def test_a_proxy_that_does_not_lead_there_is_told_in_one_line(whole_spec: Spec, url: str, said: str) -> None:
    credentials = base64.b64encode(b"anna:right").decode()
    async with ForwardProxy({}, credentials).serving() as proxy:
        upstream = Upstream(f"ws://{HOST}:80", None, proxy=url.format(proxy=urlsplit(proxy.url).netloc))
        async with relayed(whole_spec, upstream) as watched:
            with pytest.raises(InvalidStatus) as refused:
                async with connect(watched.url):
                    pass
            assert refused.value.response.status_code == 502
            assert watched.troubles == [said]
