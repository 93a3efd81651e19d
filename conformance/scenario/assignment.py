"""Assigns the items of a list to patterns, one item to each, whatever their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Fits = Callable[[Any, Any], bool]
"""Says whether an item fits a pattern."""


def assign(patterns: Sequence[Any], items: Sequence[Any], fits: Fits) -> dict[int, int] | int:
    """Give each pattern an item of its own: item → pattern; or the first pattern without an item.

    Augmenting paths make the result independent of the order of the patterns.
    """
    candidates = _Candidates(patterns, items, fits)
    owner: dict[int, int] = {}
    taken: dict[int, int] = {}
    for which in range(len(patterns)):
        if not _augment(which, candidates, owner, taken):
            return which
    return owner


def _augment(start: int, candidates: _Candidates, owner: dict[int, int], taken: dict[int, int]) -> bool:
    """Find an item for one more pattern; patterns with an item (`taken`, the inverse of `owner`) may change it."""
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
    """Move each pattern on the path to a free item to the next item on that path."""
    while True:
        which = reached[index]
        before = taken.get(which)
        owner[index], taken[which] = which, index
        if before is None:
            return True
        index = before


class _Candidates:
    """The items that may fit each pattern; a plain value in the pattern makes the search fast in long lists."""

    def __init__(self, patterns: Sequence[Any], items: Sequence[Any], fits: Fits) -> None:
        self._patterns = patterns
        self._items = items
        self._compare = fits
        self._fits: dict[tuple[int, int], bool] = {}
        self._by_value: dict[str | None, dict[Any, list[int]]] = {}

    def of(self, which: int) -> Sequence[int]:
        """Give the items that a pattern may fit; all that it fits are among them."""
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
            self._fits[key] = self._compare(self._patterns[which], self._items[index])
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
