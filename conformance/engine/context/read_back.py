"""Reads from a list what a server stores and tells nobody (`stored` in `spec/protocol.yaml`).

On a server without live events, the broadcast that a step waits for never comes. What the step wants to know of the
message is in the list, so that the scenarios of other features can go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.spec.protocol import Protocol

ROOM = "${conversation}"


@dataclass(frozen=True, slots=True)
class Stored:
    """A message of the list that fits a pattern, with its id and what the pattern captures in it.

    `told` is the place in the log of a broadcast that tells of it, and does not say its id.
    """

    id: str
    message: Mapping[str, Any]
    captures: Mapping[str, Any]
    told: int | None = None


async def read_back(context: ScenarioContext, who: str, pattern: Any) -> list[Stored]:
    """Give the messages that `who` can read and that fit the pattern of a broadcast, without those taken before."""
    protocol, found = context.run.spec.protocol, []
    for room in context.conversations.values():
        place = {key: room for key, value in protocol.broadcast_request.items() if value == ROOM}
        for one in await _messages(context, who, room):
            message = {**one, **place}
            fit = match(pattern, message)
            if isinstance(fit, Matched) and (who, id_of(message, protocol)) not in context.read_back:
                found.append(Stored(id_of(message, protocol), message, fit.captures))
    return found


def id_of(message: Mapping[str, Any], protocol: Protocol) -> str:
    """Give the id of a message in an event or a list; empty: it has none."""
    return str(message.get(id_field(message, protocol), ""))


def id_field(message: Mapping[str, Any], protocol: Protocol) -> str:
    """Name the field with the id of a message; empty: it has none."""
    return next((field for field in sorted(protocol.ids["message"]) if message.get(field)), "")


async def _messages(context: ScenarioContext, who: str, room: str) -> list[dict[str, Any]]:
    """Ask for the messages of a conversation and claim the answer; a refusal, or silence, has none."""
    protocol, connection = context.run.spec.protocol, context.reading(who)
    stored, before = protocol.stored, len(connection.log)
    request = {key: room if value == ROOM else context.names.value(value) for key, value in stored.request.items()}
    await context.send(who, request)

    def answer() -> int | None:
        places = range(before, len(connection.log))
        kinds = {stored.frame, protocol.error}
        return next((place for place in places if connection.log[place].frame.type in kinds), None)

    await connection.until(lambda: answer() is not None, context.run.reply)
    place = answer()
    if place is None:
        return []
    connection.claimed.add(place)
    value = connection.log[place].frame.value or {}
    return [one for one in value.get(stored.field) or () if isinstance(one, dict)]
