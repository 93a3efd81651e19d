"""Clients that stop reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.lint.reading import slow_readers_read_again
from tests.conformance.lint.words import SEND

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author

STOP, READ, EXPECT = "{stop_reading: bob}", "{resume_reading: bob}", "{expect: NewMessage, at: bob}"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (f"{STOP}, {EXPECT}, {READ}", ["bob does not read here: say `resume_reading: bob` before"]),
        (f"{STOP}, {SEND}", ["bob stops reading and never reads again: add `resume_reading: bob`"]),
        (f"{STOP}, {SEND}, {READ}, {EXPECT}", []),
        (f"{STOP}, {SEND}, {{resume_reading: bob, steps: [{EXPECT}]}}", []),
        (f"{STOP}, {{send: Ping, by: bob}}, {{disconnect: bob}}", []),
    ],
)
def test_expect_nothing_before_they_read_again(spec: Spec, scenario: Author, steps: str, said: list[str]) -> None:
    one = scenario(f"steps: [{steps}]")
    assert [message for _, message in slow_readers_read_again(one, spec)] == said
