"""Arranges a scenario run: accounts, conversations, and each user connected and joined as the scenario says."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from functools import partial
from typing import TYPE_CHECKING

from conformance.engine.context.failure import Unmet
from conformance.engine.context.honeypot import Honeypot
from conformance.engine.context.joining import arrive, connect, join, take_greeting
from conformance.engine.context.retrying import connect_with_retries
from conformance.engine.scenario_run.empty_check import check_empty
from conformance.target.dialect import form_of, nobodys_id, provided
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.scenario.model import Conversation, Given
    from conformance.target.accounts import Wanted


async def provide(context: ScenarioContext, wanted: Wanted) -> None:
    """Lease accounts and conversations; raises ProvisioningFailed."""
    lease = context.leased = await context.run.provisioner.lease(wanted)
    users, conversations = (form_of(context.run.target.dialect, kind) for kind in ("user", "conversation"))
    context.users = {name: provided(users, account.value) for name, account in lease.accounts.items()}
    context.conversations = {name: provided(conversations, one) for name, one in lease.conversations.items()}
    context.run.owners.give(context.owner, (*context.users.values(), *context.conversations.values()))
    for room, user in lease.claimed_empty.items():
        await check_empty(context, room, user)
    await lease.ready()


async def set_up(context: ScenarioContext, given: Given) -> None:
    """Create the starting state of a scenario from what was provided; raises Unmet."""
    context.names.bind({"nonce": uuid.uuid4().hex[:12], **context.users, **context.conversations})
    context.names.bind({name: nobodys_id(context.run.target.dialect) for name in given.unknown})
    for name in given.honeypots:
        context.honeypots[name] = await Honeypot.set(name)
        context.names.bind({name: context.honeypots[name].url})
    await _gather_people(context, given)
    for name, wanted in given.conversations.items():
        joining = wanted.join if wanted.join is not None else _who_may_join(context, wanted)
        await asyncio.gather(*(join(context, who, name) for who in joining))


async def _gather_people(context: ScenarioContext, given: Given) -> None:
    context.bystanders = frozenset(given.bystanders)
    people = {name: user.instance for name, user in given.users.items() if user.connect}
    arriving = {who: place for who, place in (people | {**given.devices}).items() if who not in context.bystanders}
    await asyncio.gather(*(arrive(context, who, instance) for who, instance in arriving.items()))
    # Bystanders come last: a target with few connections should give them to the users of the scenario.
    await asyncio.gather(*(_connect_bystander(context, who, people.get(who)) for who in given.bystanders))


def _who_may_join(context: ScenarioContext, wanted: Conversation) -> tuple[str, ...]:
    protocol = context.run.spec.protocol
    may = {user for user, role in wanted.members.items() if protocol.join_right in protocol.roles.get(role, ())}
    return tuple(who for who in context.connections if who.partition("@")[0] in may and who not in context.bystanders)


async def _connect_bystander(context: ScenarioContext, who: str, instance: int | None) -> None:
    """Connect a bystander; if it cannot connect, the scenario runs without it."""
    outcome = await connect_with_retries(context, who, partial(connect, context, who, instance))
    if isinstance(outcome, Refused):
        del context.refused[who]
        return
    with contextlib.suppress(Unmet):
        await take_greeting(context, who)
