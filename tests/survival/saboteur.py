"""The reference server, with a clock that signals can step, and an end between a commit and its broadcast.

With SABOTAGE=lose in the environment it confirms messages that it does not store, with SABOTAGE=twice it tells messages
twice, and with SABOTAGE=late it tells some after those that follow: what the checker must find.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta

from jwt import api_jwt
from sqlalchemy import delete

from reference_server.__main__ import main
from reference_server.group_commit.publisher import Direct
from reference_server.hub import Room
from reference_server.journal import publisher as journal
from reference_server.models import MESSAGES
from reference_server.store import conversations, messages

FORWARD, BACK, CRASH = signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP
HOUR = timedelta(hours=1)
#: So many messages are kept back: the next one of the same sender is told first.
SENDERS_KEPT = 12


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
        api_jwt.datetime = type("SteppedTime", (datetime,), {"now": staticmethod(lambda tz: self.now())})
        seconds = time.time
        time.time = lambda: seconds() + self.step.total_seconds()
        for number, step in ((FORWARD, HOUR), (BACK, -HOUR)):
            signal.signal(number, lambda *_, step=step: setattr(self, "step", self.step + step))
        signal.signal(CRASH, lambda *_: setattr(self, "crashes", True))
        for kind in (Direct, journal.Journal):
            self._end_before(kind)
        if os.environ.get("SABOTAGE") == "lose":
            messages.add = _losing(messages.add)
        elif os.environ.get("SABOTAGE") in {"twice", "late"}:
            Room.notice = _wrong(Room.notice, os.environ["SABOTAGE"])

    def _end_before(self, kind) -> None:
        publish = kind.publish

        async def ends(publisher, units) -> None:
            if self.crashes and any(unit.told for unit in units):
                os._exit(9)
            await publish(publisher, units)

        kind.publish = ends


def _is_odd(text: str) -> bool:
    """Choose some messages: every fifth of a sender."""
    return text.endswith(("4", "9"))


def _losing(add):
    def lose(connection, *about, content, **more):
        if not _is_odd(content):
            return add(connection, *about, content=content, **more)
        said = add(connection, *about, content=content, **more)
        connection.execute(delete(MESSAGES).where(MESSAGES.c.id == said.message_id))
        return said

    return lose


def _wrong(notice, how):
    kept: dict[int, list] = {}

    def tell(room, one):
        odd = '"NewMessage"' in getattr(one, "frame", "") and _is_odd(json.loads(one.frame)["content"])
        late = kept.setdefault(id(room), [])
        if odd and how == "late":
            late.append(one)
            return
        for each in (one, one) if odd else (one,):
            notice(room, each)
        if len(late) > SENDERS_KEPT:
            notice(room, late.pop(0))

    return tell


if __name__ == "__main__":
    Saboteur().install()
    code = main()
    gc.freeze()  # as the command itself does
    sys.exit(code)
