"""What an exploration has compared, and what it has never reached: each request with each role and kind of value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.explore.differ_odd import KNOCK, RAW
from conformance.engine.explore.goals import OF_MESSAGES, OF_USERS
from conformance.engine.explore.knowledge import MESSAGE, USER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.explore.drawing import Drawing


def never_reached(cells: Mapping[tuple[str, str], int], drawing: Drawing) -> list[str]:
    """Give the cells (request and label) that no conversation has compared, in a fixed order."""
    return [f"{request} {label}" for request, label in _wanted(drawing) if not cells.get((request, label))]


def _wanted(drawing: Drawing) -> Iterator[tuple[str, str]]:
    protocol, knowledge = drawing.spec.protocol, drawing.knowledge
    yield from ((RAW, f"{RAW}={odd.label}") for odd in knowledge.raw)
    yield from ((KNOCK, f"{KNOCK}={odd.label}") for odd in knowledge.tokens)
    for kind in drawing.only or drawing.known:
        fields = drawing.spec.incoming[kind].fields & knowledge.fields.keys()
        if any(knowledge.fields[name].id is not None for name in fields):
            yield from ((kind, f"role={role}") for role in (*protocol.roles, protocol.no_member))
        for name in sorted(fields):
            values = knowledge.fields[name]
            if values.id == MESSAGE:
                yield from ((kind, f"{name}={label}") for label in OF_MESSAGES)
            elif values.id == USER:
                yield from ((kind, f"{name}={label}") for label in OF_USERS)
            yield from ((kind, f"{name}={label}") for label in values.classes)
