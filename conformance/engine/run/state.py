"""The state of a run: its phases, its failures, and why it ended early."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class RunState:
    """The progress of a run: seconds per phase, why it ended early, and why it is otherwise not complete.

    `used` has the entries of the target's dialect that any frame used. `notes` has the notes of provisioning: what is
    left on the target, and which calls were repeated. `remarks` has what else does not
    change a result: a slow target, a busy machine.
    """

    phases: dict[str, float] = field(default_factory=dict)
    stopped: str = ""
    failures: int = 0
    used: set[str] = field(default_factory=set)
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    doubts: str = ""


class Phase:
    """Adds the seconds of its body to the state of the run."""

    def __init__(self, state: RunState, name: str) -> None:
        self._state = state
        self._name = name
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        before = self._state.phases.get(self._name, 0.0)
        self._state.phases[self._name] = round(before + time.perf_counter() - self._began, 3)
