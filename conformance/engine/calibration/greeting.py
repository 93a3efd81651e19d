"""Finds out whether a target greets, and whether its barrier answers."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from conformance.engine.context.joining import connect
from conformance.engine.context.retrying import connect_with_retries
from conformance.engine.scenario_run.arrange import set_up
from conformance.errors import TargetUnreachable
from conformance.scenario.model import Given, User
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.connection import Connection


async def _open_again(context: ScenarioContext, connection: Connection, given: Given) -> Connection:
    """Connect once more, and do not ask the barrier, if the server closes the connection of who asks it."""
    name = connection.name
    if connection.closed is not None:
        await connect_with_retries(context, name, partial(connect, context, name, given.users[name].instance))
    return context.connections.get(name, connection)


async def greet(context: ScenarioContext, given: Given, reply: float) -> tuple[bool, bool, bool]:
    """Connect every user; say whether the target greets, or with another frame, and whether the barrier answers."""
    protocol = context.run.spec.protocol
    await set_up(context, Given({name: User(connect=False) for name in given.users}, {}, {}))
    for name, user in given.users.items():
        outcome = await connect_with_retries(context, name, partial(connect, context, name, user.instance))
        if isinstance(outcome, Refused):
            address = context.run.target.addresses[(user.instance or 1) - 1]
            raise TargetUnreachable(f"{address} does not let us in: {outcome}")
    everyone = list(context.connections.values())
    pings = [asyncio.create_task(connection.barrier(reply)) for connection in everyone]
    answers = all(await asyncio.gather(*pings)) and not any(connection.replies.refuses for connection in everyone)
    if not answers:
        everyone = [await _open_again(context, connection, given) for connection in everyone]

    def greeted(connection: Connection) -> bool:
        return context.first(connection, protocol.greeting.frame, protocol.greeting.pattern) is not None

    def begins_otherwise(connection: Connection) -> bool:
        return 0 not in connection.barriers and not context.is_ambient(connection.log[0])

    otherwise = False
    if answers:
        # A greeting comes before anything else, and so before the barrier's reply.
        greets = all(map(greeted, everyone))
        otherwise = not greets and all(map(begins_otherwise, everyone))
    else:
        greets = all(await asyncio.gather(*(one.until(partial(greeted, one), reply / 4) for one in everyone)))
    for connection in everyone:
        if connection.closed is not None:
            raise TargetUnreachable(
                f"{context.run.target.addresses[0]} lets us in, and then the connection was {connection.closed}"
            )
    return greets, otherwise, answers
