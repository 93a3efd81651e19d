"""Finds the most common mistakes in target files, and describes them better than a schema does.

This runs before the format is checked, so it assumes nothing about the value. It never repeats what may be a secret.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from conformance.errors import BadFile, Mistake
from conformance.scenario.template import references
from conformance.target.url_errors import HTTP, wrong_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.files.documents import Document, Steps

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CLAIMED = frozenset({"user_id", "name"})
"""The names that a claim may refer to."""
HTTP_KEYS = ("api", "url", "base_url")
"""Keys of the section `provision` that hold an HTTP address."""


def check_likely_mistakes(document: Document) -> None:
    """Raise BadFile if the document contains one of these mistakes."""
    value = document.value
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "a single value"
        raise BadFile(document.mistake(f"a target file is a mapping that begins with `name:`, not {kind}"))
    found = [document.mistake(message, path) for path, message in _all(value)]
    if found:
        raise BadFile(*sorted(found, key=_line))


def _line(mistake: Mistake) -> int:
    return mistake.line


def _all(value: dict[str, Any]) -> Iterator[tuple[Steps, str]]:
    auth, provision = value.get("auth"), value.get("provision")
    query_param = auth.get("query_param") if isinstance(auth, dict) else None
    yield from _instances(value.get("instances"), query_param or "token")
    for key, url in provision.items() if isinstance(provision, dict) else ():
        wrong = wrong_address(url, HTTP) if key in HTTP_KEYS and isinstance(url, str) else None
        if wrong:
            yield ("provision", key), wrong
    token = auth.get("jwt") if isinstance(auth, dict) else None
    yield from _claims(token.get("claims") if isinstance(token, dict) else None)
    yield from _variables(value, ())


def _claims(claims: Any) -> Iterator[tuple[Steps, str]]:
    used = references(claims)
    for name in sorted(used - CLAIMED):
        near = difflib.get_close_matches(name, sorted(CLAIMED), n=1) or ["user_id"]
        yield ("auth", "jwt", "claims"), f"a claim knows no ${{{name}}}; did you mean ${{{near[0]}}}?"
    if isinstance(claims, dict) and not used:
        yield ("auth", "jwt", "claims"), "no claim holds ${user_id} or ${name}: all users would be the same one"


def _instances(urls: Any, query_param: Any) -> Iterator[tuple[Steps, str]]:
    seen = set()
    for index, url in enumerate(urls if isinstance(urls, list) else ()):
        if not isinstance(url, str):
            continue
        wrong = wrong_address(url)
        bare = url.partition("?")[0]
        if wrong:
            yield ("instances", index), wrong
        elif any(key == query_param for key, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)):
            yield ("instances", index), f"{bare} carries `{query_param}` already: each user has a token of its own"
        elif url in seen:
            yield ("instances", index), f"{bare} is here twice; each instance has its own address"
        seen.add(url)


def _variables(value: Any, path: Steps) -> Iterator[tuple[Steps, str]]:
    """Check every key that ends in `_env`, at any depth."""
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _variables(inner, (*path, index))
    if isinstance(value, dict):
        for key, inner in value.items():
            names = {(): inner} if isinstance(inner, str) else inner if isinstance(inner, dict) else {}
            if key.endswith("_env"):
                for name, variable in names.items():
                    if isinstance(variable, str) and not VARIABLE.fullmatch(variable):
                        where = (*path, key, *([name] if name else []))
                        yield where, f"`{key}` takes the name of an environment variable, never the secret itself"
            else:
                yield from _variables(inner, (*path, key))
