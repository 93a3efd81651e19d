"""A parsed scenario as frozen values: its users, conversations and steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conformance.scenario.steps import Raw, Step


@dataclass(frozen=True, slots=True)
class User:
    """A user of the scenario; `instance` counts from 1, None is any."""

    connect: bool = True
    instance: int | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation: user → role, and which connections join it first (None: all whose role may).

    Without `bystanders` nobody else is a member of it.
    """

    members: Mapping[str, str]
    visibility: str
    join: tuple[str, ...] | None = None
    bystanders: bool = True


@dataclass(frozen=True, slots=True)
class Given:
    """What exists before the first step; `bystanders` has the connections that no step may use."""

    users: Mapping[str, User]
    devices: Mapping[str, int | None]
    conversations: Mapping[str, Conversation]
    unknown: tuple[str, ...] = ()
    honeypots: tuple[str, ...] = ()
    bystanders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Allowed:
    """A frame that may also arrive (`at` empty: anywhere)."""

    frame: str
    at: tuple[str, ...]
    pattern: Raw


@dataclass(frozen=True, slots=True)
class Cell:
    """The cell of a table that a case is made from; `at` is its row and its column there, counted from 0."""

    table: Path
    row: str
    column: str
    value: str
    at: tuple[int, int]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, or one case of it (then `id` ends in `[case]`); for `revision` see `scenario.revision`.

    `limits` are the limits of the target that its text uses, such as `limits.frame_bytes`. `turn` says which instance
    it runs on (`scenario.turns`).
    """

    id: str
    title: str
    feature: str
    rules: tuple[str, ...]
    file: Path
    line: int
    given: Given
    setup: tuple[Step, ...]
    steps: tuple[Step, ...]
    tags: frozenset[str] = frozenset()
    needs: Mapping[str, Any] = field(default_factory=dict)
    exclusive: bool = False
    allow: tuple[Allowed, ...] = ()
    cell: Cell | None = None
    revision: str = ""
    limits: frozenset[str] = frozenset()
    turn: int = 0

    @property
    def base(self) -> str:
        """The id without its case."""
        return self.id.partition("[")[0]


@dataclass(frozen=True, slots=True)
class Probe:
    """An observation without a verdict: a scenario to run, and why a difference between servers matters.

    `control` are those last steps of the scenario's setup that do the same without the odd thing: where they fail,
    nothing can be observed. `no_control` says why a probe needs none.
    """

    scenario: Scenario
    why: str
    control: tuple[Step, ...] = ()
    no_control: str = ""

    @property
    def id(self) -> str:
        """The id of its scenario."""
        return self.scenario.id
