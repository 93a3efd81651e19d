"""Reads the address of a Redis: `redis://user:password@host:6379/0`, `rediss://…` with TLS, or `unix:///path?db=0`."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from reference_server.config import ConfigError

#: The options of an address that leave the server as it is; others would change its timeouts, or what it reads.
OPTIONS = {
    *("db", "username", "password", "client_name", "health_check_interval", "socket_keepalive"),
    *("ssl_cert_reqs", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_password"),
    "ssl_check_hostname",
}
EXAMPLE = "redis://127.0.0.1:6379/0"
#: No message shows a part of the address, which may be a part of a password.
MALFORMED = f"The Redis URL is malformed; try {EXAMPLE}"
_DATABASE = re.compile(r"(/[0-9]*)?")


def address_of(url: str) -> str:
    """Give the address for the client, which would use another host or database in place of one that it cannot read.

    Raises ConfigError.
    """
    url = url.strip()
    try:
        found = urlsplit(url)
        options = dict(parse_qsl(found.query, keep_blank_values=True))
    except ValueError:
        raise ConfigError(MALFORMED) from None
    if "@" in found.path + found.query + found.fragment or found.fragment:
        raise ConfigError(
            "The Redis URL has a character that must be escaped: in a password, write %23 for #, and so on."
        )
    if found.scheme not in {"redis", "rediss", "unix"} or "://" not in url:
        raise ConfigError(MALFORMED)
    if found.scheme == "unix":
        if found.hostname or not found.path:
            raise ConfigError("The Redis URL has no path to a socket; write unix:///path/to/redis.sock.")
    elif not found.hostname:
        raise ConfigError(f"The Redis URL has no host; try {EXAMPLE}")
    elif not _DATABASE.fullmatch(found.path):
        raise ConfigError(f"The Redis URL must end in the number of a database, as in {EXAMPLE}")
    if "db" in options and not options["db"].isdecimal():
        raise ConfigError("In the Redis URL, the option db must be the number of a database.")
    _check(options, is_secure=found.scheme == "rediss")
    return url


def _check(options: dict[str, str], *, is_secure: bool) -> None:
    for name in sorted(options):
        if name not in OPTIONS:
            raise ConfigError(f"The Redis URL has the option {name!r}, which this server does not have: leave it out.")
        if name.startswith("ssl_") and not is_secure:
            raise ConfigError(f"In the Redis URL, the option {name!r} needs rediss:// in place of redis://.")
