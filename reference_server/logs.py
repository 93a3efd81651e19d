"""Logs on stderr that never hold a token."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"(?i)(token=|bearer\s+)[^\s&\"']+")
MISTAKES_OF_CLIENTS = ("Invalid UTF-8", "Invalid HTTP request", "Unsupported upgrade", "No supported WebSocket")
_JWT = re.compile(r"eyJ[\w-]*\.[\w-]*\.?[\w-]*")


class RedactingFormatter(logging.Formatter):
    """Formats a record, tracebacks included, and redacts what looks like a token."""  # AUTH-5

    def format(self, record: logging.LogRecord) -> str:
        """Format and redact."""
        return redact(super().format(record))


def redact(text: str) -> str:
    """Redact tokens."""
    return _JWT.sub("***", _TOKEN.sub(r"\1***", text))


def configure(level: int = logging.WARNING) -> None:
    """Send all logs to stderr, redacted."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn.error").addFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    """Drop what uvicorn logs for mistakes of a client, which are answered."""  # CONN-7
    return not record.getMessage().startswith(MISTAKES_OF_CLIENTS)
