"""Matches a value that a server sent against a pattern of a scenario. Pure: values in, captures or a mismatch out.

The patterns are those of `spec/scenarios/README.md`. `match` is their only owner: nothing else looks at a `$word` of a
pattern.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.files.show import show
from conformance.scenario.assignment import assign
from conformance.scenario.instants import instant
from conformance.scenario.match_result import Match, Matched, Mismatch, PatternError, both, miss, same

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Pattern = Any
"""A JSON value in which objects with one `$word` key are patterns."""


def match(pattern: Pattern, value: Any) -> Match:
    """Say whether `value` fits `pattern`; raises only PatternError, for an invalid pattern.

    A value that is nested too deeply to compare (near a thousand levels) does not match.
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
        return Matched() if value is None else miss(path, "null or absent", value)
    return Matched() if same(pattern, value) else miss(path, show(pattern), value)


def operator(pattern: Mapping[str, Any]) -> str | None:
    """Give the `$word` of a pattern object, None for a plain object; raises PatternError for a wrong one."""
    words = [key for key in pattern if key.startswith("$")]
    if not words:
        return None
    if len(pattern) > 1:
        raise PatternError(f"{words[0]} must be the only key of its mapping; combine patterns with $all")
    if words[0] not in _OPERATORS:
        raise PatternError(f"there is no pattern {words[0]}; there are {' '.join(sorted(_OPERATORS))}")
    return words[0]


def _match_object(pattern: Mapping[str, Any], value: Any, path: str) -> Match:
    if not isinstance(value, dict):
        return miss(path, "an object", value)
    return both([_field(part, value, key, f"{path}.{key}" if path else key) for key, part in pattern.items()])


def _field(pattern: Pattern, value: Mapping[str, Any], key: str, path: str) -> Match:
    """Match one field of an object; a field that is not there is null to every pattern, and absent to a reader."""
    found = _match(pattern, value.get(key), path)
    if key not in value and isinstance(found, Mismatch) and found.why.endswith(", got null"):
        return replace(found, why=f"{found.why.removesuffix('got null')}but it is absent")
    return found


def _match_list(pattern: Sequence[Any], value: Any, path: str) -> Match:
    if not isinstance(value, list):
        return miss(path, "a list", value)
    if len(value) != len(pattern):
        return Mismatch(path, f"expected {len(pattern)} items, got {len(value)}: {show(value)}")
    return both(
        [_match(part, item, f"{path}[{index}]") for index, (part, item) in enumerate(zip(pattern, value, strict=True))]
    )


def _type(name: Any, value: Any, path: str) -> Match:
    if not isinstance(name, str) or name not in _TYPES:
        raise PatternError(f"$type takes one of {' '.join(_TYPES)}, not {show(name)}")
    return Matched() if _TYPES[name](value) else miss(path, f"a value of type {name}", value)


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
    return Matched() if found else miss(path, f"text matching /{text}/", value)


def _one_of(patterns: Any, value: Any, path: str) -> Match:
    for pattern in _list(patterns, "$one_of"):
        found = _match(pattern, value, path)
        if isinstance(found, Matched):
            return found
    return miss(path, f"one of {show(patterns)}", value)


def _all(patterns: Any, value: Any, path: str) -> Match:
    return both([_match(pattern, value, path) for pattern in _list(patterns, "$all")])


def _not(pattern: Any, value: Any, path: str) -> Match:
    found = _match(pattern, value, path)
    return Matched() if isinstance(found, Mismatch) else miss(path, f"anything but {show(pattern)}", value)


def _absent(wanted: Any, value: Any, path: str) -> Match:
    if wanted is not True:
        raise PatternError("$absent takes true; write $present for the opposite")
    return Matched() if value is None else miss(path, "null or absent", value)


def _present(wanted: Any, value: Any, path: str) -> Match:
    if wanted is not True:
        raise PatternError("$present takes true; write $absent for the opposite")
    return Matched() if value is not None else miss(path, "a value", value)


def _capture(name: Any, value: Any, path: str) -> Match:
    if isinstance(name, str):
        inner: Match = Matched() if value is not None else miss(path, "a value to capture", value)
    elif isinstance(name, dict) and name.keys() == {"name", "is"}:
        inner, name = _match(name["is"], value, path), name["name"]
    else:
        raise PatternError("$capture takes a name, or {name: …, is: pattern}")
    if not isinstance(name, str):
        raise PatternError(f"$capture binds a name, not {show(name)}")
    return both([inner, Matched({name: value})]) if isinstance(inner, Matched) else inner


def _contains(wanted: Any, value: Any, path: str) -> Match:
    if isinstance(wanted, str):
        found = isinstance(value, str) and wanted in value
        return Matched() if found else miss(path, f"text with {show(wanted)} in it", value)
    if not isinstance(value, list):
        return miss(path, "a list", value)
    return _assigned(_list(wanted, "$contains"), value, path)


def _mentions(wanted: Any, value: Any, path: str) -> Match:
    """Match a value that has a text in any of its texts, at any depth and under any name."""
    if not isinstance(wanted, str) or not wanted:
        raise PatternError(f"$mentions takes a text, not {show(wanted)}")
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str) and wanted in item:
            return Matched()
        waiting += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return miss(path, f"a value that mentions {show(wanted)}", value)


def _any_order(patterns: Any, value: Any, path: str) -> Match:
    if not isinstance(value, list):
        return miss(path, "a list", value)
    wanted = _list(patterns, "$any_order")
    if len(value) != len(wanted):
        return Mismatch(path, f"expected {len(wanted)} items in any order, got {len(value)}: {show(value)}")
    return _assigned(wanted, value, path)


def _assigned(patterns: Sequence[Any], items: Sequence[Any], path: str) -> Match:
    owner = assign(patterns, items, lambda pattern, item: isinstance(_match(pattern, item, ""), Matched))
    if isinstance(owner, int):
        return Mismatch(path, f"no item left for {show(patterns[owner])} in {show(items)}")
    return both([_match(patterns[which], items[index], f"{path}[{index}]") for index, which in sorted(owner.items())])


def _every(pattern: Any, value: Any, path: str) -> Match:
    if not isinstance(value, list):
        return miss(path, "a list", value)
    found = both([_match(pattern, item, f"{path}[{index}]") for index, item in enumerate(value)])
    return Matched() if isinstance(found, Matched) else found


def _length(size: Any, value: Any, path: str) -> Match:
    if not isinstance(value, str | list | dict):
        return miss(path, "something that has a length", value)
    found = _match(size, len(value), path)
    return found if isinstance(found, Matched) else Mismatch(path, f"the length: {found.why}")


def _bound(word: str, holds: Callable[[Any, Any], bool], phrase: str) -> Callable[[Any, Any, str], Match]:
    def bound(limit: Any, value: Any, path: str) -> Match:
        if not _number(limit):
            raise PatternError(f"{word} takes a number, not {show(limit)}")
        return Matched() if _number(value) and holds(value, limit) else miss(path, f"{phrase} {limit}", value)

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
        return miss(path, "an instant with a zone", value)
    apart = now.apart(then)
    if apart <= wanted["within"]:
        return Matched()
    return Mismatch(
        path, f"expected an instant at most {wanted['within']} s from {wanted['to']}, got {value} ({float(apart)} s)"
    )


def _after(wanted: Any, value: Any, path: str) -> Match:
    then, now = instant(wanted), instant(value)
    if then is None:
        raise PatternError(f"$after: {show(wanted)} is not an instant with a zone")
    return Matched() if now is not None and now.since(then) > 0 else miss(path, f"an instant after {wanted}", value)


def _literal(wanted: Any, value: Any, path: str) -> Match:
    return Matched() if same(wanted, value) else miss(path, show(wanted), value)


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
    "$mentions": _mentions,
    "$every": _every,
    "$length": _length,
    "$at_least": _bound("$at_least", lambda value, limit: bool(value >= limit), "at least"),
    "$at_most": _bound("$at_most", lambda value, limit: bool(value <= limit), "at most"),
    "$near": _near,
    "$after": _after,
    "$literal": _literal,
}
