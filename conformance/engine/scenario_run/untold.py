"""Reads a message from where it is stored, if a scenario is about something else than how the server tells of it.

That is so on a server that tells nobody of a message, or does not say its id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.context.read_back import read_back

if TYPE_CHECKING:
    from conformance.engine.context.read_back import Stored
    from conformance.engine.context.scenario_context import ScenarioContext


async def read_instead(context: ScenarioContext, kind: str, who: str, pattern: Any) -> list[Stored]:
    """Give the stored messages that fit the pattern of a broadcast which never comes so; none where it has to come."""
    scenario, protocol = context.scenario, context.run.spec.protocol
    if scenario is None or context.observing or not context.run.calibration.reads_back:
        return []
    if kind != protocol.broadcast.frame or scenario.feature not in protocol.stored.features:
        return []
    if context.reading(who).unfinished:  # No request may stand inside a message in fragments.
        return []
    await context.quiet()
    if context.first(context.reading(who), kind, pattern) is not None:
        return []
    return await read_back(context, who, pattern)


def take(context: ScenarioContext, kind: str, who: str, stored: list[Stored]) -> None:
    """Note that these messages stand in for frames of a type, each for one at each connection.

    Claim the broadcast that tells of the same without the id, if there is one.
    """
    protocol, connection = context.run.spec.protocol, context.reading(who)
    for one in stored:
        told = {key: one.message[key] for key in protocol.broadcast.pattern if key in one.message}
        found = context.first(connection, kind, told)
        connection.claimed.update({found[0]} if found else ())
    context.read_back.update((who, one.id) for one in stored)
    missing = "says no id in" if context.run.calibration.broadcasts else "sends no"
    context.transcript.note("", "·", f"read from where it is stored: the server {missing} {kind}")
    context.judged_without.add(kind)
