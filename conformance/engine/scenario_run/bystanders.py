"""The bystanders of every scenario: connections that have joined nothing and must receive nothing.

A scenario names the users that its rule is about. The harness adds an outsider, a member and a reader who have not
joined, and a second device of the user who acts first. Every frame that reaches one of them, unless it is ambient, is a
leak. It is charged to the rule of its own type, so that one leak does not fail every scenario.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

from conformance.engine.scenario_run.attribution import rule_of_stray
from conformance.scenario import model as m
from conformance.scenario import steps as s
from conformance.scenario.walk import walk
from conformance.target.throttle.connection_count import connection_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.context.run_context import RunContext
    from conformance.scenario.model import Given, Scenario
    from conformance.spec import Spec


def with_bystanders(scenario: Scenario, run_context: RunContext) -> Scenario:
    """Give the scenario with bystanders; unchanged if the run has none, or the target has no room for them.

    A driver that lends accounts (`lasting`) has too few for bystanders: then there is only the second device.
    """
    if not run_context.bystanders:
        return scenario
    given = scenario.given
    if not run_context.provisioner.lasting:
        given = _with_people(given, run_context, crc32(scenario.id.encode()))
    device = _device(scenario, run_context)
    if device is not None:
        given = replace(given, bystanders=(*given.bystanders, device))
    crowded = replace(scenario, given=given)
    return scenario if run_context.throttle.objection(connection_count(crowded)) else crowded


def may_get(name: str, kind: str | None, spec: Spec) -> bool:
    """Say whether a frame of this type may reach this bystander."""
    return kind in spec.protocol.bystanders.may_get.get(name.rpartition("@")[2], ())


def rule_of_leak(kind: str | None, spec: Spec) -> str | None:
    """Give the rule that a frame of this type breaks at a bystander; None: an Error or an unknown type."""
    return spec.protocol.bystanders.silence.get(kind or "") or rule_of_stray(kind, spec)


def _with_people(given: Given, run_context: RunContext, first: int) -> Given:
    """Add the users, on the instances in turn: a leak may be local to one instance, or come over the bus."""
    protocol, instances = run_context.spec.protocol, len(run_context.target.instances)
    joins = run_context.calibration.joins  # Without, a member who has not joined is a member like any other.
    crowded = {name: room for name, room in given.conversations.items() if room.bystanders}
    roles = {protocol.default_role, *run_context.calibration.roles} if crowded and joins else set()
    members = {who: role for who, role in protocol.bystanders.people.items() if role in roles}
    people = [who for who, role in protocol.bystanders.people.items() if who in members or role == protocol.no_member]
    rooms = {name: replace(room, members={**room.members, **members}) for name, room in crowded.items()}
    users = {who: m.User(instance=place % instances + 1) for place, who in enumerate(people, first)}
    conversations = {**given.conversations, **rooms}
    return replace(given, users={**given.users, **users}, conversations=conversations, bystanders=tuple(people))


def _device(scenario: Scenario, run_context: RunContext) -> str | None:
    """Name a second device of the user who acts first; None: it would change what the scenario tests."""
    actor = next(_acting(scenario), None)
    limit = run_context.target.look_up(run_context.spec.protocol.bystanders.connections)
    if actor is None or not (run_context.calibration.several_devices and run_context.calibration.joins):
        return None
    steps = [*walk((*scenario.setup, *scenario.steps))]
    gone = {name.partition("@")[0] for one in steps if isinstance(one, s.Disconnect) for name in one.who}
    own = {one.who for one in steps if isinstance(one, s.Connect)} | {*scenario.given.users} | {*scenario.given.devices}
    if actor in gone or not scenario.given.users[actor].connect:
        return None  # A second device would change which connection of the user is the first or the last.
    if limit is not None and sum(name.partition("@")[0] == actor for name in own) >= limit:
        return None
    return f"{actor}@{run_context.spec.protocol.bystanders.device}"


def _acting(scenario: Scenario) -> Iterator[str]:
    for step in walk(scenario.steps):
        if isinstance(step, s.Send | s.SendRaw | s.Page) and step.by.partition("@")[0] in scenario.given.users:
            yield step.by.partition("@")[0]
