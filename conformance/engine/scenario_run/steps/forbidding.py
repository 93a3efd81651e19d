"""The steps that forbid: `never`, which applies until the end, and honeypot URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import Unmet
from conformance.engine.context.scenario_context import Guard, ScenarioContext
from conformance.engine.scenario_run.residue import unexplained
from conformance.scenario import steps as s
from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FETCH = 2.0
"""Seconds for a server that puts what it will fetch into a queue."""


async def never(step: s.Never, context: ScenarioContext) -> None:
    """Check the guard now, and keep it until the end."""
    guard = Guard(step, context.names.render(step.pattern))
    await context.quiet()
    judge_guard(guard, context)
    context.guards.append(guard)


def judge_guard(guard: Guard, context: ScenarioContext) -> None:
    """Raise Unmet if a connection has an unclaimed frame that must never come."""
    strays = unexplained(context) if guard.step.frame == "*" else {}
    for name in guard.step.at:
        connection = context.reading(name)
        unclaimed = [
            one
            for index, one in enumerate(connection.log)
            if index not in connection.claimed
            and one.frame.type not in context.odd_replies
            and context.owner_elsewhere(one) is None
            and not context.is_odd_refusal(one)
        ]
        suspects = strays[name] if guard.step.frame == "*" else unclaimed
        for received in suspects:
            fits = guard.step.frame in ("*", received.frame.type)
            # An unreadable frame has no value to match, but it is a frame all the same.
            if fits and (not guard.pattern or isinstance(match(guard.pattern, received.frame.value), Matched)):
                raise Unmet(f"{name} must never get {received.frame.type or 'such a frame'} here", received)


async def never_fetched(step: s.NeverFetched, context: ScenarioContext) -> None:
    """Check the honeypot now, and again at the end."""
    await context.quiet()
    context.honeypot_guards.append(step)
    if context.honeypots[step.honeypot].is_visited:
        raise _fetched(step)


async def judge_honeypot(step: s.NeverFetched, context: ScenarioContext) -> None:
    """Raise Unmet if somebody has requested the honeypot URL, or does so soon."""
    await context.honeypots[step.honeypot].visit(FETCH * context.run.time_scale)
    if context.honeypots[step.honeypot].is_visited:
        raise _fetched(step)


def _fetched(step: s.NeverFetched) -> Unmet:
    return Unmet(f"the server asked the URL of {step.honeypot} for something")


RUNNERS: dict[type[s.Step], Callable[[Any, ScenarioContext], Awaitable[None]]] = {
    s.Never: never,
    s.NeverFetched: never_fetched,
}
"""The function that runs each step of this family."""
