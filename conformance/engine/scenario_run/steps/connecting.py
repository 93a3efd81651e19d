"""The steps that connect and disconnect, and the check of a refusal."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.engine.context import joining
from conformance.engine.context.closes import one_of_codes
from conformance.engine.context.failure import Spoiled, Unmet
from conformance.engine.context.retrying import connect_with_retries, says_later
from conformance.scenario import steps as s
from conformance.target.throttle.retrying import TRIES
from conformance.wire.handshake import Handshake
from conformance.wire.handshake_errors import ABSENT, Refused
from conformance.wire.waits import BUSY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.connection import Connection

BETWEEN_TRIES = 0.3
"""Seconds between the attempts to connect a user who must be let in."""
REFUSING_STATUS = frozenset({401, 403})
REFUSING_CODES = ("1008", "44xx")


async def connect(step: s.Connect, context: ScenarioContext) -> None:
    """Open a connection; raises Unmet if it is refused, or is accepted but should be refused."""
    token = context.names.value(step.token) if step.token is not None else None
    arrive = partial(
        joining.connect,
        context,
        step.who,
        step.instance,
        token,
        context.names.value(dict(step.query)),
        Handshake(step.origin, context.names.value(dict(step.headers)), step.compression),
    )
    if step.must_admit:
        outcome = await _connect_unlike_others(context, step.who, arrive)
    elif step.refused or context.observing:
        outcome = await arrive()
    else:
        outcome = await connect_with_retries(context, step.who, arrive)
    if isinstance(outcome, Refused) and outcome.status in ABSENT and not context.observing:
        await _ask_the_gateway(context, step, outcome, arrive)
    if step.refused:
        await _check_refused(step, outcome, context)
        return
    if isinstance(outcome, Refused):
        if not context.observing:
            failure = Spoiled if says_later(outcome) else Unmet
            raise failure(f"{step.who} should be let in, and was refused: {outcome.why}")
        return
    outcome.keepalive = step.keepalive
    if not context.observing:
        await joining.take_greeting(context, step.who)
    for conversation in step.join:
        await joining.join(context, step.who, conversation)


async def _connect_unlike_others(
    context: ScenarioContext, who: str, connect: Callable[[], Awaitable[Connection | Refused]]
) -> Connection | Refused:
    """Connect a user who may not be asked to come again later; raises Unmet if others are let in meanwhile.

    A server may notice the end of the user's last connection a little later, so there are several attempts.
    """
    why = ""
    for _ in range(TRIES):
        outcome = await connect()
        if not isinstance(outcome, Refused) or not says_later(outcome):
            return outcome
        why = outcome.why
        await asyncio.sleep(BETWEEN_TRIES)  # A sleep: a place that becomes free sends no event.
    other = next(user for user in context.users if user != who.partition("@")[0])
    await joining.arrive(context, f"{other}@witness")  # where that one must wait, too, the server is only busy
    raise Unmet(f"{who} should be let in, as {other} is, and was refused: {why}")


async def _ask_the_gateway(
    context: ScenarioContext, step: s.Connect, refused: Refused, connect: Callable[[], Awaitable[Connection | Refused]]
) -> None:
    """Raise Spoiled if a 502, 503 or 504 is not about this connection: others get it, too, or it does not come again.

    A gateway answers so while it does not reach the server, or has too many connections (RFC 9110 §15.6.3 to §15.6.5).
    """
    user = step.who.partition("@")[0]
    other = f"{next((one for one in context.users if one != user), user)}@witness"
    witness = await joining.connect(context, other, step.instance)
    if isinstance(witness, Refused):
        raise Spoiled(f"{step.who} was refused: {refused.why}; so was {other}: {witness.why}")
    await joining.take_greeting(context, other)
    again = await connect()
    if not isinstance(again, Refused) or again.status not in ABSENT:
        then = again.why if isinstance(again, Refused) else "let in"
        raise Spoiled(f"{step.who} was refused: {refused.why}, and then {then}; {other} was let in")


async def _check_refused(step: s.Connect, outcome: Connection | Refused, context: ScenarioContext) -> None:
    """Check for HTTP 401 or 403, or a close with 1008 or 44xx before any application frame (AUTH-1)."""
    if isinstance(outcome, Refused):
        if outcome.status not in REFUSING_STATUS:
            raise Unmet(f"{step.who} should be refused with HTTP 401 or 403; what happened: {outcome.why}")
        return
    await outcome.until(lambda: bool(outcome.log), context.run.reply)
    if outcome.log:
        raise Unmet(f"{step.who} should be refused, and was let in", outcome.log[0])
    closed = outcome.closed
    if closed is None:
        raise Unmet(f"{step.who} should be refused, and its connection is open")
    if closed.code is None or not one_of_codes(closed.code, REFUSING_CODES):
        raise Unmet(f"{step.who} should be refused with a close of 1008 or 44xx; it was {closed}")


async def disconnect(step: s.Disconnect, context: ScenarioContext) -> None:
    """Disconnect, by a close handshake or a TCP reset."""
    # A reset would make the server's system forget what the server has not read yet, so a busy one gets its time.
    patience = context.run.reply * BUSY
    for name in step.who:
        connection = context.open(name)
        await (connection.drop() if step.drop else connection.close(within=patience))


RUNNERS: dict[type[s.Step], Callable[[Any, ScenarioContext], Awaitable[None]]] = {
    s.Connect: connect,
    s.Disconnect: disconnect,
}
"""The function that runs each step of this family."""
