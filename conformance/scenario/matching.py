"""Matches a value that a server sent against a pattern of a scenario. Pure: values in, captures or a mismatch out.

The patterns are those of `spec/scenarios/README.md`. `match` is their only owner: nothing else looks at a `$word` of a
pattern.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from conformance.files.show import show

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Pattern = Any
"""A JSON value in which objects with one `$word` key are patterns."""


class PatternError(ValueError):
    """The pattern itself is wrong: the scenario's mistake, whatever the server sent."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The value fits; `captures` are the names that the pattern binds."""

    captures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The value does not fit: where (`a.b[0]`, empty at the top), why, and how much of the pattern did fit.

    `distance` counts the parts that do not fit, so that the nearest of several misses can be shown.
    """

    path: str
    why: str
    distance: int = 1

    def __str__(self) -> str:
        """Give `path: why`."""
        return f"{self.path}: {self.why}" if self.path else self.why


Match = Matched | Mismatch


def match(pattern: Pattern, value: Any) -> Match:
    """Say whether `value` fits `pattern`; raises PatternError where the pattern is none, and nothing else.

    What is nested too deeply to be compared (near a thousand levels) does not match.
    """
    try:
        return _match(pattern, value, "")
    except RecursionError:
        return Mismatch("", "it is nested too deeply to be compared")


def _match(pattern: Pattern, value: Any, path: str) -> Match:
    if isinstance(pattern, dict):
        word = operator(pattern)
        if word is not None:
            return _OPERATORS[word](pattern[word], value, path)
        return _match_object(pattern, value, path)
    if isinstance(pattern, list):
        return _match_list(pattern, value, path)
    if pattern is None:
        return Matched() if value is None else _miss(path, "null or absent", value)
    return Matched() if same(pattern, value) else _miss(path, show(pattern), value)


def operator(pattern: Mapping[str, Any]) -> str | None:
    """Give the `$word` of a pattern object, None for a plain object; raises PatternError for a wrong one."""
    words = [key for key in pattern if key.startswith("$")]
    if not words:
        return None
    if len(pattern) > 1:
        raise PatternError(f"{words[0]} must stand alone in its mapping; combine patterns with $all")
    if words[0] not in _OPERATORS:
        raise PatternError(f"there is no pattern {words[0]}; there are {' '.join(sorted(_OPERATORS))}")
    return words[0]


def same(one: Any, other: Any) -> bool:
    """Compare two JSON values: 1 equals 1.0, true never equals 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and bool(one == other)


def instant(text: Any) -> datetime | None:
    """Read an RFC 3339 instant with zone, whatever its number of digits; None where it is none.

    Instants are told apart to the microsecond, which is what databases keep; further digits are cut off.
    """
    found = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    fraction = (found["fraction"] or ".0")[1:]
    zone = "+00:00" if found["zone"] in "Zz" else found["zone"]
    try:
        whole = datetime.fromisoformat(f"{found['day']}T{found['time']}{zone}")
    except ValueError:
        return None
    return whole + timedelta(microseconds=int(f"{fraction:0<6}"[:6]))


_INSTANT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt](?P<time>\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?(?P<zone>[Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _miss(path: str, expected: str, value: Any) -> Mismatch:
    return Mismatch(path, f"expected {expected}, got {show(value)}")


def _both(matches: Sequence[Match]) -> Match:
    """All must fit: join the captures, or give the first mismatch with the count of all."""
    misses = [one for one in matches if isinstance(one, Mismatch)]
    if misses:
        return Mismatch(misses[0].path, misses[0].why, sum(miss.distance for miss in misses))
    captures: dict[str, Any] = {}
    for one in matches:
        assert isinstance(one, Matched)
        for name, value in one.captures.items():
            if name in captures and not same(captures[name], value):
                return Mismatch("", f"{name} is captured as {show(captures[name])} and as {show(value)}")
            captures[name] = value
    return Matched(captures)


def _match_object(pattern: Mapping[str, Any], value: Any, path: str) -> Match:
    if not isinstance(value, dict):
        return _miss(path, "an object", value)
    return _both([_match(part, value.get(key), f"{path}.{key}" if path else key) for key, part in pattern.items()])


def _match_list(pattern: Sequence[Any], value: Any, path: str) -> Match:
    if not isinstance(value, list):
        return _miss(path, "a list", value)
    if len(value) != len(pattern):
        return Mismatch(path, f"expected {len(pattern)} items, got {len(value)}: {show(value)}")
    return _both(
        [_match(part, item, f"{path}[{index}]") for index, (part, item) in enumerate(zip(pattern, value, strict=True))]
    )


def _type(name: Any, value: Any, path: str) -> Match:
    if not isinstance(name, str) or name not in _TYPES:
        raise PatternError(f"$type takes one of {' '.join(_TYPES)}, not {show(name)}")
    return Matched() if _TYPES[name](value) else _miss(path, f"a value of type {name}", value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _number(value) and (isinstance(value, int) or value.is_integer()),
    "number": _number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def _regex(text: Any, value: Any, path: str) -> Match:
    try:
        expression = re.compile(text)
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        raise PatternError(f"$match takes a regular expression: {error}") from None
    found = isinstance(value, str) and expression.search(value)
    return Matched() if found else _miss(path, f"text matching /{text}/", value)


def _one_of(patterns: Any, value: Any, path: str) -> Match:
    for pattern in _list(patterns, "$one_of"):
        found = _match(pattern, value, path)
        if isinstance(found, Matched):
            return found
    return _miss(path, f"one of {show(patterns)}", value)


def _all(patterns: Any, value: Any, path: str) -> Match:
    return _both([_match(pattern, value, path) for pattern in _list(patterns, "$all")])


def _not(pattern: Any, value: Any, path: str) -> Match:
    found = _match(pattern, value, path)
    return Matched() if isinstance(found, Mismatch) else _miss(path, f"anything but {show(pattern)}", value)


def _absent(wanted: Any, value: Any, path: str) -> Match:
    if wanted is not True:
        raise PatternError("$absent takes true; write $present for the opposite")
    return Matched() if value is None else _miss(path, "null or absent", value)


def _present(wanted: Any, value: Any, path: str) -> Match:
    if wanted is not True:
        raise PatternError("$present takes true; write $absent for the opposite")
    return Matched() if value is not None else _miss(path, "a value", value)


def _capture(name: Any, value: Any, path: str) -> Match:
    if isinstance(name, str):
        inner: Match = Matched() if value is not None else _miss(path, "a value to capture", value)
    elif isinstance(name, dict) and name.keys() == {"name", "is"}:
        inner, name = _match(name["is"], value, path), name["name"]
    else:
        raise PatternError("$capture takes a name, or {name: …, is: pattern}")
    if not isinstance(name, str):
        raise PatternError(f"$capture binds a name, not {show(name)}")
    return _both([inner, Matched({name: value})]) if isinstance(inner, Matched) else inner


def _contains(wanted: Any, value: Any, path: str) -> Match:
    if isinstance(wanted, str):
        found = isinstance(value, str) and wanted in value
        return Matched() if found else _miss(path, f"text with {show(wanted)} in it", value)
    if not isinstance(value, list):
        return _miss(path, "a list", value)
    return _assign(_list(wanted, "$contains"), value, path)


def _any_order(patterns: Any, value: Any, path: str) -> Match:
    if not isinstance(value, list):
        return _miss(path, "a list", value)
    wanted = _list(patterns, "$any_order")
    if len(value) != len(wanted):
        return Mismatch(path, f"expected {len(wanted)} items in any order, got {len(value)}: {show(value)}")
    return _assign(wanted, value, path)


def _assign(patterns: Sequence[Any], items: Sequence[Any], path: str) -> Match:
    """Give each pattern an item of its own (augmenting paths, so that no order of the patterns can mislead)."""
    candidates = _Candidates(patterns, items)
    owner: dict[int, int] = {}
    taken: dict[int, int] = {}
    for which, pattern in enumerate(patterns):
        if not _augment(which, candidates, owner, taken):
            return Mismatch(path, f"no item left for {show(pattern)} in {show(items)}")
    return _both([_match(patterns[which], items[index], f"{path}[{index}]") for index, which in sorted(owner.items())])


def _augment(start: int, candidates: _Candidates, owner: dict[int, int], taken: dict[int, int]) -> bool:
    """Find an item for one more pattern; patterns that have one (`taken`, the inverse of `owner`) may have to move."""
    reached: dict[int, int] = {}
    waiting = deque([start])
    while waiting:
        which = waiting.popleft()
        fitting = [index for index in candidates.of(which) if index not in reached]
        free = next((index for index in fitting if index not in owner and candidates.fit(which, index)), None)
        if free is not None:
            reached[free] = which
            return _move(free, reached, owner, taken)
        for index in fitting:
            if candidates.fit(which, index):
                reached[index] = which
                waiting.append(owner[index])
    return False


def _move(index: int, reached: Mapping[int, int], owner: dict[int, int], taken: dict[int, int]) -> bool:
    """Give each pattern on the way to a free item the next item on that way."""
    while True:
        which = reached[index]
        before = taken.get(which)
        owner[index], taken[which] = which, index
        if before is None:
            return True
        index = before


class _Candidates:
    """Which items may fit which pattern: looked up by a plain value where a pattern has one, so that long lists do."""

    def __init__(self, patterns: Sequence[Any], items: Sequence[Any]) -> None:
        self._patterns = patterns
        self._items = items
        self._fits: dict[tuple[int, int], bool] = {}
        self._by_value: dict[str | None, dict[Any, list[int]]] = {}

    def of(self, which: int) -> Sequence[int]:
        """Give the items that a pattern may fit, and all that it does fit among them."""
        pattern = self._patterns[which]
        if _plain(pattern):
            return self._index(None).get(pattern, ())
        if isinstance(pattern, dict):
            field = next((key for key, part in pattern.items() if not key.startswith("$") and _plain(part)), None)
            if field is not None:
                return self._index(field).get(pattern[field], ())
        return range(len(self._items))

    def fit(self, which: int, index: int) -> bool:
        """Say whether a pattern fits an item."""
        key = (which, index)
        if key not in self._fits:
            self._fits[key] = isinstance(_match(self._patterns[which], self._items[index], ""), Matched)
        return self._fits[key]

    def _index(self, field: str | None) -> dict[Any, list[int]]:
        if field not in self._by_value:
            found: dict[Any, list[int]] = {}
            for index, item in enumerate(self._items):
                value = item.get(field) if field is not None and isinstance(item, dict) else item
                if _plain(value):
                    found.setdefault(value, []).append(index)
            self._by_value[field] = found
        return self._by_value[field]


def _plain(value: Any) -> bool:
    """Say whether a value is one that dictionaries compare as patterns do (they also take true for 1: too many)."""
    return isinstance(value, str | int | float)


def _every(pattern: Any, value: Any, path: str) -> Match:
    if not isinstance(value, list):
        return _miss(path, "a list", value)
    found = _both([_match(pattern, item, f"{path}[{index}]") for index, item in enumerate(value)])
    return Matched() if isinstance(found, Matched) else found


def _length(size: Any, value: Any, path: str) -> Match:
    if not isinstance(value, str | list | dict):
        return _miss(path, "something that has a length", value)
    found = _match(size, len(value), path)
    return found if isinstance(found, Matched) else Mismatch(path, f"the length: {found.why}")


def _bound(word: str, holds: Callable[[Any, Any], bool], phrase: str) -> Callable[[Any, Any, str], Match]:
    def bound(limit: Any, value: Any, path: str) -> Match:
        if not _number(limit):
            raise PatternError(f"{word} takes a number, not {show(limit)}")
        return Matched() if _number(value) and holds(value, limit) else _miss(path, f"{phrase} {limit}", value)

    return bound


def _near(wanted: Any, value: Any, path: str) -> Match:
    if not isinstance(wanted, dict) or wanted.keys() != {"to", "within"}:
        raise PatternError("$near takes {to: instant, within: seconds}")
    then, now = instant(wanted["to"]), instant(value)
    if then is None:
        raise PatternError(f"$near: {show(wanted['to'])} is not an instant with a zone")
    if not _number(wanted["within"]):
        raise PatternError(f"$near: `within` takes a number of seconds, not {show(wanted['within'])}")
    if now is None:
        return _miss(path, "an instant with a zone", value)
    apart = abs((now - then).total_seconds())
    if apart <= wanted["within"]:
        return Matched()
    return Mismatch(
        path, f"expected an instant at most {wanted['within']} s from {wanted['to']}, got {value} ({apart} s)"
    )


def _after(wanted: Any, value: Any, path: str) -> Match:
    then, now = instant(wanted), instant(value)
    if then is None:
        raise PatternError(f"$after: {show(wanted)} is not an instant with a zone")
    return Matched() if now is not None and now > then else _miss(path, f"an instant after {wanted}", value)


def _literal(wanted: Any, value: Any, path: str) -> Match:
    return Matched() if same(wanted, value) else _miss(path, show(wanted), value)


def _list(patterns: Any, word: str) -> Sequence[Any]:
    if not isinstance(patterns, list):
        raise PatternError(f"{word} takes a list of patterns, not {show(patterns)}")
    return patterns


_OPERATORS: dict[str, Callable[[Any, Any, str], Match]] = {
    "$type": _type,
    "$match": _regex,
    "$one_of": _one_of,
    "$all": _all,
    "$not": _not,
    "$absent": _absent,
    "$present": _present,
    "$capture": _capture,
    "$any_order": _any_order,
    "$contains": _contains,
    "$every": _every,
    "$length": _length,
    "$at_least": _bound("$at_least", lambda value, limit: bool(value >= limit), "at least"),
    "$at_most": _bound("$at_most", lambda value, limit: bool(value <= limit), "at most"),
    "$near": _near,
    "$after": _after,
    "$literal": _literal,
}
