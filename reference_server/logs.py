"""Logs on stderr, as text or JSON, that never hold a token or what users write.

The text of an exception is left out: a database names the values of a statement in it. Its type and place stay.
"""

from __future__ import annotations

import logging
import re
import time
from traceback import extract_tb, format_list
from typing import TYPE_CHECKING, Any, Literal

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from types import TracebackType

    ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

Format = Literal["text", "json"]

_TOKEN = re.compile(r"(?i)(token=|bearer\s+)[^\s&\"']+")
REPEAT_S = 60.0
#: Bounds the memory for what has been said.
KINDS = 1000
MISTAKES_OF_CLIENTS = ("Invalid UTF-8", "Invalid HTTP request", "Unsupported upgrade", "No supported WebSocket")
_JWT = re.compile(r"eyJ[\w-]*\.[\w-]*\.?[\w-]*")
#: What would begin a new line, or move the cursor of a terminal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: The fields that a record may bring besides its text.
FIELDS = {"status", "reason", "cause", "left_out"}


class TextFormatter(logging.Formatter):
    """Writes a record as one line, and the place of an exception below it."""  # AUTH-5

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Write the line, and nothing that another formatter has kept."""
        record.exc_text = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- the name of the base class
        """Write the line."""
        record.message = _CONTROL.sub(lambda found: repr(found[0])[1:-1], _sayable(record.name, record.message))
        return redact(super().formatMessage(record))

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 -- the name of the base class
        """Write types and places, the cause first."""
        lines = ["Traceback (most recent call last; texts of exceptions are left out):"]
        for error in _chain(ei[1]):
            lines += [line.rstrip("\n") for line in format_list(extract_tb(error.__traceback__))]
            lines.append(type(error).__qualname__)
        return "\n".join(lines)


def json_formatter() -> logging.Formatter:
    """Give a formatter that writes each record as one JSON object on one line."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(FIELDS),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _guard,
            structlog.processors.JSONRenderer(),
        ],
    )


def _guard(_logger: object, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Redact before the rendering, which escapes quotes, and keep only what is safe of an exception."""
    record["event"] = _sayable(record["logger"], record["event"])
    exception = record.pop("exc_info", None)
    record.pop("stack_info", None)
    if exception:
        record["exception"] = [
            {
                "type": type(error).__qualname__,
                "at": [f"{each.filename}:{each.lineno} {each.name}" for each in extract_tb(error.__traceback__)],
            }
            for error in _chain(exception[1])
        ]
    return {name: redact(value) if isinstance(value, str) else value for name, value in record.items()}


def _sayable(logger: str, message: str) -> str:
    """Leave out what asyncio adds to its sentences: tasks with their results and exceptions."""
    return message.partition("\n")[0] if logger == "asyncio" else message.strip()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give an exception after the one that it came from."""
    if error is not None:
        yield from _chain(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
        yield error


class OncePerMinute(logging.Filter):
    """Lets a line through once a minute, with the number of those like it that were left out since.

    What goes wrong for one request goes wrong for all: a full disk, or a client that tries again and again.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[object, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line is to be written; a record with `is_change` always is, since the last one counts."""
        if getattr(record, "is_change", False):
            return True
        key, now = _kind(record), self._clock()
        since, left_out = self._seen.get(key, (None, 0))
        if since is not None and now - since < REPEAT_S:
            self._seen[key] = (since, left_out + 1)
            return False
        if len(self._seen) >= KINDS:
            self._seen.clear()
        self._seen[key] = (now, 0)
        if left_out:
            record.left_out = left_out
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


def configure(form: Format) -> None:
    """Send all logs to stderr, redacted."""
    handler = logging.StreamHandler()
    handler.setFormatter(json_formatter() if form == "json" else TextFormatter())
    handler.addFilter(OncePerMinute())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("uvicorn.error").addFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    """Drop what uvicorn logs for mistakes of a client, which are answered."""  # CONN-7
    return not record.getMessage().startswith(MISTAKES_OF_CLIENTS)
