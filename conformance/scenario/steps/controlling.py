"""The steps that contain other steps: loops, time limits, branches at the same time, witnesses and controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.scenario.steps.step import Step

if TYPE_CHECKING:
    from conformance.scenario.steps.step import Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(Step):
    """The steps, repeated `times` times, with `name` counting from 1, or taking the `values` in turn."""

    times: Raw
    steps: tuple[Step, ...]
    name: str | None = None
    values: tuple[Raw, ...] = ()

    @property
    def label(self) -> str:
        return f"repeat {self.times}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FasterThan(Step):
    """The steps; their result counts only if they take less than `times` times this timer of the server."""

    timer: str
    times: int
    steps: tuple[Step, ...]

    @property
    def label(self) -> str:
        return f"faster_than {self.timer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Together(Step):
    """The branches at the same time."""

    branches: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness(Step):
    """The steps, which look at the promise with the help of another feature; skipped where the server lacks that."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control(Step):
    """The steps, which must hold for the others to say something: where they do not, the scenario is BLOCKED."""

    steps: tuple[Step, ...]
