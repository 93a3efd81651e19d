"""Puts the records of a log together: checks their order, and that they do not contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.results.model import Calibration, Observation, Result
from conformance.results.runlog.consistency import fault_of, faults
from conformance.results.runlog.records import Footer, Header, Run

if TYPE_CHECKING:
    from conformance.results.runlog.records import Record, ScenarioEntry

DAMAGED = "the log is damaged: take a whole copy of it, or run again"
TWO_RUNS = "two runs were written into one file, run again"


class Assembly:
    """Takes the records of one log in order; `take` raises ValueError if a record cannot come at its place."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self._scenarios: dict[str, ScenarioEntry] = {}
        self._calibration: Calibration | None = None
        self._results: list[Result] = []
        self._attempts: set[tuple[str, int]] = set()
        self._probes: dict[str, Observation] = {}
        self._footer: Footer | None = None

    def take(self, kind: str, record: Record) -> None:
        """Add the next record, of this kind."""
        if self._footer is not None:
            raise ValueError(f"`{kind}` after the footer: {TWO_RUNS}")
        if self.header is None:
            self._begin(kind, record)
        elif isinstance(record, Result):
            self._result(record)
        elif isinstance(record, Observation):
            if record.id in self._probes:
                raise ValueError(f"a second observation of the probe {record.id!r}: {TWO_RUNS}")
            self._probes[record.id] = record
        elif isinstance(record, Footer):
            self._footer = record
        elif isinstance(record, Calibration) and self._calibration is None:
            self._calibration = record
        else:
            raise ValueError(f"a second `{kind}`: {TWO_RUNS}")

    def run(self) -> Run | None:
        """Give the run; None if there is no header yet."""
        if self.header is None:
            return None
        probes = tuple(self._probes.values())
        return Run(self.header, self._calibration, tuple(self._results), probes, self._footer)

    def _begin(self, kind: str, record: Record) -> None:
        if not isinstance(record, Header):
            raise ValueError(f"the log begins with `{kind}`, not with `header`: it was cut at its start")
        wrong = next(faults(record), None)
        if wrong:
            raise ValueError(f"{wrong}: {DAMAGED}")
        self.header = record
        self._scenarios = {scenario.id: scenario for scenario in record.spec.scenarios}

    def _result(self, result: Result) -> None:
        wrong = fault_of(result, self._scenarios.get(result.scenario))
        if wrong:
            raise ValueError(f"{wrong}: {DAMAGED}")
        key = (result.scenario, result.attempt)
        if key in self._attempts:
            raise ValueError(f"a second result of {result.scenario!r}, attempt {result.attempt}: {TWO_RUNS}")
        self._attempts.add(key)
        self._results.append(result)
