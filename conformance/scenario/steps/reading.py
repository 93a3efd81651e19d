"""The steps of a client that does not read for a while."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.scenario.steps.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReading(Step):
    """These connections stop reading from their sockets, so that their TCP windows close."""

    who: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"stop_reading {', '.join(self.who)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeReading(Step):
    """A connection reads everything that has come; the steps follow unless the server has ended the connection."""

    who: str
    steps: tuple[Step, ...]

    @property
    def label(self) -> str:
        return f"resume_reading {self.who}"
