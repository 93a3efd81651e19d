"""Good manners while playing: who is asked to come again later does, and what we wait for ourselves is kept apart."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

from conformance.errors import AskedToLeave
from conformance.politeness.retrying import LONGEST, TRIES, asked_to_wait
from conformance.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.connection import Connection
    from conformance.play.world import World

NO_WAIT = 0.001
"""Seconds; nobody was held back who was let through at once."""


class Held:
    """A stopwatch for the seconds in which a play was held back by our own politeness, once or at several places."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._places = 0
        self._since = 0.0

    def __enter__(self) -> None:
        if not self._places:
            self._since = time.perf_counter()
        self._places += 1

    def __exit__(self, *_: object) -> None:
        self._places -= 1
        if not self._places and (seconds := time.perf_counter() - self._since) > NO_WAIT:
            self.seconds += seconds


async def insist(
    world: World, who: str, connect: Callable[[], Awaitable[Connection | Refused]]
) -> Connection | Refused:
    """Connect somebody who should be let in: a server that says “later” is obeyed, and nothing is held against it.

    Raises AskedToLeave where it says so again and again, or for too long.
    """
    for attempt in itertools.count(1):
        outcome = await connect()
        if not isinstance(outcome, Refused):
            break
        wait = asked_to_wait(outcome.status, outcome.retry_after, attempt)
        if wait is None:
            break
        if wait > LONGEST or attempt == TRIES:
            how = "again and again" if wait <= LONGEST else f"for {wait:,.0f} s"
            raise AskedToLeave(f"the target turns us away {how} ({outcome.why}): come back later, or go slower")
        world.transcript.note(who, "·", f"asked to come again in {wait:g} s")
        world.stage.guest.stay_away(wait)
    return outcome
