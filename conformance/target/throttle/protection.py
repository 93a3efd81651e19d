"""Which addresses need `--yes`: production servers, which people work on."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PRODUCTION = frozenset({"prod", "production", "live"})
"""Words in a host name that mark production, if the target file has no `protected` of its own."""


def reason_to_ask(url: str, patterns: Sequence[str] | None) -> str | None:
    """Say why an address is protected; None: it is not.

    A pattern with `://` is a glob of the whole address without its query; any other pattern is a glob of its host.
    `patterns` None means the built-in words; an empty list means that nothing is protected.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if patterns is None:
        words = re.split(r"[^a-z]+", host)  # chat.prod2.example has the word prod, reproduction.example has not
        word = next((word for word in words if word in PRODUCTION), None)
        return f"its host has the word {word!r}" if word else None
    address = f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
    for pattern in patterns:
        if fnmatchcase((address if "://" in pattern else host).lower(), pattern.lower()):
            return f"the target file protects {pattern}"
    return None


def demand_consent(urls: Iterable[str], patterns: Sequence[str] | None, *, given: bool) -> None:
    """Raise UsageError if an address is protected and `--yes` is missing; no connection is opened before this."""
    if given:
        return
    for url in urls:
        reason = reason_to_ask(url, patterns)
        if reason is not None:
            raise UsageError(
                f"{url.partition('?')[0]} is protected ({reason}): a run creates users' messages and conversations"
                " there and sends thousands of requests; say --yes if that is meant"
            )
