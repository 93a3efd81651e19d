"""Gives what happened on every connection of a scenario run as the invariants judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.invariants import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.engine.context.transcript import Line

RAW = "a raw message, which a server may read in its own way"
UNKNOWN = "a request of a type that the server does not have"


def observations(context: ScenarioContext) -> Iterator[tuple[Observation, Line]]:
    """Give the events of all connections in their order, each with its line of the transcript.

    What the harness sends for itself, its replies and the frames of other scenarios are left out. A request whose type
    the server does not have is given like a raw message: nobody knows how the server answers it.
    """
    protocol, calibration = context.run.spec.protocol, context.run.calibration
    unknown = frozenset(calibration.unknown_types)
    lives: dict[str, int] = {}
    heard: set[str] = set()
    for line in context.transcript.lines:
        user = context.users.get(line.who.partition("@")[0])
        if line.event == "opened":
            lives[line.who] = lives.get(line.who, 0) + 1
        key = f"{line.who} {lives.get(line.who, 0)}"
        if line.event == "opened" or line.event == "closed":  # noqa: PLR1714 -- mypy follows this form
            yield Observation(line.at, line.who, key, user, line.event, None, str(line.what)), line
        elif line.event == "raw":
            yield Observation(line.at, line.who, key, user, "sent", None, RAW), line
        elif isinstance(line.what, dict):
            detail = UNKNOWN if line.what.get(protocol.discriminator) in unknown else ""
            yield Observation(line.at, line.who, key, user, "sent", line.what, detail), line
        elif not isinstance(line.what, str):
            first, frame = key not in heard, line.what.frame
            heard.add(key)
            if (first and calibration.greets_otherwise) or context.owner_elsewhere(line.what) is not None:
                continue  # A greeting of its own kind, which the scenarios about the greeting judge.
            yield Observation(line.at, line.who, key, user, "received", frame.value, frame.problem or ""), line
