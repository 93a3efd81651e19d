"""The history of a value that requests change and events announce: which values it may have at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

MOST_CHANGES = 64
"""The most changes of one value that are remembered; after more, it is no longer judged."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Change(Generic[Value]):
    """A change with an event: when its request was sent, and when its event first came (indices of observations)."""

    value: Value
    sent: int
    told: int


@dataclass(slots=True)
class Changes(Generic[Value]):
    """The changes of one value, in the order in which they were told, and the requests that nothing has told yet.

    Two changes have an order only where the event of the first came before the request of the second was sent.
    `unclear`: nobody knows the value any more.
    """

    told: list[Change[Value]] = field(default_factory=list)
    asked: dict[int, Value] = field(default_factory=dict)
    unclear: bool = False

    def ask(self, value: Value, sent: int) -> None:
        """Note a request that changes the value if it is granted."""
        self.asked[sent] = value
        self._bound()

    def refuse(self, sent: int) -> None:
        """Note that a request was refused: it changes nothing."""
        self.asked.pop(sent, None)

    def tell(self, value: Value, now: int) -> None:
        """Note an event; it tells of the earliest request for this value, or of a change that was told elsewhere."""
        sent = next((one for one, asked in self.asked.items() if asked == value), None)
        if sent is not None:
            del self.asked[sent]
        elif any(one.value == value for one in self.told):
            return
        self.told.append(Change(value, now if sent is None else sent, now))
        self._bound()

    def possible(self, asked_at: int) -> set[Value]:
        """Give the values that an answer may have whose request was sent then, and that comes now.

        They are those of the latest changes told before, of those told since, and of requests that nothing has told.
        """
        before = [one for one in self.told if one.told < asked_at]
        latest = [one for one in before if not any(other.sent > one.told for other in before)]
        since = [one for one in self.told if one.told >= asked_at]
        return {*(one.value for one in (*latest, *since)), *self.asked.values()}

    def known(self, asked_at: int) -> bool:
        """Say whether anything was told before a request was sent, so that its answer can be judged."""
        return not self.unclear and any(one.told < asked_at for one in self.told)

    def _bound(self) -> None:
        if len(self.told) + len(self.asked) > MOST_CHANGES:
            self.unclear = True
            self.told.clear()
            self.asked.clear()
