"""Lists what a search should reach: each request with each role, each kind of value, and each oddity.

Steps that are drawn at random seldom have a rare request with a rare value. So many steps are drawn for a goal, and
each goal has the same chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.explore.goal import MISSING, PLAIN, WRONG, WRONG_TYPES, Goal, type_of
from conformance.engine.explore.knowledge import CONVERSATION, MESSAGE, USER
from conformance.engine.explore.means import TOKENS, makes_a_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.explore.drawing import Drawing
    from conformance.engine.explore.knowledge import FieldValues

OF_ANYBODY = ("own", "other")
OF_MESSAGES = ("own", "other", "deleted", "foreign", "unknown")
OF_USERS = ("self", "outsider", "silent", "offline", "unknown")
OF_PAGES = ("small", "limit", "zero", "negative", "over")
OF_TEXTS = ("limit", "over")


def goals_of(drawing: Drawing) -> tuple[Goal, ...]:
    """Give all goals, in a fixed order."""
    found = [goal for kind in drawing.only or drawing.known for goal in _of_request(kind, drawing)]
    found += [Goal(odd=odd, value=value) for odd in drawing.knowledge.raw for value in odd.values]
    found += [Goal(odd=odd, value=value, knocks=True) for odd in drawing.knowledge.tokens for value in odd.values]
    made = [one for one in drawing.knowledge.handshakes if not (TOKENS in drawing.without and makes_a_token(one))]
    found += [Goal(handshake=one) for one in made]
    return tuple(found)


def _of_request(kind: str, drawing: Drawing) -> Iterator[Goal]:
    protocol, knowledge = drawing.spec.protocol, drawing.knowledge
    message = drawing.spec.incoming[kind]
    required = {*message.schema["required"]}
    if any(name in message.fields for name in knowledge.named(CONVERSATION)):
        about = [name for name in knowledge.named(MESSAGE) if name in required]
        for role in (*protocol.roles, protocol.no_member):
            yield from (Goal(kind, role=role, field=name, label=label) for name in about for label in OF_ANYBODY)
            yield from () if about else (Goal(kind, role=role),)
    if knowledge.extra:
        yield Goal(kind, extra=True)
    for name in message.schema["properties"]:
        values = knowledge.fields.get(name)
        if values is None:
            continue
        yield from (Goal(kind, field=name, label=label, value=value) for label, value in _of_field(values))
        if type_of(message.schema, name) in WRONG_TYPES:
            yield Goal(kind, field=name, label=WRONG)
        if name in required:
            yield Goal(kind, field=name, label=MISSING)


def _of_field(values: FieldValues) -> Iterator[tuple[str, Any]]:
    labels: tuple[str, ...] = OF_MESSAGES if values.id == MESSAGE else OF_USERS if values.id == USER else ()
    labels += OF_PAGES if values.page else ()
    labels += OF_TEXTS if values.text else ()
    yield from ((label, None) for label in labels)
    yield from ((label, one) for label, some in values.classes.items() for one in some)
    if not values.text:
        yield from ((PLAIN, one) for one in values.plain)
