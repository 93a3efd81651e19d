"""Which frames a scenario is about: a stray frame of another type fails the rule of its own type.

Otherwise one fault, such as a broadcast that leaks to outsiders, would fail every scenario in which an outsider is
connected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.scenario import model as m
from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.spec import Spec


def proved_types(scenario: m.Scenario, spec: Spec) -> frozenset[str]:
    """Give the outgoing types that a scenario is about; its setup does not count.

    They are the types of its feature, those that its steps name, and those of the features whose requests its steps
    send.
    """
    kinds = set(spec.features[scenario.feature].outgoing)
    for step in walk(scenario.steps):
        kinds.update(_named(step))
        sent = getattr(step, "frame", None) if isinstance(step, s.Send | s.Page) else None
        for feature in spec.features.values():
            if sent in feature.incoming:
                kinds.update(feature.outgoing)
    return frozenset(spec.outgoing) if "*" in kinds else frozenset(kinds)


def rule_of_stray(kind: str | None, spec: Spec) -> str | None:
    """Give the rule that a stray frame of this type breaks; None: an Error concerns the scenario's own requests."""
    if kind is None or kind == spec.protocol.error:
        return None
    return spec.outgoing[kind].rule


def _named(step: s.Step) -> Iterator[str]:
    match step:
        case s.Expect() | s.Never() | s.Collect():
            yield step.frame
        case s.Page():
            yield step.reply
        case s.ExpectEither():
            yield from (one.frame for one in step.alternatives if one.frame is not None)
