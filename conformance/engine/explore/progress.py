"""What a search is asked to do, and what it has done so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.engine.explore.findings import Finding


@dataclass(frozen=True, slots=True)
class Options:
    """How to search. `budget` and `shrinking` are seconds; `shrinking` is for one finding, beyond the budget too.

    `most` is the largest number of conversations; `first`: stop at the first finding that every replay shows.
    """

    budget: float
    seed: int = 0
    jobs: int = 3
    shrinking: float = 30.0
    most: int | None = None
    first: bool = False


@dataclass(slots=True)
class Explored:
    """What a search has done so far.

    `cells` counts (request, label) pairs that were compared, `freed` the choices that the servers made differently.
    `not_judged` counts conversations by the reason why they say nothing. `left_out` maps what the targets cannot
    provide, and what is therefore no longer drawn, to the reason.
    """

    findings: dict[str, Finding] = field(default_factory=dict)
    conversations: int = 0
    steps: int = 0
    parted: int = 0
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    freed: Counter[str] = field(default_factory=Counter)
    not_judged: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    stopped: str = ""
    left_out: dict[str, str] = field(default_factory=dict)
