"""The connections of a recording, and what every kind of recording has: times, contents and headers."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

PART, BINARY = 0, 2
"""The opcodes of the further parts of a message, and of binary messages (RFC 6455 §5.2)."""

CONTROL = (8, 9, 10)
"""The opcodes of close frames, pings and pongs."""

MILLISECONDS = 1e11
"""A number above this is a time in milliseconds since 1970, not in seconds."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One message of a recording: its time in seconds, whether the client `sent` or `received` it, and its content."""

    at: float
    way: str
    data: str | bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """One connection of a recording.

    `secrets` come from its URL and headers. `user` is the id of its user, which only our own recordings have. `whole`:
    the recording has the connection from its beginning. `address` is the host and the path of its URL; our own
    recordings have none, because all their connections are to one server.
    """

    secrets: tuple[str, ...]
    messages: tuple[Passed, ...]
    user: str | None = None
    whole: bool = True
    address: str | None = None


class Corrupt(ValueError):
    """A part of a recording is wrong; the text has the place and the mistake."""


def data_of(data: str, opcode: Any, place: str) -> str | bytes:
    """Give a message as it was sent; browsers write binary messages in base64; raises Corrupt."""
    if opcode != BINARY:
        return data
    try:
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        raise Corrupt(f"{place}.data is not base64, but its opcode says binary") from None


def time_of(value: Any, place: str) -> float:
    """Give a time in seconds; raises Corrupt."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        raise Corrupt(f"{place} is not a time")
    return value / 1000 if value > MILLISECONDS else float(value)


def pairs(headers: Any) -> list[tuple[str, str]]:
    """Give headers as pairs; reads all three forms and leaves out what it cannot read."""
    if isinstance(headers, dict):
        return [(str(key), str(value)) for key, value in headers.items()]
    pairs = []
    for one in headers if isinstance(headers, list) else ():
        if isinstance(one, dict):
            pairs.append((str(one.get("name", "")), str(one.get("value", ""))))
        elif isinstance(one, list) and len(one) == 2:
            pairs.append((str(one[0]), str(one[1])))
    return pairs
