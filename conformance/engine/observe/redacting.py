"""Removes what people wrote from frames: what remains shows the form of a conversation, and not its content."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.spec.shapes import Shape

DEEPEST = 6
MOST_ITEMS = 20
LONGEST_NAME = 40
LONGEST = 500
"""Characters of one text that are kept where content is kept."""

ID = re.compile(r"[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,12})?([Zz]|[+-]\d\d:?\d\d)?")
WRONG = re.compile(r"the (server|client) sent a wrong (?!frame$)\w+")
"""What the explanation of a schema begins with; those that begin otherwise have no value of the frame in them."""

PLACE = re.compile(r"`[^`]{1,200}`")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def without_content(
    frame: Mapping[str, Any], shape: Shape | None, discriminator: str, *, keep: bool, items: int = MOST_ITEMS
) -> dict[str, Any]:
    """Give a short copy of a frame; unless `keep`, its texts become their lengths, but ids, instants and known words.

    At most `items` entries of each list are kept. Numbers become 0 where the protocol has no number, so that no content
    hides in them.
    """
    known = shape.fields if shape is not None else {}
    found: dict[str, Any] = {}
    for key, value in list(frame.items())[:items]:
        if key == discriminator and isinstance(value, str):
            found[key] = value[:LONGEST_NAME]
        else:
            found[_name(key, keep=keep)] = _value(value, known.get(key), DEEPEST, items, keep=keep)
    return found


def _value(value: Any, shape: Shape | None, depth: int, most: int, *, keep: bool) -> Any:
    if isinstance(value, str):
        return _text(value, shape, keep=keep)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if keep or shape is not None else 0
    if not depth:
        return "…"
    if isinstance(value, list):
        inner = shape.items if shape is not None else None
        items = [_value(one, inner, depth - 1, most, keep=keep) for one in value[:most]]
        return items + ([f"… {len(value) - most} more"] if len(value) > most else [])
    fields = shape.fields if shape is not None else {}
    pairs = list(value.items())[:most]
    return {_name(key, keep=keep): _value(one, fields.get(key), depth - 1, most, keep=keep) for key, one in pairs}


def _text(value: str, shape: Shape | None, *, keep: bool) -> str:
    if ID.fullmatch(value) or INSTANT.fullmatch(value) or (shape is not None and value in shape.values):
        return value
    if keep:
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}… ({len(value)} characters)"
    return f"«{len(value)} characters»" if value else value


def _name(key: str, *, keep: bool) -> str:
    if keep or (NAME.fullmatch(key) and len(key) <= LONGEST_NAME):
        return key[:LONGEST_NAME]
    return f"«a name of {len(key)} characters»"


def redacted(frame: Mapping[str, Any], redact: Callable[[str], str]) -> dict[str, Any]:
    """Give a short copy of a frame with each text and each name redacted."""

    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            return redact(value)
        if isinstance(value, list):
            return [cleaned(one) for one in value]
        return {redact(key): cleaned(one) for key, one in value.items()} if isinstance(value, dict) else value

    return {redact(key): cleaned(value) for key, value in frame.items()}


def said_without_values(explanation: str) -> str:
    """Give what a schema says of a frame without the value that is wrong: the place, or that a field is missing."""
    head, colon, rest = explanation.partition(": ")
    if not WRONG.fullmatch(head) or rest.endswith(" is missing"):
        return explanation
    place = PLACE.match(rest)
    return f"{head}{colon}{place[0]} is wrong" if place else f"{head}, which does not fit its schema"
