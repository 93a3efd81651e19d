from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.site import steps as telling
from conformance.report.site.diagram import SERVER, Arrow, Frame, Note
from conformance.report.site.steps import drawn, tell
from conformance.scenario import steps as s
from conformance.scenario.walk import actors, walk

if TYPE_CHECKING:
    from conformance.spec import Spec

KINDS = {one for one in map(s.__dict__.get, s.__all__) if isinstance(one, type) and issubclass(one, s.Step)} - {s.Step}


def test_every_kind_of_step_is_told() -> None:
    assert telling._TELLERS.keys() == KINDS


def test_every_step_of_the_spec_is_a_sentence_with_everybody_in_it(whole_spec: Spec) -> None:
    for scenario in whole_spec.scenarios.values():
        for step in walk((*scenario.setup, *scenario.steps)):
            told = tell(step)
            assert told.sentence[-1] in ".:", told
            assert "\n" not in told.sentence
            assert [
                who for who in actors(step) if who.replace("_", r"\_").replace("@", r"\@") not in told.sentence
            ] == []


def test_a_request_goes_to_the_server_and_an_event_comes_from_it() -> None:
    sent = s.Send(line=1, frame="Ask", by="alice", fields={"a": 1})
    got = s.Expect(line=2, frame="Tell", at=("bob", "carol"), pattern={})
    assert tell(sent).sentence == '**alice** sends `Ask` with `{"a": 1}`.'
    assert tell(got).sentence == "**bob** and **carol** each get `Tell`."
    assert drawn([sent, got]) == (
        Arrow("alice", SERVER, "Ask"),
        Arrow(SERVER, "bob", "Tell"),
        Arrow(SERVER, "carol", "Tell"),
    )


def test_what_must_not_come_is_drawn_as_such() -> None:
    step = s.Never(line=1, frame="*", at=("bob",), pattern={})
    assert tell(step).sentence == "**bob** never gets any frame."
    assert drawn([step]) == (Arrow(SERVER, "bob", "any frame", never=True),)


def test_steps_inside_a_step_are_in_a_frame() -> None:
    ping = s.Send(line=2, frame="Ask", by="alice", fields={})
    step = s.Repeat(line=1, times=3, steps=(ping,))
    assert drawn([step]) == (Frame("3 times", (Arrow("alice", SERVER, "Ask"),)),)
    assert drawn([s.Restart(line=1)]) == (Note(SERVER, "restarts"),)
