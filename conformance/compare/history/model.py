"""The values of a history, plain and frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One run of a server: what its features came to (verdicts by id), and how its scenarios ended (by id).

    `unsteady` has the scenarios whose attempts ended differently within the run.
    """

    id: str
    started: str
    target: str
    spec: str
    tool: str
    complete: bool
    exit_code: int
    verdicts: Mapping[str, str]
    outcomes: Mapping[str, str]
    unsteady: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FeatureTrend:
    """One feature over the runs: a verdict for each, oldest first, empty where a run did not have it."""

    number: int
    id: str
    title: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScenarioRecord:
    """The record of a scenario that failed at least once, or was unsteady.

    `judged` counts the runs in which it passed or failed, `failed` those in which it failed, `changes` how often it
    went from one to the other, and `unsteady` the runs in which its attempts ended differently. `first` and `last` are
    the starts of the first and the last run in which it failed. `now` is its latest outcome.
    """

    id: str
    now: str
    judged: int
    failed: int
    first: str
    last: str
    changes: int
    unsteady: int

    @property
    def flaky(self) -> bool:
        """Tell whether it comes and goes: one change alone is a break or a repair."""
        return self.unsteady > 0 or self.changes > 1

    @property
    def flakiness(self) -> float:
        """Give the share of its runs in which it changed, or was unsteady, from 0 to 1."""
        return min(1.0, (self.changes + self.unsteady) / self.judged) if self.judged else 0.0


@dataclass(frozen=True, slots=True)
class History:
    """The history of one server; `runs` are oldest first."""

    target: str
    runs: tuple[RunPoint, ...]
    features: tuple[FeatureTrend, ...]
    scenarios: tuple[ScenarioRecord, ...]
