"""Watches a run: whether the target is still there, and is still the one that was calibrated.

A failure says nothing about a server that was not there.

    a scenario ends                                                 its result
    -------------------------------------------------------------   --------------------------------------------------
    well, and every connection was answered                         counts
    otherwise, and the target lets somebody in and replies, and     counts
    no instance of it has ended all its connections meanwhile
    otherwise                                                       is postponed, and so is the start of others
      the target was only slow                                      it runs again at the end, with nothing beside it,
                                                                      and the second result counts
      the target comes back (or the run can start it again)         it runs again at the end, with nothing beside it
        and is lost again while that runs                           FAIL: this scenario brings the server down
        and it ends with another outcome                            the second result; the run is not complete
      it does not come back                                         BLOCKED, and the run ends there
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TypeVar

from conformance.engine.calibration.differences import differences
from conformance.engine.context.reachability import Reachability
from conformance.engine.supervise.keepalive import kept_alive
from conformance.engine.supervise.liveness import LivenessConnections
from conformance.engine.supervise.reaching import Answer, ask
from conformance.errors import ChatParityError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from conformance.engine.context.run_context import RunContext

GRACE_PERIOD = 5.0
"""Seconds that a lost target has to come back."""
POLL_INTERVAL = 0.25
"""Seconds between two checks whether it is back."""
MOST_LOSSES = 10
"""How often a run may lose its target, find it back and go on."""
MOST_NAMES = 8
MUCH_LATE = 0.3
"""Seconds by which the harness may come back late before the run says so: the shortest wait for a frame."""

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class Watch:
    """One scenario under watch: how its target fared, and how many losses the run had when it began."""

    name: str
    losses: int
    reachability: Reachability = field(default_factory=Reachability)


class Watchdog:
    """Decides for each scenario whether its result may be believed; a context manager around all of them.

    `stopped` says why the run has to end (empty: it goes on). `doubts` says why the run is not complete although it
    goes on. `returns` counts how often the target was lost and came back. `seen` describes the last loss. `slow` says
    what the target last took too long for, and `slowed` names the scenarios that were running then.
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
        self._pings = (
            kept_alive(run_context.open_connections) if run_context.target.keepalive else contextlib.nullcontext()
        )
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
        await self._pings.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pings.__aexit__(None, None, None)
        await self._liveness.__aexit__()

    async def restart(self) -> None:
        """Restart the target; this does not count as a loss."""
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

    async def run_when_reachable(self, watch: Watch, begin: Callable[[], Coroutine[None, None, _T]]) -> _T | None:
        """Run something as soon as the target is there; None: the target is gone for good."""
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
        """End the watch of a scenario, and say whether its result counts; `well`: it says nothing against the server.

        A scenario that runs `again` has nothing beside it, so a slow target is judged as it is.
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
            await self._liveness.settled()
            slow = slow or watch.reachability.too_slow or watch.reachability.lags
            if slow:
                self.slow = slow
                self.slowed.add(watch.name)
            return (again or not slow) and not (watch.reachability.closed and self._losses != watch.losses)
        finally:
            if watch in self._watched:
                self._watched.remove(watch)

    async def calibrate_again(self) -> None:
        """Measure a target that was there all the time once more: its calibration must hold at the end, too."""
        for _ in range(2):  # One slow moment does not mean another server.
            wrong = await differences(self._run)
            if not wrong:
                return
        self.call_incomplete(f"at the end of the run the target is not what it was at its beginning: {wrong}")

    def call_incomplete(self, reason: str) -> None:
        """Note why the run is not complete; the first reason is kept."""
        self.doubts = self.doubts or reason

    def notes(self) -> list[str]:
        """Give the notes on the run that do not change a result."""
        notes = []
        if self._liveness.missing:
            notes.append(
                f"no connection was kept open to watch the server ({self._liveness.missing}): a restart of less than "
                "a second is noticed only by the scenarios that it interrupts"
            )
        if self.slow:
            count = f"{len(self.slowed)} scenario{'s' if len(self.slowed) != 1 else ''}"
            notes.append(
                f"the target was slow while {count} ran ({self.slow}); run again, one at a time, and that is what "
                "counts: on a slow line, `--time-scale 3` waits three times as long"
            )
        late = self._run.lateness
        if late.worst >= MUCH_LATE:
            notes.append(
                f"this machine was busy: the harness itself was late by {late.seconds:.1f} s in all and up to "
                f"{late.worst:.1f} s at once; its waits for the server were lengthened by as much"
            )
        return notes

    @property
    def suspects(self) -> str:
        """Name the scenarios that were running when the target was last lost."""
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
        """Say what is wrong with the target now; callers that arrive during a question share the next one."""
        arrived = time.perf_counter()
        async with self._asking:
            if self._asked < arrived:
                self._asked = time.perf_counter()
                self._answer = await ask(self._run)
            return self._answer

    async def _recover(self, gone: str) -> str:
        """Wait for the target to come back, or restart it; if neither works, the run ends.

        Gives what was slow if the target answers the very next question and nothing was lost in between.
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
                await asyncio.sleep(POLL_INTERVAL)  # A poll: a server that is back sends no event.
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
