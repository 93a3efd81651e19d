"""Protects the tokens of the demonstration: only the browser of the person who started the server gets them.

With the public secret, the server listens only on this machine. Then it refuses requests from pages of other sites, and
requests to any other host name. With a secret of one's own, the address of the page has a key.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def refusal(request: Request, key: str | None) -> str | None:
    """Say why a request is refused; None if it is not. Without a key, only the names of this machine are served."""
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    try:
        is_ours = origin is None or urlsplit(origin).netloc == host
        is_here = urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:  # [ without ]
        is_ours = is_here = False
    if not is_ours:
        return "Only the page of this server may request this."
    if key is None:
        return None if is_here else "Open the page at the address that the server printed."
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secrets.compare_digest(given.encode(), key.encode()):
        return None
    return "Open the page at the address that the server printed, with its key."


def guarded(
    handle: Callable[[Request], Awaitable[Response]], key: str | None
) -> Callable[[Request], Awaitable[Response]]:
    """Call the handler only for requests that `refusal` allows; answer others with 403."""

    async def look_first(request: Request) -> Response:
        why = refusal(request, key)
        return await handle(request) if why is None else JSONResponse({"error": why}, 403)

    return look_first
