"""A client that stops reading reads again, and nothing is expected of it in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.scenario import steps as s
from conformance.scenario.walk import actors, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

SENDING = (s.Send, s.SendRaw, s.Disconnect, s.Provision)
"""What somebody who does not read can still do."""


def slow_readers_read_again(scenario: Scenario, spec: Spec) -> Iterator[tuple[int, str]]:
    """Find steps at a connection that does not read, and connections that never read again."""
    stopped: dict[str, int] = {}
    for step in walk((*scenario.setup, *scenario.steps)):
        if isinstance(step, s.StopReading):
            stopped |= dict.fromkeys(step.who, step.line)
        elif isinstance(step, s.ResumeReading | s.Disconnect):
            for name in actors(step):
                stopped.pop(name, None)
        elif not isinstance(step, SENDING):
            for name in sorted(stopped.keys() & {*actors(step)}):
                yield step.line, f"{name} does not read here: say `resume_reading: {name}` before"
    for name, line in stopped.items():
        yield line, f"{name} stops reading and never reads again: add `resume_reading: {name}`"
