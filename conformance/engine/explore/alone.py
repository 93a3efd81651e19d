"""Judges one server by itself: every frame, and the invariants that hold of any conversation."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.engine.invariants import OF_CONSTANT_ROLES, evaluate
from conformance.engine.scenario_run.observations import observations
from conformance.engine.scenario_run.wrong_frames import wrong_frames

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext

MUST = "must"


def wrong_alone(context: ScenarioContext) -> tuple[tuple[str, str, str], ...]:
    """Give what breaks a must rule without any comparison: the rule, what is wrong, and of which kind it is.

    The kind has no words of the explanation: an id that is made of it stays the same when the explanation is reworded.
    """
    rules, name = context.run.spec.rules, context.run.spec.protocol.discriminator
    found = [(one.rule, one.message, one.kind) for one in wrong_frames(context)]
    since = time.time() - time.perf_counter()  # of the transcript's clock, so that instants can be judged
    seen = [replace(one, at_seconds=one.at_seconds + since) for one, _ in observations(context)]
    profile = context.run.target.profile
    evaluation = evaluate(seen, context.run.spec, profile=profile, complete=True, epoch=True, without=OF_CONSTANT_ROLES)
    for one in evaluation.violations:
        frame = seen[one.index].frame
        kind = frame.get(name) if isinstance(frame, dict) else None
        if one.rule is not None:
            found.append((one.rule, f"{one.client}: {one.explanation}", f"{one.invariant} {kind or ''}".strip()))
    return tuple(one for one in found if one[0] not in rules or rules[one[0]].level == MUST)
