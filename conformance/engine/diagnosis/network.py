"""The first steps to an address: its name, its port, its certificate."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from datetime import UTC, datetime, timedelta
from ssl import cert_time_to_seconds
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.engine.diagnosis.model import Check, Outlook
from conformance.target.access import shown_address
from conformance.wire.handshake_errors import refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conformance.target import Target
    from conformance.target.access import Access

SOON = timedelta(days=14)
"""A certificate that expires within this time is reported."""
SHOWN = 4
"""The most addresses of one name that are shown."""
SHORTEST = 5.0
"""The shortest time, in seconds, that each step gets."""
PORTS = {"ws": 80, "wss": 443, "http": 80, "https": 443}


async def check_addresses(target: Target) -> AsyncIterator[tuple[int, Check]]:
    """Check the way to each address of a target; gives the number of the address, from 1, with each step."""
    timeout = max(SHORTEST, target.reply)
    for number, url in enumerate(target.instances, 1):
        async for check in check_network(url, target.addresses[number - 1], target.access, timeout):
            yield number, check


async def check_network(url: str, place: str, access: Access, timeout: float) -> AsyncIterator[Check]:
    """Look up the name, connect, and open TLS; stops after a step that fails. `timeout` is in seconds, for each step.

    Through a proxy, only the connection to the proxy can be checked. Raises UsageError if the proxy cannot
    be used.
    """
    proxy = access.proxies.leading_to(url)
    parts = urlsplit(proxy or url)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme.lower(), 1080)
    through = f" of the proxy {shown_address(proxy)}" if proxy else ""
    try:
        async with asyncio.timeout(timeout):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, ValueError) as error:
        yield _bad(place, "name", error, url, timeout, proxy)
        return
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    more = f" and {len(addresses) - SHOWN} more" if len(addresses) > SHOWN else ""
    known = "an address, which needs no lookup" if addresses == [host] else f"{', '.join(addresses[:SHOWN])}{more}"
    yield Check(place, "name", Outlook.GOOD, f"{host}{through} is {known}")
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        yield _bad(place, "port", error, url, timeout, proxy)
        return
    await _close(writer)
    yield Check(place, "port", Outlook.GOOD, f"somebody listens at port {port}{through}")
    if proxy is None and parts.scheme.lower() in ("wss", "https"):
        yield await _check_tls(url, place, access, timeout)


async def _check_tls(url: str, place: str, access: Access, timeout: float) -> Check:
    parts = urlsplit(url)
    name = access.tls.server_name or parts.hostname
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or PORTS[parts.scheme.lower()], ssl=access.tls.opened(), server_hostname=name
            )
    except (OSError, TimeoutError, ValueError) as error:
        return _bad(place, "tls", error, url, timeout)
    version = writer.get_extra_info("ssl_object").version()
    certificate = writer.get_extra_info("peercert") or {}
    await _close(writer)
    if access.tls.insecure:
        return Check(place, "tls", Outlook.ODD, f"{version}; the certificate is not checked", "leave out `insecure`")
    return _judge_certificate(place, version, certificate)


def _judge_certificate(place: str, version: str, certificate: dict[str, Any]) -> Check:
    ends = datetime.fromtimestamp(cert_time_to_seconds(certificate["notAfter"]), UTC)
    seen = f"{version}; the certificate is trusted, and ends on {ends:%Y-%m-%d}"
    if ends - datetime.now(UTC) < SOON:
        return Check(place, "tls", Outlook.ODD, seen, "it expires soon: renew it")
    return Check(place, "tls", Outlook.GOOD, seen)


def _bad(place: str, step: str, error: Exception, url: str, timeout: float, proxy: str | None = None) -> Check:
    if isinstance(error, TimeoutError):
        firewall = "are the host and port right? does a firewall drop the packets?"
        advice = "does it speak TLS there? if not, use ws://" if step == "tls" else firewall
        return Check(place, step, Outlook.BAD, f"nothing came back within {timeout:g} s", advice)
    if not isinstance(error, OSError):  # a part of the name is empty or too long
        return Check(
            place, step, Outlook.BAD, "its name is not a valid host name", "is the host or `server_name` spelled right?"
        )
    found = refused(error, url, timeout, proxy=shown_address(proxy) if proxy else None)
    return Check(place, step, Outlook.BAD, found.why, found.advice)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
