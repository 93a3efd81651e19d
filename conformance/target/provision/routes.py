"""The way of a request to a provisioning API: the proxy that leads to its address, and TLS as for the WebSockets."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from conformance.target.access import Access


def routes(access: Access, instances: Iterable[str], idle: float) -> httpx.AsyncBaseTransport:
    """Give a transport that chooses the proxy of each request; `idle` is the life of an unused connection, in seconds.

    The TLS server name of the target holds for requests to the hosts of its instances.
    """
    import httpx  # noqa: PLC0415 -- a target that asks no API does without it

    hosts = {urlsplit(url).hostname for url in instances}

    class Routes(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self._ways: dict[str | None, httpx.AsyncHTTPTransport] = {}

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            proxy = access.proxies.leading_to(str(request.url))
            if access.tls.server_name and request.url.host in hosts:
                request.extensions = {**request.extensions, "sni_hostname": access.tls.server_name}
            if proxy not in self._ways:
                limits = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=idle)
                self._ways[proxy] = httpx.AsyncHTTPTransport(verify=access.tls.opened(), limits=limits, proxy=proxy)
            return await self._ways[proxy].handle_async_request(request)

        async def aclose(self) -> None:
            for way in self._ways.values():
                await way.aclose()

    return Routes()
