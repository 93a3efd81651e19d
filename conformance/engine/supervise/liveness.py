"""WebSocket connections to a target that belong to no scenario: they notice a server that ends and is back at once.

A connection can end for many reasons: a gateway closes idle ones, or those of a certain age. When a server ends, all
its connections end. So one ended connection is evidence only if no other connection of that instance lives on.

    a liveness connection ends, and                               what it was
    ------------------------------------------------------------  ----------------------------------------
    another connection of the instance, open before, stays open   the connection ended: nothing to report
    none stays open                                               the server was lost
    none stays open, all were silent for long, `keepalive: off`   nobody knows: nothing to report
    none stays open, and our own pings were late on all           nobody knows: nothing to report
    there was no other                                            nobody knows: nothing to report
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from conformance.engine.context.closes import TENDED
from conformance.engine.context.joining import connect
from conformance.engine.context.reachability import Reachability
from conformance.engine.context.scenario_context import ScenarioContext
from conformance.engine.scenario_run.arrange import provide
from conformance.errors import AskedToLeave, BudgetSpent, MachineFailed, ProvisioningFailed
from conformance.target.accounts import Wanted
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.engine.context.run_context import RunContext
    from conformance.wire.connection import Connection
    from conformance.wire.events import Received

PER_INSTANCE = 2
"""Connections to each instance: with only one, nobody knows whether another would have lived on."""
STAGGER = 0.5
"""Seconds between their openings, so that a gateway that counts a connection's age does not end them together."""
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before an ended connection is opened again; the pause doubles each time, up to the longest."""
MOMENT = 0.2
"""Seconds after one connection's end within which all others end too, if the server was lost."""
BEFORE = 0.05
"""Seconds before it within which the others may have ended already."""
WITHOUT_A_WORD = (None, 1001, 1012)
"""Close codes with which a server that goes away ends everybody; a code such as 1008 means one connection."""
FEW = 20


class LivenessConnections:
    """Keeps connections to every instance of a target, and calls `lost` with a description when an instance ends.

    It keeps none where the target limits connections or lends accounts: scenarios need them.
    """

    def __init__(self, run_context: RunContext, lost: Callable[[str], None]) -> None:
        self._run = run_context
        self._lost = lost
        self.missing = self._why_missing()
        wanted = not self.missing
        instances = range(1, len(run_context.target.instances) + 1) if wanted else ()
        self._places = {f"liveness{one}_{at}": (one, at) for at in instances for one in range(PER_INSTANCE)}
        if wanted:  # and as many as look at the target again when something is wrong
            run_context.throttle.keep(len(self._places) + len(instances) + 1)
        self._context: ScenarioContext | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._judging = 0
        self._judged = asyncio.Event()
        self._judged.set()

    def _why_missing(self) -> str:
        """Say why this run keeps no liveness connections; empty: it keeps some."""
        if self._run.provisioner.lasting:
            return "the accounts of the target are lent, and the scenarios need all of them"
        limit = self._run.target.limits.open_connections
        few = limit is not None and limit < FEW
        return f"the target allows {limit} connections, fewer than {FEW}" if few else ""

    async def __aenter__(self) -> Self:
        context = ScenarioContext(replace(self._run, reachability=Reachability()), observing=True)
        with contextlib.suppress(ProvisioningFailed):
            if self._places:
                await provide(context, Wanted(tuple(self._places)))
                self._context = context
                first = asyncio.Event()
                self._tasks = [asyncio.create_task(self._keep(context, who, first)) for who in self._places]
                await first.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._context is not None:
            await self._context.end()
            self._context = None

    async def settled(self) -> None:
        """Wait until every end seen so far is explained or counted as a loss."""
        await self._judged.wait()

    async def _keep(self, context: ScenarioContext, who: str, first: asyncio.Event) -> None:
        """Keep one connection open; set `first` when one of them has been tried."""
        turn, instance = self._places[who]
        await asyncio.sleep(turn * STAGGER)  # A sleep: the connections must differ in age.
        pause = SHORTEST_PAUSE
        while True:
            try:
                connection = await connect(context, who, instance)
            except (BudgetSpent, AskedToLeave, MachineFailed):
                return
            finally:
                first.set()
            if not isinstance(connection, Refused):
                connection.on_frame = _forget
                connection.on_own = lambda *_: None
                await connection.ended()
                await self._judge(connection, instance)
                connection.forget()
                context.past.clear()
            # A sleep: no event says that the server accepts connections again.
            await asyncio.sleep(pause + turn * STAGGER)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _judge(self, ended: Connection, instance: int) -> None:
        """Report a loss if every other connection of the instance ended in the same moment."""
        closed = ended.closed
        assert closed is not None
        if closed.ours or closed.fault:
            return
        self._judging += 1
        self._judged.clear()
        try:
            # A sleep: a connection that stays open brings no event. How late we see ends depends on this machine.
            await asyncio.sleep(MOMENT * self._run.time_scale)
            beside = self._run.open_connections.beside(ended, instance, BEFORE)
            if beside and not any(one.closed is None for one in beside) and not self._may_be_idle(ended, *beside):
                others = f"were all {len(beside)} others" if len(beside) > 1 else "was the only other one"
                self._lost(f"a connection to instance {instance} was {closed}, and so {others} in that moment")
        finally:
            self._judging -= 1
            if not self._judging:
                self._judged.set()

    def _may_be_idle(self, *ended: Connection) -> bool:
        """Say whether all may have been ended for being idle: nothing kept them in use, or we were late with it."""
        closed = [one.closed for one in ended if one.closed is not None]
        if self._run.target.keepalive:
            return all(one.untended > TENDED for one in closed)
        return all(one.after_silence for one in closed if one.code in WITHOUT_A_WORD)


def _forget(connection: Connection, _: Received) -> None:
    """Drop what the server sends: nothing reads it."""
    connection.log.clear()
