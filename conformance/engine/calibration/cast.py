"""The users of a calibration, and the conversation that they share."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.engine.context.failure import Spoiled, Unmet
from conformance.engine.context.joining import join
from conformance.engine.scenario_run.arrange import provide
from conformance.errors import ProvisioningFailed
from conformance.scenario.model import User
from conformance.target.accounts import Room, Wanted

if TYPE_CHECKING:
    from conformance.engine.context.run_context import RunContext
    from conformance.engine.context.scenario_context import ScenarioContext

ROOM, OTHER = "calibration", "calibration-2"
STRANGER = "stranger"
"""Somebody who is in no conversation; a target with few accounts is calibrated without one."""


def choose_cast(run_context: RunContext) -> tuple[dict[str, User], tuple[str, ...], Room]:
    """Give all users, the witnesses among them (one at each instance), and the room that they share."""
    witnesses = tuple(f"witness{number}" for number in range(1, len(run_context.target.instances) + 1))
    users = {"speaker": User()} | {name: User(instance=number) for number, name in enumerate(witnesses, 1)}
    protocol = run_context.spec.protocol
    return users, witnesses, Room(protocol.visibilities[0], dict.fromkeys(users, protocol.default_role))


def observers(run_context: RunContext) -> dict[str, str]:
    """Give the bystanders with a role of their own, and the role; none if the driver lends its accounts."""
    protocol = run_context.spec.protocol
    plain = (protocol.default_role, protocol.no_member)
    people = {} if run_context.provisioner.lasting else protocol.bystanders.people
    return {who: role for who, role in people.items() if role not in plain}


async def provide_cast(
    context: ScenarioContext, users: dict[str, User], room: Room, others: dict[str, str], *, stranger: bool
) -> tuple[dict[str, User], tuple[str, ...]]:
    """Give the users that have accounts, and the roles of `others` (name → role) if the driver can give them.

    `stranger`: whether there is a place for a stranger beside them. Without a conversation or witnesses, less can be
    measured; the scenarios that need them will say why. Raises ProvisioningFailed if there is not even one account.
    """
    full = replace(room, members={**room.members, **others})
    everybody = {**users, STRANGER: User()} if stranger else users
    # Who lends conversations has few, and those that are empty are used once: scenarios need them more.
    other = {} if context.run.provisioner.lasting else {OTHER: room}
    for cast, wanted, roles in (
        (everybody, Wanted((*everybody, *others), {ROOM: full, **other}), tuple(others.values())),
        (everybody, Wanted((*everybody, *others), {ROOM: full}), tuple(others.values())),
        (everybody, Wanted(tuple(everybody), {ROOM: room, **other}), ()),
        (everybody, Wanted(tuple(everybody), {ROOM: room}), ()),
        (users, Wanted(tuple(users), {ROOM: room}), ()),
        (users, Wanted(tuple(users)), ()),
    ):
        with contextlib.suppress(ProvisioningFailed):
            await provide(context, wanted)
            return cast, roles
    await provide(context, Wanted(("speaker",)))
    return {"speaker": users["speaker"]}, ()


async def join_room(context: ScenarioContext) -> bool:
    """Let every user but the stranger join the room; False: one cannot."""
    try:
        for name in context.connections.keys() - {STRANGER}:
            await join(context, name, ROOM)
    except (Unmet, Spoiled):
        return False
    return True
