"""A spec of two scenarios for tests of loads, and a job for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.load.job import Job, Shape
from conformance.engine.load.mix import Mix
from tests.conformance.run_contexts import without_trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author

TELL = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "${nonce}"}}
  - {expect: NewMessage, at: bob, with: {content: "${nonce}"}}
"""
QUICK = Shape(users=4, ramp=0.0, seconds=0.6)


@pytest.fixture
def toys(spec: Spec, scenario: Author) -> Spec:
    """A spec of one scenario that a toy server passes, and one that it does not."""
    made = [
        scenario(TELL, id="toy.told"),
        scenario("steps: [{expect: MessageEdited, at: bob}]", id="toy.never"),
    ]
    return replace(without_trials(spec), scenarios={one.id: one for one in made})


@pytest.fixture
def job_of(toys: Spec) -> Callable[..., Job]:
    """Make the job of the one scenario that passes."""

    def make(shape: Shape = QUICK, workers: int = 1) -> Job:
        told = toys.scenarios["toy.told"]
        return Job(Mix.of([told], {told.feature: 1.0}), shape, 1, toys.digest, {}, workers=workers)

    return make
