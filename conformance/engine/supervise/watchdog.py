"""Watches over a run: whether the target is still there, and still the one that was calibrated.

What a play says against a server says nothing when the server was not there to be judged.

    a play ends                                                     its result
    -------------------------------------------------------------   --------------------------------------------------
    well, and every connection was answered                         stands
    otherwise, and the target lets somebody in and replies, and     stands
    no instance of it has ended all its connections meanwhile
    otherwise                                                       is held back, and so is the beginning of others
      the target was only slow                                      it is run again at the end, with nothing beside,
                                                                      and that result stands
      the target comes back (or the run can start it again)         it is run again at the end, with nothing beside
        and is lost again while that runs                           FAIL: this scenario brings the server down
        and it ends otherwise than before                           that result, and the run is not complete
      it does not come back                                         BLOCKED, and the run ends there
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TypeVar

from conformance.engine.calibration.differences import differences
from conformance.engine.context.run_context import Reachability
from conformance.engine.supervise.keepalive import keep_alive
from conformance.engine.supervise.liveness import LivenessConnections
from conformance.engine.supervise.reaching import Answer, ask
from conformance.errors import ChatParityError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from conformance.engine.context.run_context import RunContext

GRACE_PERIOD = 5.0
"""Seconds in which a target that was lost may come back."""
GLANCE = 0.25
"""Seconds between two looks whether it has."""
MOST_LOSSES = 10
"""Times that a run finds a lost target back and goes on."""
MOST_NAMES = 8

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class Watch:
    """One play under watch: how its target fared, and how many losses there were when it began."""

    name: str
    losses: int
    reachability: Reachability = field(default_factory=Reachability)


class Watchdog:
    """Says of each play whether it may be believed; a context manager around all of them.

    `stopped` says why the run has to end (empty: it has not to); `doubts` why it is not complete though it goes on;
    `returns` how often the target was lost and is back; `seen` what the last loss looked like; `slow` what the target
    took too long for, the last time, and `slowed` the names of those that were playing.
    """

    def __init__(self, run_context: RunContext) -> None:
        self.stopped = ""
        self.doubts = ""
        self.returns = 0
        self.seen = ""
        self.slow = ""
        self.slowed: set[str] = set()
        self._run = run_context
        self._liveness = LivenessConnections(run_context, self._lost)
        self._pings: asyncio.Task[None] | None = None
        self._losses = 0
        self._restarting = False
        self._watched: list[Watch] = []
        self._suspects: tuple[str, ...] = ()
        self._asking = asyncio.Lock()
        self._asked = 0.0
        self._answer = Answer()
        self._recovering = asyncio.Lock()
        self._good = 0.0
        self._here = asyncio.Event()
        self._here.set()
        self._gone = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._liveness.__aenter__()
        if self._run.target.keepalive:
            self._pings = asyncio.create_task(keep_alive(self._run.open_connections))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pings is not None:
            self._pings.cancel()
            await asyncio.wait([self._pings])
        await self._liveness.__aexit__()

    async def restart(self) -> None:
        """Restart the target, which is no loss."""
        assert self._run.restart is not None
        self._restarting = True
        await self._liveness.__aexit__()
        try:
            await self._run.restart()
        finally:
            await self._liveness.__aenter__()
            self._restarting = False

    def watch(self, name: str) -> Watch:
        """Begin to watch one scenario."""
        return Watch(name, self._losses)

    async def over(self, watch: Watch, begin: Callable[[], Coroutine[None, None, _T]]) -> _T | None:
        """Run something once the target is there; None: the target has gone for good meanwhile."""
        await self._here.wait()
        if self.stopped:
            return None
        watch.losses = self._losses
        self._watched.append(watch)
        supervised = asyncio.create_task(begin())
        gone = asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait({supervised, gone}, return_when=asyncio.FIRST_COMPLETED)
            return supervised.result() if supervised.done() else None
        except BaseException:
            self._watched.remove(watch)
            raise
        finally:
            gone.cancel()
            if not supervised.done():
                supervised.cancel()
                await asyncio.wait({supervised})

    async def believes(self, watch: Watch, *, well: bool, again: bool = False) -> bool:
        """Say whether what a play has seen stands; `well`: it says nothing against the server. The watch is over.

        What runs `again` has nothing beside it: then a slow target is judged as it is.
        """
        try:
            if self.stopped:
                return False
            answer = Answer() if well and not watch.reachability.lost else await self._ask()
            slow = answer.slow
            if answer.gone:
                slow = await self._recover(answer.gone)
                if not slow:
                    return False
            await self._liveness.judged()
            if slow:
                self.slow = slow
                self.slowed.add(watch.name)
            return (again or not slow) and not (watch.reachability.closed and self._losses != watch.losses)
        finally:
            if watch in self._watched:
                self._watched.remove(watch)

    async def close(self) -> None:
        """Look once more at a target that was there all the time: what was calibrated must hold at the end, too."""
        for _ in range(2):  # One slow moment is no other server.
            wrong = await differences(self._run)
            if not wrong:
                return
        self.doubt(f"at the end of the run the target is not what it was at its beginning: {wrong}")

    def doubt(self, reason: str) -> None:
        """Note why the run is not complete; the first reason is kept."""
        self.doubts = self.doubts or reason

    def notes(self) -> list[str]:
        """Say what did not spoil the run, and is good to know."""
        if not self.slow:
            return []
        return [
            f"the target was slow while {len(self.slowed)} scenarios ran ({self.slow}); they were run "
            "again, one at a time, and that is what counts: on a slow line, `--time-scale 3` waits three times as long"
        ]

    @property
    def suspects(self) -> str:
        """Name those that were playing when the target was lost for the last time."""
        more = len(self._suspects) - MOST_NAMES
        return ", ".join(self._suspects[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")

    def _lost(self, seen: str) -> None:
        if not self._restarting:
            self._note_loss(seen)

    def _note_loss(self, seen: str) -> None:
        self._losses += 1
        self.seen = seen
        self._suspects = tuple(watch.name for watch in self._watched) or self._suspects

    async def _ask(self) -> Answer:
        """Say what is wrong with the target now; whoever asks while a question is under way shares the next one."""
        arrived = time.perf_counter()
        async with self._asking:
            if self._asked < arrived:
                self._asked = time.perf_counter()
                self._answer = await ask(self._run)
            return self._answer

    async def _recover(self, gone: str) -> str:
        """Wait for the target to come back, or bring it back; else the run is over.

        Gives what was slow where the target is there at the next question already, and nothing was lost meanwhile.
        """
        arrived, losses = time.perf_counter(), self._losses
        async with self._recovering:
            if self._good > arrived or self.stopped:
                return ""
            self._here.clear()
            until = self._asked + GRACE_PERIOD * self._run.time_scale
            if not (await ask(self._run)).gone and self._losses == losses:
                self._here.set()
                return f"first {gone}, and then it was there"
            self._note_loss(gone)
            if self._run.restart is not None:
                with contextlib.suppress(ChatParityError):
                    await self.restart()
            while gone := (await ask(self._run)).gone:
                if time.perf_counter() > until:
                    self._give_up(f"the target was lost while {self.suspects} ran: {gone}")
                    return ""
                await asyncio.sleep(GLANCE)
            self._good = time.perf_counter()
            self.returns += 1
            if self.returns > MOST_LOSSES:
                self._give_up(
                    f"the target was lost {self.returns} times, the last time while {self.suspects} ran: {self.seen}"
                )
                return ""
            self._here.set()
            return ""

    def _give_up(self, reason: str) -> None:
        self.stopped = reason
        self._gone.set()
        self._here.set()
