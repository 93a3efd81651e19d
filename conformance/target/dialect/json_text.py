"""Reads JSON text tolerantly: members, values and words as they are written, broken ones too."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

_TOKEN = r"\"[^\"\\]*(?:\\.[^\"\\]*)*\"|'[^'\\]*(?:\\.[^'\\]*)*'"
_KEY = re.compile(rf"\s*({_TOKEN}|[A-Za-z_$][\w$]*)\s*:\s*", re.DOTALL)
_SCALAR = re.compile(rf"{_TOKEN}|[^\s,:\[\]{{}}\"']+", re.DOTALL)
_NEXT = re.compile(rf"{_TOKEN}|[\[{{]|[\]}}]", re.DOTALL)
_COMMA = re.compile(r"\s*,")
_CLOSE = re.compile(r"\s*\}")


@dataclass(frozen=True, slots=True)
class Member:
    """`"key": value,` as it is written, with the space before it; `comma` is empty after the last one."""

    space: str
    key: str
    colon: str
    value: str
    comma: str

    @property
    def name(self) -> str:
        """Give the key without quotes and escapes."""
        return read_text(self.key) if self.key[0] in "\"'" else self.key

    @property
    def text(self) -> str:
        """Give it as it is written."""
        return f"{self.space}{self.key}{self.colon}{self.value}{self.comma}"


def read_members(text: str, at: int) -> tuple[list[Member], int, str]:
    """Read members from `at` as far as they go: them, where they end, and the closing brace if it follows."""
    found: list[Member] = []
    while key := _KEY.match(text, at):
        end = end_of_value(text, key.end())
        if end == key.end():
            break
        comma = _COMMA.match(text, end)
        space, colon = text[at : key.start(1)], text[key.end(1) : key.end()]
        found.append(Member(space, key[1], colon, text[key.end() : end], comma[0] if comma else ""))
        at = comma.end() if comma else end
        if not comma:
            break
    close = _CLOSE.match(text, at)
    return found, close.end() if close else at, close[0] if close else ""


def begin_of_item(text: str, at: int) -> int:
    """Find the first character at or after `at` that is neither a comma nor white space."""
    while at < len(text) and text[at] in ", \t\r\n":
        at += 1
    return at


def end_of_value(text: str, at: int) -> int:
    """Find the end of the value that begins at `at`; `at` itself if no value begins there."""
    if at >= len(text) or text[at] not in "[{":
        single = _SCALAR.match(text, at)
        return single.end() if single else at
    depth = 0
    for token in _NEXT.finditer(text, at):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if depth == 0:
            return token.end()
    return len(text)


def read_scalar(text: str) -> Any:
    """Read a text or a number; None: it is something else, or unreadable."""
    if not text or text[0] in "[{":
        return None
    if text[0] in "\"'":
        return read_text(text)
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found) else None


def read_text(token: str) -> str:
    """Give the text of a quoted token; if its escapes are wrong, the text between the quotes as it is."""
    inner = token[1:-1]
    try:
        found: str = json.loads(f'"{inner}"', strict=False)
    except ValueError:
        return inner
    return found


def written_like(token: str, word: str) -> str:
    """Write a key like another one: with the same quotes and escapes, or bare."""
    if token[0] not in "\"'":
        return word
    if "\\" in token:
        return token[0] + "".join(f"\\u{ord(char):04x}" for char in word) + token[0]
    return token[0] + quoted(word)[1:-1] + token[0]


def quoted(word: str) -> str:
    """Write a word as a JSON text without escapes."""
    return json.dumps(word, ensure_ascii=False)
