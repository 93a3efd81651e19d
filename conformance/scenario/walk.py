"""Walks over the steps of a scenario, and gives the connections and conversations that a step names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.scenario import steps as s

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WITH_STEPS = (s.Repeat, s.FasterThan, s.ResumeReading, s.Pause, s.Witness, s.Control)


def walk(steps: Sequence[s.Step]) -> Iterator[s.Step]:
    """Give all steps, those inside other steps too."""
    for step in steps:
        yield step
        if isinstance(step, _WITH_STEPS):
            yield from walk(step.steps)
        elif isinstance(step, s.Together):
            for branch in step.branches:
                yield from walk(branch)


def actors(step: s.Step) -> tuple[str, ...]:
    """Give the connections that a step names."""
    if isinstance(step, s.Provision):
        return (step.user,) if step.by is None else (step.user, step.by)
    for attribute in ("at", "by", "who"):
        named = getattr(step, attribute, None)
        if named is not None:
            return (named,) if isinstance(named, str) else tuple(named)
    return ()


def conversations(step: s.Step) -> tuple[str, ...]:
    """Give the conversations that a step names outside its data."""
    if isinstance(step, s.Provision):
        return (step.conversation,)
    return step.join if isinstance(step, s.Connect) else ()


def without_witnesses(steps: Sequence[s.Step]) -> Iterator[s.Step]:
    """Give all steps but those inside a `witness`, which a server may do without."""
    left_out: set[int] = set()
    for step in walk(steps):
        if isinstance(step, s.Witness):
            left_out.update(id(one) for one in walk(step.steps))
        if id(step) not in left_out:
            yield step
