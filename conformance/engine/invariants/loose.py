"""Compares texts without what a server may change of them by right: case, white space, and forms of one character."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import islice

SHORT = 64
"""Characters of a text whose form for comparing is kept: an id has 36."""

LONG = 4096
"""Characters of a text that are compared, without those that a server may change."""

_DROPPED = dict.fromkeys(range(ord(" ") + 1))
"""What is dropped of ASCII: the translation has one step for a whole text, and texts come thousands of times."""


def loose(value: object) -> object:
    """Give a short value to compare texts by, without the differences that a server may make."""
    if not isinstance(value, str):
        return repr(value)[:80]
    return _short_text(value) if len(value) <= SHORT else _text(value)


def _text(value: str) -> int:
    if value.isascii():
        return hash(value.lower().translate(_DROPPED)[:LONG])
    plain = unicodedata.normalize("NFKC", value).lower()
    return hash("".join(islice((one for one in plain if unicodedata.category(one)[0] not in "CZ"), LONG)))


@lru_cache(maxsize=4096)
def _short_text(value: str) -> int:
    return _text(value)  # Ids come again and again.
