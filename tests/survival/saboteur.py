"""The reference server, with a clock that signals can step, and an end between a commit and its broadcast."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime, timedelta

from reference_server.__main__ import main
from reference_server.group_commit.publisher import Direct
from reference_server.journal import publisher as journal
from reference_server.store import conversations

FORWARD, BACK, CRASH = signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP
HOUR = timedelta(hours=1)


class Saboteur:
    """What the signals have asked for."""

    def __init__(self) -> None:
        self.step = timedelta(0)
        self.crashes = False

    def now(self) -> datetime:
        """Read the clock, as it is set."""
        return datetime.now(UTC) + self.step

    def install(self) -> None:
        """Listen to the signals."""
        conversations.now = self.now
        for number, step in ((FORWARD, HOUR), (BACK, -HOUR)):
            signal.signal(number, lambda *_, step=step: setattr(self, "step", self.step + step))
        signal.signal(CRASH, lambda *_: setattr(self, "crashes", True))
        for kind in (Direct, journal.Journal):
            self._end_before(kind)

    def _end_before(self, kind) -> None:
        publish = kind.publish

        async def ends(publisher, units) -> None:
            if self.crashes and any(unit.told for unit in units):
                os._exit(9)
            await publish(publisher, units)

        kind.publish = ends


if __name__ == "__main__":
    Saboteur().install()
    sys.exit(main())
