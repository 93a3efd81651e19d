"""Tables that drop their oldest entries, so that endless traffic needs bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection

Key = TypeVar("Key")
Value = TypeVar("Value")


class Bounded(Generic[Key, Value]):
    """A mapping of at most `most` entries; it drops the entry that was set longest ago.

    `forgetful`: it has dropped an entry, so a missing key no longer proves anything.
    """

    def __init__(self, most: int) -> None:
        self.forgetful = False
        self._most = most
        self._items: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """Give the value of a key; None if it is not there, or was dropped."""
        return self._items.get(key)

    def set(self, key: Key, value: Value) -> Value | None:
        """Set the value of a key; returns the value that is dropped for it, if there are too many."""
        self._items.pop(key, None)
        self._items[key] = value
        if len(self._items) <= self._most:
            return None
        self.forgetful = True
        return self._items.pop(next(iter(self._items)))

    def drop(self, key: Key) -> None:
        """Remove a key if it is there."""
        self._items.pop(key, None)

    def values(self) -> Collection[Value]:
        """Give all values, the oldest first."""
        return self._items.values()

    def items(self) -> Collection[tuple[Key, Value]]:
        """Give all keys and values, the oldest first."""
        return self._items.items()

    def __contains__(self, key: Key) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)
