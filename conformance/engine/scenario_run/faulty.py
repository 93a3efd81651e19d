"""Leaves out of an expectation what is wrong with every event of a type, where the scenario is about something else.

Calibration has seen that a field of the event is missing or breaks its schema, or that the other devices of its author
are not told of it. Only the features that promise the event are judged by that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import Lacking

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.results.model import Calibration
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


def without_wrong_fields(context: ScenarioContext, kind: str, pattern: Any) -> Any:
    """Give a pattern of a frame without the fields that are wrong in all of them; what it captures stays."""
    scenario, run = context.scenario, context.run
    if scenario is None or context.observing:
        return pattern
    for name in wrong_of_others(scenario, kind, run.calibration, run.spec):
        shorter = _without(pattern, name.removeprefix(f"{kind}.").replace("[]", ".[]").split("."))
        if shorter != pattern:
            context.judged_without.add(name)
            pattern = shorter
    return pattern


async def told(context: ScenarioContext, kind: str, pattern: Any, at: Sequence[str]) -> tuple[str, ...]:
    """Give those of these connections that the server tells of an event; raises Lacking if none is left to capture it.

    The others are further devices of whoever has caused it last, if it does not come to them all the same.
    """
    scenario, run = context.scenario, context.run
    if kind not in run.calibration.untold_devices or scenario is None or context.observing:
        return tuple(at)
    if promises(scenario, kind, run.spec):
        return tuple(at)
    author = _author(context, kind)
    others = {name for name in at if name.partition("@")[0] != author}
    await context.quiet()
    left = tuple(name for name in at if name in others or context.first(context.reading(name), kind, pattern))
    if len(left) < len(at):
        context.judged_without.add(kind)
        if not left and "$capture" in str(pattern):
            raise Lacking(f"the server does not tell the other devices of its author of a {kind}", (kind,))
    return left


def wrong_of_others(scenario: Scenario, kind: str, calibration: Calibration, spec: Spec) -> list[str]:
    """Give the fields, as `type.field`, of a type that are wrong, where another feature than the scenario's says so."""
    return [
        name
        for name, rule in calibration.wrong_fields.items()
        if name.startswith(f"{kind}.") and (rule not in spec.rules or scenario.feature not in spec.rules[rule].features)
    ]


def promises(scenario: Scenario, kind: str, spec: Spec) -> bool:
    """Tell whether the feature of a scenario is the one whose rule promises this type of frame."""
    rule = spec.outgoing[kind].rule if kind in spec.outgoing else None
    return rule is not None and scenario.feature in spec.rules[rule].features


def _author(context: ScenarioContext, kind: str) -> str | None:
    """Name the user who has sent the latest request that causes events of this type."""
    incoming, key = context.run.spec.incoming, context.run.spec.protocol.discriminator
    causes = {name for name, one in incoming.items() if kind in one.echo}
    for line in reversed(context.transcript.lines):
        if isinstance(line.what, dict) and line.what.get(key) in causes:
            return line.who.partition("@")[0]
    return None


def _without(pattern: Any, path: Iterable[str]) -> Any:
    first, *rest = path
    if isinstance(pattern, list):
        return [_without(one, rest if first == "[]" else (first, *rest)) for one in pattern] if rest else pattern
    if not isinstance(pattern, dict):
        return pattern
    words = [key for key in pattern if key.startswith("$")]
    if words:
        inner = pattern[words[0]]
        return {words[0]: _without(inner, (first, *rest))} if isinstance(inner, dict | list) else pattern
    if first not in pattern or "$capture" in str(pattern[first]):
        return pattern
    if rest:
        return {**pattern, first: _without(pattern[first], rest)}
    return {key: value for key, value in pattern.items() if key != first}
