"""Makes a conversation shorter and simpler, as long as it still shows the same.

The work is on the conversation itself and not on hypothesis' choices: so several candidates are run at a time, and
one that fails only sometimes can be judged by several runs.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.engine.explore.conversation import (
    Arrive,
    Ask,
    Backlog,
    Burst,
    Conversation,
    Depart,
    Flood,
    Grant,
    Knock,
    Race,
    RawMessage,
    Walk,
    asks_of,
    names_in,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from conformance.engine.explore.conversation import Step
    from conformance.engine.explore.findings import Shown
    from conformance.engine.explore.knowledge import Knowledge

    Try = Callable[[Conversation], Awaitable[Shown | None]]

AT_A_TIME = 3
"""Candidates that are run at the same time."""


async def shrink(shown: Shown, still: Try, knowledge: Knowledge, until: float) -> Shown:
    """Give the smallest conversation found until a moment (`time.monotonic`) that still shows the same."""
    best = shown
    if shown.difference is not None:
        steps = shown.conversation.steps[: shown.difference.step + 1]
        best = await still(replace(shown.conversation, steps=steps)) or shown
    improved = True
    while improved and time.monotonic() < until:
        improved = False
        for change in (_fewer_steps, _fewer_asks, _fewer_people, _simpler_values):
            while time.monotonic() < until:
                smaller = await _first(change(best.conversation, knowledge), still, until)
                if smaller is None:
                    break
                best, improved = smaller, True
    return best


async def _first(candidates: Iterator[Conversation], still: Try, until: float) -> Shown | None:
    """Give the first candidate that still shows it."""
    while time.monotonic() < until:
        some = [one for one, _ in zip(candidates, range(AT_A_TIME), strict=False)]
        if not some:
            return None
        for found in await asyncio.gather(*map(still, some)):
            if found is not None:
                return found
    return None


def _fewer_steps(conversation: Conversation, _: Knowledge) -> Iterator[Conversation]:
    steps = conversation.steps
    size = len(steps) // 2
    while size:
        for begin in range(len(steps) - size, -1, -size):
            yield replace(conversation, steps=(*steps[:begin], *steps[begin + size :]))
        size //= 2


def _fewer_asks(conversation: Conversation, _: Knowledge) -> Iterator[Conversation]:
    for index, step in enumerate(conversation.steps):
        if isinstance(step, Walk):
            yield _with_step(conversation, index, Burst((step.ask,)))
        if isinstance(step, Backlog):
            size = len(step.asks) // 2
            while size:
                for begin in range(len(step.asks) - size, -1, -size):
                    rest = (*step.asks[:begin], *step.asks[begin + size :])
                    yield _with_step(conversation, index, replace(step, asks=rest))
                size //= 2
        if isinstance(step, Depart):
            for place in range(len(step.last) if len(step.last) > 1 else 0):
                rest = (*step.last[:place], *step.last[place + 1 :])
                yield _with_step(conversation, index, replace(step, last=rest))
        if isinstance(step, Burst | Race) and len(step.asks) > 1:
            for ask in step.asks:
                yield _with_step(conversation, index, Burst((ask,)))
            for place in range(len(step.asks)):
                rest = (*step.asks[:place], *step.asks[place + 1 :])
                yield _with_step(conversation, index, replace(step, asks=rest))


def _with_step(conversation: Conversation, index: int, step: Step) -> Conversation:
    steps = conversation.steps
    return replace(conversation, steps=(*steps[:index], step, *steps[index + 1 :]))


def _fewer_people(conversation: Conversation, _: Knowledge) -> Iterator[Conversation]:
    used = {name for step in conversation.steps for name in _people(step)}
    for device in conversation.devices:
        if device not in used:
            yield _without_device(conversation, device)
    for user in conversation.users:
        if user not in {name.partition("@")[0] for name in used} and user != conversation.witness:
            yield _without_user(conversation, user)
    for room in conversation.rooms:
        if len(conversation.rooms) > 1 and room not in used:
            yield _without_room(conversation, room)


def _people(step: Step) -> Iterator[str]:
    match step:
        case Arrive():
            yield step.who
            yield from names_in(step.handshake)
        case Depart() | Backlog():
            yield step.who
        case RawMessage():
            yield step.who
            yield from names_in(step.body)
        case Knock():
            yield step.who
        case Grant():
            yield step.user
        case Flood():
            yield from (ask.by for ask in step.waves)
            yield from (name for ask in step.waves for name in names_in(ask.fields))
    for ask in asks_of(step):
        yield ask.by
        yield from names_in(ask.fields)


def _without_device(conversation: Conversation, device: str) -> Conversation:
    return replace(
        conversation,
        devices={name: place for name, place in conversation.devices.items() if name != device},
        joined={room: tuple(one for one in some if one != device) for room, some in conversation.joined.items()},
    )


def _without_user(conversation: Conversation, user: str) -> Conversation:
    def stays(name: str) -> bool:
        return name.partition("@")[0] != user

    return replace(
        conversation,
        users={name: place for name, place in conversation.users.items() if stays(name)},
        devices={name: place for name, place in conversation.devices.items() if stays(name)},
        rooms={
            name: replace(room, members={one: role for one, role in room.members.items() if stays(one)})
            for name, room in conversation.rooms.items()
        },
        joined={room: tuple(filter(stays, some)) for room, some in conversation.joined.items()},
    )


def _without_room(conversation: Conversation, room: str) -> Conversation:
    return replace(
        conversation,
        rooms={name: one for name, one in conversation.rooms.items() if name != room},
        joined={name: some for name, some in conversation.joined.items() if name != room},
        steps=tuple(step for step in conversation.steps if not (isinstance(step, Grant) and step.room == room)),
    )


def _simpler_values(conversation: Conversation, knowledge: Knowledge) -> Iterator[Conversation]:
    if any(place != 1 for place in (*conversation.users.values(), *conversation.devices.values())):
        yield replace(
            conversation, users=dict.fromkeys(conversation.users, 1), devices=dict.fromkeys(conversation.devices, 1)
        )
    for index, step in enumerate(conversation.steps):
        if isinstance(step, Arrive) and step.handshake:
            yield _with_step(conversation, index, Arrive(step.who))
        for place, ask in enumerate(asks_of(step) if not isinstance(step, Backlog | Flood) else ()):
            for simpler in _simpler(ask, knowledge):
                yield _with_step(conversation, index, _with_ask(step, place, simpler))


def _simpler(ask: Ask, knowledge: Knowledge) -> Iterator[Ask]:
    for name in ask.fields:
        if name in ask.extra:
            rest = {key: one for key, one in ask.fields.items() if key != name}
            yield replace(ask, fields=rest, extra=tuple(one for one in ask.extra if one != name))
        values = knowledge.fields.get(name)
        if values is None:
            continue
        if values.share < 100:
            yield replace(ask, fields={key: one for key, one in ask.fields.items() if key != name})
        if values.text and f"{name}=plain" in ask.labels and values.plain:
            number = str(ask.fields[name]).rpartition(" ")[2]
            plain = f"{values.plain[0]} {number}"
            if ask.fields[name] != plain:
                yield replace(ask, fields={**ask.fields, name: plain})


def _with_ask(step: Step, place: int, ask: Ask) -> Step:
    if isinstance(step, Walk):
        return Walk(ask)
    if isinstance(step, Depart):
        return replace(step, last=(*step.last[:place], ask, *step.last[place + 1 :]))
    assert isinstance(step, Burst | Race)
    return replace(step, asks=(*step.asks[:place], ask, *step.asks[place + 1 :]))
