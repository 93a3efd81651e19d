"""Sends a request again where the connection that it went out on had been ended for being idle.

Servers and gateways end idle HTTP connections, sometimes just as a request of ours is on its way. Nobody has read such
a request, so that it may be sent again, as browsers do (RFC 9112 §9.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MOST_STALE = 5
"""Connections that may turn out to have been ended until a request counts as failed."""

_T = TypeVar("_T")


@dataclass(slots=True)
class _Exchange:
    """What is known of one request: whether its connection is a new one, and whether an answer has begun."""

    new: bool = False
    answered: bool = False

    async def note(self, event: str, _: object) -> None:
        """Take an event of the HTTP library's tracing."""
        self.new |= event.startswith("connection.connect_")
        self.answered |= event.endswith(".receive_response_headers.complete")


async def send(request: Callable[[dict[str, Any]], Awaitable[_T]]) -> _T:
    """Give what comes of a request, which takes the library's `extensions`; raises what it raises."""
    import httpx  # noqa: PLC0415 -- a target that asks no API does without it

    for _ in range(MOST_STALE):
        exchange = _Exchange()
        try:
            return await request({"trace": exchange.note})
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if exchange.new or exchange.answered:
                raise
    return await request({})
