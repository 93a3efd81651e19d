"""What a play begins with: accounts, conversations, and everybody in the place where the scenario wants them."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from functools import partial
from typing import TYPE_CHECKING

from conformance.engine.context.failure import Unmet
from conformance.engine.context.honeypot import Trap
from conformance.engine.context.joining import arrive, connect, join, take_greeting
from conformance.engine.context.retrying import insist
from conformance.engine.scenario_run.empty_check import look_into
from conformance.target.dialect import form_of, nobodys_id, provided
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import World
    from conformance.scenario.steps import Conversation, Given
    from conformance.target.accounts import Wanted


async def provide(world: World, wanted: Wanted) -> None:
    """Lease accounts and conversations; raises ProvisioningFailed."""
    lease = world.leased = await world.stage.provisioner.lease(wanted)
    users, conversations = (form_of(world.stage.target.dialect, kind) for kind in ("user", "conversation"))
    world.users = {name: provided(users, account.value) for name, account in lease.accounts.items()}
    world.conversations = {name: provided(conversations, one) for name, one in lease.conversations.items()}
    for room, user in lease.unproved.items():
        await look_into(world, room, user)
    await lease.ready()


async def set_scene(world: World, given: Given) -> None:
    """Bring about what a scenario is given, of what was provided; raises Unmet."""
    world.names.bind({"nonce": uuid.uuid4().hex[:12], **world.users, **world.conversations})
    world.names.bind({name: nobodys_id(world.stage.target.dialect) for name in given.unknown})
    for name in given.traps:
        world.traps[name] = await Trap.set(name)
        world.names.bind({name: world.traps[name].url})
    await _gather_people(world, given)
    for name, wanted in given.conversations.items():
        joining = wanted.join if wanted.join is not None else _who_may_join(world, wanted)
        await asyncio.gather(*(join(world, who, name) for who in joining))


async def _gather_people(world: World, given: Given) -> None:
    world.onlookers = frozenset(given.onlookers)
    people = {name: user.instance for name, user in given.users.items() if user.connect}
    arriving = {who: place for who, place in (people | {**given.devices}).items() if who not in world.onlookers}
    await asyncio.gather(*(arrive(world, who, instance) for who, instance in arriving.items()))
    # After the others: a target that has no place for so many should have had one for those whom this is about.
    await asyncio.gather(*(_look_on(world, who, people.get(who)) for who in given.onlookers))


def _who_may_join(world: World, wanted: Conversation) -> tuple[str, ...]:
    protocol = world.stage.spec.protocol
    may = {user for user, role in wanted.members.items() if protocol.join_right in protocol.roles.get(role, ())}
    return tuple(who for who in world.connections if who.partition("@")[0] in may and who not in world.onlookers)


async def _look_on(world: World, who: str, instance: int | None) -> None:
    """Connect somebody who only looks on; whoever cannot is missing, and the scenario is played all the same."""
    outcome = await insist(world, who, partial(connect, world, who, instance))
    if isinstance(outcome, Refused):
        del world.refused[who]
        return
    with contextlib.suppress(Unmet):
        await take_greeting(world, who)
