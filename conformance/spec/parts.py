"""Parts of requests: fields that a server may lack while it has the rest of the type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.scenario import steps as s
from conformance.scenario.requests import requests_of

if TYPE_CHECKING:
    from conformance.scenario.steps import Step


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a request that belongs to a feature of its own, or without which the rest of the type still works.

    `shown_by` are the fields of the type `reply` that say what to put there. `extra`: the type has no such field, and
    the part is whatever a request of any type has too much.
    """

    of: str
    field: str
    feature: str
    reply: str
    shown_by: frozenset[str] = frozenset()
    extra: bool = False

    @property
    def name(self) -> str:
        """Give what reports call it."""
        return "extra fields" if self.extra else f"{self.of}.{self.field}"


def uses_part(step: Step, part: Part) -> bool:
    """Tell whether a step itself sends this part of a request, with whatever value, or expects what shows it."""
    match step:
        case s.Send() if part.extra:
            return bool(step.extra)
        case s.Send():
            return step.frame == part.of and part.field in step.fields
        case s.Page():
            return step.frame == part.of and (part.field in step.fields or part.field in step.follow.values())
        case s.Expect():
            return step.frame == part.reply and not part.shown_by.isdisjoint(step.pattern or ())
    return requests_of(step, frozenset({part.of, part.field})) == {part.of, part.field}
