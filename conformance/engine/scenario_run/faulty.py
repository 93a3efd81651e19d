"""Leaves out of an expectation what is wrong with every event of a type, where the scenario is about something else.

Calibration has seen that a field of the event is missing or breaks its schema, or that the other devices of its author
are not told of it. Only the features that promise the event are judged by that.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import Lacking
from conformance.scenario import steps as s
from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match
from conformance.scenario.pattern_fields import ITEM, captured_fields, dotted, without_field
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.results.model import Calibration
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.wire.connection import Connection
    from conformance.wire.events import Received

NAME = re.compile(r"\$\{(\w+)\}")


def without_wrong_fields(context: ScenarioContext, kind: str, pattern: Any) -> Any:
    """Give a pattern of a frame without the fields that are wrong in all of them; what it captures stays."""
    scenario = context.scenario
    if scenario is None or context.observing:
        return pattern
    return _without(context, kind, _always_wrong(context, scenario, kind), pattern)


def without_wrong_parts(context: ScenarioContext, step: s.Check, pattern: Any) -> Any:
    """Give likewise the pattern of a value that was taken from frames, also without what is wrong in these."""
    scenario, name = context.scenario, NAME.fullmatch(str(step.value))
    if scenario is None or context.observing or name is None:
        return pattern
    for kind, taken, inside in _origins(scenario, name[1]):
        wrong = {*_always_wrong(context, scenario, kind), *_broken_here(context, scenario, kind)}
        within = sorted(path for path in wrong if path[: len(taken)] == taken and path != taken)
        pattern = _without(context, kind, within, pattern, taken, inside)
    return pattern


def _without(
    context: ScenarioContext,
    kind: str,
    wrong: Iterable[tuple[str, ...]],
    pattern: Any,
    taken: tuple[str, ...] = (),
    inside: tuple[str, ...] = (),
) -> Any:
    """Leave wrong fields out of the pattern of a value at the path `taken`; `inside` leads into a list around it."""
    for path in wrong:
        shorter = without_field(pattern, (*inside, *path[len(taken) :]))
        if shorter != pattern:
            context.judged_without.add(f"{kind}.{dotted(path)}")
            pattern = shorter
    return pattern


def _always_wrong(context: ScenarioContext, scenario: Scenario, kind: str) -> list[tuple[str, ...]]:
    return [_path(name, kind) for name in wrong_of_others(scenario, kind, context.run.calibration, context.run.spec)]


def _broken_here(context: ScenarioContext, scenario: Scenario, kind: str) -> list[tuple[str, ...]]:
    """Give the fields that break the schema of a frame of this scenario, if others are charged with them."""
    spec = context.run.spec
    if kind in spec.features[scenario.feature].outgoing:
        return []
    everyone = (*context.past, *context.connections.values())
    frames = (one.frame for connection in everyone for one in connection.log if one.frame.type == kind)
    wrong = {(one.field, one.rule or "") for frame in frames for one in frame.violations if one.field}
    return sorted({path for path, rule in wrong if _is_of_another(scenario, kind, path, rule, spec)})


def _origins(scenario: Scenario, name: str) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Give each type of frame that a name gets its value from, the path in there, and the one of a list around it."""
    for step in walk((*scenario.setup, *scenario.steps)):
        match step:
            case s.Expect():
                yield from ((step.frame, path, ()) for one, path in captured_fields(step.pattern) if one == name)
            case s.Page():
                yield from ((step.reply, (field,), ()) for field, into in step.collect.items() if into == name)
            case s.Collect() if step.into == name:
                yield step.frame, () if step.field is None else (step.field,), (ITEM,)


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
    named = ((name, rule) for name, rule in calibration.wrong_fields.items() if name.startswith(f"{kind}."))
    return [name for name, rule in named if _is_of_another(scenario, kind, _path(name, kind), rule, spec)]


def _path(name: str, kind: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(f"{kind}.").replace(ITEM, f".{ITEM}").split("."))


def _is_of_another(scenario: Scenario, kind: str, path: tuple[str, ...], rule: str, spec: Spec) -> bool:
    """Tell whether neither the rule that a wrong field breaks, nor one about what is in it, is of this feature."""
    rules = {rule, *spec.outgoing[kind].rules_of(path)} & spec.rules.keys()
    return not any(scenario.feature in spec.rules[name].features for name in rules)


def fits_otherwise(
    context: ScenarioContext, connection: Connection, kind: str, pattern: Any
) -> tuple[int, Received, Matched] | None:
    """Find a frame of another feature that fits but for fields that break its schema, which is charged by itself."""
    scenario, spec = context.scenario, context.run.spec
    if scenario is None or context.observing or kind in spec.features[scenario.feature].outgoing:
        return None
    for index, received in enumerate(connection.log):
        if index in connection.claimed or received.frame.type != kind:
            continue
        wrong = [one for one in received.frame.violations if one.field]
        broken = {one.field for one in wrong if _is_of_another(scenario, kind, one.field, one.rule or "", spec)}
        shorter = reduce(without_field, sorted(broken), pattern)
        found = match(shorter, received.frame.value) if shorter != pattern else None
        if isinstance(found, Matched):
            context.judged_without.update(f"{kind}.{dotted(one)}" for one in broken)
            return index, received, found
    return None


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
