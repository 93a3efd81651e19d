"""Finds mistakes in the address of a server, and says what was probably meant."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

WEBSOCKET = ("ws", "wss")
HTTP = ("http", "https")
_OTHER = {"http": "ws", "https": "wss", "ws": "http", "wss": "https"}
_NAMES = {WEBSOCKET: "a WebSocket address", HTTP: "an HTTP address"}
LONGEST = 500
"""The most characters of an address; an error message repeats it."""
_HOST = re.compile(r"(?!-)[^\W_]([\w-]{0,61}[^\W_])?(\.(?!-)[^\W_]([\w-]{0,61}[^\W_])?)*\.?")
"""Labels of up to 63 letters, digits, hyphens and, within, underscores; letters of any script."""

_ONE_SLASH = re.compile(r"(wss?|https?):(?=/|[^0-9])/?", re.IGNORECASE)
"""A scheme without its two slashes."""

_SCHEME = re.compile(r"^(?:[A-Za-z][\w+.-]*:/{1,2}|/{0,2})")
_HOST_AND_PORT = re.compile(r"(?:[^:@\s\[\]]+|\[[^@\]]*\])(?::\d*)?")


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine itself; a connection to 0.0.0.0 or [::] leads to it, too."""
    try:
        address = ipaddress.ip_address(host)
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_loopback or address.is_unspecified
    except ValueError:
        name = host.lower().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")


def wrong_address(url: str, schemes: tuple[str, str] = WEBSOCKET) -> str | None:
    """Say what is wrong with an address, without repeating a password; None: nothing is wrong."""
    if not url:
        return "an address is missing here"
    if len(url) > LONGEST:
        return f"an address of {len(url):,} characters is too long; the limit is {LONGEST}"
    shown = _without_credentials(url)
    if "${" in url:
        return f"{shown} holds ${{…}}: a target file fills in ${{env.NAME}}, and nothing else"
    if any(char.isspace() or not char.isprintable() for char in url):
        return f"{shown!r} holds a space or a control character"
    scheme, separator, rest = url.partition("://")
    if not separator:
        slip = _ONE_SLASH.match(shown)
        meant = slip[1].lower() if slip else schemes[1]
        meant = meant if meant in schemes else _OTHER[meant]
        rest = shown[slip.end() :] if slip else shown.removeprefix("//")
        return f"{shown} does not say {schemes[0]}:// or {schemes[1]}://; did you mean {meant}://{rest}?"
    if scheme.lower() not in schemes:
        meant = _OTHER.get(scheme.lower())
        guess = f"; did you mean {meant}://{_without_credentials(rest)}?" if meant in schemes else ""
        return f"{shown} is not {_NAMES[schemes]}: it begins with {schemes[0]}:// or {schemes[1]}://{guess}"
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets without an IPv6 address
        return f"{shown} has no host that could be read; write an IPv6 address in [ ]"
    return _wrong_parts(parts, shown)


def _wrong_parts(parts: SplitResult, shown: str) -> str | None:
    if parts.username is not None or parts.password is not None:
        return f"{shown} holds a user name or password; leave it out, credentials come from the environment"
    if parts.fragment or shown.endswith("#"):
        return f"{shown} has a fragment (#…), which no server ever sees (RFC 6455 §3); leave it out"
    if parts.netloc.count(":") > 1 and "[" not in parts.netloc:
        return f"{shown} has no host that could be read; write an IPv6 address in [ ]"
    if not parts.hostname:
        return f"{shown} names no host"
    try:
        port = parts.port
    except ValueError:
        return f"{shown} has a port that is not a number from 1 to 65535"
    if port == 0 or parts.netloc.endswith(":"):
        return f"{shown} has a port that is not a number from 1 to 65535"
    if ":" not in parts.hostname and not (_HOST.fullmatch(parts.hostname) and len(parts.hostname) <= 253):
        return f"{shown} has a host that cannot exist: {parts.hostname!r}"
    return None


def _without_credentials(url: str) -> str:
    """Take out what may be a secret: user name and password, and the values of the query."""
    bare, mark, query = without_user(url, "…").partition("?")
    return f"{bare}{mark}{re.sub(r'=[^&#]+', '=…', query)}"


def without_user(url: str, instead: str) -> str:
    """Replace the user name and password of an address, also of one that is wrong: a password may hold a `/` or a `?`.

    An `@` of the path stays.
    """
    rest = _SCHEME.sub("", url, count=1)
    if "@" not in rest:
        return url
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if _HOST_AND_PORT.fullmatch(authority):
        return url
    before, at, host = authority.rpartition("@")
    end = len(before) if at and _HOST_AND_PORT.fullmatch(host) else rest.rindex("@")
    return f"{url.removesuffix(rest)}{instead}{rest[end:]}"
