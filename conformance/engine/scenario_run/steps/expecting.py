"""The steps that expect: frames, one of several things, closes; and what a probe observes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from conformance.engine.context.closes import (
    cut_short,
    ending,
    happened,
    idle_cut,
    one_of_codes,
    say_alternative,
)
from conformance.engine.context.failure import Granted, ScenarioError, TooSlow, Unmet
from conformance.engine.scenario_run.faulty import fits_otherwise, told, without_wrong_fields
from conformance.engine.scenario_run.refused import closes_are_refusals
from conformance.engine.scenario_run.steps.limits import full_page
from conformance.engine.scenario_run.unconfirmed import goes_on_without
from conformance.engine.scenario_run.untold import read_instead, take
from conformance.files.show import show
from conformance.scenario import steps as s
from conformance.scenario.match_result import Matched, Mismatch, same
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.connection import Connection
    from conformance.wire.events import Received

TIMER_MARGIN = 1.25
"""The tolerance for a server's timer: 1.25 times its length, plus the patience."""


async def expect(step: s.Expect, context: ScenarioContext) -> None:
    """Claim a matching frame at each connection, waiting for it; raises Unmet with the nearest miss."""
    pattern = without_wrong_fields(context, step.frame, context.names.render(step.pattern))
    if await goes_on_without(context, step.frame, pattern, step.at):
        return
    agreed: dict[str, Any] = {}  # Several connections of one step must capture the same values.
    for name in await told(context, step.frame, pattern, step.at):
        stored = await read_instead(context, step.frame, name, pattern)
        if stored:
            take(context, step.frame, name, stored[:1])
            _agree(agreed, stored[0].captures, name, step)
            continue
        if _was_refused_before(context, step.frame, pattern, name):
            continue
        connection = context.reading(name)
        found = await await_frame(context, connection, step.frame, pattern, extra(step.within, context))
        if found is None:
            raise missing(context, connection, step.frame, pattern)
        index, received, matched = found
        expired = "" if step.within else context.expiries.explain(received)
        if expired:
            raise TooSlow(expired, received)
        if step.next:
            _check_next(context, connection, index)
        connection.claimed.add(index)
        _agree(agreed, matched.captures, name, step, received)
    context.names.bind(agreed)


def _was_refused_before(context: ScenarioContext, kind: str, pattern: Any, name: str) -> bool:
    """Claim the Error that came before the server ended the connection, and its user came back."""
    if kind != context.run.spec.protocol.error or not closes_are_refusals(context):
        return False
    for connection in context.past:
        found = context.first(connection, kind, pattern) if connection.name == name else None
        if found is not None:
            connection.claimed.add(found[0])
            return True
    return False


def _agree(
    agreed: dict[str, Any], captures: Mapping[str, Any], name: str, step: s.Expect, received: Received | None = None
) -> None:
    for key, value in captures.items():
        first = agreed.setdefault(key, value)
        if not same(first, value):
            raise Unmet(f"{name} got {show(value)} for {key}, {step.at[0]} got {show(first)}", received)


def _check_next(context: ScenarioContext, connection: Connection, index: int) -> None:
    for earlier in range(index):
        received = connection.log[earlier]
        if earlier not in connection.claimed and not context.is_ambient(received):
            kind = received.frame.type or "a frame of no known type"
            raise Unmet(f"at {connection.name}, {kind} came first", received)


async def await_frame(
    context: ScenarioContext, connection: Connection, kind: str, pattern: Any, extra: float
) -> tuple[int, Received, Matched] | None:
    """Wait for a frame; after the patience, the barrier tells whether it can still come."""

    def arrived() -> bool:
        return context.first(connection, kind, pattern, or_greeting=True) is not None

    in_time = await connection.until(arrived, extra + context.run.patience)
    if not in_time and connection.closed is None and context.run.calibration.answers_barrier:
        # When the barrier returns, the server has handled our requests, however slow the machine is.
        await context.quiet()
        if connection.unfinished or context.has_causes_without_a_barrier:  # Only the time says when the frame is late.
            await connection.until(arrived, context.run.reply)
    found = context.first(connection, kind, pattern, or_greeting=True)
    return found or fits_otherwise(context, connection, kind, pattern)


def missing(context: ScenarioContext, connection: Connection, kind: str, pattern: Any) -> ScenarioError:
    """Say what is missing, and which frame matches it best."""
    unmet = _missing(context, connection, kind, pattern)
    too_small = full_page(context, connection.name, unmet.offender)
    return too_small or cut_short(context, connection, unmet.message, unmet.offender)


def _missing(context: ScenarioContext, connection: Connection, kind: str, pattern: Any) -> Unmet:
    how = ending(context, connection)
    unclaimed = [one for index, one in enumerate(connection.log) if index not in connection.claimed]
    error = next((one for one in unclaimed if one.frame.type == context.run.spec.protocol.error), None)
    near: tuple[int, Mismatch, Received] | None = None
    for index, received in enumerate(connection.log):
        # Where an Error answered, a frame that answered something else before is not what came nearest.
        if received.frame.type == kind and (error is None or index not in connection.claimed):
            miss = match(pattern, received.frame.value)
            if isinstance(miss, Mismatch) and (near is None or miss.distance <= near[0]):
                near = (miss.distance, miss, received)
            elif isinstance(miss, Matched) and near is None and index in connection.claimed:
                how = f"; the one that came was expected before{how}"
    if near is not None:
        if error is not None and error is not near[2]:
            how = f"; it got an {error.frame.type}, too{how}"
        return Unmet(f"no matching {kind} at {connection.name}; the nearest differs: {near[1]}{how}", near[2])
    if error is not None:
        return Unmet(f"no {kind} at {connection.name}; it got an {error.frame.type} instead{how}", error)
    return Unmet(f"no {kind} at {connection.name}{how}", unclaimed[-1] if unclaimed else None)


def extra(within: str | None, context: ScenarioContext) -> float:
    """Give the seconds by which a server's timer lengthens the wait."""
    return context.run.timer(within) * TIMER_MARGIN if within else 0.0


async def expect_either(step: s.ExpectEither, context: ScenarioContext) -> None:
    """Wait for the first of several things, and claim it if it is a frame."""
    connection = context.reading(step.at)
    patterns = [
        without_wrong_fields(context, one.frame or "", context.names.render(one.pattern)) for one in step.alternatives
    ]

    def which() -> int | None:
        """Give the alternative whose frame came first, else the one that matches the connection's end."""
        came = []
        for index, (one, pattern) in enumerate(zip(step.alternatives, patterns, strict=True)):
            position = happened(one, pattern, connection, context)
            if position is not None:
                came.append((position, index))
        return min(came)[1] if came else None

    for one, pattern in zip(step.alternatives, patterns, strict=True):
        with contextlib.suppress(Granted):  # Another of the alternatives is that.
            if one.frame is not None and await goes_on_without(context, one.frame, pattern, (step.at,)):
                return
    in_time = await connection.until(lambda: which() is not None, extra(step.within, context) + context.run.reply)
    if not in_time and connection.closed is None and context.run.calibration.answers_barrier:
        await context.barrier([step.at])  # When it returns, the server has handled our requests, however slow it is.
    index = which()
    if index is None:
        wanted = " or ".join(say_alternative(one) for one in step.alternatives)
        how = ending(context, connection) or "; nothing of that happened"
        raise cut_short(context, connection, f"expected {wanted} at {step.at}{how}")
    if step.alternatives[index].frame is not None:
        found = context.first(connection, str(step.alternatives[index].frame), patterns[index])
        assert found is not None
        connection.claimed.add(found[0])
        context.names.bind(found[2].captures)


async def expect_close(step: s.ExpectClose, context: ScenarioContext) -> None:
    """Wait until the server has closed each connection, with one of the codes."""
    for name in step.at:
        connection = context.reading(name)
        await connection.until(lambda: False, extra(step.within, context) + context.run.reply)
        closed = connection.closed
        if closed is None:
            raise Unmet(f"{name} should have been closed by the server, and is still open")
        if closed.fault:
            raise Unmet(f"{name} should have been closed by the server; instead it was {closed}")
        if closed.code is None and not step.or_dropped:
            raise cut_short(context, connection, f"{name} was {closed}{idle_cut(context, connection)}")
        if closed.code is not None and step.codes and not one_of_codes(closed.code, step.codes):
            wrong = f"{name} was closed with {closed.code}, not with {' or '.join(step.codes)}"
            raise cut_short(context, connection, wrong + idle_cut(context, connection))


async def observe(step: s.Observe, context: ScenarioContext) -> None:
    """Find the choice that matches, without claiming a frame (probes only)."""
    await context.quiet()
    context.observed = step.otherwise
    for word, one in step.choices.items():
        if one.refused:
            if step.at in context.refused:
                context.observed = word
                return
            continue
        if step.at not in context.connections:
            continue
        connection = context.connections[step.at]
        pattern = context.names.render(one.pattern)
        if happened(one, pattern, connection, context) is not None:
            if one.frame is not None:
                found = context.first(connection, one.frame, pattern)
                assert found is not None
                context.names.bind(found[2].captures)
            context.observed = str(context.names.value(word))
            return


RUNNERS: dict[type[s.Step], Callable[[Any, ScenarioContext], Awaitable[None]]] = {
    s.Expect: expect,
    s.ExpectEither: expect_either,
    s.ExpectClose: expect_close,
    s.Observe: observe,
}
"""The function that runs each step of this family."""
