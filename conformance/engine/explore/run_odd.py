"""Runs the steps of an invented conversation that are no requests: connections, and raw messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.context.failure import Unmet
from conformance.engine.context.joining import arrive
from conformance.engine.scenario_run.steps.connecting import connect
from conformance.engine.scenario_run.steps.sending import send_raw, ws_ping
from conformance.errors import ProvisioningFailed
from conformance.scenario import steps as s
from conformance.target.throttle.retrying import asked_to_wait

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.engine.explore.conversation import Arrive, Grant, Knock, RawMessage

PING = "ws_ping"
"""The key of a ping in the scenario language."""


async def arrive_by(context: ScenarioContext, step: Arrive, place: int | None) -> None:
    """Open a connection by the handshake of a step, and take the greeting; raises Unmet."""
    await connect(s.Connect(line=0, who=step.who, instance=place, **step.handshake), context)


async def change_role(context: ScenarioContext, step: Grant) -> None:
    """Give a user another role, or none."""
    if step.role == context.run.spec.protocol.no_member:
        await context.lease.remove(step.room, step.user)
    else:
        await context.lease.give_role(step.room, step.user, step.role)


async def send_odd(context: ScenarioContext, step: RawMessage, place: int | None) -> tuple[int, str]:
    """Open a connection of its own for a raw message, and send it.

    Give the number of frames that came before, and what is wrong if it was a ping that was not answered.
    """
    await arrive(context, step.who, place)
    connection = context.connections[step.who]
    before = (connection.greeting or 0) + 1 if connection.log else 0
    body = step.body
    if PING in body:
        try:
            await ws_ping(s.WsPing(line=0, by=step.who, payload=body[PING]), context)
        except Unmet as unmet:
            return before, unmet.message.removeprefix(f"{step.who} ")
        return before, ""
    frames = tuple(s.RawFrame(**one) for one in body.get("frames", ()))
    await send_raw(
        s.SendRaw(line=0, by=step.who, text=body.get("text"), binary=body.get("binary"), frames=frames), context
    )
    return before, ""


async def knock(context: ScenarioContext, step: Knock) -> str:
    """Connect with a wrong token; say what is wrong if it is not refused as it should be, else give nothing.

    A server that asks to come again later says nothing of the token; neither does a target that cannot make it.
    """
    said = ""
    try:
        await connect(s.Connect(line=0, who=step.who, token=step.token, refused=True), context)
    except Unmet as unmet:
        refused = context.refused.get(step.who)
        later = refused is not None and asked_to_wait(refused.status, refused.retry_after, 1) is not None
        said = "" if later else unmet.message.removeprefix(f"{step.who} ")
    except ProvisioningFailed:
        return ""
    context.refused.pop(step.who, None)
    if step.who in context.connections:
        await context.connections[step.who].close()
    return said
