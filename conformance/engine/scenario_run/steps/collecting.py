"""The steps that collect: pages to the end, all matches so far, and checks of what was collected."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import Broken, Spoiled, Unmet
from conformance.engine.scenario_run.faulty import without_wrong_fields, without_wrong_parts
from conformance.engine.scenario_run.steps.expecting import await_frame, missing
from conformance.engine.scenario_run.untold import read_instead, take
from conformance.scenario import steps as s
from conformance.scenario.match_result import Mismatch, same
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.events import Received

MAX_PAGES = 1000


async def page(step: s.Page, context: ScenarioContext) -> None:
    """Request page after page until the reply says that there is no more; binds what was collected."""
    discriminator = context.run.spec.protocol.discriminator
    fields = context.names.value(step.fields)
    pattern = without_wrong_fields(context, step.reply, context.names.render(step.pattern))
    going_on = context.names.render(step.going_on)
    collected: dict[str, list[Any]] = {name: context.names.collected(name) for name in step.collect.values()}
    connection = context.reading(step.by)
    for _ in range(MAX_PAGES):
        frame = {discriminator: step.frame, **fields}
        violations = context.run.spec.incoming[step.frame].violations(frame)
        if violations:
            said = f"our own {step.frame} does not fit its schema: {violations[0].message}"
            if context.was_sent_wrong_frames():
                raise Spoiled(f"with what the server sent, {said}")
            raise Broken(said)
        await context.send(step.by, frame)
        found = await await_frame(context, connection, step.reply, pattern, context.run.reply - context.run.patience)
        if found is None:
            raise missing(context, connection, step.reply, pattern)
        index, received, matched = found
        connection.claimed.add(index)
        context.names.bind(matched.captures)
        value = received.frame.value or {}
        for field, name in step.collect.items():
            if not isinstance(value.get(field), list):
                raise Unmet(f"{step.reply} has no list {field!r}", received)
            collected[name] += value[field]
        if isinstance(match(going_on, value), Mismatch):
            context.names.bind(collected)
            return
        before = fields
        for field, name in step.follow.items():
            if value.get(field) is None:
                raise Unmet(f"{step.reply} says that there is more, and has no {field}", received)
            fields = {**fields, name: value[field]}
        if same(before, fields):
            raise Unmet(f"{step.reply} says that there is more, and leads back to the same page", received)
    raise Unmet(f"{step.frame} did not come to an end within {MAX_PAGES} pages")


async def collect(step: s.Collect, context: ScenarioContext) -> None:
    """Claim all matching frames that have arrived, and bind their list."""
    connection = context.reading(step.at)
    pattern = without_wrong_fields(context, step.frame, context.names.render(step.pattern))
    if context.quiet_since != len(context.transcript.lines):  # One that follows another waits no second time.
        await context.quiet()
        context.quiet_since = len(context.transcript.lines)
    stored = await read_instead(context, step.frame, step.at, pattern)
    if stored:
        take(context, step.frame, step.at, stored)
    collected = [one.message if step.field is None else one.message.get(step.field) for one in stored]
    last: Received | None = None
    while (found := context.first(connection, step.frame, pattern)) is not None:
        index, last, _ = found
        connection.claimed.add(index)
        value: Any = last.frame.value
        collected.append(value if step.field is None else value.get(step.field))
    context.names.bind({step.into: collected})
    wanted = (
        (step.count, operator.eq, "exactly"),
        (step.at_least, operator.ge, "at least"),
        (step.at_most, operator.le, "at most"),
    )
    for bound, holds, phrase in wanted:
        size = context.names.value(bound)
        if size is not None and not holds(len(collected), size):
            raise Unmet(f"expected {phrase} {size} {step.frame} at {step.at}, got {len(collected)}", last)


async def check(step: s.Check, context: ScenarioContext) -> None:
    """Match a value that was captured or collected."""
    value = context.names.value(step.value)
    found = match(without_wrong_parts(context, step, context.names.render(step.pattern)), value)
    if isinstance(found, Mismatch):
        raise Unmet(f"{step.value}: {found}")
    context.names.bind(found.captures)


RUNNERS: dict[type[s.Step], Callable[[Any, ScenarioContext], Awaitable[None]]] = {
    s.Page: page,
    s.Collect: collect,
    s.Check: check,
}
"""The function that runs each step of this family."""
