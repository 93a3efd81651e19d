"""Removes the texts of people from frames; the rest shows the form of a conversation, not its content."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
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
"""How an explanation of a schema begins; other explanations have no value of the frame."""

PLACE = re.compile(r"`[^`]{1,200}`")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
UNKNOWN = re.compile(
    r"(?s:(?:(?<= of type )|(?<=` is )|(?<=first frame is )|(?<= the key )).*"
    r"(?=, which is not in the protocol|, not the greeting| is in it twice))"
)
"""The type or the name in an explanation of a frame that the protocol does not have."""


@dataclass(frozen=True, slots=True)
class Style:
    """How much of a frame is kept.

    `keep`: texts stay, shortened. Otherwise a text becomes its length. With a `salt`, the length gets a mark: equal
    texts get equal marks, and nobody can find the text without the salt. At most `items` entries of each list are kept.
    """

    keep: bool = False
    items: int = MOST_ITEMS
    salt: bytes = b""


SHORT = Style()


def without_content(
    frame: Mapping[str, Any], shape: Shape | None, discriminator: str, style: Style = SHORT
) -> dict[str, Any]:
    """Give a short copy of a frame: ids, instants and known words stay, and `style` says what happens to other texts.

    Numbers become 0 in fields that the protocol does not have, so that they show no content.
    """
    known = shape.fields if shape is not None else {}
    found: dict[str, Any] = {}
    for key, value in list(frame.items())[: style.items]:
        if key == discriminator and isinstance(value, str):
            found[key] = _name(value, style)
        else:
            found[_name(key, style)] = _value(value, known.get(key), DEEPEST, style)
    return found


def _value(value: Any, shape: Shape | None, depth: int, style: Style) -> Any:
    if isinstance(value, str):
        return _text(value, shape, style)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if style.keep or shape is not None else 0
    if not depth:
        return "…"
    if isinstance(value, list):
        inner = shape.items if shape is not None else None
        items = [_value(one, inner, depth - 1, style) for one in value[: style.items]]
        return items + ([f"… {len(value) - style.items} more"] if len(value) > style.items else [])
    fields = shape.fields if shape is not None else {}
    pairs = list(value.items())[: style.items]
    return {_name(key, style): _value(one, fields.get(key), depth - 1, style) for key, one in pairs}


def _text(value: str, shape: Shape | None, style: Style) -> str:
    if ID.fullmatch(value) or INSTANT.fullmatch(value) or (shape is not None and value in shape.values):
        return value
    if style.keep:
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}… ({len(value)} characters)"
    if not value:
        return value
    if not style.salt:
        return f"«{len(value)} characters»"
    mark = blake2b(value.encode(errors="surrogatepass"), key=style.salt, digest_size=6)
    return f"«{len(value)} characters {mark.hexdigest()}»"


def _name(key: str, style: Style) -> str:
    if style.keep or (NAME.fullmatch(key) and len(key) <= LONGEST_NAME):
        return key[:LONGEST_NAME]
    return f"«a name of {len(key)} characters»"


def redacted(frame: Mapping[str, Any], redact: Callable[[str], str]) -> dict[str, Any]:
    """Give a copy of a frame with each text and each name redacted."""

    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            return redact(value)
        if isinstance(value, list):
            return [cleaned(one) for one in value]
        return {redact(key): cleaned(one) for key, one in value.items()} if isinstance(value, dict) else value

    return {redact(key): cleaned(value) for key, value in frame.items()}


def said_without_values(explanation: str) -> str:
    """Give an explanation without a wrong value: the place, or that a field is missing, or a name of the protocol."""
    explanation = UNKNOWN.sub(_if_name, explanation)
    head, colon, rest = explanation.partition(": ")
    if not WRONG.fullmatch(head) or rest.endswith(" is missing"):
        return explanation
    place = PLACE.match(rest)
    return f"{head}{colon}{place[0]} is wrong" if place else f"{head}, which does not fit its schema"


def _if_name(found: re.Match[str]) -> str:
    value = found[0].strip("'")
    return found[0] if value == "without a type" or _name(value, SHORT) == value else "«no name»"
