"""Finds out how a target refuses: with an Error or in a way of its own, and whether the connection lives on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.engine.calibration.skew import fill
from conformance.engine.context.joining import arrive
from conformance.target.dialect import nobodys_id

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext

SHARE = 0.25
"""The share of the reply time that an Error gets which has not come before the barrier's reply."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """`told`: an Error has answered a request that cannot be granted. `closes`: one that was refused ended there."""

    told: bool = True
    closes: bool = False


async def see_refusals(context: ScenarioContext, reply: float, *, answers: bool) -> Refusals:
    """Send what the target has to refuse, a type that it knows without its fields and with an unknown id."""
    protocol = context.run.spec.protocol
    bare = {protocol.discriminator: protocol.broadcast_request[protocol.discriminator]}
    nowhere = fill(protocol.broadcast_request, nobodys_id(context.run.target.dialect), "nowhere")
    seen = [await _refused(context, request, reply, answers=answers) for request in (bare, nowhere)]
    return Refusals(told=any(told for told, _ in seen), closes=any(closed for _, closed in seen))


async def _refused(
    context: ScenarioContext, request: dict[str, Any], reply: float, *, answers: bool
) -> tuple[bool, bool]:
    """Say whether an Error answers a request, and whether the server ends the connection behind it."""
    if context.connections["speaker"].closed is not None:
        await arrive(context, "speaker")
    connection, error = context.connections["speaker"], context.run.spec.protocol.error
    before = len(connection.log)
    await context.send("speaker", request)
    if answers:
        await connection.barrier(reply)

    def told() -> bool:
        log = enumerate(connection.log[before:], before)
        return any(one.frame.type == error and place not in connection.barriers for place, one in log)

    if connection.closed is None and not told():
        await connection.until(told, SHARE * reply)
    if not answers and connection.closed is None:
        await connection.until(lambda: False, SHARE * reply)
    return told(), connection.closed is not None and not connection.closed.ours
