"""`--as NAME`: starts one of the earlier servers instead of the reference server."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from reference_server.config import MIN_SECRET_BYTES, ConfigError
from reference_server.earlier import WITH_TOKENS
from reference_server.earlier.acknowledge_everything import acknowledging
from reference_server.earlier.relay_everything import relaying

if TYPE_CHECKING:
    from argparse import Namespace
    from contextlib import AbstractAsyncContextManager

#: The options that the earlier servers have, too; the others are only for the reference server.
OPTIONS = {"earlier", "host", "port", "jwt_secret", "log_format", "exit_on_stdin_eof"}

#: The first version of websockets that limits frames and messages separately, and broadcasts bytes as text.
NEEDED = (16, 1)


def open_earlier(options: Namespace, defaults: Namespace, port: int, secret: str) -> AbstractAsyncContextManager[str]:
    """Open the server that `--as` names; the context gives its URL. Raises ConfigError for an option that it lacks."""
    if _version() < NEEDED:
        needed = ".".join(map(str, NEEDED))
        raise ConfigError(f"--as {options.earlier} needs websockets {needed}: pip install 'websockets>={needed}'.")
    given = {name for name, value in vars(options).items() if value != getattr(defaults, name)}
    others = sorted(given - OPTIONS)
    if others:
        raise ConfigError(f"--as {options.earlier} does not go with --{others[0].replace('_', '-')}: leave it out.")
    if options.port and len(options.port) > 1:
        raise ConfigError(f"--as {options.earlier} has one instance: give only one --port.")
    if options.earlier not in WITH_TOKENS:
        return acknowledging(port, options.host)
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigError(f"--as {options.earlier} checks tokens: set JWT_SECRET (at least {MIN_SECRET_BYTES} bytes).")
    return relaying(secret, port, options.host)


def _version() -> tuple[int, ...]:
    return tuple(int(part) for part in version("websockets").split(".")[:2])
