"""Goes on where the server refuses in a way of its own, and the scenario is about something else.

Calibration has seen that the server sends no Error, or ends the connection behind each. Who was refused so has been
refused all the same: the rules about Errors are judged by that, and no others.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from conformance.engine.context.about import is_about
from conformance.engine.context.failure import Spoiled, Unmet
from conformance.engine.context.joining import arrive, join
from conformance.scenario import steps as s

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.connection import Connection

ACTING = (s.Send, s.SendRaw, s.Page, s.Sync, s.WsPing, s.Pause, s.Provision)
"""Steps before which everybody has to be there: what they cause may reach them."""


def closes_are_refusals(context: ScenarioContext) -> bool:
    """Tell whether the server ends a connection that it refuses something, and the scenario is not about that."""
    scenario, run = context.scenario, context.run
    if scenario is None or context.observing or not run.calibration.errors_close:
        return False
    return not is_about(scenario, run.spec.protocol.error, run.spec)


async def come_back(step: s.Step, context: ScenarioContext) -> None:
    """Connect everybody again who was refused something, with the conversations that they had joined."""
    if not isinstance(step, ACTING) or not closes_are_refusals(context):
        return
    async with context.returning:
        for name, connection in list(context.connections.items()):
            if name not in context.bystanders and await _was_ended(connection, context):
                await _return(name, context)


async def _was_ended(connection: Connection, context: ScenarioContext) -> bool:
    """Tell whether the server has ended a connection at a request of ours that it refused, or answered with nothing."""
    if connection.closed is None and _refuses_last(connection, context, silence=False):
        await connection.until(lambda: False, context.run.patience)
    ended = connection.closed is not None and not connection.closed.ours and not connection.closed.fault
    return ended and _refuses_last(connection, context)


def _refuses_last(connection: Connection, context: ScenarioContext, *, silence: bool = True) -> bool:
    after = connection.log[connection.sent[-1].seen :] if connection.sent else []
    if any(one.frame.type == context.run.spec.protocol.error for one in after):
        return True
    return silence and bool(connection.sent) and not after


async def _return(name: str, context: ScenarioContext) -> None:
    instance, rooms = context.places.get(name), _joined(name, context)
    context.transcript.note("", "·", f"{name} comes back: the server ends connections at what it refuses")
    context.judged_without.add(context.run.spec.protocol.error)
    with suppress(Unmet, Spoiled):
        await arrive(context, name, instance)
        for room in rooms:
            try:
                await join(context, name, room)
            except (Unmet, Spoiled):  # Who may no longer join is refused, which ends the connection, too.
                connection = context.connections[name]
                connection.claimed.update(range(len(connection.log)))
                await connection.until(lambda: False, context.run.patience)
                await arrive(context, name, instance)


def _joined(name: str, context: ScenarioContext) -> list[str]:
    """Give the conversations that a connection has asked to join since it was opened, without those that refused."""
    protocol = context.run.spec.protocol
    key, kind = protocol.discriminator, protocol.join_request[protocol.discriminator]
    asked: dict[object, None] = {}
    last: object = None
    for line in context.transcript.lines:
        if line.who != name:
            continue
        if line.event == "opened":
            asked = {}
        elif isinstance(line.what, dict):
            place = next((value for field, value in line.what.items() if field in protocol.ids["conversation"]), None)
            last = place if line.what.get(key) == kind else None
            asked |= {last: None} if last is not None else {}
    asked.pop(last, None) if last is not None else None
    return [room for room, value in context.conversations.items() if value in asked]
