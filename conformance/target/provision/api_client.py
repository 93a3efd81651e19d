"""The HTTP client of every driver: whatever a server answers, a request ends in time and in little memory.

The size of an answer, its nesting and the time of the whole exchange are bounded. An error shows the beginning of an
answer, without its secrets: they are removed before the text is cut.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import zlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

from conformance.errors import ChangeRefused, ProvisioningFailed, of_this_machine
from conformance.target.provision.routes import routes
from conformance.target.provision.stale_connections import send
from conformance.target.secrets import REDACTED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    import httpx

    from conformance.target.model import Target
    from conformance.target.secrets import Secrets

SILENCE = 10.0
"""Seconds that a server may be silent within an exchange."""
DEADLINE = 30.0
"""Seconds that a whole exchange may take: a server that sends a byte a second is never silent, and never ready."""
MOST_LATE = 3
"""Exchanges in a row that end without an answer for lack of time, until the next ones get little of it."""
HURRIED = 2.0
"""Seconds that an exchange gets then: thousands of scenarios would wait for nothing, for hours. An answer ends that."""
IDLE = 1.0
"""Seconds after which an idle connection is not used again: the server may be closing it (uvicorn: after 5 s)."""
MAX_ANSWER = 1 << 20
"""The most bytes of a body that are read; the library reads no more than 100 KiB of status line and headers."""
DEEPEST = 60
"""The most lists and objects within each other."""
SHOWN = 200
"""Characters of an answer that an error shows."""
REFUSALS = (403, 404, 409)
"""Statuses of a server that has understood a request and does not do it; 404 hides that there is something."""
CAUSES = (
    "likely causes, in this order: the path is that of something else; a gateway in front wants a header; the secret,"
    " the claims or the rights of the account are not what the server wants; the clocks differ"
)
PLAIN = {"Accept-Encoding": "identity"}
"""No compression: a small answer must not expand into a large one."""
COMPRESSED = ("gzip", "x-gzip", "deflate")
"""The codings that are understood where a gateway compresses all the same."""

_SECRET_MEMBER = re.compile(
    r'("[^"]*(?:token|secret|passw|session|cookie|api_?key|jwt)[^"]*"\s*:\s*")[^"\s]{6,}(?=")', re.IGNORECASE
)
"""A member of a JSON object that is a secret by its name; a value with spaces is a sentence, such as an error."""


class Unreadable(ValueError):
    """The answer is no JSON that can be used."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `text` is the whole body."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status says that the request was done."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Read the body; raises Unreadable."""
        try:
            value = json.loads(self.text, parse_constant=_no_number)
        except (ValueError, RecursionError):  # ValueError: also an integer of thousands of digits
            raise Unreadable from None
        if _deeper(value, DEEPEST):
            raise Unreadable
        return value


class ApiClient:
    """Sends requests to a provisioning API; each waits for its `turn` first, and that wait is no part of its time."""

    def __init__(self, client: httpx.AsyncClient, secrets: Secrets, turn: Callable[[], Awaitable[None]]) -> None:
        self._client = client
        self._secrets = secrets
        self._turn = turn
        self._late = 0

    async def ask(
        self, what: str, method: str, url: str, *, headers: Mapping[str, str] | None = None, **body: Any
    ) -> Answer:
        """Send a request, which errors call `what`; raises ProvisioningFailed if no answer comes."""
        import httpx  # noqa: PLC0415 -- a target that asks no API does without it

        given = left = DEADLINE if self._late < MOST_LATE else HURRIED

        async def request(extensions: dict[str, Any]) -> Answer:
            nonlocal left
            await self._turn()
            began = time.monotonic()
            try:
                async with (
                    asyncio.timeout(left),
                    self._client.stream(method, url, headers=headers, extensions=extensions, **body) as answer,
                ):
                    data = await self._read(what, answer)
                    cookies = {one.name: one.value or "" for one in answer.cookies.jar}
                    return Answer(answer.status_code, answer.headers, data.decode("utf-8", "replace"), cookies)
            finally:
                left -= time.monotonic() - began  # Another attempt has no more time than the first one has left.

        try:
            answer = await send(request)
            self._late = 0
            return answer
        except TimeoutError:
            self._late += 1
            raise self.failure(what, f"took more than {given:g} s{self._hurry()}") from None
        except httpx.ReadTimeout:
            self._late += 1
            raise self.failure(what, f"brought nothing for {SILENCE:g} s{self._hurry()}") from None
        except (httpx.ReadError, httpx.WriteError):
            raise self.failure(what, "failed: the connection was cut in the middle of it") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, ValueError) as error:
            ours = of_this_machine(error)
            raise ours or self.failure(what, "failed: ", str(error) or type(error).__name__) from None

    def _hurry(self) -> str:
        if self._late < MOST_LATE:
            return ""
        return f" (as {self._late - 1} before it, so each gets {HURRIED:g} s until one is answered)"

    def refusal(self, what: str, answer: Answer) -> ProvisioningFailed:
        """Give the error of an answer with an unexpected status: what it says, and what to look at first."""
        challenge = answer.headers.get("www-authenticate", "")
        asked = f" (WWW-Authenticate: {self._shown(challenge)})" if challenge else ""
        elsewhere = answer.headers.get("location", "").partition("?")[0]
        asked += f" (Location: {self._shown(elsewhere)}, and no redirect is followed)" if elsewhere else ""
        shown = self._shown(answer.text)
        said = f"was answered with {answer.status}{asked}{': ' if shown else ''}{shown}"
        advice = f"; {CAUSES}" if answer.status in (401, 403) else ""
        refused = answer.status in REFUSALS
        return (ChangeRefused if refused else ProvisioningFailed)(f"{what} {said}{advice}")

    def failure(self, what: str, said: str, text: str = "") -> ProvisioningFailed:
        """Give the error of a request; it shows the beginning of a text in one line, and no secret of it."""
        return ProvisioningFailed(f"{what} {said}{self._shown(text)}")

    def _shown(self, text: str) -> str:
        shown = _SECRET_MEMBER.sub(rf"\1{REDACTED}", self._secrets.redact(text))
        shown = "".join(char if char.isprintable() else " " for char in shown)
        shown = " ".join(shown.split())
        return f"{shown[:SHOWN]}…" if len(shown) > SHOWN else shown

    async def _read(self, what: str, answer: httpx.Response) -> bytes:
        """Read a body; the library would expand a compressed one without a limit."""
        read = bytearray()
        async for chunk in answer.aiter_raw():
            read += chunk
            if len(read) > MAX_ANSWER:
                raise self._too_large(what, answer.status_code)
        coding = answer.headers.get("content-encoding", "identity").strip().lower()
        if not read or coding == "identity":
            return bytes(read)
        if coding not in COMPRESSED:
            raise self.failure(what, "was answered in a coding that it did not ask for: ", coding)
        try:
            data = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(bytes(read), MAX_ANSWER + 1)
        except zlib.error as error:
            raise self.failure(what, f"was answered in {coding} that is broken: ", str(error)) from None
        if len(data) > MAX_ANSWER:
            raise self._too_large(what, answer.status_code)
        return data

    def _too_large(self, what: str, status: int) -> ProvisioningFailed:
        return self.failure(what, f"was answered with {status} and more than {MAX_ANSWER:,} bytes")


@asynccontextmanager
async def open_client(
    target: Target, base: str = "", headers: Mapping[str, str] | None = None
) -> AsyncIterator[ApiClient]:
    """Open the client; it keeps no cookie from one request to the next, and keeps to the target's throttle."""
    import httpx  # noqa: PLC0415 -- as above

    async with httpx.AsyncClient(
        base_url=base,
        headers=PLAIN | dict(headers or {}),
        timeout=SILENCE,
        transport=routes(target.access, target.instances, IDLE),
        trust_env=False,
        cookies=no_cookies(),
    ) as client:
        yield ApiClient(client, target.secrets, target.throttle.call)


def no_cookies() -> CookieJar:
    """Give a jar that keeps no cookie: requests of one account must not carry the session of another."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def _deeper(value: Any, most: int) -> bool:
    """Say whether a value is nested deeper, without recursion: other functions would not survive such a value."""
    level = [value]
    for _ in range(most):
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [item for one in inner for item in (one.values() if isinstance(one, dict) else one)]
    return bool(level)
