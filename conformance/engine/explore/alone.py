"""Judges one server by itself: every frame, and the invariants that hold of any conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.invariants import evaluate
from conformance.engine.scenario_run.observations import observations
from conformance.engine.scenario_run.wrong_frames import wrong_frames
from conformance.results.causes import cause

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext

MUST = "must"


def wrong_alone(context: ScenarioContext) -> tuple[tuple[str, str, str], ...]:
    """Give what breaks a must rule without any comparison: the rule, what is wrong, and its cause without names."""
    rules = context.run.spec.rules
    found = [(one.rule, one.message, one.cause) for one in wrong_frames(context)]
    seen = (observation for observation, _ in observations(context))
    evaluation = evaluate(seen, context.run.spec, profile=context.run.target.profile, complete=True)
    found += [
        (one.rule, f"{one.client}: {one.explanation}", f"{one.invariant}: {cause(one.explanation)}")
        for one in evaluation.violations
        if one.rule is not None
    ]
    return tuple(one for one in found if one[0] not in rules or rules[one[0]].level == MUST)
