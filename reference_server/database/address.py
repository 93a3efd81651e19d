"""Reads the address of a PostgreSQL as other programs write it: `postgresql://user:password@host/name?sslmode=require`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from reference_server.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL

#: The options of an address that asyncpg takes, besides host, port, user and password.
OPTIONS = {
    *("host", "port", "user", "password", "passfile", "dbname", "database", "service", "target_session_attrs"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version", "sslnegotiation", "krbsrvname", "gsslib"),
    *("application_name", "options"),  # for the server
}
#: What PostgreSQL itself takes for `target_session_attrs`; asyncpg would show a Python object for anything else.
SESSIONS = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")
LAST_PORT = 65_535


def address_of(url: URL) -> str:
    """Give the address for asyncpg; raises ConfigError for an option that it does not know."""
    if "@" in (url.host or ""):
        raise ConfigError("The password of the database URL has an @: write %40 for it, and so on for / : ? # and %.")
    query = dict(url.query)
    if "ssl" in query:  # as SQLAlchemy writes it
        query["sslmode"] = query.pop("ssl")
    unknown = sorted(query.keys() - OPTIONS)
    if unknown:
        raise ConfigError(
            f"The database URL has the option {unknown[0]!r}, which this server does not have: leave it out."
        )
    session = query.get("target_session_attrs", "any")
    if session not in SESSIONS:
        raise ConfigError(
            f"In the database URL, target_session_attrs must be one of {', '.join(SESSIONS)}; got {session!r}"
        )
    ports = [str(url.port or 0), *str(query.get("port", "0")).split(",")]
    if not all(each.isdecimal() and int(each) <= LAST_PORT for each in ports):
        raise ConfigError("The port of the database URL must be a number up to 65535.")
    return url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)


@contextmanager
def reaching(url: URL) -> Iterator[None]:
    """Name the server in the error if it cannot be reached; raises ConfigError."""
    try:
        yield
    except OSError as error:
        where = url.query.get("host") or ":".join(map(str, filter(None, (url.host or "localhost", url.port))))
        reason = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
        file = f": {error.filename}" if error.filename else ""  # of a certificate
        raise ConfigError(f"PostgreSQL at {where} cannot be reached: {reason}{file}") from None
