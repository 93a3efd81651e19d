"""Checks that a conversation which the target file declares empty is still empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.context.joining import connect
from conformance.errors import ProvisioningFailed
from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext


async def check_empty(context: ScenarioContext, room: str, user: str) -> None:
    """Ask for the history as a member; raises ProvisioningFailed if it is not empty.

    If the server answers in another way, or not at all, the scenario judges that.
    """
    protocol, who = context.run.spec.protocol, f"{user}@beforehand"
    outcome = await connect(context, who)
    if isinstance(outcome, Refused):
        return
    try:
        names = {"${conversation}": context.conversations[room]}
        await context.send(who, {key: names.get(value, value) for key, value in protocol.empty_request.items()})

        def answered() -> bool:
            return any(one.frame.type in (protocol.empty.frame, protocol.error) for one in outcome.log)

        await outcome.until(answered, context.run.reply)
        for received in outcome.log:
            found = match(protocol.empty.pattern, received.frame.value)
            if received.frame.type == protocol.empty.frame and not isinstance(found, Matched):
                raise ProvisioningFailed(f"it needs an empty conversation, and {room} is only declared to be one")
    finally:
        await outcome.close()
        del context.connections[who]
