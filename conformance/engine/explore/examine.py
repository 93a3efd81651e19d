"""Judges one conversation on two servers, runs a finding again with new users, and makes it shorter."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.engine.explore.findings import Cause, Finding, Shown, cause_of, say
from conformance.engine.explore.freedoms import REVIVAL
from conformance.engine.explore.shrink import shrink
from conformance.errors import ProvisioningFailed
from conformance.results.explored import ALONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.engine.explore.conversation import Conversation
    from conformance.engine.explore.conversation_run import ConversationRun
    from conformance.engine.explore.differ import Comparer
    from conformance.engine.explore.difference import Compared
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
        self._comparer = comparer
        self._shrinking = asyncio.Semaphore(AT_A_TIME)

    async def judge(self, conversation: Conversation, *, whole_blocks: bool = False) -> Judged:
        """Run a conversation on both servers, and give what is wrong with it; raises ProvisioningFailed.

        With `whole_blocks` the first run waits for events after a block of steps only; what differs there is run again
        step by step.
        """
        blocks = whole_blocks and self._sides.ordered
        tested, other = await self._sides.run(conversation, BLOCK if blocks else 1)
        compared = self._comparer.compare(conversation, tested, other)
        if blocks and (compared.difference is not None or {*compared.freed} - {REVIVAL} or tested.wrong):
            # Now step by step: what is free depends on the request that an event belongs to.
            tested, other = await self._sides.run(conversation)
            compared = self._comparer.compare(conversation, tested, other)
        return Judged(tested, other, compared, _shown(conversation, tested, other, compared))

    async def examine(self, shown: Shown, shrinking: Callable[[], float]) -> Finding:
        """Run a finding again with new users, and make it shorter for at most as many seconds as are left for that."""
        again = 0
        for _ in range(REPLAYS):
            replayed = await self._again(shown.conversation, shown.cause)
            again += replayed is not None
        before = len(shown.conversation.steps)
        seconds = 0.0
        if again and shrinking():
            async with self._shrinking:
                began = time.monotonic()
                knowledge = self._comparer.knowledge
                shown = await shrink(shown, lambda one: self._again(one, shown.cause), knowledge, began + shrinking())
                seconds = time.monotonic() - began
        return Finding(shown, REPLAYS, again, before, seconds)

    async def _again(self, conversation: Conversation, cause: Cause) -> Shown | None:
        try:
            shown = (await self.judge(conversation)).shown
        except ProvisioningFailed:
            return None
        return shown if shown is not None and shown.cause.alike(cause) else None


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
