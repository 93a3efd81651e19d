"""Who may see the tokens of the demonstration: the browser of the person who has started it.

With the secret that everybody knows, the server listens on this machine alone; then a page that another site has
loaded, or a name that points to this machine, must be kept out. With a secret of one's own, the address has a key.
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
    """Say why a request is refused; None: it is not. Without a key, only this machine's own names are served."""
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "This is for the page of this server only."
    if key is None:
        return None if urlsplit(f"//{host}").hostname in LOOPBACK else "Open the page by the address that was printed."
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secrets.compare_digest(given.encode(), key.encode()):
        return None
    return "Open the page by the address that was printed, with its key."


def guarded(
    handle: Callable[[Request], Awaitable[Response]], key: str | None
) -> Callable[[Request], Awaitable[Response]]:
    """Let a handler see only what its person has sent."""

    async def look_first(request: Request) -> Response:
        why = refusal(request, key)
        return await handle(request) if why is None else JSONResponse({"error": why}, 403)

    return look_first
