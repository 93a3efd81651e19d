"""An HTTP server that answers every request with the same bytes, however odd, and remembers the requests."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

END = b"\r\n\r\n"
PIECE = 1 << 16


def response(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    """A whole answer, after which the connection closes."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers])
    return head.encode() + END + body


@dataclass
class Answers:
    """`pieces` gives what is written, piece by piece; a number in between is a pause in seconds."""

    pieces: Callable[[], Iterable[bytes | float]]
    heads: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append((await reader.readuntil(END)).decode("latin-1"))
            for piece in self.pieces():
                if isinstance(piece, float):
                    await asyncio.sleep(piece)  # A sleep: it plays a slow server.
                    continue
                writer.write(piece)
                await writer.drain()
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            if not writer.is_closing():
                writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def answering(pieces: bytes | Callable[[], Iterable[bytes | float]]) -> AsyncIterator[Answers]:
    """Serve these bytes, or what a function gives anew for each request."""
    answers = Answers((lambda: [pieces]) if isinstance(pieces, bytes) else pieces)
    visits: set[asyncio.Task[None]] = set()

    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.add(asyncio.create_task(answers._meet(reader, writer)))

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    answers.port = server.sockets[0].getsockname()[1]
    try:
        yield answers
    finally:
        server.close()
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)


def endless(head: bytes, piece: bytes, pause: float | None = None) -> Callable[[], Iterator[bytes | float]]:
    """An answer that never ends, at full speed or with a pause between its pieces."""

    def pieces() -> Iterator[bytes | float]:
        yield head
        while True:
            yield piece
            if pause is not None:
                yield pause

    return pieces
