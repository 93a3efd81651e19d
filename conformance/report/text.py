"""Texts as people see them. Of what a server sent, every character is visible; none moves a cursor or ends a line.

Plain text in, plain text on one line out. Each format (Markdown, HTML) adds its own escapes.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 120
"""The most characters of one string of a server that are shown; the rest is only counted."""

WIDEST = 400
"""The most characters of one payload that are shown."""

_MOST_ITEMS = 12
_DEEPEST = 8
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


_COMMAND = re.compile(r"##(?=\w*\[)")
"""The start of a command in the logs of GitHub and Azure, anywhere in a line (`##[add-mask]`, `##vso[…]`)."""


def visible(text: str) -> str:
    """Replace control, format, surrogate and unassigned characters, and line ends, by escapes that can be read.

    It also escapes what the log of a CI job would take for a command.
    """
    if "##" in text:
        text = _COMMAND.sub(r"\\x23#", text)
    if text.isprintable():  # which none of the hidden characters is
        return text
    return "".join(_escape(char) if unicodedata.category(char) in _HIDDEN else char for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def as_json(value: Any, indent: int = 2) -> str:
    """Give a value as indented JSON in ASCII, a line feed at its end; what the log of a CI job would act on is escaped.

    Surrogates that a server may have sent are no UTF-8: escapes carry them.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False)
    return re.sub("#(?=#)", r"\\u0023", text) + "\n"


def at_line_start(text: str) -> str:
    """Escape what GitHub's log takes for a command at the beginning of a line, white space or not: `::add-mask::`."""
    return text.replace("::", "\\x3a:", 1) if text.lstrip().startswith("::") else text


def shorten(text: str, limit: int = LONGEST) -> str:
    """Cut a text after `limit` characters and say how long it was."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def fit(text: str, width: int) -> str:
    """Cut a text to at most `width` characters, with `…` where something is gone."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def line(text: str, limit: int = LONGEST) -> str:
    """Make any text of a server one short visible line."""
    return visible(shorten(text, limit))


def payload(value: Any, names: Mapping[str, str]) -> str:
    """Show a JSON value on one line, ids as `⟨name⟩`: `{id: ⟨message⟩, text: "forged"}`."""
    return shorten(_show(value, names, _DEEPEST), WIDEST)


def _show(value: Any, names: Mapping[str, str], depth: int) -> str:
    if isinstance(value, str):
        return _string(value, names)
    if isinstance(value, dict):
        if not depth and value:
            return "{…}"
        pairs = [f"{_key(key, names)}: {_show(item, names, depth - 1)}" for key, item in _first(value.items())]
        return "{" + ", ".join([*pairs, *_more(value)]) + "}"
    if isinstance(value, list | tuple):
        if not depth and value:
            return "[…]"
        return "[" + ", ".join([*(_show(item, names, depth - 1) for item in _first(value)), *_more(value)]) + "]"
    return shorten(json.dumps(value, default=str))


def _first(items: Any) -> list[Any]:
    return list(items)[:_MOST_ITEMS]


def _more(items: Any) -> list[str]:
    return [f"… {len(items) - _MOST_ITEMS} more"] if len(items) > _MOST_ITEMS else []


def _string(text: str, names: Mapping[str, str]) -> str:
    if text in names:
        return f"⟨{line(names[text])}⟩"
    # The quotes and the backslash are escaped first, so that a text cannot pretend to end.
    cut = text[:LONGEST].replace("\\", "\\\\").replace('"', '\\"')
    quoted = f'"{named(visible(cut), names)}"'
    return quoted if len(text) <= LONGEST else f'{quoted[:-1]}…" ({len(text)} characters)'


def named(text: str, names: Mapping[str, str]) -> str:
    """Replace ids inside a text by `⟨name⟩`."""
    for value, name in names.items():
        if len(value) >= 8 and value in text:  # a short id would be found in the middle of words
            text = text.replace(value, f"⟨{line(name)}⟩")
    return text


def _key(key: str, names: Mapping[str, str]) -> str:
    return key if _PLAIN_KEY.match(key) and len(key) <= LONGEST else _string(key, names)


def plural(count: int, noun: str) -> str:
    """Give `1 scenario`, `2 scenarios`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
