"""How an address is shown: without the values of its query, which gateways use for their keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from conformance.target.secrets import REDACTED
from conformance.target.url_errors import without_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.target.secrets import Secrets

_SECRET_NAME = re.compile(r"key|token|secret|passw|pwd|auth|sig|session|cred|jwt|cookie|sas|code", re.IGNORECASE)
_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w+/=.~-]{20,}")
"""At least 20 characters with letters and digits and no space: nobody writes such a word by hand."""


def shown_address(url: str) -> str:
    """Give an address without what may be a secret: the values of its query, user name and password."""
    bare, mark, query = without_user(url, REDACTED).partition("?")
    pairs = [f"{name}={REDACTED}" if value else name for name, value in _pairs(query)]
    return f"{bare}{mark}{'&'.join(pairs)}"


def keep_query(url: str, secrets: Secrets) -> None:
    """Keep the query of an address out of everything that is stored or printed.

    A value by itself is hidden only if it looks like a secret: a word such as `public` stands in other places as well.
    """
    for name, value in _pairs(url.partition("?")[2]):
        if value:
            secrets.keep(f"{name}={value}")
        if looks_secret(name, unquote_plus(value)):
            secrets.keep(unquote_plus(value))


def secret_names(url: str) -> list[str]:
    """Name the parameters of an address whose values look like secrets."""
    return [name for name, value in _pairs(url.partition("?")[2]) if looks_secret(name, unquote_plus(value))]


def take_from_environment(url: str) -> str:
    """Give an address as a file may hold it: `${env.API_KEY}` in the place of the value of `api_key`."""
    bare, mark, query = url.partition("?")
    pairs = [
        f"{name}=${{env.{_variable(name)}}}" if looks_secret(name, unquote_plus(value)) else f"{name}{equals}{value}"
        for name, equals, value in (pair.partition("=") for pair in query.split("&"))
    ]
    return f"{bare}{mark}{'&'.join(pairs)}"


def _variable(name: str) -> str:
    word = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").upper()
    return word if word[:1].isalpha() else f"QUERY_{word}"


def looks_secret(name: str, value: str) -> bool:
    """Say whether a value is a secret, by its name or by its own look."""
    return bool(value) and bool(_SECRET_NAME.search(name) or _RANDOM.fullmatch(value))


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.partition("#")[0].split("&"):
        name, _, value = pair.partition("=")
        yield name, value
