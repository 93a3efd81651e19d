"""`--as NAME`: this process is one of the earlier servers instead."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from reference_server.config import MIN_SECRET_BYTES, ConfigError
from reference_server.earlier.acknowledge_everything import acknowledging
from reference_server.earlier.relay_everything import relaying

if TYPE_CHECKING:
    from argparse import Namespace
    from contextlib import AbstractAsyncContextManager

#: What the earlier servers have as well; the other options are those of the reference server.
OPTIONS = {"earlier", "host", "port", "jwt_secret", "log_format", "exit_on_stdin_eof"}

#: The first websockets that limits frames and messages apart, and broadcasts bytes as text. Nothing else here needs it.
NEEDED = (16, 1)


def open_earlier(options: Namespace, defaults: Namespace, port: int, secret: str) -> AbstractAsyncContextManager[str]:
    """Open the server that `--as` names, which gives its URL; raises ConfigError for an option that it lacks."""
    if _version() < NEEDED:
        needed = ".".join(map(str, NEEDED))
        raise ConfigError(f"--as {options.earlier} needs websockets {needed}: pip install 'websockets>={needed}'.")
    given = {name for name, value in vars(options).items() if value != getattr(defaults, name)}
    others = sorted(given - OPTIONS)
    if others:
        raise ConfigError(f"--as {options.earlier} is another server, without --{others[0].replace('_', '-')}.")
    if options.port and len(options.port) > 1:
        raise ConfigError(f"--as {options.earlier} has one instance: give one --port.")
    if options.earlier == "rust-2025":
        return acknowledging(port, options.host)
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigError(f"--as go-2025 looks at tokens: give JWT_SECRET, of {MIN_SECRET_BYTES} bytes at least.")
    return relaying(secret, port, options.host)


def _version() -> tuple[int, ...]:
    return tuple(int(part) for part in version("websockets").split(".")[:2])
