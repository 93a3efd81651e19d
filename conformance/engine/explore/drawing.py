"""What the conversations of an exploration are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.engine.explore.goal import Goal
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.engine.explore.limits import Limits
    from conformance.spec import Spec


@dataclass(frozen=True, slots=True)
class Drawing:
    """What all conversations of an exploration are drawn from. `only`: the request types to favour; empty: any.

    `known` are the request types that both servers have. `goals` are the goals of its steps (empty: all). `without` is
    what the targets cannot provide, in the words of `means`.
    """

    spec: Spec
    knowledge: Knowledge
    limits: Limits
    known: tuple[str, ...]
    only: tuple[str, ...] = ()
    steps: int = 40
    without: frozenset[str] = frozenset()
    goals: tuple[Goal, ...] = ()
