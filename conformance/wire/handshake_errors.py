"""Why a server refused a connection, and what the user can do about it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from websockets.exceptions import (
    InvalidHandshake,
    InvalidMessage,
    InvalidProxyStatus,
    InvalidStatus,
    NegotiationError,
    ProxyError,
    SecurityError,
)

from conformance.errors import of_this_machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.datastructures import Headers
    from websockets.http11 import Response

REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
TOKEN_REFUSED = frozenset({401, 403})
ABSENT = frozenset({502, 503, 504})
MAX_BODY = 65536
"""Bytes of the body of a refusal that are kept."""
_OUT_OF_DATE = (9, 10)
"""The codes of OpenSSL (X509_V_ERR_…) for a certificate that is not valid yet, or not any more."""
_OTHER_NAME = (62, 64)
"""Those for a certificate of another host, or of another IP address."""

CLOCK_S = 60.0
"""Seconds between the clocks that a token may not survive."""

SHOWN = 160
"""Characters that a message shows of a header, or of the body."""
CAUSES = (
    "likely causes, in this order: the path is that of something else; a gateway in front wants a header (`headers:` in"
    " the target file); it does not allow the origin; the secret, the claims or the token's place are not the server's;"
    " the clocks differ"
)


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refused the connection.

    `status` is the HTTP status, None if no response came. `why` gives the reason in a few words, `said` the beginning
    of what the server says about it, without secrets, and `advice` what to do. `retry_after` is the header of that name
    (RFC 9110 §10.2.3). `text` has the headers and the body of the refusal, at most `MAX_BODY` bytes of it.
    `late`: our request came too late, so that this is no answer to it.
    """

    status: int | None
    why: str
    advice: str = ""
    retry_after: str | None = None
    text: str = ""
    said: str = ""
    late: bool = False

    def __str__(self) -> str:
        """Give the reason, what the server says, and the advice."""
        return "; ".join(filter(None, (self.why, self.said, self.advice)))


def refused(
    error: Exception, url: str, timeout: float, redact: Callable[[str], str] = str, proxy: str | None = None
) -> Refused:
    """Translate an error of the opening handshake.

    `timeout` is in seconds. `redact` removes secrets from a text; `proxy` is the one in between, as it is shown.
    Raises MachineFailed if it says nothing of the server.
    """
    ours = of_this_machine(error)
    if ours is not None:
        raise ours from None
    found = _refused(error, url, timeout, redact)
    if proxy is None or found.status is not None:
        return found
    return replace(found, why=f"{found.why}, through the proxy {proxy}")


def _refused(error: Exception, url: str, timeout: float, redact: Callable[[str], str]) -> Refused:
    secure = url.lower().startswith("wss:")
    match error:
        case InvalidStatus():
            return _answered(error.response, redact)
        case InvalidProxyStatus():
            why = f"the proxy answers with HTTP {error.response.status_code}"
            return Refused(None, why, _proxy_advice(error.response.status_code))
        case ProxyError():
            said, advice = _proxy_says(error)
            return Refused(None, f"the proxy does not lead there: {said}", advice)
        case InvalidMessage() if isinstance(error.__cause__, SecurityError):
            return Refused(None, f"its answer cannot be read: {_short(error.__cause__)}", "is the path right?")
        case TimeoutError():
            return Refused(
                None, f"no answer to the upgrade within {timeout:g} s", "is it the right port, and no firewall between?"
            )
        case ssl.SSLCertVerificationError():
            return Refused(None, f"its certificate is not trusted: {error.verify_message}", _certificate_advice(error))
        case ssl.SSLError():
            return Refused(None, f"TLS failed: {error.reason or error}", "does it speak TLS there? if not, use ws://")
        case socket.gaierror():
            return Refused(None, f"its name is not known ({error.strerror})", "is the host spelled right?")
        case ConnectionRefusedError():
            return Refused(None, "nobody listens there", "is the server running, and the port right?")
        case InvalidMessage() | EOFError() | ConnectionResetError():
            return Refused(None, "it hung up, or its answer was no HTTP", _hung_up_advice(error, secure=secure))
        case OSError() if "Connect call failed" in str(error):  # several addresses, each with its own failure
            return Refused(
                None, f"nobody answers there ({_short(error)})", "is the server running, and the port right?"
            )
        case InvalidHandshake():
            return Refused(None, f"its answer was no WebSocket upgrade: {_short(error)}", _upgrade_advice(error))
    return Refused(None, _short(error), "is the address right, and can this machine reach it?")


def _hung_up_advice(error: Exception, *, secure: bool) -> str:
    if not secure:
        return "a TLS port takes wss://"
    if isinstance(error, ConnectionResetError):
        return "does it speak TLS there? if not, use ws://"
    # TLS is open by now, and TLS 1.3 refuses a client without a certificate only afterwards.
    return "does it want a client's certificate (`tls: {cert, key}` in the target file)? is the path right?"


def _upgrade_advice(error: InvalidHandshake) -> str:
    if isinstance(error, NegotiationError):
        return "offer the subprotocol that it wants: `subprotocols:` in the target file"
    return "is the path right?"


def _certificate_advice(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _OUT_OF_DATE:
        return "it has to be renewed; or is the clock of this machine wrong?"
    if error.verify_code in _OTHER_NAME:
        return "use a name that is in it, as the host or as `tls: {server_name: …}` in the target file"
    return "trust its authority: `tls: {ca: FILE}` in the target file, or the variable SSL_CERT_FILE"


def _answered(response: Response, redact: Callable[[str], str]) -> Refused:
    status, headers = response.status_code, response.headers
    why = f"HTTP {status}"
    if status in REDIRECTS:
        location = next(iter(headers.get_all("Location")), "").partition("?")[0]
        return Refused(status, f"{why}, a redirect to {_shown(location, redact)!r}", "name the address that is meant")
    retry_after = next(iter(headers.get_all("Retry-After")), None)
    body = response.body[:MAX_BODY].decode(errors="replace")
    challenges = [f"WWW-Authenticate: {_shown(one, redact)}" for one in headers.get_all("WWW-Authenticate")]
    line = next((line for line in body.splitlines() if line.strip()), "")
    said = [*challenges[:1], *([f"it says {_shown(line, redact)!r}"] if line else [])]
    said += _clocks(headers) if status in TOKEN_REFUSED else []
    return Refused(status, why, _advice(status), retry_after, f"{headers}{body}", "; ".join(said))


def _clocks(headers: Headers) -> list[str]:
    """Say that the server's clock differs from ours, if its Date (RFC 9110 §6.6.1) shows it."""
    try:
        theirs = parsedate_to_datetime(next(iter(headers.get_all("Date"))))
        ahead = (theirs - datetime.now(UTC)).total_seconds()
    except (StopIteration, ValueError, TypeError):  # none, no date, or one without a zone
        return []
    if abs(ahead) < CLOCK_S:
        return []
    return [f"its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours"]


def _shown(text: str, redact: Callable[[str], str]) -> str:
    """Give the beginning of a text; secrets are removed before it is cut."""
    text = "".join(char if char.isprintable() else " " for char in redact(text))
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _advice(status: int) -> str:
    if status in TOKEN_REFUSED:
        return CAUSES
    if status == 407:
        return "a proxy in between wants a user name and password (`proxy:` in the target file)"
    if status in ABSENT:
        return "something in front of the server says that it is not there"
    if 200 <= status < 300 or status in (404, 405, 426):
        return "there is no WebSocket at this path: is the path right?"
    if status == 429:
        return "it allows no more connections just now: wait, or limit ours (`throttle:` in the target file)"
    return "its log may say why"


def _proxy_advice(status: int) -> str:
    if status == 407:
        return "it wants a user name and password: `proxy: http://${env.USER}:${env.PASSWORD}@HOST:PORT`"
    if status in ABSENT:
        return "it does not reach the server: is the address right, as the proxy sees it?"
    return "does it allow that address? is it a proxy?"


def _proxy_says(error: ProxyError) -> tuple[str, str]:
    """Give what a proxy says, and advice; the refusal of a SOCKS proxy (RFC 1928) is only in the error's cause."""
    cause = error.__cause__
    if not isinstance(cause, Exception) or not type(cause).__module__.startswith("python_socks"):
        return _short(error), "is the proxy's address right?"
    said = _short(cause)
    if "authentication" in said:
        return said, "it wants a user name and password: `proxy: socks5h://${env.USER}:${env.PASSWORD}@HOST:PORT`"
    return said, "does it allow that address? is it right, as the proxy sees it?"


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}…"
