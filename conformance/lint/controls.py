"""A probe says nothing of what it could not see: it has a control that succeeds wherever it can be observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.errors import Mistake
from conformance.lint.messages import expects
from conformance.scenario import steps as s
from conformance.scenario.requests import requests
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.scenario.model import Probe
    from conformance.spec import Spec


UNCONTROLLED = (
    "a server that does nothing would be observed, too: give it a `control` (the same request without the odd thing,"
    " and what it expects), or say in `no_control` why it needs none"
)


def probes_have_controls(spec: Spec) -> Iterator[Mistake]:
    """Find probes that would observe something on a server that ignores their requests."""
    found = {
        Mistake(probe.scenario.file, line, message): None
        for probe in spec.probes.values()
        for line, message in _of(probe, spec)
    }
    yield from found


def _of(probe: Probe, spec: Spec) -> Iterator[tuple[int, str]]:
    line = probe.scenario.line
    if probe.control and probe.no_control:
        yield line, "it has a `control`, and says why it needs none (`no_control`)"
    if probe.no_control:
        return
    if probe.control:
        if not any(expects(step) for step in walk(probe.control)):
            yield probe.control[0].line, "its `control` expects no frame, so it cannot fail"
        sent = requests(probe.scenario.steps, spec.incoming) - requests(probe.scenario.setup, spec.incoming)
        if sent and not _witnessed(probe.scenario.steps):
            yield line, f"it sends {' and '.join(sorted(sent))}, and its `control` does not"
    shown = {kind for step in walk((*probe.scenario.setup, *probe.scenario.steps)) for kind in expects(step)}
    observed = _observed(probe.scenario.steps) - {spec.protocol.error}
    if observed and "*" not in observed and observed.isdisjoint(shown):
        yield line, f"nothing shows that the server ever sends {' or '.join(sorted(observed))}: expect one in `control`"
    if not probe.control and not _witnessed(probe.scenario.steps):
        yield line, UNCONTROLLED


def _witnessed(steps: Sequence[s.Step]) -> bool:
    """Tell whether a frame is expected between the last request and the observation."""
    witnessed = False
    for step in walk(steps):
        if isinstance(step, s.Send | s.SendRaw | s.Connect | s.Disconnect):
            witnessed = False
        elif isinstance(step, s.Observe):
            break
        elif expects(step):
            witnessed = True
    return witnessed


def _observed(steps: Sequence[s.Step]) -> frozenset[str]:
    choices = [one for step in walk(steps) if isinstance(step, s.Observe) for one in step.choices.values()]
    return frozenset(one.frame for one in choices if one.frame is not None)
