"""Judges one conversation on two servers, runs a finding again with new users, and makes it shorter."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.engine.explore.conversation import asks_of
from conformance.engine.explore.difference import EVENT, REPLY
from conformance.engine.explore.findings import Cause, Finding, Shown, cause_of, say
from conformance.engine.explore.freedoms import REVIVAL
from conformance.engine.explore.shrink import shrink
from conformance.engine.explore.turns import Turns
from conformance.errors import ProvisioningFailed
from conformance.results.explored import ALONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.engine.explore.conversation import Conversation
    from conformance.engine.explore.conversation_run import ConversationRun
    from conformance.engine.explore.differ import Comparer
    from conformance.engine.explore.difference import Compared, Difference
    from conformance.engine.explore.sides import Sides

REPLAYS = 3
BLOCK = 10
"""Steps after which a first run waits for what everybody gets."""
AT_A_TIME = 2
"""Findings that become shorter at the same time."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One conversation on both servers, what was compared of it, and what is wrong with it (None: nothing)."""

    tested: ConversationRun
    other: ConversationRun
    compared: Compared
    shown: Shown | None


class Examiner:
    """Judges conversations on the two servers of an exploration."""

    def __init__(self, sides: Sides, comparer: Comparer) -> None:
        self._sides = sides
        self._patient = sides.patient()
        self._comparer = comparer
        self._shrinking = asyncio.Semaphore(AT_A_TIME)
        self._turns = Turns()

    async def died(self) -> str:
        """Say which of the servers is no longer there, and why; empty: both are."""
        return await self._sides.died()

    async def judge(self, conversation: Conversation, *, whole_blocks: bool = False, patient: bool = False) -> Judged:
        """Run a conversation on both servers, and give what is wrong with it; raises ProvisioningFailed.

        With `whole_blocks` the first run waits for events after a block of steps only; what differs there is run again
        step by step. If `patient`, it waits longer.
        """
        async with self._turns.together():
            return await self._judge(conversation, self._patient if patient else self._sides, whole_blocks=whole_blocks)

    async def _judge(self, conversation: Conversation, sides: Sides, *, whole_blocks: bool = False) -> Judged:
        blocks = whole_blocks and sides.ordered
        tested, other = await sides.run(conversation, BLOCK if blocks else 1)
        compared = self._comparer.compare(conversation, tested, other)
        if blocks and (compared.difference is not None or {*compared.freed} - {REVIVAL} or tested.wrong):
            # Now step by step: what is free depends on the request that an event belongs to.
            tested, other = await sides.run(conversation)
            compared = self._comparer.compare(conversation, tested, other)
        return Judged(tested, other, compared, _shown(conversation, tested, other, compared))

    async def examine(self, shown: Shown, shrinking: Callable[[], float]) -> Finding:
        """Run a finding again with new users, and make it shorter for at most as many seconds as are left for that.

        Where something only has not come in time, it is run alone and waited for longer: our own machine may be busy.
        """
        late = self._is_late(shown)
        again = 0
        for _ in range(REPLAYS):
            again += await self._again(shown.conversation, shown.cause, late=late, alone=late) is not None
        before = len(shown.conversation.steps)
        seconds = 0.0
        if again and shrinking() and (again == REPLAYS or not late):
            async with self._shrinking:
                began = time.monotonic()
                knowledge, cause = self._comparer.knowledge, shown.cause
                until = began + shrinking()
                shown = await shrink(shown, lambda one: self._again(one, cause, late=late), knowledge, until)
                seconds = time.monotonic() - began
        return Finding(shown, REPLAYS, again, before, seconds, late=late)

    def _is_late(self, shown: Shown) -> bool:
        """Say whether something only has not come in time: where events come in order, a later reply shows more.

        What comes from another instance may be late on a server whose events came in order when it was calibrated.
        """
        found = shown.difference
        if found is None or found.missing != EVENT:
            return found is not None and found.missing == REPLY
        return not self._sides.ordered or _from_elsewhere(shown.conversation, found)

    async def _again(
        self, conversation: Conversation, cause: Cause, *, late: bool = False, alone: bool = False
    ) -> Shown | None:
        try:
            if alone:
                async with self._turns.alone():
                    shown = (await self._judge(conversation, self._patient)).shown
            else:
                shown = (await self.judge(conversation, patient=late)).shown
        except ProvisioningFailed:
            return None
        return shown if shown is not None and shown.cause.alike(cause) else None


def _from_elsewhere(conversation: Conversation, found: Difference) -> bool:
    """Say whether somebody who acts in this step does so on another instance than the one of who misses an event."""
    places = {**conversation.users, **conversation.devices}
    here = places.get(found.client)
    return any(places.get(ask.by) != here for ask in asks_of(conversation.steps[found.step]))


def _shown(
    conversation: Conversation, tested: ConversationRun, other: ConversationRun, compared: Compared
) -> Shown | None:
    found = compared.difference
    if found is not None:
        return Shown(cause_of(found), conversation, tested, other, found, say(found))
    if tested.wrong:
        rule, message, kind = tested.wrong[0]
        return Shown(Cause(ALONE, rule, "", kind), conversation, tested, other, None, message)
    return None
