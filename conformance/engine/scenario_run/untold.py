"""Reads a message from where it is stored, if a scenario is about something else than how the server tells of it.

That is so on a server that tells nobody of a message, or does not say its id.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.engine.context.read_back import Stored, id_field, read_back
from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.context.scenario_context import ScenarioContext


async def read_instead(context: ScenarioContext, kind: str, who: str, pattern: Any) -> list[Stored]:
    """Give the stored messages that fit the pattern of a broadcast which never comes so; none where it has to come."""
    scenario, run = context.scenario, context.run
    if scenario is None or context.observing or not run.calibration.reads_back:
        return []
    if kind != run.spec.protocol.broadcast.frame or context.reading(who).unfinished:
        return []  # No request may stand inside a message in fragments.
    if run.calibration.broadcasts:
        rule = run.spec.outgoing[kind].rule
        if rule is not None and scenario.feature in run.spec.rules[rule].features:
            return []
        await context.quiet()
        return list(_completed(context, kind, who, pattern, await read_back(context, who, {})))
    if scenario.feature not in run.spec.protocol.stored.features:
        return []
    await context.quiet()
    return await read_back(context, who, pattern)


def _completed(context: ScenarioContext, kind: str, who: str, pattern: Any, stored: list[Stored]) -> Iterator[Stored]:
    """Give the broadcasts that came without an id and fit the pattern with that of the stored message."""
    protocol, connection = context.run.spec.protocol, context.reading(who)
    for place, received in enumerate(connection.log):
        event = received.frame.value or {}
        if received.frame.type != kind or place in connection.claimed:
            continue
        told = {key: event.get(key) for key in protocol.broadcast.pattern}
        alike = [one for one in stored if _alike(told, one) == len(told)]
        one = max(alike, key=partial(_alike, event), default=None)
        field = id_field(one.message, protocol) if one is not None else ""
        if one is None or field in event:
            continue
        stored.remove(one)
        whole = {**event, field: one.id}
        fit = match(pattern, whole)
        if isinstance(fit, Matched):
            yield Stored(one.id, whole, fit.captures, place)


def _alike(event: Mapping[str, Any], stored: Stored) -> int:
    """Count the fields of an event that the stored message has with the same value."""
    return sum(key in stored.message and stored.message[key] == value for key, value in event.items())


def take(context: ScenarioContext, kind: str, who: str, stored: list[Stored]) -> None:
    """Note that these messages stand in for frames of a type, each for one at each connection."""
    context.read_back.update((who, one.id) for one in stored)
    context.reading(who).claimed.update(one.told for one in stored if one.told is not None)
    missing = "says no id in" if context.run.calibration.broadcasts else "sends no"
    context.transcript.note("", "·", f"read from where it is stored: the server {missing} {kind}")
    context.judged_without.add(kind)
