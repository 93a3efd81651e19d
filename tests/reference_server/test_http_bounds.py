from __future__ import annotations

import asyncio
import resource
import signal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from reference_server import http_bounds
from reference_server.config import Settings
from reference_server.http_bounds import BODY_BYTES, HEAD_BYTES, HEADERS, LINE_BYTES, most_waiting
from reference_server.serving import Deployment
from tests.reference_server.raw import CLOSE, ask, exchange, post, request, status, upgrade
from tests.reference_server.support import SECRET, Command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LONG = "x" * LINE_BYTES
CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
CHUNKED = "Transfer-Encoding: chunked"


class TestAHead:
    @pytest.mark.parametrize(
        ("sent", "answer"),
        {
            "line": (request(f"/health?{LONG}"), 414),
            "line of an upgrade": (upgrade(query=LONG), 414),
            "header": (request("/health", f"X: {LONG}"), 431),
            "header of an upgrade": (upgrade(f"X: {LONG}"), 431),
            "number of headers": (request("/health", *["X: y"] * (HEADERS + 1)), 431),
            "sum of headers": (request("/health", *[f"X: {LONG[:4000]}"] * 5), 431),
            "sum, arriving at once": (request("/health", *[f"X: {LONG[:4000]}"] * 15), 431),
            "size without end": (b"GET /" + b"x" * (10 * HEAD_BYTES), 431),
        }.values(),
    )
    async def test_beyond_a_bound_is_answered_and_closed(self, server: Command, sent: bytes, answer: int):
        assert status(await ask(server, sent)) == answer

    async def test_within_the_bounds_is_served(self, server: Command):
        line = "x" * (LINE_BYTES - len("GET /api/v1/health? HTTP/1.1\r\n"))
        assert status(await ask(server, request(f"/health?{line}", "Connection: close"))) == 200
        assert status(await ask(server, request("/health", "Connection: close", *["X: y"] * 98))) == 200

    @pytest.mark.parametrize(
        "sent",
        [
            b"\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            request("/health", "Content-Length: -5"),
            request("/health", f"Content-Length: {'9' * 5000}"),
            request("/health", "Content-Length: 1", "Content-Length: 2"),
            request("/health").replace(b"Host: x\r\n", b""),
            request("/health", "X\x00: y"),
            request("/health", CHUNKED, body=b"zz\r\n"),
            upgrade("Content-Length: 5") + b"hello",
            upgrade(CHUNKED) + b"0\r\n\r\n",
        ],
    )
    async def test_that_is_no_http_is_answered_and_closed(self, server: Command, sent: bytes):
        assert status(await ask(server, sent)) == 400

    async def test_with_an_unknown_transfer_coding_is_not_implemented(self, server: Command):
        assert status(await ask(server, request("/health", "Transfer-Encoding: gzip"))) == 501

    async def test_after_a_good_one_on_the_same_connection_has_its_own_answer(self, server: Command):
        answers = await ask(server, request() * 2 + b"nonsense\r\n\r\n")
        assert [answers.count(line) for line in (b"200 OK", b"400 Bad Request")] == [2, 1]


class TestABody:
    @pytest.mark.parametrize("known", [True, False])
    async def test_beyond_the_bound_is_refused_before_it_arrives(self, server: Command, known: bool):
        length = f"Content-Length: {BODY_BYTES + 1}"
        sent = request("/conversations", length, "Expect: 100-continue", method="POST", known=known)
        assert status(await ask(server, sent)) == 413

    async def test_of_any_size_is_discarded_so_that_the_answer_can_be_read(self, server: Command):
        assert status(await ask(server, post(b"x" * (16 * BODY_BYTES)))) == 413

    async def test_in_chunks_is_refused_when_it_passes_the_bound(self, server: Command):
        sent = request("/conversations", CHUNKED, method="POST", body=CHUNK * 17, known=True)
        assert status(await ask(server, sent)) == 413

    async def test_within_the_bound_is_read(self, server: Command):
        body = b'{"name": "' + b"x" * (BODY_BYTES - 12) + b'"}'
        assert len(body) == BODY_BYTES
        assert status(await ask(server, post(body, "Connection: close"))) == 422

    async def test_of_a_stranger_is_not_waited_for(self, server: Command):
        sent = request("/conversations", "Content-Length: 1000", "Connection: close", method="POST")
        assert status(await ask(server, sent)) == 401

    @pytest.mark.parametrize(
        "body",
        [
            b'{"name": %s}' % (b"9" * 5000),
            b'{"name": -%s.5e%s}' % (b"9" * 5000, b"9" * 5000),
            b'{"members": [%s]}' % (b"9" * 5000),
            b'{"members": %s}' % (b"[" * 50_000),
            b'{"name": 1e999, "members": NaN}',
            b'{"name": "\\ud800"}',
            b"\xef\xbb\xbf{}}",
            b"\xff\xfe{",
            b"",
        ],
        ids=lambda body: repr(body[:20]),
    )
    async def test_of_odd_json_is_a_mistake_of_the_caller(self, server: Command, body: bytes):
        assert status(await ask(server, post(body, "Connection: close"))) in {400, 422}


class TestARequest:
    @pytest.fixture
    async def api(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
        """A server that waits for a moment only."""
        monkeypatch.setattr(http_bounds, "REQUEST_S", 0.05)
        async with Deployment(Settings(SECRET), f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0]) as deployment:
            yield deployment.api_urls[0]

    @pytest.mark.parametrize(
        "sent",
        [
            b"GET / HT",
            request()[:-1],
            post(b"{}")[:-1],
            post(b""[:0], "Connection: close").replace(b"Length: 0", b"Length: 5"),
            request("/conversations", CHUNKED, method="POST", body=CHUNK[:100], known=True),
            request("/nowhere")[:-2] + b"X: y",
        ],
    )
    async def test_that_does_not_arrive_in_time_is_answered_with_408(self, api: str, sent: bytes):
        assert status(await exchange(api, sent)) == 408

    async def test_that_never_begins_ends_the_connection(self, api: str):
        assert await exchange(api, b"") == b""

    async def test_of_a_stranger_has_its_answer_once_though_its_body_never_ends(self, api: str):
        answer = await exchange(api, request("/conversations", "Content-Length: 9", method="POST"))
        assert (status(answer), answer.count(b"HTTP/1.1")) == (401, 1)


class TestTheNumberOfConnections:
    async def test_that_are_no_websockets_is_bounded_and_the_oldest_make_room(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(http_bounds, "most_waiting", lambda: 2)
        async with Deployment(Settings(SECRET), f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0]) as deployment:
            url = deployment.api_urls[0]
            address = urlsplit(url)
            silent, half, late = [await asyncio.open_connection(address.hostname, address.port) for _ in range(3)]
            assert await silent[0].read() == b""
            half[1].write(request("/health")[:-1])
            late[1].write(request("/health"))
            assert status(await late[0].readuntil(b"}")) == 200  # half a request has arrived by now, too
            assert status(await exchange(url, request("/health", "Connection: close"))) == 200
            refused = await half[0].read()
            assert (status(refused), b"Retry-After: 1" in refused) == (503, True)
            for _, writer in (silent, half, late):
                writer.close()

    def test_leaves_half_of_the_open_files_to_the_websockets(self, monkeypatch: pytest.MonkeyPatch):
        for files, most in {1024: 512, resource.RLIM_INFINITY: 4096, 10**6: 4096}.items():
            monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
            assert most_waiting() == most


class TestTheEnd:
    async def test_is_orderly_whatever_is_half_done(self, tmp_path: Path):
        half_done = [
            b"",
            b"GET / HT",
            post(b"{}")[:-1],
            request("/conversations", CHUNKED, method="POST", body=CHUNK, known=True),
            request("/conversations", "Content-Length: 9", method="POST"),
            upgrade(query=LONG),
            upgrade("Content-Length: 5"),
            upgrade(query=""),
            upgrade(),
            post(b"x" * BODY_BYTES)[:-1],
            b"nonsense\r\n\r\n",
        ]
        with Command(tmp_path / "chat.db") as command:
            address = urlsplit(command.ready["api"][0])
            writers = [(await asyncio.open_connection(address.hostname, address.port))[1] for _ in half_done]
            for writer, sent in zip(writers, half_done, strict=True):
                writer.write(sent)
            assert status(await ask(command, request("/health", CLOSE.strip()))) == 200
            command.process.send_signal(signal.SIGTERM)
            code, log = await asyncio.to_thread(command.end)
            for writer in writers:
                writer.close()
        assert (code, "Traceback" in log) == (0, False)
