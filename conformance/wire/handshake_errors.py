"""Why a server refused a connection, and what the user can do about it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus

if TYPE_CHECKING:
    from websockets.http11 import Response

REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
ABSENT = frozenset({502, 503, 504})
MAX_BODY = 65536
"""Bytes of the body of a refusal that are kept."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refused the connection.

    `status` is the HTTP status, None if no response came. `why` gives the reason in a few words, and `advice` says what
    to do. `retry_after` is the header of that name (RFC 9110 §10.2.3). `text` has the headers and the body of the
    refusal, at most `MAX_BODY` bytes of it.
    """

    status: int | None
    why: str
    advice: str = ""
    retry_after: str | None = None
    text: str = ""

    def __str__(self) -> str:
        """Give the reason and the advice."""
        return f"{self.why}; {self.advice}" if self.advice else self.why


def refused(error: Exception, url: str, timeout: float) -> Refused:
    """Translate an error of the opening handshake; `timeout` is in seconds."""
    secure = url.lower().startswith("wss:")
    match error:
        case InvalidStatus():
            return _answered(error.response)
        case TimeoutError():
            return Refused(
                None, f"no answer to the upgrade within {timeout:g} s", "is it the right port, and no firewall between?"
            )
        case ssl.SSLCertVerificationError():
            advice = "trust its authority (SSL_CERT_FILE names a file of certificates), or use its right name"
            return Refused(None, f"its certificate is not trusted: {error.verify_message}", advice)
        case ssl.SSLError():
            return Refused(None, f"TLS failed: {error.reason or error}", "does it speak TLS there? if not, use ws://")
        case socket.gaierror():
            return Refused(None, f"its name is not known ({error.strerror})", "is the host spelled right?")
        case ConnectionRefusedError():
            return Refused(None, "nobody listens there", "is the server running, and the port right?")
        case InvalidMessage() | EOFError() | ConnectionResetError():
            advice = "does it speak TLS there? if not, use ws://" if secure else "a TLS port takes wss://"
            return Refused(None, "it hung up, or its answer was no HTTP", advice)
        case OSError() if "Connect call failed" in str(error):  # several addresses, each with its own failure
            return Refused(
                None, f"nobody answers there ({_short(error)})", "is the server running, and the port right?"
            )
        case InvalidHandshake():
            return Refused(None, f"its answer was no WebSocket upgrade: {_short(error)}", "is the path right?")
    return Refused(None, _short(error))


def _answered(response: Response) -> Refused:
    status, headers = response.status_code, response.headers
    why = f"HTTP {status}"
    if status in REDIRECTS:
        location = next(iter(headers.get_all("Location")), "").partition("?")[0]
        return Refused(status, f"{why}, a redirect to {location[:200]!r}", "name the address that is meant")
    retry_after = next(iter(headers.get_all("Retry-After")), None)
    text = f"{headers}{response.body[:MAX_BODY].decode(errors='replace')}"
    return Refused(status, why, _advice(status), retry_after, text)


def _advice(status: int) -> str:
    if status in (401, 403):
        return "is the secret that of the server, and are the token's claims and query parameter what it wants?"
    if status in ABSENT:
        return "something in front of the server says that it is not there"
    if 200 <= status < 300 or status in (404, 405, 426):
        return "there is no WebSocket at this path: is the path right?"
    return ""


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}…"
