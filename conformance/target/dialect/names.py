"""Reversible renaming: a permutation, so that two names never become one and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Word = str | int


@dataclass(frozen=True, slots=True)
class Names:
    """Words of the protocol and of the wire; any other word stays as it is.

    `entries` maps a word of the protocol to the entry of the dialect that renames it.
    """

    forward: Mapping[Word, Word] = field(default_factory=dict)
    backward: Mapping[Word, Word] = field(default_factory=dict)
    entries: Mapping[Word, str] = field(default_factory=dict)

    def to_wire(self, word: Any) -> Any:
        """Give the wire's word."""
        return self.forward.get(word, word) if type(word) in (str, int) else word

    def from_wire(self, word: Any) -> Any:
        """Give the protocol's word."""
        return self.backward.get(word, word) if type(word) in (str, int) else word


def permutation(renames: Iterable[tuple[Word, Word, str]]) -> Names:
    """Complete renames (protocol, wire, entry), no two of them onto one word, to a permutation.

    A wire word that the protocol also has needs a translation in the other direction. It takes the word that is free:
    if `content` becomes `body`, then a `body` of the protocol becomes `content`.
    """
    given = list(renames)
    forward: dict[Word, Word] = {protocol: wire for protocol, wire, _ in given if protocol != wire}
    backward = {wire: protocol for protocol, wire in forward.items()}
    for end in [wire for wire in backward if wire not in forward]:
        begin = backward[end]
        while begin in backward:
            begin = backward[begin]
        forward[end] = begin
    return Names(
        forward=forward,
        backward={wire: protocol for protocol, wire in forward.items()},
        entries={protocol: entry for protocol, _, entry in given},
    )
