"""The HTTP heads of the opening handshake: reads them, changes the address, and finds secrets and the user."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_BYTES = 65536
"""The largest head of a request or a response, in bytes."""

END = b"\r\n\r\n"

ID = re.compile(r"[0-9A-Fa-f-]{36}$|[0-9]+$")
"""An id in the query is not a secret, because frames repeat it."""

CREDENTIALS = re.compile(
    r"(?!sec-websocket-key$)(.*[-_])?(auth|apikey|credentials?|csrf|jwt|key|password|secret|session|sessionid|token|xsrf)([-_].*)?$"
)
"""The names of headers that some clients use for credentials, in lower case."""

LEAST_SECRET = 16
"""The fewest characters of a value that counts as a secret, whatever its name is."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a request or a response, and its header lines in the original order and spelling."""

    first: bytes
    lines: tuple[tuple[bytes, bytes], ...]

    def get(self, name: str) -> str:
        """Give the values of a header, joined with commas; empty if it is not there."""
        wanted = name.lower().encode()
        return ", ".join(value.strip().decode("latin-1") for key, value in self.lines if key.lower() == wanted)

    def to_bytes(self) -> bytes:
        """Give the bytes that go over the wire."""
        return b"\r\n".join([self.first, *(key + b":" + value for key, value in self.lines)]) + END


def read_head(data: bytes) -> Head:
    """Read a head with the empty line at its end; raises ValueError if it is not HTTP/1.1."""
    if not data.endswith(END):
        raise ValueError("its head does not end")
    first, *rest = data.removesuffix(END).split(b"\r\n")
    lines = []
    for line in rest:
        key, colon, value = line.partition(b":")
        if not colon or not key or key != key.strip():
            raise ValueError("a line of its head is not an HTTP header")
        lines.append((key, value))
    if b"HTTP/1.1" not in first:
        raise ValueError("its first line is not HTTP/1.1")
    return Head(first, tuple(lines))


def wants_upgrade(head: Head) -> bool:
    """Say whether a request asks for a WebSocket."""
    return head.first.startswith(b"GET ") and "websocket" in head.get("Upgrade").lower()


def addressed(head: Head, upstream: str, headers: Mapping[str, str] | None = None) -> Head:
    """Give the request as the upstream gets it, with the Host of the upstream, and these headers over its own.

    If the upstream's address has a path, it replaces that of the client. If it has a query, it is put before that of
    the client. All other headers stay the same.
    """
    parts = urlsplit(upstream)
    method, target, version = head.first.split(b" ", 2)
    path, _, query = target.decode("latin-1").partition("?")
    if parts.path not in ("", "/"):
        path = parts.path
    query = "&".join(filter(None, (parts.query, query)))
    first = b" ".join([method, f"{path}{'?' if query else ''}{query}".encode("latin-1"), version])
    host = f" {parts.netloc.rpartition('@')[2]}".encode()
    added = {name.encode(): f" {value}".encode() for name, value in (headers or {}).items()}
    replaced = {name.lower() for name in added}
    kept = [
        (key, host if key.lower() == b"host" else value) for key, value in head.lines if key.lower() not in replaced
    ]
    return Head(first, (*kept, *added.items()))


def status_of(head: Head) -> int:
    """Give the status of a response; raises ValueError if it has none."""
    return int(head.first.split(b" ", 2)[1])


def secrets_of(head: Head) -> tuple[str, ...]:
    """Give every value of a request that may be a secret."""
    parts = head.first.split(b" ")
    target = parts[1].decode("latin-1") if len(parts) > 1 else ""
    return secrets_in(target, [(key.decode("latin-1"), value.decode("latin-1")) for key, value in head.lines])


def secrets_in(url: str, headers: list[tuple[str, str]]) -> tuple[str, ...]:
    """Give what may be a secret in the query of a URL, in cookies, in credentials and in subprotocols."""
    return tuple(dict.fromkeys(one for one in _secrets(url, headers) if len(one) >= LEAST_SECRET and not ID.match(one)))


def tokens_among(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Give the secrets that are JWTs, which a server must not repeat."""
    return tuple(one for one in secrets if one.startswith("eyJ") and one.count(".") == 2)


def user_of(secrets: tuple[str, ...]) -> str | None:
    """Give the subject of the first JWT, without a check of its signature; None if there is no JWT."""
    for one in secrets:
        parts = one.split(".")
        if len(parts) != 3:
            continue
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        except (ValueError, binascii.Error, RecursionError):
            continue
        subject = claims.get("sub") if isinstance(claims, dict) else None
        if isinstance(subject, str) and 0 < len(subject) <= 64:
            return subject
    return None


def _secrets(url: str, headers: list[tuple[str, str]]) -> Iterator[str]:
    with contextlib.suppress(ValueError):  # More than 100 fields, or not a URL.
        yield from (value for _, value in parse_qsl(urlsplit(url).query, max_num_fields=100))
    for key, value in headers:
        match key.lower():
            case "authorization":
                yield from value.split()
            case "cookie":
                yield from (one.partition("=")[2].strip() for one in value.split(";"))
            case "sec-websocket-protocol":
                yield from (one.strip() for one in value.split(","))
            case name if CREDENTIALS.match(name):
                yield from value.split()
