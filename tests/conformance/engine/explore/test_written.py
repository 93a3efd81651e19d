"""What a shorter conversation can no longer send is not written."""

from __future__ import annotations

from conformance.engine.explore.conversation import Arrive, Burst, Depart, Race
from conformance.engine.explore.conversation_run import NONE
from conformance.engine.explore.written import without_absent
from tests.conformance.engine.explore.stories import seen, send

ANN, BOB = send("ann"), send("bob")


def test_who_is_gone_sends_nothing_until_connected_again() -> None:
    steps = (Depart("bob"), Burst((BOB,)), Race((ANN, BOB)), Depart("bob"), Arrive("bob"), Burst((BOB,)))
    written = list(without_absent([(step, seen(step, how=NONE)) for step in steps]))
    kept = [step for step, _, _ in written]
    assert kept == [Depart("bob"), None, Race((ANN,)), None, Arrive("bob"), Burst((BOB,))]
    assert [absent for *_, absent in written] == [set(), *[{"bob"}] * 4, set()]
