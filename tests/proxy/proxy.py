"""The proxy: one listening socket per upstream, and a link for each connection through it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.proxy import frames
from tests.proxy.rules import EVERY, Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.proxy.rules import Action, Frame

LARGEST_HEAD = 2**21
LINGER = 2.0
"""Seconds that one side gets to end what the other has ended."""
DISCRIMINATOR = "type"
HOST = re.compile(rb"(?im)^host:[^\r]*")
EXTENSIONS = re.compile(rb"(?im)^sec-websocket-extensions:[^\r]*\r\n")
"""Not offered to the server, so that frames are what they say."""


class Link:
    """One connection through the proxy."""

    def __init__(self, rules: Rules, writer: asyncio.StreamWriter, links: set[Link]) -> None:
        self.rules = rules
        self._writer = writer
        self._links = links
        self.open = True

    def others(self) -> list[Link]:
        """Give the connections that are open beside this one."""
        return [link for link in self._links if link is not self]

    def send(self, frame: Frame | str) -> None:
        """Give the client a frame, as if it came from the server."""
        if self.open and not self._writer.is_closing():
            payload = _text(frame).encode()
            cut = self.rules.cut or len(payload) or 1
            pieces = [payload[at : at + cut] for at in range(0, len(payload), cut)] or [b""]
            for index, piece in enumerate(pieces):
                opcode = frames.CONTINUATION if index else frames.TEXT
                self._writer.write(frames.write(opcode, piece, final=index == len(pieces) - 1))

    def event(self, wire: frames.WireFrame) -> None:
        """Let a frame of the server pass, or what the rules make of it."""
        change = self.rules.control.get(wire.opcode)
        if change is not None:
            self._writer.write(frames.write(wire.opcode, change(wire.payload)))
            return
        instead = _applied(self.rules.events, wire, self)
        if instead is None and not (self.rules.cut and wire.whole_text):
            self._writer.write(wire.raw)
            return
        for frame in [wire.payload.decode()] if instead is None else instead:
            self.send(frame)

    def request(self, wire: frames.WireFrame) -> bytes:
        """Give what the server gets instead of a frame of the client."""
        instead = _applied(self.rules.requests, wire, self)
        if instead is None:
            return wire.raw
        return b"".join(frames.write(frames.TEXT, _text(frame).encode(), masked=True) for frame in instead)


class Proxy:
    """Stands before some upstream addresses for as long as its context lasts; `instances` are its own addresses.

    Example:
        async with Proxy(["ws://127.0.0.1:8000/ws"], drop_new_message) as proxy:
            print(proxy.instances)
    """

    def __init__(self, upstreams: Sequence[str], rules: Callable[[], Rules] = Rules, port: int = 0) -> None:
        self._upstreams = upstreams
        self._rules = rules
        self._port = port
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.links: set[Link] = set()
        self.instances: tuple[str, ...] = ()

    async def __aenter__(self) -> Proxy:
        for upstream in self._upstreams:
            accept = partial(self._accept, upstream)
            self._servers.append(await asyncio.start_server(accept, "127.0.0.1", self._port, limit=LARGEST_HEAD))
        ports = [server.sockets[0].getsockname()[1] for server in self._servers]
        paths = [urlsplit(upstream).path for upstream in self._upstreams]
        self.instances = tuple(f"ws://127.0.0.1:{port}{path}" for port, path in zip(ports, paths, strict=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, upstream: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(upstream, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # One side is gone before there was a conversation, or the proxy is.
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _serve(self, upstream: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        parts = urlsplit(upstream)
        secure = parts.scheme == "wss"
        port = parts.port or (443 if secure else 80)
        up_reader, up_writer = await asyncio.open_connection(
            parts.hostname, port, ssl=secure or None, limit=LARGEST_HEAD
        )
        try:
            up_writer.write(EXTENSIONS.sub(b"", HOST.sub(b"Host: " + parts.netloc.encode(), head, count=1)))
            answer = await up_reader.readuntil(b"\r\n\r\n")
            link = Link(self._rules(), writer, self.links)
            if not re.match(rb"HTTP/1\.1 101\b", answer):
                writer.write(link.rules.status(answer) if link.rules.status else answer)
                await _both(_copy(reader, up_writer), _copy(up_reader, writer))
                return
            self.links.add(link)
            try:
                writer.write(answer)
                await _both(_requests(link, reader, up_writer), _events(link, up_reader, writer))
            finally:
                self.links.discard(link)
        finally:
            up_writer.transport.abort()


async def _requests(link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with _ending(writer):
        while True:
            writer.write(link.request(await frames.read(reader)))
            await writer.drain()


async def _events(link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with _ending(writer):
        while True:
            try:
                wire = await frames.read(reader)
            except asyncio.IncompleteReadError:
                link.open = False
                raise
            link.event(wire)
            await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with _ending(writer):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
        raise asyncio.IncompleteReadError(b"", None)


@contextlib.contextmanager
def _ending(writer: asyncio.StreamWriter) -> Any:
    """Pass the end of one side on to the other: its last bytes and its end, or its breakdown."""
    try:
        yield
    except asyncio.IncompleteReadError as end:
        if not writer.is_closing():
            writer.write(end.partial)
            if writer.can_write_eof():
                writer.write_eof()
    except OSError:
        writer.transport.abort()


async def _both(*sides: Any) -> None:
    """Carry both directions, and a moment longer when one has ended."""
    tasks = [asyncio.ensure_future(side) for side in sides]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(tasks, timeout=LINGER)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _applied(actions: dict[str, Action], wire: frames.WireFrame, link: Link) -> Sequence[Frame | str] | None:
    """Give what the rules make of a message; None: they have nothing to do with it."""
    if not actions or not wire.whole_text:
        return None
    try:
        frame = json.loads(wire.payload)
        kind = frame[DISCRIMINATOR]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    action = (actions.get(kind) or actions.get(EVERY)) if isinstance(kind, str) else None
    return None if action is None else action(frame, link)


def _text(frame: Frame | str) -> str:
    return frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
