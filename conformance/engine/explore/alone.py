"""Judges one server by itself: every frame, and the invariants that hold of any conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.invariants import Observation, evaluate
from conformance.engine.scenario_run.wrong_frames import wrong_frames
from conformance.results.causes import cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.context.scenario_context import ScenarioContext

MUST = "must"
CONNECTED = "connected"
"""How a transcript notes an accepted connection."""


def wrong_alone(context: ScenarioContext) -> tuple[tuple[str, str, str], ...]:
    """Give what breaks a must rule without any comparison: the rule, what is wrong, and its cause without names."""
    rules = context.run.spec.rules
    found = [(one.rule, one.message, one.cause) for one in wrong_frames(context)]
    evaluation = evaluate(_observations(context), context.run.spec, profile=context.run.target.profile, complete=True)
    found += [
        (one.rule, f"{one.client}: {one.explanation}", f"{one.invariant}: {cause(one.explanation)}")
        for one in evaluation.violations
        if one.rule is not None
    ]
    return tuple(one for one in found if one[0] not in rules or rules[one[0]].level == MUST)


def _observations(context: ScenarioContext) -> Iterator[Observation]:
    """Give what happened on every connection, without what the harness sends for itself."""
    lives: dict[str, int] = {}
    for line in context.transcript.lines:
        user = context.users.get(line.who.partition("@")[0])
        if line.way == "·" and isinstance(line.what, str):
            opened = line.what.startswith(CONNECTED)
            if opened:
                lives[line.who] = lives.get(line.who, 0) + 1
            if line.who in lives:
                key = f"{line.who} {lives[line.who]}"
                yield Observation(line.at, line.who, key, user, "opened" if opened else "closed", None, line.what)
            continue
        key = f"{line.who} {lives.get(line.who, 0)}"
        if line.way == "→" and isinstance(line.what, dict):
            yield Observation(line.at, line.who, key, user, "sent", line.what)
        elif line.way == "←" and not isinstance(line.what, dict | str):
            frame = line.what.frame
            yield Observation(line.at, line.who, key, user, "received", frame.value, frame.problem or "")
