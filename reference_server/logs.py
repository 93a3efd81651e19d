"""Logs on stderr that never hold a token."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(r"(?i)(token=|bearer\s+)[^\s&\"']+")
REPEAT_S = 60.0
#: Bounds the memory for what has been said.
KINDS = 1000
MISTAKES_OF_CLIENTS = ("Invalid UTF-8", "Invalid HTTP request", "Unsupported upgrade", "No supported WebSocket")
_JWT = re.compile(r"eyJ[\w-]*\.[\w-]*\.?[\w-]*")


class RedactingFormatter(logging.Formatter):
    """Formats a record, tracebacks included, and redacts what looks like a token."""  # AUTH-5

    def format(self, record: logging.LogRecord) -> str:
        """Format and redact."""
        return redact(super().format(record))


class OncePerMinute(logging.Filter):
    """Lets a line through once a minute, with the number of those like it that were left out since.

    What goes wrong for one request goes wrong for all: a full disk, or a client that tries again and again.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[object, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line is to be written."""
        key, now = _kind(record), self._clock()
        since, left_out = self._seen.get(key, (None, 0))
        if since is not None and now - since < REPEAT_S:
            self._seen[key] = (since, left_out + 1)
            return False
        if len(self._seen) >= KINDS:
            self._seen.clear()
        self._seen[key] = (now, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more like this since the last)", None
        return True


def _kind(record: logging.LogRecord) -> tuple[object, ...]:
    """Tell apart what is said, and where an exception comes from."""
    error, trace = record.exc_info[1:] if record.exc_info else (None, None)
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = None if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return record.name, record.getMessage(), type(error), place


def redact(text: str) -> str:
    """Redact tokens."""
    return _JWT.sub("***", _TOKEN.sub(r"\1***", text))


def configure(level: int = logging.WARNING) -> None:
    """Send all logs to stderr, redacted."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(OncePerMinute())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn.error").addFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    """Drop what uvicorn logs for mistakes of a client, which are answered."""  # CONN-7
    return not record.getMessage().startswith(MISTAKES_OF_CLIENTS)
