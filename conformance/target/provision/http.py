"""The driver of servers with an HTTP API: templated requests, whose answers may be captured for later ones.

- request: POST /login
json: {username: "${name}", password: "${password}"}
expect: 200                             # any 2xx, if absent
capture: {token: data.access_token}     # a path into the JSON of the answer, or `header:Location`
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from conformance.errors import ProvisioningFailed
from conformance.scenario.template import references, substitute
from conformance.target.provision.recipe import Language, Recipe, read_recipe
from conformance.target.provision.scripted import scripted
from conformance.target.provision.stale_connections import send

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    import httpx

    from conformance.files.documents import Document
    from conformance.target.accounts import ExpectedId, Provisioner
    from conformance.target.model import Target
    from conformance.target.provision.recipe import Step
    from conformance.target.provision.scripted import Names
    from conformance.target.secrets import Secrets

TIMEOUT = 10.0
IDLE = 1.0
"""Seconds after which an idle connection is not used again: the server may be closing it (uvicorn: after 5 s)."""
MAX_ANSWER = 1 << 20
"""The most bytes of an answer that are read."""
SHOWN = 200
"""Characters of an answer that an error shows."""
PLAIN = {"Accept-Encoding": "identity"}
"""No compression: a small answer must not expand into a large one."""
EACH = "$members"
"""In a body: a list with one item for each member, of this template."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The statuses after which a request is repeated, how often, and after how many seconds; the notes list each."""

    statuses: tuple[int, ...] = ()
    times: int = 3
    wait: float = 1.0


@dataclass(frozen=True, slots=True)
class Http:
    """The settings of the target file; every request carries `headers`, and `known` has the file's secrets by name."""

    api: str
    recipe: Recipe
    headers: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    retry: Retry = Retry()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Give the URL of the API."""
        return (self.api,)

    @property
    def expected_ids(self) -> Sequence[ExpectedId]:
        """Give an example of each kind that no step captures."""
        return self.recipe.expected_ids

    @classmethod
    def read(cls, document: Document, secrets: Secrets) -> Http:
        """Read the section `provision`; raises BadFile or UsageError."""
        section = document.value["provision"]
        known = {
            f"secret.{name}": secrets.read(variable, document.file, f"the secret that the requests call {name!r}")
            for name, variable in section.get("secrets_env", {}).items()
        }
        recipe = read_recipe(document, Language(_referred, _captured, "${%s}"), frozenset(known))
        retry = section.get("retry", {})
        return cls(
            api=section["api"].rstrip("/"),
            recipe=recipe,
            headers=section.get("headers", {}),
            known=known,
            retry=Retry(tuple(retry.get("statuses", ())), retry.get("times", 3), retry.get("wait", 1.0)),
        )

    @asynccontextmanager
    async def open(self, target: Target, default_role: str) -> AsyncIterator[Provisioner]:
        """Open an HTTP client that keeps no cookie from one account to the next."""
        import httpx  # noqa: PLC0415 -- a target of another driver does without it

        limits = httpx.Limits(keepalive_expiry=IDLE)
        turns = {"request": [target.throttle.call]}
        async with (
            httpx.AsyncClient(
                timeout=TIMEOUT, limits=limits, headers=PLAIN, cookies=no_cookies(), event_hooks=turns
            ) as client,
            scripted(self.recipe, Requests(self, client, target.secrets), target) as provisioner,
        ):
            yield provisioner


def no_cookies() -> CookieJar:
    """Give a jar that keeps no cookie: requests of one account must not carry the session of another."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _referred(step: Step) -> set[str]:
    used = references({key: value for key, value in step.items() if key not in ("capture", "expect")})
    # Only the template of members sees these names.
    return used - {"user_id", "name", "role", "token"} if EACH in json.dumps(step) else used


def _captured(step: Step) -> set[str]:
    return set(step.get("capture", ()))


class Requests:
    """Sends requests. A cookie applies to later requests of the same list of steps, and to no others."""

    def __init__(self, settings: Http, client: httpx.AsyncClient, secrets: Secrets) -> None:
        self._settings = settings
        self._client = client
        self._secrets = secrets
        self._repeated: dict[str, int] = {}

    async def perform(self, work: Sequence[tuple[Sequence[Step], Names]]) -> Names:
        """Send the requests; raises ProvisioningFailed."""
        captured: Names = {}
        for steps, names in work:
            cookies: dict[str, str] = {}
            for step in steps:
                captured |= await self._request(step, {**self._settings.known, **names, **captured}, cookies)
        return captured

    def notes(self) -> Sequence[str]:
        """Say which requests were repeated."""
        return tuple(f"{what} was repeated {count} times" for what, count in self._repeated.items())

    async def _request(self, step: Step, names: Names, cookies: dict[str, str]) -> Names:
        method, _, path = step["request"].partition(" ")
        url = substitute(path, lambda name: quote(str(names[name]), safe=""))
        url = url if "://" in url else self._settings.api + url
        headers = self._headers(step, names)
        if cookies:
            headers = {"Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())} | headers
        for turn in range(self._settings.retry.times + 1):
            status, answer, text = await self._ask(method, url, headers, step, names)
            again = status in self._settings.retry.statuses and turn < self._settings.retry.times
            if not again:
                break
            what = f"{step['request']}, answered with {status},"
            self._repeated[what] = self._repeated.get(what, 0) + 1
            await asyncio.sleep(self._settings.retry.wait)  # A sleep: the target file asks for this wait.
        cookies |= dict(answer.cookies)
        wanted = step.get("expect", range(200, 300))
        if status not in ([wanted] if isinstance(wanted, int) else wanted):
            raise self._failure(step, f"was answered with {status}: ", text)
        found = {name: self._capture(step, place, answer, text) for name, place in step.get("capture", {}).items()}
        for name, value in found.items():
            if "token" in name or "secret" in name:
                self._secrets.keep(str(value))
        return found

    def _headers(self, step: Step, names: Names) -> dict[str, str]:
        """Fill the headers; a common header is left out while a name in it has no value yet (a login's token)."""
        given = {key: one for key, one in self._settings.headers.items() if references(one) <= names.keys()}
        return {key: str(substitute(one, names.__getitem__)) for key, one in (given | step.get("headers", {})).items()}

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], step: Step, names: Names
    ) -> tuple[int, httpx.Response, str]:
        import httpx  # noqa: PLC0415 -- as above

        body = {part: _fill(step[part], names) for part in ("json", "form") if part in step}

        async def request(extensions: dict[str, Any]) -> tuple[int, httpx.Response, str]:
            async with self._client.stream(
                method, url, headers=headers, json=body.get("json"), data=body.get("form"), extensions=extensions
            ) as answer:
                read = bytearray()
                async for chunk in answer.aiter_bytes():
                    read += chunk
                    if len(read) > MAX_ANSWER:
                        raise self._failure(step, f"was answered with more than {MAX_ANSWER:,} bytes", "")
                return answer.status_code, answer, read.decode("utf-8", "replace")

        try:
            return await send(request)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise self._failure(step, "failed: ", str(error) or type(error).__name__) from None

    def _capture(self, step: Step, place: str, answer: httpx.Response, text: str) -> Any:
        if place.startswith("header:"):
            found = answer.headers.get(place.removeprefix("header:"))
        else:
            try:
                found = dig(json.loads(text), place)
            except (ValueError, RecursionError):
                raise self._failure(step, f"was answered with {answer.status_code} and no JSON: ", text) from None
        if found is None:
            raise self._failure(step, f"was answered with {answer.status_code} and no {place}: ", text)
        return found

    def _failure(self, step: Step, what: str, text: str) -> ProvisioningFailed:
        # Redact before cutting: half a secret could not be found.
        shown = self._secrets.redact(text)
        return ProvisioningFailed(f"{step['request']} {what}{shown[:SHOWN]}{'…' if len(shown) > SHOWN else ''}")


def dig(value: Any, place: str) -> Any:
    """Give the value at a path such as `data.items[0].id`; None, if there is none."""
    for part in re.findall(r"[^.\[\]]+", place):
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def _fill(template: Any, names: Names) -> Any:
    """Fill a body; `{$members: …}` becomes a list with an item for each member."""
    if isinstance(template, dict):
        if template.keys() == {EACH}:
            return [_fill(template[EACH], names | person) for person in names.get("members", ())]
        return {key: _fill(value, names) for key, value in template.items()}
    if isinstance(template, list):
        return [_fill(value, names) for value in template]
    return substitute(template, names.__getitem__)
