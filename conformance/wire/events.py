"""What happens on a connection: frames received, requests sent, and how it closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection
    from websockets.exceptions import ConnectionClosed

    from conformance.wire.activity import Activity
    from conformance.wire.frames import Frame

MAX_FRAME = 4 << 20
"""Bytes; a server that sends a larger frame is cut off."""
MOST_PINGS = 100_000
"""Pings on one connection; a server that sends more is cut off, since each of them is work for us."""
TOO_MANY_PINGS = "too many pings"
NORMAL_CLOSURE = 1000
TOO_BIG = 1009
IDLE = 0.9
"""Seconds without a message after which a connection that ends may have been ended for that."""


@dataclass(frozen=True, slots=True)
class Received:
    """One frame in a connection's log, and its time of arrival (`time.perf_counter`)."""

    at: float
    frame: Frame


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of ours: its type, and the length of the log when it was sent."""

    type: str
    seen: int


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended: `code` None means that TCP went away without a close frame.

    `ours` is true when this side ended it; `fault` says what the server did wrong, if that is the reason.
    `idle` has the seconds without a message one way by then, and `untended` those in which we sent nothing at all.
    """

    code: int | None
    ours: bool = False
    fault: str = ""
    idle: float = field(default=0.0, compare=False)
    untended: float = field(default=0.0, compare=False)

    @property
    def after_silence(self) -> bool:
        """Tell whether it may have ended for being idle: we did not end it, and it was silent for long one way."""
        return self.idle >= IDLE and not self.ours

    def __str__(self) -> str:
        """Describe it in a few words."""
        how = f"closed with {self.code}" if self.code is not None else "dropped without a close frame"
        if self.after_silence:
            how += f" after {self.idle:.1f} s without a message one way"
        return f"{how} ({self.fault})" if self.fault else how


def how_it_ended(
    error: ConnectionClosed, activity: Activity, socket: ClientConnection, *, dropping: bool, fault: str
) -> Closed:
    """Say how a connection ended; `dropping`: we reset it ourselves; `fault`: why we cut the server off."""
    lingered = _lingered(socket)
    idle, untended = activity.idle(lingered), activity.untended(lingered)
    if error.rcvd is not None:
        return Closed(error.rcvd.code, ours=error.rcvd_then_sent is False, idle=idle, untended=untended)
    if error.sent is not None and error.sent.code != NORMAL_CLOSURE:
        reason = error.sent.reason
        if reason == TOO_MANY_PINGS:
            wrong = f"the server sent more than {MOST_PINGS:,} pings"
        elif error.sent.code != TOO_BIG:
            wrong = f"the server broke RFC 6455: {error.sent.code} {reason}".strip()
        elif "fragments" in reason:  # the library's own limit, which has no other sign
            wrong = "the server sent a message in more fragments than a client takes"
        else:
            wrong = f"the server sent a frame of more than {MAX_FRAME:,} bytes"
        return Closed(None, ours=True, fault=wrong)
    return Closed(None, ours=error.sent is not None or dropping, fault=fault, idle=idle, untended=untended)


def _lingered(socket: ClientConnection) -> float:
    """Give the seconds for which TCP stayed open after the close frame, or after the server's fault."""
    deadline, given = socket.close_deadline, socket.close_timeout
    return 0.0 if deadline is None or given is None else max(0.0, socket.loop.time() - (deadline - given))
