"""A client that keeps replies and events apart, and a place where users meet."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import deque
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
import jwt
from websockets.asyncio.client import ClientConnection, connect

from reference_server.__main__ import main
from tests.forked import ForkedPopen
from tests.variants.serve import main as serve_variant

SECRET = "a secret that is only used by the tests"
REPLIES = {"HistoryChunk", "SearchResults", "SyncChunk", "Pong", "ActionConfirmed", "Error"}
PATIENCE_S = 60.0
#: The token leeway of the server that the tests share.
LEEWAY_S = 1
ROOT = Path(__file__).parents[2]

Frame = dict[str, Any]


def token(user_id: UUID, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """Sign a token for a day, since some are made when the tests are collected; a claim that is None is left out."""
    now = int(time.time())
    all_claims = {"sub": str(user_id), "username": "somebody", "iat": now, "exp": now + 86_400} | claims
    return jwt.encode(
        {name: value for name, value in all_claims.items() if value is not None}, secret, algorithm=algorithm
    )


async def open_socket(url: str, token: str, **options: Any) -> ClientConnection:
    """Connect as the protocol's clients do."""
    defaults: dict[str, Any] = {"compression": None, "ping_interval": None, "max_queue": None, "proxy": None}
    return await connect(f"{url}?token={token}", **(defaults | options))


class Client:
    """One connection of one user, greeted."""

    def __init__(self, socket: ClientConnection, user_id: UUID) -> None:
        self.socket = socket
        self.user_id = user_id
        self.presence: list[Frame] = []
        self._events: deque[Frame] = deque()

    async def send(self, type: str, **fields: Any) -> None:
        """Send a request and wait for nothing."""
        body = {name: str(value) if isinstance(value, UUID) else value for name, value in fields.items()}
        await self.socket.send(json.dumps({"type": type, **body}))

    async def ask(self, type: str, **fields: Any) -> Frame:
        """Send a request and return its reply."""
        await self.send(type, **fields)
        return await self.reply()

    async def ask_raw(self, data: str | bytes) -> Frame:
        """Send any frame and return the reply."""
        await self.socket.send(data)
        return await self.reply()

    async def reply(self) -> Frame:
        """Return the next reply; events that come before it are kept."""
        while True:
            frame = await self.frame()
            if frame["type"] in REPLIES:
                return frame
            self._keep(frame)

    async def frame(self) -> Frame:
        """Return the next frame, whatever it is."""
        async with asyncio.timeout(PATIENCE_S):
            return json.loads(await self.socket.recv())

    async def event(self) -> Frame:
        """Wait for the next event."""
        while not self._events:
            frame = await self.frame()
            assert frame["type"] not in REPLIES, frame
            self._keep(frame)
        return self._events.popleft()

    async def events(self) -> list[Frame]:
        """Return all events so far: those before the answer to a Ping."""
        assert (await self.ask("Ping"))["type"] == "Pong"
        events = list(self._events)
        self._events.clear()
        return events

    async def types(self) -> list[str]:
        """Return the types of all events so far."""
        return [event["type"] for event in await self.events()]

    async def say(self, conversation_id: UUID, content: str, **fields: Any) -> Frame:
        """Send a message into a joined conversation and return its event."""
        reply = await self.ask("SendMessage", conversation_id=conversation_id, content=content, **fields)
        assert reply == {"type": "ActionConfirmed", "action": "message_sent", "success": True}, reply
        mine = [event for event in await self.events() if event.get("sender_id") == str(self.user_id)]
        return mine[-1]

    async def closed(self) -> int:
        """Wait for the end of the connection and return its close code."""
        async with asyncio.timeout(PATIENCE_S):
            await self.socket.wait_closed()
        assert self.socket.close_code is not None
        return self.socket.close_code

    def _keep(self, frame: Frame) -> None:
        (self.presence if frame["type"] == "UserPresenceUpdate" else self._events).append(frame)


class Chat:
    """Fresh users and conversations on the instances of a deployment."""

    def __init__(self, instances: list[str], api: list[str]) -> None:
        self.instances = instances
        self.api = api
        self.admin = uuid4()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.http = await self._stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def connect(self, user_id: UUID | None = None, instance: int = 0, **claims: Any) -> Client:
        """Connect a user, by default a new one."""
        user_id = user_id or uuid4()
        socket = await open_socket(self.instances[instance], token(user_id, **claims))
        self._stack.push_async_callback(socket.close)
        client = Client(socket, user_id)
        assert (await client.frame())["action"] == "connected"
        return client

    async def conversation(
        self, *members: Client, roles: dict[UUID, str] | None = None, visibility: str = "private", join: bool = True
    ) -> UUID:
        """Create a conversation that the clients are members of and have joined."""
        with_roles = {client.user_id: "member" for client in members} | (roles or {})
        response = await self.call(
            "POST",
            "/conversations",
            {
                "visibility": visibility,
                "members": [{"user_id": str(user_id), "role": role} for user_id, role in with_roles.items()],
            },
        )
        assert response.status_code == 201, response.text
        conversation_id = UUID(response.json()["conversation_id"])
        for client in members if join else ():
            reply = await client.ask("JoinConversation", conversation_id=conversation_id)
            assert reply["action"] == "joined_conversation"
        return conversation_id

    async def set_role(self, conversation_id: UUID, user_id: UUID, role: str | None) -> None:
        """Give a role, or take it away."""
        path = f"/conversations/{conversation_id}/members/{user_id}"
        if role is None:
            response = await self.call("DELETE", path)
        else:
            response = await self.call("PUT", path, {"role": role})
        assert response.status_code in {200, 204}, response.text

    async def call(
        self, method: str, path: str, body: Any = None, *, user_id: UUID | None = None, instance: int = 0
    ) -> httpx.Response:
        """Call the provisioning API, as the admin unless told otherwise."""
        headers = {"Authorization": f"Bearer {token(user_id or self.admin)}"}
        return await self.http.request(method, self.api[instance] + path, json=body, headers=headers)


class Command:
    """The command `reference_server` in a process of its own: forked, or `real`, which takes a second of imports.

    `variant`: a legal difference of the server.
    """

    def __init__(
        self,
        database: Path | str | None,
        *options: str,
        ports: tuple[int, ...] = (0,),
        real: bool = False,
        variant: str = "",
    ) -> None:
        url = f"sqlite:///{database}" if isinstance(database, Path) else database
        if isinstance(database, Path) and not real:
            url += "?synchronous=normal"
        arguments = ["--jwt-secret", SECRET, "--exit-on-stdin-eof", *(["--database", url] if url else [])]
        for port in ports:
            arguments += ["--port", str(port)]
        environment = {name: value for name, value in os.environ.items() if name != "JWT_SECRET"}
        self.process: subprocess.Popen[bytes] | ForkedPopen
        if real:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "reference_server", *arguments, *options],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        else:
            serve, first = (serve_variant, [variant]) if variant else (main, [])
            self.process = ForkedPopen(serve, [*first, *arguments, *options], environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.end()[1])
        self.ready: Frame = json.loads(line)

    @property
    def chat(self) -> Chat:
        """A place on this server."""
        return Chat(self.ready["instances"], self.ready["api"])

    def end(self) -> tuple[int, str]:
        """Let go of its stdin and wait for its end; return its exit code and its log."""
        _, log = self.process.communicate(timeout=100)
        assert self.process.returncode is not None
        return self.process.returncode, log.decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
