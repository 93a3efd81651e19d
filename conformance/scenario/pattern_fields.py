"""The fields that a pattern asks for: leaves one out, and says which names are bound to which.

A path names a field as `("messages", "[]", "content")`; `[]` stands for each item of a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ITEM = "[]"
TOGETHER = ("$all", "$one_of")
"""The patterns that take a list of patterns for one value."""
LISTS = ("$contains", "$any_order")
"""The patterns that take a list of patterns for the items of a list."""


def dotted(path: Sequence[str]) -> str:
    """Give the path of a field as reports write it: `messages[].content`."""
    return ".".join(path).replace(f".{ITEM}", ITEM)


def without_field(pattern: Any, path: Sequence[str]) -> Any:
    """Give a pattern that asks nothing of a field; what captures the field stays."""
    first, *rest = path
    if isinstance(pattern, list):
        return [without_field(one, rest) for one in pattern] if first == ITEM and rest else pattern
    if not isinstance(pattern, dict):
        return pattern
    word = _word(pattern)
    if word is not None:
        return {word: _inside(word, pattern[word], path)}
    if first not in pattern or (not rest and "$capture" in str(pattern[first])):
        return pattern
    if rest:
        return {**pattern, first: without_field(pattern[first], rest)}
    return {key: value for key, value in pattern.items() if key != first}


def captured_fields(pattern: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each name that a pattern binds, and the path of the field whose value it gets."""
    if isinstance(pattern, list):
        for one in pattern:
            yield from captured_fields(one, (*path, ITEM))
        return
    if not isinstance(pattern, dict):
        return
    word = _word(pattern)
    if word is None:
        for key, value in pattern.items():
            yield from captured_fields(value, (*path, key))
    elif word == "$capture":
        inner = pattern[word]
        yield (inner["name"] if isinstance(inner, dict) else inner), path
        if isinstance(inner, dict):
            yield from captured_fields(inner.get("is"), path)
    elif word in TOGETHER:
        for one in pattern[word]:
            yield from captured_fields(one, path)
    elif word in LISTS:
        yield from captured_fields(pattern[word], path)


def _word(pattern: Mapping[str, Any]) -> str | None:
    return next((key for key in pattern if key.startswith("$")), None)


def _inside(word: str, inner: Any, path: Sequence[str]) -> Any:
    if word in TOGETHER and isinstance(inner, list):
        return [without_field(one, path) for one in inner]
    if word in LISTS:
        return without_field(inner, path)
    if word == "$every" and path[0] == ITEM and len(path) > 1:
        return without_field(inner, path[1:])
    if word == "$capture" and isinstance(inner, dict):
        return {key: without_field(value, path) if key == "is" else value for key, value in inner.items()}
    return inner
