"""The paths of the page: `/`, its files, the schemas, the users with their tokens, and the switches."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reference_server.auth import issue
from reference_server.dialect.around import PROTOCOL
from reference_server.misbehaviour.switches import SWITCHES, SwitchError
from reference_server.playground import schemas
from reference_server.playground.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from uuid import UUID

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from reference_server.misbehaviour.switches import Switchboard

#: The most users whose tokens the page gets.
MOST_USERS = 200
FILES = Path(__file__).parent / "static"
MEDIA = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
#: The page runs only its own scripts, connects only to its own server, and never turns a text into markup.
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
    """The users of the page, and the key of its address (None: no key is needed, see `guard`).

    `dialect` is the file of the dialect that other clients speak.
    """

    users: Mapping[str, UUID]
    secret: str
    lifetime: timedelta
    switchboard: Switchboard
    key: str | None = None
    dialect: str | None = None

    def address(self, authority: str) -> str:
        """Give the address of the page."""
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
            for name, user_id in islice(playground.users.items(), MOST_USERS)
        ]
        given = {"users": users, "is_public": playground.key is None, "dialect": playground.dialect}
        return JSONResponse(given | {"under": PROTOCOL if playground.dialect else ""}, headers=HEADERS)

    async def give_switches(_request: Request) -> Response:
        return JSONResponse({"switches": _describe(playground.switchboard)}, headers=HEADERS)

    async def set_switches(request: Request) -> Response:
        try:
            changes = await request.json()
            if not isinstance(changes, dict) or not all(isinstance(text, str) for text in changes.values()):
                raise SwitchError('Give the value of each switch as text, as in {"latency": "200ms"}.')
            playground.switchboard.set(changes)
        except SwitchError as error:
            return JSONResponse({"error": str(error)}, 422, HEADERS)
        except (ValueError, RecursionError):
            return JSONResponse({"error": "The body is not JSON."}, 422, HEADERS)
        return await give_switches(request)

    return [
        Route("/", give_page),
        Route("/playground/schemas.json", give_schemas),
        Route("/playground/users.json", guarded(give_users, playground.key)),
        Route("/playground/switches.json", guarded(give_switches, playground.key)),
        Route("/playground/switches.json", guarded(set_switches, playground.key), methods=["PUT"]),
        Route("/playground/{name}", give_file),
    ]


def _describe(switchboard: Switchboard) -> list[dict[str, str | bool]]:
    """Give each switch with its current value."""
    texts = switchboard.texts()
    return [
        {"name": one.name, "value": texts[one.name], "example": one.example, "help": one.help, "is_flag": one.is_flag}
        for one in SWITCHES
    ]
