"""A service, or a gateway before it, ends idle HTTP connections: a request that nobody has read is sent again."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from conformance.errors import ProvisioningFailed
from conformance.target import read_target
from conformance.target.accounts import Wanted
from conformance.target.provision import open_provisioner
from tests.conformance.target.provision.recipes import HTTP, target_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from conformance.spec import Spec

ANSWER = b'{"id": "7ffc0e7e-0d1b-4c3a-8f5e-0a1b2c3d4e5f", "token": "a.b.c"}'
STEPS = """
  account:
    - request: POST {url}/register
      capture: {{user_id: id}}
    - request: POST {url}/login
      capture: {{token: token}}
  clean_up:
    account: [{{request: "DELETE {url}/users"}}]
"""


@dataclass
class Service:
    """A login service; each connection is good for so many requests, the next one ends it in the given way."""

    good: int
    ending: bytes = b""
    url: str = ""
    answered: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    visits: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Service]:
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await asyncio.gather(*self.visits)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        self.visits.add(visit)
        with contextlib.suppress(OSError, EOFError):
            for _ in range(self.good):
                request = await reader.readuntil(b"\r\n\r\n")
                self.answered.append(request.decode().partition(" HTTP")[0])
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))
            request = await reader.readuntil(b"\r\n\r\n")  # It ends just as the next request is on its way.
            self.cut.append(request.decode().partition(" HTTP")[0])
            writer.write(self.ending)
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def provisioned(spec: Spec, folder: Path, service: Service) -> None:
    section = HTTP.format(api=service.url) + STEPS.format(url=service.url)
    target = read_target(target_file(folder, ["ws://127.0.0.1:1/ws"], section, "auth: {query_param: token}"), spec)
    async with open_provisioner(target, "member") as provisioner:
        await provisioner.lease(Wanted(("alice",)))


async def test_a_request_on_a_connection_that_was_ended_is_sent_again(spec: Spec, tmp_path: Path) -> None:
    async with Service(good=1).serving() as service:
        await provisioned(spec, tmp_path, service)
    assert service.cut
    assert service.answered.count("POST /register") == service.answered.count("POST /login")


async def test_a_new_connection_that_is_ended_is_a_failure(spec: Spec, tmp_path: Path) -> None:
    async with Service(good=0).serving() as service:
        with pytest.raises(ProvisioningFailed, match=r"POST .*/register failed: Server disconnected"):
            await provisioned(spec, tmp_path, service)
    assert service.cut.count("POST /register") == 1


async def test_a_request_whose_answer_has_begun_is_not_sent_again(spec: Spec, tmp_path: Path) -> None:
    async with Service(good=1, ending=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{").serving() as service:
        with pytest.raises(ProvisioningFailed, match=r"POST .*/login failed: peer closed connection"):
            await provisioned(spec, tmp_path, service)
    assert "POST /login" not in service.answered
