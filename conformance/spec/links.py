"""Checks that what a scenario names exists: feature, rules, message types, their fields, profile values, patterns."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from conformance.errors import Mistake
from conformance.scenario import model as m
from conformance.scenario import steps as s
from conformance.scenario.match_result import Matched, PatternError
from conformance.scenario.matching import match, operator
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from conformance.spec.messages import Message
    from conformance.spec.model import Spec

GENERATED = frozenset({"$fill", "$concat", "$now", "$instant", "$chronological"})


def check_scenario(scenario: m.Scenario, spec: Spec) -> list[Mistake]:
    """Give every dangling name of a scenario."""
    found = [Mistake(scenario.file, scenario.line, message) for message in _head(scenario, spec)]
    return found + check_steps_and_needs(scenario, spec)


def check_probe(probe: m.Probe, spec: Spec) -> list[Mistake]:
    """Give every dangling name of a probe."""
    return check_steps_and_needs(probe.scenario, spec)


def check_steps_and_needs(scenario: m.Scenario, spec: Spec) -> list[Mistake]:
    """Give every dangling name in the steps and needs of a scenario or probe."""
    found = [
        Mistake(scenario.file, step.line, message)
        for step in walk((*scenario.setup, *scenario.steps))
        for message in _step(step, spec)
    ]
    for need in scenario.needs:
        if need not in ("instances", "restart", "local", "acts_as_users") and not _profile_has(spec, need):
            found.append(Mistake(scenario.file, scenario.line, f"`needs`: the profile has no {need}"))
    for allowed in scenario.allow:
        found += [Mistake(scenario.file, scenario.line, message) for message in _frame(allowed.frame, spec)]
    return found


def _head(scenario: m.Scenario, spec: Spec) -> Iterator[str]:
    if scenario.feature not in spec.features:
        yield _unknown("feature", scenario.feature, spec.features)
    known = [rule for rule in scenario.rules if rule in spec.rules]
    for rule in scenario.rules:
        if rule not in spec.rules:
            yield _unknown("rule", rule, spec.rules)
    for rule in known:
        if scenario.feature not in spec.rules[rule].features:
            yield f"the rule {rule} belongs to {', '.join(spec.rules[rule].features)}, not to {scenario.feature}"
    if len({spec.rules[rule].level for rule in known}) > 1:
        yield "its rules are of two levels, so a failure would say nothing clear: make two scenarios of it"


def _step(step: s.Step, spec: Spec) -> Iterator[str]:
    match step:
        case s.Send():
            yield from _request(step.frame, step.fields, step.extra, spec)
        case s.Page():
            yield from _request(step.frame, step.fields, tuple(step.follow.values()), spec)
            yield from _frame(step.reply, spec)
        case s.Expect() | s.Collect():
            yield from _frame(step.frame, spec)
            yield from _fields(step.frame, step.pattern, spec.outgoing)
        case s.Never() if step.frame != "*":
            yield from _frame(step.frame, spec)
            yield from _fields(step.frame, step.pattern, spec.outgoing)
        case s.ExpectEither():
            for one in step.alternatives:
                if one.frame is not None:
                    yield from _frame(one.frame, spec)
        case s.Observe():
            for one in step.choices.values():
                if one.frame not in (None, "*"):
                    yield from _frame(str(one.frame), spec)
        case s.Pause() if not _profile_has(spec, step.timer):
            yield f"the profile has no {step.timer}"
    within = getattr(step, "within", None)
    if within is not None and not _profile_has(spec, within):
        yield f"the profile has no {within}"
    yield from _patterns(getattr(step, "pattern", None))


def _request(frame: str, fields: Any, extra: tuple[str, ...], spec: Spec) -> Iterator[str]:
    if frame not in spec.incoming:
        yield _unknown("message type (incoming)", frame, spec.incoming)
    elif isinstance(fields, dict):
        for name in sorted(fields.keys() - spec.incoming[frame].fields - set(extra)):
            yield f"{frame} has no field {name!r}; if it is sent on purpose, list it in `extra`"


def _frame(frame: str, spec: Spec) -> Iterator[str]:
    if frame not in spec.outgoing:
        yield _unknown("message type (outgoing)", frame, spec.outgoing)


def _fields(frame: str, pattern: Any, outgoing: Mapping[str, Message]) -> Iterator[str]:
    if frame in outgoing and isinstance(pattern, dict):
        for name in sorted(pattern.keys() - outgoing[frame].fields):
            if not name.startswith("$") and not _may_be_absent(pattern[name]):
                yield f"{frame} has no field {name!r}"


def _may_be_absent(pattern: Any) -> bool:
    try:
        return isinstance(match(pattern, None), Matched)
    except PatternError:
        return False  # `_patterns` reports what is wrong with it.


def _patterns(pattern: Any) -> Iterator[str]:
    if isinstance(pattern, list):
        for item in pattern:
            yield from _patterns(item)
    elif isinstance(pattern, dict):
        if pattern.keys() == {"$literal"} or (len(pattern) == 1 and pattern.keys() <= GENERATED):
            return
        try:
            operator(pattern)
        except PatternError as error:
            yield str(error)
        for item in pattern.values():
            yield from _patterns(item)


def _profile_has(spec: Spec, path: str) -> bool:
    group, _, name = path.partition(".")
    return name in spec.protocol.profile.get(group, {})


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"there is no {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
