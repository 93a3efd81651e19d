"""Retries a connection when the server asks for it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from conformance.errors import AskedToLeave
from conformance.target.throttle.retrying import LONGEST, TRIES, asked_to_wait
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.connection import Connection


async def connect_with_retries(
    context: ScenarioContext, who: str, connect: Callable[[], Awaitable[Connection | Refused]]
) -> Connection | Refused:
    """Connect a user, and wait and try again if the server says “later”; that is no failure of the server.

    A user who is turned away again and again with another connection open may have reached the limit of connections
    per user: the refusal is given, and the run goes on. Raises AskedToLeave if the server says so too often to a user
    without one, or asks for too long a wait.
    """
    for attempt in itertools.count(1):
        outcome = await connect()
        if not isinstance(outcome, Refused):
            break
        wait = asked_to_wait(outcome.status, outcome.retry_after, attempt)
        if wait is None:
            break
        if wait <= LONGEST and attempt == TRIES and _has_another(context, who):
            break
        if wait > LONGEST or attempt == TRIES:
            how = "again and again" if wait <= LONGEST else f"for {wait:,.0f} s"
            raise AskedToLeave(f"the target turns us away {how} ({outcome.why}): come back later, or go slower")
        context.transcript.note(who, "·", f"asked to come again in {wait:g} s")
        context.run.throttle.stay_away(wait)
    return outcome


def says_later(refused: Refused) -> bool:
    """Say whether a refusal asks to come again later: it is no answer to what was asked."""
    return asked_to_wait(refused.status, refused.retry_after, 1) is not None


def _has_another(context: ScenarioContext, who: str) -> bool:
    user = who.partition("@")[0]
    return any(name.partition("@")[0] == user and one.closed is None for name, one in context.connections.items())
