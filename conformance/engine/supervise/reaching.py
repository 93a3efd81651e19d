"""Asks a target whether it is still there, with a connection and one reply, and nothing that a rule is about."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from conformance.engine.context.joining import connect
from conformance.engine.context.reachability import Reachability
from conformance.engine.context.retrying import connect_with_retries
from conformance.engine.context.scenario_context import ScenarioContext
from conformance.engine.scenario_run.arrange import provide
from conformance.errors import ProvisioningFailed
from conformance.target.accounts import Wanted
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from conformance.engine.context.run_context import RunContext

LONGEST_LOOK = 5.0
"""The shortest wait, in seconds, before a target that does not answer this question counts as lost."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer: why the target is not there (empty: it is there), and what it took too long for."""

    gone: str = ""
    slow: str = ""


async def ask(run_context: RunContext) -> Answer:
    """Connect to every instance, and ask the barrier of each connection if it answered during calibration."""
    context = ScenarioContext(replace(run_context, reachability=Reachability()), observing=True)
    instances = range(1, len(run_context.target.instances) + 1)
    # Lent accounts are few: one of them serves for all instances.
    users = ["asking"] if run_context.provisioner.lasting else [f"asking{number}" for number in instances]
    longest = max(LONGEST_LOOK * run_context.time_scale, 2 * run_context.reply)
    began = time.perf_counter()
    try:
        # Waiting for an account of a running scenario, or for a rate limit, is our delay and not the target's.
        await provide(context, Wanted(tuple(users)))
        began = time.perf_counter()
        gone = await run_context.lateness.within(longest, _gone(context, users))
    except ProvisioningFailed as error:
        gone = str(error)
    except TimeoutError:
        gone = f"it does not answer within {longest:g} s"
    finally:
        await context.end()
    seconds = time.perf_counter() - began - context.throttled.seconds
    slow = not gone and seconds > run_context.reply
    return Answer(gone, f"a connection and one reply take it {seconds:.1f} s" if slow else "")


async def _gone(context: ScenarioContext, users: list[str]) -> str:
    for number, user in enumerate(users, 1):
        outcome = await connect_with_retries(context, user, partial(connect, context, user, number))
        if isinstance(outcome, Refused):
            address = context.run.target.addresses[number - 1]
            return f"{address} does not let us in: {outcome.why}"
        if context.run.calibration.answers_barrier and not await outcome.barrier(context.run.reply):
            ended = f"; the connection was {outcome.closed}" if outcome.closed is not None else ""
            return f"a barrier is not answered within {context.run.reply:g} s{ended}"
    return ""
