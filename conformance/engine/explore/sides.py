"""The two servers of an exploration, each calibrated, and a conversation run on both at the same time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.engine.calibration.calibrate import calibrate
from conformance.engine.context.pacer import Pacer
from conformance.engine.context.run_context import RunContext
from conformance.engine.explore.run_conversation import run_conversation
from conformance.engine.supervise.reaching import ask
from conformance.target.provision import open_provisioner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conformance.engine.explore.conversation import Conversation
    from conformance.engine.explore.conversation_run import ConversationRun
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.spec import Spec
    from conformance.target import Target


PATIENCE = 3
"""By how much longer a conversation waits that is run again because something did not come in time."""


@asynccontextmanager
async def open_side(spec: Spec, target: Target, time_scale: float = 1.0) -> AsyncIterator[RunContext]:
    """Calibrate a server and give what its conversations share; raises TargetUnreachable or ProvisioningFailed."""
    pacer = Pacer(spec, target)
    async with open_provisioner(target, spec.protocol.default_role) as provisioner:
        calibration = await calibrate(spec, target, provisioner, time_scale, target.throttle, set(), pacer)
        yield RunContext(
            spec, target, calibration, provisioner, pacer, time_scale, secrets=target.keys, throttle=target.throttle
        )


@dataclass(frozen=True, slots=True)
class Sides:
    """The server under test and the other one."""

    tested: RunContext
    other: RunContext
    knowledge: Knowledge

    @property
    def ordered(self) -> bool:
        """Say whether both servers deliver in order: then not every step needs to wait for what others get."""
        return not self.tested.settle and not self.other.settle

    def patient(self) -> Sides:
        """Give the same servers with longer waits."""
        one, two = (replace(side, time_scale=side.time_scale * PATIENCE) for side in (self.tested, self.other))
        return replace(self, tested=one, other=two)

    async def died(self) -> str:
        """Say which of the servers is no longer there, and why; empty: both are."""
        for name, side in (("the server under test", self.tested), ("the other server", self.other)):
            gone = (await ask(side)).gone
            if gone:
                return f"{name} is no longer there: {gone}"
        return ""

    async def run(self, conversation: Conversation, block: int = 1) -> tuple[ConversationRun, ConversationRun]:
        """Run a conversation on both."""
        one, two = await asyncio.gather(
            run_conversation(conversation, self.tested, self.knowledge, judged=True, block=block),
            run_conversation(conversation, self.other, self.knowledge, block=block),
        )
        return one, two
