"""What must hold after a fault: pure functions of what the clients have seen and of the history.

A message is known by its content, `sender number`: each sender counts its own. A send is *acknowledged*, *refused*, or
*indeterminate*: its answer never came, or says that the server could not carry it out. An indeterminate message may be
in the history or not, but not twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(slots=True)
class Heard:
    """What one connection has been told since it joined, and what was in the history then."""

    name: str
    before: frozenset[str] = frozenset()
    messages: list[str] = field(default_factory=list)
    #: It was connected to the end, so it must have heard everything.
    lasted: bool = False


@dataclass(slots=True)
class Sent:
    """How the sends of all clients have ended."""

    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    indeterminate: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong; empty where every promise is kept."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    reordered: tuple[str, ...] = ()
    #: In the history or on a connection, and never sent, or refused.
    invented: tuple[str, ...] = ()
    #: In the history, and not heard by a connection that lasted.
    unheard: tuple[str, ...] = ()

    @property
    def wrong(self) -> bool:
        """Say whether a promise is broken."""
        return any((self.lost, self.doubled, self.reordered, self.invented, self.unheard))


def content(sender: str, number: int) -> str:
    """Name a message."""
    return f"{sender} {number}"


def check(sent: Sent, history: Sequence[str], connections: Iterable[Heard] = ()) -> Findings:
    """Compare what was sent with the history, the oldest first, and with what each connection has heard."""
    kept = set(history)
    possible = {*sent.acknowledged, *sent.indeterminate}
    doubled, reordered = _doubled("history", history), _reordered("history", history)
    invented = [f"history: {each}" for each in history if each not in possible]
    unheard: list[str] = []
    for one in connections:
        doubled += _doubled(one.name, one.messages)
        reordered += _reordered(one.name, one.messages)
        invented += [f"{one.name}: {each}" for each in one.messages if each not in kept]
        if one.lasted:
            known = {*one.before, *one.messages}
            unheard += [f"{one.name}: {each}" for each in history if each not in known]
    lost = [each for each in sent.acknowledged if each not in kept]
    return Findings(tuple(lost), tuple(doubled), tuple(reordered), tuple(invented), tuple(unheard))


def _doubled(where: str, messages: Sequence[str]) -> list[str]:
    return [f"{where}: {each}" for each, count in Counter(messages).items() if count > 1]


def _reordered(where: str, messages: Sequence[str]) -> list[str]:
    """Name each message that comes after a later one of its sender."""
    by_sender: dict[str, list[int]] = {}
    for each in messages:
        sender, _, number = each.rpartition(" ")
        by_sender.setdefault(sender, []).append(int(number))
    return [
        f"{where}: {content(sender, later)} before {content(sender, number)}"
        for sender, numbers in by_sender.items()
        for later, number in pairwise(numbers)
        if later > number
    ]
