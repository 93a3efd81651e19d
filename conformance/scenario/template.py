"""Replaces `${name}` and generated values in the data of a scenario.

The two moments of replacement share this one grammar: `${case.…}` when a file is read (`scenario.cases`), everything
else when a step is run (`render`).
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

MAX_TEXT = 160 << 20
"""Characters that `$fill` may produce: more than twice 64 MiB, the largest message limit of a server we know of."""

_REFERENCE = re.compile(r"\$(\$)\{|\$\{([^{}]*)\}")
"""Either an escape (group 1) or a reference (group 2, its name)."""
_ZONE = re.compile(r"Z|([+-])(\d\d):(\d\d)")


class TemplateError(ValueError):
    """A `${name}` has no value, or a generated value is written wrongly."""


def substitute(value: Any, resolve: Callable[[str], Any], within: Container[int] | None = None) -> Any:
    """Replace every `${name}` in a JSON value by `resolve(name)`; a whole string keeps the value's type.

    `resolve` raises KeyError for a name that it leaves alone. `$${` stays, for the last replacement to unescape, and so
    does the value of `$literal`. Only lists and mappings `within` (see `holding`) are looked into; the others are the
    given ones, not copies.
    """
    if isinstance(value, str):
        return _substitute_text(value, resolve, escape="$${") if "${" in value else value
    if within is not None and id(value) not in within:
        return value
    if isinstance(value, list):
        return [substitute(item, resolve, within) for item in value]
    if isinstance(value, dict) and value.keys() != {"$literal"}:
        return _mapping(value, lambda part: substitute(part, resolve, within))
    return value


def holding(value: Any, text: str) -> set[int]:
    """Collect the ids of the lists and mappings that contain `text` in a text, at any depth."""
    found: set[int] = set()

    def look(part: Any) -> bool:
        if isinstance(part, str):
            return text in part
        if isinstance(part, list):
            holds = [look(item) for item in part]
        elif isinstance(part, dict):
            holds = [look(key) | look(item) for key, item in part.items()]
        else:
            return False
        if any(holds):
            found.add(id(part))
        return id(part) in found

    look(value)
    return found


def _substitute_text(text: str, resolve: Callable[[str], Any], escape: str) -> Any:
    whole = _REFERENCE.fullmatch(text)
    if whole and not whole[1]:
        try:
            return resolve(whole[2])
        except KeyError:
            return text

    def replace(found: re.Match[str]) -> str:
        if found[1]:
            return escape
        try:
            return _as_text(resolve(found[2]))
        except KeyError:
            return found[0]

    return _REFERENCE.sub(replace, text)


def _as_text(value: Any) -> str:
    """Write a value into a text: a text unchanged, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _mapping(value: Mapping[str, Any], replace: Callable[[Any], Any]) -> dict[str, Any]:
    """Replace the keys and the values of a mapping."""
    pairs = {}
    for written, item in value.items():
        key = replace(written) if "${" in written else written
        if isinstance(key, (dict, list)):
            raise TemplateError(f"the key {written} has a list or a mapping as its value; a key is text")
        pairs[_as_text(key)] = replace(item)
    if len(pairs) != len(value):
        raise TemplateError(f"of the keys {', '.join(value)} two are the same")
    return pairs


def references(value: Any) -> set[str]:
    """Collect the names that a JSON value refers to, for the linter."""
    found: set[str] = set()
    groups: list[Iterable[Any]] = [[value]]
    while groups:
        for part in groups.pop():
            if isinstance(part, str):
                if "${" in part:
                    found.update(one[2] for one in _REFERENCE.finditer(part) if not one[1])
            elif isinstance(part, list):
                groups.append(part)
            elif isinstance(part, dict) and ("$literal" not in part or len(part) > 1):
                groups += (part, part.values())
    return found


def render(value: Any, names: Callable[[str], Any], chronological: Callable[[str, list[Any]], list[Any]]) -> Any:
    """Give a step's data as it is sent or matched; raises TemplateError.

    `names` resolves a reference and raises KeyError; `chronological(order, items)` puts oldest-first items into the
    target's order.
    """

    def resolve(name: str) -> Any:
        try:
            return names(name)
        except KeyError:
            raise TemplateError(f"nothing here is called ${{{name}}}") from None

    def walk(part: Any) -> Any:
        if isinstance(part, str):
            return literal(_substitute_text(part, resolve, escape="${")) if "${" in part else part
        if isinstance(part, list):
            return [walk(item) for item in part]
        if not isinstance(part, dict):
            return part
        if len(part) == 1:
            ((word, inner),) = part.items()
            if word == "$literal":
                return part
            if word == "$chronological":
                return _chronological(walk(inner), chronological)
            if word in _GENERATORS:
                return _GENERATORS[word](walk(inner))
        return _mapping(part, walk)

    return walk(value)


def literal(value: Any) -> Any:
    """Wrap a captured value so that it matches only itself: a server's `$match` is no pattern."""
    try:
        return _literal(value) if _has_word(value) else value
    except RecursionError:
        return {"$literal": value}


def _has_word(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key.startswith("$") or _has_word(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_word, value))


def _literal(value: Any) -> Any:
    if isinstance(value, dict):
        if any(key.startswith("$") for key in value):
            return {"$literal": value}
        return {key: _literal(item) for key, item in value.items()}
    return [_literal(item) for item in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """Unwrap `$literal` in a value that goes to the wire."""
    if isinstance(value, dict):
        if value.keys() == {"$literal"}:
            return value["$literal"]
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def look_up(names: Mapping[str, Any], name: str) -> Any:
    """Resolve `name`, `name.part` or `list.count` in a mapping; raises KeyError."""
    if name in names:
        return names[name]
    head, _, part = name.rpartition(".")
    if head and part == "count" and isinstance(names.get(head), list):
        return len(names[head])
    owner = names[head]
    if isinstance(owner, dict):
        return owner[part]
    raise KeyError(name)


def _fill(given: Any) -> str:
    if not isinstance(given, dict) or not {"text", "times"} <= given.keys() <= {"text", "times", "plus"}:
        raise TemplateError("$fill takes {text: …, times: n, plus: n}")
    text, times = given["text"], given["times"]
    if not isinstance(text, str) or not _whole(times) or not _whole(given.get("plus", 0)):
        raise TemplateError("$fill takes a text and whole numbers")
    times += given.get("plus", 0)
    if times < 0 or len(text) * times > MAX_TEXT:
        raise TemplateError(f"$fill makes texts of 0 to {MAX_TEXT:,} characters, not {len(text) * times:,}")
    filled: str = text * times
    return filled


def _concat(parts: Any) -> str:
    if not isinstance(parts, list):
        raise TemplateError("$concat takes a list of texts")
    if any(isinstance(part, dict | list) for part in parts):
        raise TemplateError("$concat joins texts, not lists or mappings")
    texts = [_as_text(part) for part in parts]
    length = sum(map(len, texts))
    if length > MAX_TEXT:
        raise TemplateError(f"$concat makes texts of 0 to {MAX_TEXT:,} characters, not {length:,}")
    return "".join(texts)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _now(offset: Any) -> int:
    return int(time.time() + _seconds(offset, "$now"))


def _instant(given: Any) -> str:
    wanted = given if isinstance(given, dict) else {"seconds": given}
    offset, zone, digits = wanted.get("seconds"), str(wanted.get("zone", "Z")), wanted.get("digits", 3)
    shift = _ZONE.fullmatch(zone)
    if not wanted.keys() <= {"seconds", "zone", "digits"} or not shift or not _whole(digits) or digits not in range(10):
        raise TemplateError('$instant takes seconds from now, or {seconds: n, zone: "+02:00", digits: 0 to 9}')
    minutes = int(f"{shift[1]}1") * (int(shift[2]) * 60 + int(shift[3])) if shift[1] else 0
    moment = datetime.now(UTC) + timedelta(seconds=_seconds(offset, "$instant"), minutes=minutes)
    fraction = f".{moment.microsecond:06}000"[: digits + 1] if digits else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{zone}"


def _seconds(offset: Any, word: str) -> float:
    if not isinstance(offset, int | float) or isinstance(offset, bool) or not abs(offset) <= 1e10:
        raise TemplateError(f"{word} takes a number of seconds from now")
    return offset


def _chronological(given: Any, order: Callable[[str, list[Any]], list[Any]]) -> list[Any]:
    if not isinstance(given, dict) or len(given) != 1:
        raise TemplateError("$chronological takes {name of the order: [oldest, …, newest]}")
    ((name, items),) = given.items()
    if not isinstance(items, list):
        raise TemplateError("$chronological takes a list, oldest first")
    return order(name, items)


_GENERATORS: dict[str, Callable[[Any], Any]] = {
    "$fill": _fill,
    "$concat": _concat,
    "$now": _now,
    "$instant": _instant,
}
