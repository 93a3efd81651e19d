"""The parts of a written scenario that need nothing but the conversation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from conformance.engine.explore.conversation import Arrive, Backlog, Burst, Depart, Flood, Race, Walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.engine.explore.conversation import Ask, Conversation, Step
    from conformance.engine.explore.conversation_run import Seen
    from conformance.spec import Spec

LONG = 100
"""Characters of a text that a reader takes in."""
UNIT = 8
"""Characters that a long text may repeat: at most so many as one emoji of several has."""


def gone(step: Step | None) -> set[str]:
    """Give the connections that a step has closed."""
    return {step.who} if isinstance(step, Depart) else set()


def without_absent(pairs: Iterable[tuple[Step, Seen]]) -> Iterator[tuple[Step | None, Seen, frozenset[str]]]:
    """Give each step without what closed connections should send, or None; and the names of these connections.

    A shorter conversation may have lost the step in which somebody connects again.
    """
    absent: set[str] = set()
    for step, seen in pairs:
        yield _by_others(step, absent), seen, frozenset(absent)
        absent |= {*seen.ended} | gone(step)
        if isinstance(step, Arrive):
            absent.discard(step.who)


def _by_others(step: Step, absent: set[str]) -> Step | None:
    match step:
        case Flood() if absent & {ask.by for ask in step.waves}:
            return None
        case Walk() if step.ask.by in absent:
            return None
        case Depart() | Backlog() if step.who in absent:
            return None
        case Burst() | Race() | Backlog():
            asks = tuple(ask for ask in step.asks if ask.by not in absent)
            return replace(step, asks=asks) if asks else None
    return step


def given(conversation: Conversation, *, several: bool) -> dict[str, Any]:
    """Write what exists before the first step."""

    def place(number: int | None) -> dict[str, Any]:
        return {"instance": number} if several and number else {}

    found: dict[str, Any] = {"users": {name: place(number) for name, number in conversation.users.items()}}
    if conversation.devices:
        found["devices"] = {name: place(number) for name, number in conversation.devices.items()}
    found["conversations"] = {
        name: {
            "visibility": room.visibility,
            "members": dict(room.members),
            "join": list(conversation.joined[name]),
        }
        for name, room in conversation.rooms.items()
    }
    found["unknown"] = list(conversation.unknown)
    return found


def send(ask: Ask) -> dict[str, Any]:
    """Write a request."""
    step: dict[str, Any] = {"send": ask.type, "by": ask.by, "with": dict(ask.fields)}
    return step | ({"invalid": True} if ask.invalid else {}) | ({"extra": list(ask.extra)} if ask.extra else {})


def with_words(value: Any, words: Mapping[str, str], optional: frozenset[str]) -> Any:
    """Replace the references that are in `words`, at any depth, and leave out those in `optional` fields."""
    if isinstance(value, str):
        return words.get(value, value)
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if key not in optional or not _is_in(one, words)}
        return {key: with_words(one, words, optional) for key, one in kept.items()}
    return [with_words(one, words, optional) for one in value] if isinstance(value, list) else value


def _is_in(value: Any, words: Mapping[str, str]) -> bool:
    return isinstance(value, str) and value in words


def flooding(step: Flood, error: str) -> Iterator[dict[str, Any]]:
    """Write a flood; the server must refuse some of it."""
    for number, ask in enumerate(step.waves):
        if step.anew and number:
            yield {"disconnect": ask.by}
            yield {"connect": ask.by}
        yield {"repeat": step.times, "steps": [send(ask)]}
    last = step.waves[-1].by
    yield {"sync": sorted({ask.by for ask in step.waves} if not step.anew else {last})}
    yield {"collect": error, "at": last, "into": "refused", "at_least": 1}
    yield from (send(ask) for ask in (*step.last, *step.beside))
    yield {"pause": step.window}


def flooded(steps: Iterable[Step], spec: Spec, everybody: Iterable[str]) -> list[dict[str, Any]]:
    """Give the frames that may come because of floods, as often as the server likes."""
    asks = [ask for step in steps if isinstance(step, Flood) for ask in step.waves]
    replies = {str(reply[spec.protocol.discriminator]) for ask in asks if (reply := spec.incoming[ask.type].reply)}
    told = {event for ask in asks for event in spec.incoming[ask.type].echo}
    own = sorted({ask.by for ask in asks})
    kinds = [{"frame": kind, "at": own} for kind in sorted({spec.protocol.error, *replies})] if asks else []
    return [*kinds, *({"frame": kind, "at": sorted({*everybody, *own})} for kind in sorted(told))]


def without(pattern: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Leave a key out."""
    return {name: one for name, one in pattern.items() if name != key}


def in_short(value: str) -> Any:
    """Write a text so that it stands for itself; a long one that repeats a few characters as `$fill`."""
    for size in range(1, UNIT + 1) if len(value) > LONG else ():
        times, rest = divmod(len(value), size)
        if not rest and value == value[:size] * times:
            return {"$fill": {"text": in_short(value[:size]), "times": times}}
    return value.replace("${", "$${")


class Dumper(yaml.SafeDumper):
    """Writes short mappings in one line, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value in full."""
        return True
