"""Whatever a provisioning API answers, a request of ours ends in time, in little memory, and tells no secret."""

from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from conformance.errors import ProvisioningFailed
from conformance.target.provision import api_client
from conformance.target.provision.api_client import MAX_ANSWER, SHOWN, Answer, ApiClient, Unreadable
from conformance.target.secrets import REDACTED, Secrets
from tests.doubles.answers import PIECE, answering, endless, response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

SECRET = "correct-horse-battery-staple"
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


async def at_once() -> None:
    pass


@asynccontextmanager
async def client(secrets: Secrets | None = None) -> AsyncIterator[ApiClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=5.0) as inner:
        yield ApiClient(inner, secrets or Secrets(), at_once)


async def ask(pieces: bytes | Callable[[], Iterable[bytes | float]], secrets: Secrets | None = None) -> Answer:
    async with answering(pieces) as server, client(secrets) as asking:
        return await asking.ask("GET /", "GET", server.url)


async def failure(pieces: bytes | Callable[[], Iterable[bytes | float]]) -> str:
    with pytest.raises(ProvisioningFailed) as error:
        await ask(pieces)
    return str(error.value)


async def test_gives_the_answer_with_its_status_headers_and_cookies() -> None:
    answer = await ask(
        response(b'{"id": 7}', "201 Created", "X-One: two", "Set-Cookie: a=1; Path=/", "Set-Cookie: a=2")
    )
    assert (answer.status, answer.ok, answer.json()) == (201, True, {"id": 7})
    assert answer.headers["x-one"] == "two"
    assert answer.cookies == {"a": "2"}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ReadTimeout(""), "GET / brought nothing for 10 s"),
        (httpx.ReadError(""), "GET / failed: the connection was cut in the middle of it"),
        (httpx.WriteError(""), "GET / failed: the connection was cut in the middle of it"),
    ],
    ids=["silence", "cut-answer", "cut-request"],
)
async def test_says_in_words_what_became_of_a_request(error: httpx.HTTPError, said: str) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    async with httpx.AsyncClient(transport=httpx.MockTransport(fail)) as inner:
        with pytest.raises(ProvisioningFailed) as told:
            await ApiClient(inner, Secrets(), at_once).ask("GET /", "GET", "http://chat.example/")
    assert str(told.value) == said


async def test_stops_reading_a_body_that_is_too_large() -> None:
    async with answering(endless(HEAD, b"x" * PIECE)) as server, client() as asking:
        with pytest.raises(ProvisioningFailed, match=f"200 and more than {MAX_ANSWER:,} bytes"):
            await asking.ask("GET /", "GET", server.url)


@pytest.mark.parametrize(
    ("head", "piece"),
    [(b"HTTP/1.1 200 ", b"O" * PIECE), (b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 100 + b"\r\n")],
    ids=["status line", "headers"],
)
async def test_stops_reading_a_head_that_is_too_large(head: bytes, piece: bytes) -> None:
    assert (await failure(endless(head, piece))).startswith("GET / failed")


async def test_stops_reading_an_answer_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_client, "DEADLINE", 0.3)
    assert await failure(endless(HEAD, b"x", 0.02)) == "GET / took more than 0.3 s"
    assert await failure(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02)) == "GET / took more than 0.3 s"


async def test_gives_little_time_after_several_that_took_all_of_it_until_one_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api_client, "DEADLINE", 0.05)
    monkeypatch.setattr(api_client, "HURRIED", 0.02)
    kept, said = [True], []

    def pieces() -> Iterable[bytes | float]:
        yield from [HEAD, *[0.01] * 1000] if kept else [response(b"{}")]

    async with answering(pieces) as server, client() as asking:
        for _ in range(5):
            with pytest.raises(ProvisioningFailed) as error:
                await asking.ask("GET /", "GET", server.url)
            said.append(str(error.value))
        kept.clear()
        monkeypatch.setattr(api_client, "HURRIED", 60.0)
        assert (await asking.ask("GET /", "GET", server.url)).ok
        kept.append(True)
        with pytest.raises(ProvisioningFailed) as error:
            await asking.ask("GET /", "GET", server.url)
    assert said[:2] == ["GET / took more than 0.05 s"] * 2
    assert said[2] == "GET / took more than 0.05 s (as 2 before it, so each gets 0.02 s until one is answered)"
    assert said[4] == "GET / took more than 0.02 s (as 4 before it, so each gets 0.02 s until one is answered)"
    assert str(error.value) == said[0]


async def test_says_where_a_redirect_leads_and_not_its_query() -> None:
    answer = await ask(response(b"", "302 Found", "Location: https://login.example/?ticket=abcdefgh"))
    async with client() as asking:
        said = str(asking.refusal("POST /rooms", answer))
    assert said == ("POST /rooms was answered with 302 (Location: https://login.example/, and no redirect is followed)")


async def test_the_wait_for_its_turn_is_no_part_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_client, "DEADLINE", 1.0)
    turns: list[float] = []

    async def turn() -> None:
        await asyncio.sleep(1.1)  # A sleep: this is the wait of a throttle.
        turns.append(1.1)

    async with answering(response()) as server, httpx.AsyncClient(trust_env=False) as inner:
        await ApiClient(inner, Secrets(), turn).ask("GET /", "GET", server.url)
    assert turns == [1.1]


async def test_reads_a_compressed_answer_and_refuses_one_that_expands_too_far() -> None:
    answer = await ask(response(gzip.compress(b'{"id": 7}'), "200 OK", "Content-Encoding: gzip"))
    assert answer.json() == {"id": 7}
    bomb = gzip.compress(b"0" * (MAX_ANSWER * 64))
    said = await failure(response(bomb, "401 Unauthorized", "Content-Encoding: gzip"))
    assert f"answered with 401 and more than {MAX_ANSWER:,} bytes" in said
    assert "gzip that is broken" in await failure(response(b"{}", "200 OK", "Content-Encoding: gzip"))
    assert "did not ask for: br" in await failure(response(b"{}", "200 OK", "Content-Encoding: br"))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 100 + b"]" * 100,
        b'{"a":' * 100_000,
        b"9" * 5000,
        b"NaN",
        b"\xff\xfe",
    ],
    ids=["HTML", "nothing", "open brackets", "brackets", "100 deep", "objects", "long number", "NaN", "no UTF-8"],
)
async def test_an_answer_that_is_no_usable_json_says_so_and_crashes_nothing(body: bytes) -> None:
    answer = await ask(response(body))
    with pytest.raises(Unreadable):
        answer.json()


async def test_a_secret_is_removed_before_the_text_is_cut() -> None:
    async with client(Secrets(SECRET)) as asking:
        for length in range(SHOWN - len(SECRET), SHOWN + 1):
            said = str(asking.failure("GET /", "said: ", "x" * length + SECRET + "y" * SHOWN))
            assert SECRET[:4] not in said


async def test_shows_no_value_whose_name_says_that_it_is_a_secret() -> None:
    body = json.dumps({"accessToken": "opaque-1234567", "password": "is too short", "api_key": "k-123456"})
    async with client() as asking:
        said = str(asking.failure("POST /login", "was answered with 200 and no token: ", body))
    assert said == (
        "POST /login was answered with 200 and no token: "
        f'{{"accessToken": "{REDACTED}", "password": "is too short", "api_key": "{REDACTED}"}}'
    )


async def test_shows_one_line_without_control_characters() -> None:
    async with client() as asking:
        said = str(asking.failure("GET /", "said: ", "one\r\n\x1b[31mtwo\x00 \u202ethree"))
    assert said == "GET / said: one [31mtwo three"


async def test_a_refusal_shows_the_challenge_and_the_likely_causes_in_order() -> None:
    answer = await ask(response(b"no key\n", "401 Unauthorized", f"WWW-Authenticate: Key {SECRET}"), Secrets(SECRET))
    async with client(Secrets(SECRET)) as asking:
        said = str(asking.refusal("POST /rooms", answer))
        other = str(asking.refusal("POST /rooms", Answer(500, {}, "oh")))
    assert said.startswith(
        f"POST /rooms was answered with 401 (WWW-Authenticate: Key {REDACTED}): no key; likely causes"
    )
    places = [said.index(word) for word in ("path", "gateway", "secret", "clocks")]
    assert places == sorted(places)
    assert other == "POST /rooms was answered with 500: oh"
