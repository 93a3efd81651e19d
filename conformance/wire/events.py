"""What happens on a connection: frames received, requests sent, and how it closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.wire.frames import Frame


@dataclass(frozen=True, slots=True)
class Received:
    """One frame in a connection's log, and when it came (`time.perf_counter`)."""

    at: float
    frame: Frame


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of ours: its type, and how many frames the log had when it left."""

    type: str
    seen: int


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended: `code` None means that TCP went away without a close frame.

    `ours` is true when this side ended it; `fault` says what the server had done, if it is why.
    """

    code: int | None
    ours: bool = False
    fault: str = ""

    def __str__(self) -> str:
        """Say it in a few words."""
        how = f"closed with {self.code}" if self.code is not None else "dropped without a close frame"
        return f"{how} ({self.fault})" if self.fault else how
