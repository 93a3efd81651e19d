"""What a shorter conversation can no longer send is not written, and a long text is written shortly."""

from __future__ import annotations

import pytest

from conformance.engine.explore.conversation import Arrive, Burst, Depart, Race
from conformance.engine.explore.conversation_run import NONE
from conformance.engine.explore.written import LONG, in_short, without_absent
from conformance.scenario.template import render
from tests.conformance.engine.explore.stories import seen, send

ANN, BOB = send("ann"), send("bob")


def test_who_is_gone_sends_nothing_until_connected_again() -> None:
    steps = (Depart("bob"), Burst((BOB,)), Race((ANN, BOB)), Depart("bob"), Arrive("bob"), Burst((BOB,)))
    written = list(without_absent([(step, seen(step, how=NONE)) for step in steps]))
    kept = [step for step, _, _ in written]
    assert kept == [Depart("bob"), None, Race((ANN,)), None, Arrive("bob"), Burst((BOB,))]
    assert [absent for *_, absent in written] == [set(), *[{"bob"}] * 4, set()]


@pytest.mark.parametrize("unit", ["y", "ab", "\U0001f469\u200d\U0001f4bb", "${x}"])
def test_a_long_text_that_repeats_itself_is_written_as_a_fill_and_stands_for_itself(unit: str) -> None:
    whole = unit * (LONG + 1)
    written = in_short(whole)
    assert written["$fill"]["times"] == LONG + 1
    assert render(written, {}.__getitem__, lambda _, items: items) == whole


@pytest.mark.parametrize("said", ["y" * LONG, "x" + "y" * LONG, "${x}", ""])
def test_other_texts_are_written_as_they_are(said: str) -> None:
    assert in_short(said) == said.replace("${", "$${")
