"""The findings of two explorations side by side: new ones, those that are gone, and those that both show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from conformance.report.explored import ordered
from conformance.report.text import line, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.results.explored import Exploration, Found

MOST = 60
"""The most findings that a view shows; the others are counted."""


class Seen(StrEnum):
    """Which of the two explorations shows a finding."""

    NEW = "NEW"
    GONE = "GONE"
    SAME = "SAME"
    NOT_COMPARABLE = "NOT COMPARABLE"
    """The other server was not explored."""


@dataclass(frozen=True, slots=True)
class ExploredPair:
    """One cause; `finding` is that of NEW if both show it."""

    finding: Found
    seen: Seen


@dataclass(frozen=True, slots=True)
class Explorations:
    """Two explorations; `note` says what a reader must know."""

    pairs: tuple[ExploredPair, ...]
    note: str = ""

    @property
    def shown(self) -> tuple[ExploredPair, ...]:
        """Give the findings that a view shows."""
        return self.pairs[:MOST]

    @property
    def left_out(self) -> int:
        """Count the findings that a view does not show."""
        return max(0, len(self.pairs) - MOST)


def explorations(old: Exploration | None, new: Exploration | None) -> Explorations | None:
    """Put two explorations side by side by the ids of their findings; None if there is no exploration."""
    if old is None and new is None:
        return None
    if old is None or new is None:
        only, side = (new, "OLD") if old is None else (old, "NEW")
        pairs = tuple(ExploredPair(one, Seen.NOT_COMPARABLE) for one in ordered(only)) if only is not None else ()
        return Explorations(pairs, f"{side} was not explored")
    before, after = ({one.id: one for one in ordered(side)} for side in (old, new))
    found = [ExploredPair(one, Seen.SAME if name in before else Seen.NEW) for name, one in after.items()]
    gone = [ExploredPair(one, Seen.GONE) for name, one in before.items() if name not in after]
    order = list(Seen)
    return Explorations(
        tuple(sorted([*found, *gone], key=lambda one: order.index(one.seen))), "; ".join(_unlike(old, new))
    )


def counts(found: Explorations) -> str:
    """Give `1 NEW, 2 SAME`."""
    words = [f"{count} {word}" for word in Seen if (count := sum(one.seen is word for one in found.pairs))]
    return ", ".join(words) or "no finding"


def _unlike(old: Exploration, new: Exploration) -> Iterator[str]:
    """Say why a finding may be gone or new although no server has changed."""
    if old.against != new.against:
        yield f"OLD was compared with {line(old.against)}, and NEW with {line(new.against)}"
    if old.seed != new.seed:
        yield "they drew other conversations (the seeds differ)"
    if old.conversations != new.conversations:
        yield f"OLD compared {plural(old.conversations, 'conversation')}, and NEW {new.conversations}"
    if not (old.complete and new.complete):
        yield "one was interrupted"
