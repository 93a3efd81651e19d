"""A spec of a few scenarios for tests of whole runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.conformance.run_contexts import without_trials

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


TELL = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "${nonce}"}}
  - {expect: NewMessage, at: bob, with: {content: "${nonce}"}}
"""


@pytest.fixture
def toys(spec: Spec, scenario: Author) -> Spec:
    """A spec of five scenarios."""
    made = [
        scenario(TELL, id="toy.alone", exclusive="true"),
        scenario(TELL, id="toy.first"),
        scenario(TELL, id="toy.second", feature="ping_pong", rules="[PING-1]"),
        scenario(TELL, id="toy.should", rules="[SEND-7s]"),
        *scenario.all(TELL + "cases: {one: {}, other: {}}\n", id="toy.cased"),
    ]
    slow = replace(made[2], id="toy.slow", tags=frozenset({"slow"}))
    return replace(
        without_trials(spec), scenarios={one.id: one for one in sorted([*made, slow], key=lambda one: one.id)}
    )
