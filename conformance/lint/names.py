"""Every `${name}` is bound before it is used, and no two things that go on at the same time bind the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.scenario import steps as s
from conformance.scenario.template import references
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

ALWAYS = frozenset({"nonce"})
_BIND_NOTHING = frozenset({"$not", "$every", "$literal"})
"""Patterns whose captures are discarded."""


def names_are_bound(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find names that have no value when the step that uses them runs: the scenario would be BROKEN."""
    scope = _Scope(scenario, spec)
    yield from _unbound((*scenario.setup, *scenario.steps), scope)
    for allowed in scenario.allow:
        for name in sorted(references(allowed.pattern)):
            if not scope.knows(name):
                yield scenario.line, f"`allow`: nothing here is called ${{{name}}}"


def names_of_branches_differ(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find names that two branches of one `together` bind: names are one space, so each would read the other's."""
    for step in walk((*scenario.setup, *scenario.steps)):
        if isinstance(step, s.Together):
            seen: set[str] = set()
            for branch in step.branches:
                bound = {name for inner in walk(branch) for name in binds(inner)}
                for name in sorted(bound & seen):
                    yield step.line, f"two branches of this `together` bind {name}; give them names of their own"
                seen |= bound


def names_of_bystanders_are_free(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find users of a scenario that have the name of a bystander."""
    who = spec.protocol.bystanders
    named = {one for one in scenario.given.users if one in who.people}
    connected = {*scenario.given.devices} | {
        one.who for one in walk((*scenario.setup, *scenario.steps)) if isinstance(one, s.Connect)
    }
    named |= {one for one in connected if one.partition("@")[2] == who.device}
    for name in sorted(named):
        yield (
            scenario.line,
            f"{name} is the name of a bystander (protocol.yaml: bystanders); choose another name",
        )


def orders_exist(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find `$chronological` lists of an order that the protocol does not have."""
    for step in walk((*scenario.setup, *scenario.steps)):
        for name in sorted(set(_orders(uses(step))) - spec.protocol.orders.keys()):
            yield step.line, f"$chronological: protocol.yaml has no order {name!r}"


def uses(step: s.Step) -> list[Any]:
    """Give the data of a step in which names are replaced at run time."""
    match step:
        case s.Send():
            return [step.fields]
        case s.SendRaw():
            return [step.text, *(frame.payload for frame in step.frames if frame.payload_hex is None)]
        case s.Expect() | s.Never():
            return [step.pattern]
        case s.ExpectEither():
            return [one.pattern for one in step.alternatives]
        case s.Connect():
            return [step.token, dict(step.query), dict(step.headers)]
        case s.WsPing():
            return [step.payload]
        case s.Repeat():
            return [step.times, *step.values]
        case s.Page():
            return [step.fields, step.pattern, step.going_on]
        case s.Collect():
            return [step.pattern, step.count, step.at_least, step.at_most]
        case s.Check():
            return [step.value, step.pattern]
        case s.Observe():
            return [one.pattern for one in step.choices.values()]
    return []


def binds(step: s.Step) -> frozenset[str]:
    """Give the names that a step binds when it succeeds (of alternatives: the names of all)."""
    match step:
        case s.Expect() | s.Check():
            return captures(step.pattern)
        case s.ExpectEither():
            return frozenset().union(*(captures(one.pattern) for one in step.alternatives))
        case s.Page():
            return captures(step.pattern) | frozenset(step.collect.values())
        case s.Collect():
            return frozenset({step.into})
        case s.Repeat():
            return frozenset({step.name} if step.name else ())
        case s.Observe():
            return frozenset().union(*(captures(one.pattern) for one in step.choices.values()))
    return frozenset()


def captures(pattern: Any) -> frozenset[str]:
    """Give the names that a pattern binds when it matches."""
    if isinstance(pattern, list):
        return frozenset().union(*map(captures, pattern))
    if not isinstance(pattern, dict) or pattern.keys() & _BIND_NOTHING:
        return frozenset()
    found = frozenset().union(*map(captures, pattern.values()))
    named = pattern.get("$capture")
    if isinstance(named, dict):
        named = named.get("name")
    return found | {named} if isinstance(named, str) else found


class _Scope:
    """The names that are bound at one moment of a scenario."""

    def __init__(self, scenario: Scenario, spec: Spec) -> None:
        given = scenario.given
        self.fixed = ALWAYS | {*given.users, *given.conversations, *given.unknown, *given.honeypots}
        self.bound: set[str] = set()
        self.connected = {name for name, user in given.users.items() if user.connect} | {*given.devices}
        self._profile = spec.protocol.profile

    def knows(self, name: str) -> bool:
        group, _, rest = name.partition(".")
        if group in self._profile:
            return rest in self._profile[group]
        if name.endswith(".token"):
            return name.removesuffix(".token") in self.connected
        # A part of a captured value (`list.count`, `object.field`) is bound when the value is; a run shows its shape.
        return name in self.fixed or name in self.bound or name.rpartition(".")[0] in self.bound


def _unbound(steps: Sequence[s.Step], scope: _Scope) -> Iterator[tuple[int, str]]:
    for step in steps:
        for name in sorted({name for part in uses(step) for name in references(part)}):
            if not scope.knows(name):
                yield step.line, _say(name, scope)
        scope.bound |= binds(step)
        if isinstance(step, s.Connect) and step.token is None:
            scope.connected.add(step.who)
        elif isinstance(step, s.Observe):
            for name in sorted({name for word in step.choices for name in references(word)}):
                if not scope.knows(name):
                    yield step.line, _say(name, scope)
        elif isinstance(step, s.Repeat | s.FasterThan | s.Pause | s.Witness | s.Control):
            yield from _unbound(step.steps, scope)
        elif isinstance(step, s.ResumeReading):
            yield from _where_it_may_be_skipped(step.steps, scope)
        elif isinstance(step, s.Together):
            yield from _in_branches(step.branches, scope)


def _where_it_may_be_skipped(steps: Sequence[s.Step], scope: _Scope) -> Iterator[tuple[int, str]]:
    """Let nothing that follows count on what these steps bind."""
    before = set(scope.bound)
    yield from _unbound(steps, scope)
    scope.bound = before


def _in_branches(branches: Collection[Sequence[s.Step]], scope: _Scope) -> Iterator[tuple[int, str]]:
    """Hide from each branch what the others bind; after the last branch all of it is bound."""
    before, after = set(scope.bound), set(scope.bound)
    for branch in branches:
        scope.bound = set(before)
        yield from _unbound(branch, scope)
        after |= scope.bound
    scope.bound = after


def _say(name: str, scope: _Scope) -> str:
    if name.endswith(".token"):
        return f"${{{name}}}: {name.removesuffix('.token')} has no good token at this point"
    return f"nothing is called ${{{name}}} at this point"


def _orders(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _orders(item)
    elif isinstance(part, dict) and "$literal" not in part:
        named = part.get("$chronological")
        if isinstance(named, dict):
            yield from (name for name in named if "${" not in name)
        for item in part.values():
            yield from _orders(item)
