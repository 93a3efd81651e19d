"""Which scenario of a run was given which users and conversations, so that a stray frame can be traced to its owner."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Owner:
    """One run of one scenario; `number` tells two runs of the same scenario apart."""

    scenario: str
    number: int


class Owners:
    """The owner of each id of a user or a conversation: the scenario run that was given it last."""

    def __init__(self) -> None:
        self._owners: dict[str, Owner] = {}

    def enter(self, scenario: str) -> Owner:
        """Give a new owner for one run of a scenario."""
        return Owner(scenario, next(_numbers))

    def give(self, owner: Owner, ids: Iterable[str]) -> None:
        """Note that these ids are this owner's."""
        self._owners.update(dict.fromkeys(ids, owner))

    def other_owner(self, owner: Owner, value: Any) -> str | None:
        """Name the scenario whose ids a frame holds; None: it holds none, or one of this owner's, too."""
        found = {holder for text in _texts(value) if (holder := self._owners.get(text)) is not None}
        if not found or owner in found:
            return None
        return min(holder.scenario for holder in found)


def _texts(value: Any) -> Iterator[str]:
    """Give the texts in a JSON value, however deep it is."""
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict | list):
            rest.extend(one.values() if isinstance(one, dict) else one)
