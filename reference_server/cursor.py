"""Cursors: an opaque text that says where a page of history ends, bound to its conversation."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from reference_server.errors import Refused

if TYPE_CHECKING:
    from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
_TICKS_BYTES = 8
_SEAL_BYTES = 8


def encode(conversation_id: UUID, stamp: datetime) -> str:
    """Write the cursor of the messages of a conversation that are older than the stamp."""
    ticks = ((stamp - EPOCH) // TICK).to_bytes(_TICKS_BYTES, "big", signed=True)
    return base64.urlsafe_b64encode(ticks + _seal(ticks, conversation_id)).decode()


def decode(cursor: str, conversation_id: UUID) -> datetime:
    """Read a cursor of this conversation, and refuse anything else."""  # HIST-5
    try:
        raw = base64.b64decode(cursor, altchars=b"-_", validate=True)
        ticks, seal = raw[:_TICKS_BYTES], raw[_TICKS_BYTES:]
        stamp = EPOCH + int.from_bytes(ticks, "big", signed=True) * TICK
    except (binascii.Error, ValueError, OverflowError):
        raise _malformed() from None
    if seal != _seal(ticks, conversation_id):
        raise _malformed()
    return stamp


def _seal(ticks: bytes, conversation_id: UUID) -> bytes:
    """Bind a position to its conversation; what is behind it is guarded by permissions, not by secrecy."""
    return blake2b(ticks + conversation_id.bytes, digest_size=_SEAL_BYTES).digest()


def _malformed() -> Refused:
    return Refused("invalid_message", "The cursor is not one of this conversation.")
