"""The steps that gather: pages to the end, all matches so far, and checks of what was gathered."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import Broken, Unmet
from conformance.engine.scenario_run.steps.expecting import await_frame, missing
from conformance.scenario.matching import Mismatch, match, same

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import World
    from conformance.scenario import steps as s
    from conformance.wire.connection import Received

MAX_PAGES = 1000


async def page(step: s.Page, world: World) -> None:
    """Ask for page after page until the reply says that there is no more; binds what was collected."""
    discriminator = world.stage.spec.protocol.discriminator
    fields = world.names.value(step.fields)
    pattern, going_on = world.names.render(step.pattern), world.names.render(step.going_on)
    gathered: dict[str, list[Any]] = {name: world.names.gathered(name) for name in step.collect.values()}
    connection = world.open(step.by)
    for _ in range(MAX_PAGES):
        frame = {discriminator: step.frame, **fields}
        violations = world.stage.spec.incoming[step.frame].violations(frame)
        if violations:
            raise Broken(f"our own {step.frame} does not fit its schema: {violations[0].message}")
        await world.send(step.by, frame)
        found = await await_frame(world, connection, step.reply, pattern, world.stage.reply - world.stage.patience)
        if found is None:
            raise missing(world, connection, step.reply, pattern)
        index, received, matched = found
        connection.claimed.add(index)
        world.names.bind(matched.captures)
        value = received.frame.value or {}
        for field, name in step.collect.items():
            if not isinstance(value.get(field), list):
                raise Unmet(f"{step.reply} has no list {field!r}", received)
            gathered[name] += value[field]
        if isinstance(match(going_on, value), Mismatch):
            world.names.bind(gathered)
            return
        before = fields
        for field, name in step.follow.items():
            if value.get(field) is None:
                raise Unmet(f"{step.reply} says that there is more, and has no {field}", received)
            fields = {**fields, name: value[field]}
        if same(before, fields):
            raise Unmet(f"{step.reply} says that there is more, and leads back to the same page", received)
    raise Unmet(f"{step.frame} did not come to an end within {MAX_PAGES} pages")


async def collect(step: s.Collect, world: World) -> None:
    """Claim all matches that have come, and bind the list of them."""
    connection = world.open(step.at)
    pattern = world.names.render(step.pattern)
    await world.quiet()
    gathered = []
    last: Received | None = None
    while (found := world.first(connection, step.frame, pattern)) is not None:
        index, last, _ = found
        connection.claimed.add(index)
        value: Any = last.frame.value
        gathered.append(value if step.field is None else value.get(step.field))
    world.names.bind({step.into: gathered})
    wanted = (
        (step.count, operator.eq, "exactly"),
        (step.at_least, operator.ge, "at least"),
        (step.at_most, operator.le, "at most"),
    )
    for bound, holds, phrase in wanted:
        size = world.names.value(bound)
        if size is not None and not holds(len(gathered), size):
            raise Unmet(f"expected {phrase} {size} {step.frame} at {step.at}, got {len(gathered)}", last)


async def check(step: s.Check, world: World) -> None:
    """Match a value that was captured or collected."""
    value = world.names.value(step.value)
    found = match(world.names.render(step.pattern), value)
    if isinstance(found, Mismatch):
        raise Unmet(f"{step.value}: {found}")
    world.names.bind(found.captures)
