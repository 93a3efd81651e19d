"""The paths of the page: `/`, its files, the schemas, and the users with their tokens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reference_server.auth import issue
from reference_server.playground import schemas
from reference_server.playground.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from uuid import UUID

    from starlette.requests import Request
    from starlette.routing import BaseRoute

FILES = Path(__file__).parent / "static"
MEDIA = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
#: The page runs its own scripts alone, and talks to its own server alone; a text never becomes markup.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Playground:
    """Whom the page may be, and what opens it: None is the address alone, see `guard`."""

    users: Mapping[str, UUID]
    secret: str
    lifetime: timedelta
    key: str | None = None

    def address(self, authority: str) -> str:
        """Give the address that a person opens."""
        return f"http://{authority}/" + (f"#key={self.key}" if self.key else "")


def routes(playground: Playground) -> list[BaseRoute]:
    """Give the routes of the page."""
    index = (FILES / "index.html").read_bytes()
    files = {file.name: (file.read_bytes(), MEDIA[file.suffix]) for file in FILES.iterdir() if file.suffix in MEDIA}
    requests = schemas.read()

    async def give_page(_request: Request) -> Response:
        return Response(index, media_type="text/html", headers=HEADERS)

    async def give_file(request: Request) -> Response:
        body, media = files.get(request.path_params["name"], (None, None))
        return Response(body, 404 if body is None else 200, HEADERS, media)

    async def give_schemas(_request: Request) -> Response:
        return JSONResponse(requests, headers=HEADERS)

    async def give_users(_request: Request) -> Response:
        secret, lifetime = playground.secret, playground.lifetime
        users = [
            {"name": name, "user_id": str(user_id), "token": issue(user_id, name, secret, lifetime)}
            for name, user_id in playground.users.items()
        ]
        return JSONResponse({"users": users, "is_public": playground.key is None}, headers=HEADERS)

    return [
        Route("/", give_page),
        Route("/playground/schemas.json", give_schemas),
        Route("/playground/users.json", guarded(give_users, playground.key)),
        Route("/playground/{name}", give_file),
    ]
