"""The headers and subprotocols that a target file adds to the upgrade."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110 §5.6.2: a header's name, or a subprotocol."""
_VALUE = re.compile(r"[!-~]([ -~\t]*[!-~])?|")
RESERVED = frozenset(
    {"host", "connection", "upgrade", "content-length", "transfer-encoding", "proxy-authorization", "te"}
)
"""Headers that the client writes itself; another value would break the request, not test the server."""
RESERVED_PREFIX = "sec-websocket-"


def is_token(text: str) -> bool:
    """Say whether a text can be a header's name or a subprotocol."""
    return _TOKEN.fullmatch(text) is not None


def is_value(text: str) -> bool:
    """Say whether a text can be a header's value: printable ASCII, no line break, no space at either end."""
    return _VALUE.fullmatch(text) is not None


def wrong_name(name: str) -> str | None:
    """Say what is wrong with a header's name; None: nothing."""
    if not is_token(name):
        return f"{name!r:.80} is no name of a header: it has letters, digits and hyphens"
    if name.lower() == "sec-websocket-protocol":
        return f"the client writes {name} itself; list the subprotocols in `subprotocols`"
    if name.lower() in RESERVED or name.lower().startswith(RESERVED_PREFIX):
        return f"the client writes the header {name} itself; leave it out"
    return None


def wrong_headers(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Find mistakes: the header, and what is wrong with it. A value may be a secret, so no message repeats it."""
    seen: dict[str, str] = {}
    for name, value in headers.items():
        wrong = wrong_name(name)
        if wrong is None and not is_value(value):
            wrong = f"the value of {name} cannot be sent: printable ASCII, no line break, no space at either end"
        if wrong is None and name.lower() in seen:
            wrong = f"{name} and {seen[name.lower()]} are one header"
        if wrong is not None:
            yield name, wrong
        seen[name.lower()] = name


def overlay(base: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Give the headers of both; those of `over` replace those of the same name, in any case."""
    replaced = {name.lower() for name in over}
    return {name: value for name, value in base.items() if name.lower() not in replaced} | dict(over)
