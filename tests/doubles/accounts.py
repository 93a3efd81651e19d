"""A login service: a client registers, logs in, and gets a token. It has its own form of requests and answers.

It runs beside the reference server, which takes the tokens that this one signs.
"""

from __future__ import annotations

import json
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


CROWD = 10


class Page(str):
    """A page for people, which is sent as it is."""

    __slots__ = ()


@dataclass
class Accounts:
    """What has been asked of it; the first `busy` answers are 503; `crowded` is set once many are here."""

    secret: str
    url: str = ""
    users: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    busy: int = 0
    removable: bool = True
    told: list[str] = field(default_factory=list)
    crowded: threading.Event = field(default_factory=threading.Event)
    screech: Callable[[str], str] = str

    def answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> tuple[int, dict[str, str], Any]:
        self.asked.append((f"{method} {path}", headers, json.dumps(body)))
        if self.busy:
            self.busy -= 1
            return 503, {}, {"error": "come again"}
        match method, path:
            case "POST", "/register":
                self.users[body["username"]] = (str(uuid.uuid4()), body["password"])
                if len(self.users) > CROWD:
                    self.crowded.set()
                return (
                    201,
                    {"Location": f"/users/{body['username']}"},
                    {"user": {"id": self.users[body["username"]][0]}},
                )
            case "POST", "/login":
                user, password = self.users.get(body["username"], ("", ""))
                if not user or password != body["password"]:
                    return (
                        401,
                        {},
                        {"error": f"the password {body['password']} is wrong; the key is {headers.get('x-key')}"},
                    )
                until = datetime.now(UTC) + timedelta(minutes=15)
                self.told.append(password)
                token = jwt.encode({"sub": user, "exp": until, "jti": str(uuid.uuid4())}, self.secret)
                self.told.append(token)
                return 200, {"Set-Cookie": f"session={body['username']}; Path=/"}, {"data": [{"token": token}]}
            case "GET", "/portal":
                return 200, {}, Page("<!DOCTYPE html><html>Log in</html>")
            case "DELETE", _ if self.removable:
                gone = self.users.pop(path.rpartition("/")[2], None)
                return (204, {}, None) if gone else (404, {}, {"error": "nobody"})
            case "DELETE", _:
                return 403, {}, {"error": "never"}
        return 404, {}, {"error": self.screech(" ".join(self.told[-4:]))}


@contextmanager
def accounts(secret: str) -> Iterator[Accounts]:
    """Serve it on this machine, in threads."""
    service = Accounts(secret)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            headers = {key.lower(): value for key, value in self.headers.items()}
            status, more, answer = service.answer(self.command, self.path, headers, body)
            written = (
                b"" if answer is None else answer.encode() if isinstance(answer, Page) else json.dumps(answer).encode()
            )
            self.send_response(status)
            for key, value in {**more, "Content-Length": str(len(written))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(written)

        do_POST = do_DELETE = do_PUT = do_GET = handle_one

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
