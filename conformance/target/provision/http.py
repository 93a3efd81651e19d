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
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from conformance.scenario.template import references, substitute
from conformance.target.access import keep_query
from conformance.target.provision.api_client import Unreadable, open_client
from conformance.target.provision.recipe import Language, Recipe, read_recipe
from conformance.target.provision.scripted import scripted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from conformance.errors import ProvisioningFailed
    from conformance.files.documents import Document
    from conformance.target.accounts import ExpectedId, Provisioner
    from conformance.target.model import Target
    from conformance.target.provision.api_client import Answer, ApiClient
    from conformance.target.provision.recipe import Step
    from conformance.target.provision.scripted import Names
    from conformance.target.secrets import Secrets

_PAGE = re.compile(r"\s*<(!doctype\s+)?html\b", re.IGNORECASE)
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
        for step in recipe.every_step():
            if "${" not in step["request"]:
                keep_query(step["request"], secrets)  # Errors name the request as the file does.
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
        async with (
            open_client(target) as client,
            scripted(self.recipe, Requests(self, client, target.secrets), target) as provisioner,
        ):
            yield provisioner


def _referred(step: Step) -> set[str]:
    used = references({key: value for key, value in step.items() if key not in ("capture", "expect")})
    # Only the template of members sees these names.
    return used - {"user_id", "name", "role", "token"} if EACH in json.dumps(step) else used


def _captured(step: Step) -> set[str]:
    return set(step.get("capture", ()))


class Requests:
    """Sends requests. A cookie applies to later requests of the same list of steps, and to no others."""

    def __init__(self, settings: Http, client: ApiClient, secrets: Secrets) -> None:
        self._settings = settings
        self._client = client
        self._secrets = secrets
        self._repeated: dict[str, int] = {}

    async def perform(self, work: Sequence[tuple[Sequence[Step], Names]], captured: Names | None = None) -> Names:
        """Send the requests; raises ProvisioningFailed."""
        captured = {} if captured is None else captured
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
        try:
            url = substitute(path, lambda name: quote(str(names[name]), safe=""))
        except UnicodeEncodeError:  # half a surrogate pair, which JSON can express
            raise self._failure(step, "cannot be sent: a value in it is no text") from None
        url = url if "://" in url else self._settings.api + url
        headers = self._headers(step, names)
        body = {part: _fill(step[part], names) for part in ("json", "form") if part in step}
        sent = {"json": body.get("json"), "data": body.get("form")}
        if cookies:
            headers = {"Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())} | headers
        for turn in range(self._settings.retry.times + 1):
            answer = await self._client.ask(self._named(step), method, url, headers=headers, **sent)
            again = answer.status in self._settings.retry.statuses and turn < self._settings.retry.times
            if not again:
                break
            what = f"{step['request']}, answered with {answer.status},"
            self._repeated[what] = self._repeated.get(what, 0) + 1
            await asyncio.sleep(self._settings.retry.wait)  # A sleep: the target file asks for this wait.
        cookies |= answer.cookies
        wanted = step.get("expect", range(200, 300))
        if answer.status not in ([wanted] if isinstance(wanted, int) else wanted):
            raise self._client.refusal(self._named(step), answer)
        if answer.status < 300 and _PAGE.match(answer.text):  # A gateway's own, which says nothing was done.
            raise self._failure(step, f"was answered with {answer.status} and a page, as by a gateway: ", answer.text)
        found = {name: self._capture(step, place, answer) for name, place in step.get("capture", {}).items()}
        for name, value in found.items():
            if "token" in name or "secret" in name:
                self._secrets.keep(str(value))
        return found

    def _headers(self, step: Step, names: Names) -> dict[str, str]:
        """Fill the headers; a common header is left out while a name in it has no value yet (a login's token)."""
        given = {key: one for key, one in self._settings.headers.items() if references(one) <= names.keys()}
        return {key: str(substitute(one, names.__getitem__)) for key, one in (given | step.get("headers", {})).items()}

    def _capture(self, step: Step, place: str, answer: Answer) -> Any:
        if place.startswith("header:"):
            found = answer.headers.get(place.removeprefix("header:"))
        else:
            try:
                found = dig(answer.json(), place)
            except Unreadable:
                raise self._failure(step, f"was answered with {answer.status} and no JSON: ", answer.text) from None
        if found is None:
            raise self._failure(step, f"was answered with {answer.status} and no {place}: ", answer.text)
        return found

    def _failure(self, step: Step, said: str, text: str = "") -> ProvisioningFailed:
        return self._client.failure(self._named(step), said, text)

    def _named(self, step: Step) -> str:
        """Give the request as the file has it, after its file and line."""
        return f"{self._settings.recipe.place_of(step)}{step['request']}"


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
