"""Signs that the target is gone."""

from __future__ import annotations

from dataclasses import dataclass

SERVER_ERROR = 500


@dataclass(slots=True)
class Reachability:
    """Signs, in one scenario run, that the target is gone: the server has died, hangs, or is being replaced.

    `lost` counts the connections that the target did not answer or dropped; `closed` counts all that it ended.
    `too_slow` says why the scenario took too long to say anything, at each try (empty: it did not). `lags` says where
    the target was still busy with earlier requests when we gave up waiting (empty: nowhere).
    """

    lost: int = 0
    closed: int = 0
    too_slow: str = ""
    lags: str = ""

    def refused(self, status: int | None) -> None:
        """Record a refused connection; `status` is the HTTP status, None if there was no answer."""
        self.lost += status is None or status >= SERVER_ERROR

    def ended(self, *, dropped: bool) -> None:
        """Record that the target ended a connection; `dropped`: without a close frame."""
        self.closed += 1
        self.lost += dropped
