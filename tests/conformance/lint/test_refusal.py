"""The three parts of a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.lint.refusal import refusals_have_three_parts
from tests.conformance.lint.words import FETCH, FORBIDDEN, SEND

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


class TestRefusals:
    def found(self, spec: Spec, refusal: Scenario) -> list[str]:
        return [message.partition(":")[0] for _, message in refusals_have_three_parts(refusal, spec)]

    def test_has_nothing_to_say_of_a_whole_one(self, spec: Spec, scenario: Author) -> None:
        whole = scenario(
            f"steps: [{FORBIDDEN}, {{expect: Error, at: carol}}, {FETCH}, {{expect: HistoryChunk, at: alice}}]",
            tags="[refusal]",
        )
        assert self.found(spec, whole) == []

    def test_has_nothing_to_say_of_what_is_no_refusal(self, spec: Spec, scenario: Author) -> None:
        assert self.found(spec, scenario(f"steps: [{SEND}]")) == []

    def test_misses_the_error_at_the_requester(self, spec: Spec, scenario: Author) -> None:
        elsewhere = scenario(
            f"steps: [{FORBIDDEN}, {{expect: Error, at: bob}}, {FETCH}, {{expect: HistoryChunk, at: alice}}]",
            tags="[refusal]",
        )
        assert self.found(spec, elsewhere) == ["a refusal expects Error at the connection whose request is refused"]

    def test_takes_one_of_several_ends_for_an_error(self, spec: Spec, scenario: Author) -> None:
        either = scenario(
            f"""
            steps:
              - {FORBIDDEN}
              - expect_either: [{{frame: Error}}, {{close: [1009]}}]
                at: carol
              - {FETCH}
              - expect: HistoryChunk
                at: alice
            """,
            tags="[refusal]",
        )
        assert self.found(spec, either) == []

    def test_misses_somebody_who_is_not_told(self, spec: Spec, scenario: Author) -> None:
        alone = scenario(
            f"steps: [{SEND}, {{expect: Error, at: alice}}, {FETCH}, {{expect: HistoryChunk, at: alice}}]",
            tags="[refusal]",
            given="{users: [alice], conversations: {lobby: {members: [alice]}}}",
        )
        assert self.found(spec, alone) == ["a refusal is silent for others"]

    def test_misses_the_look_at_the_state(self, spec: Spec, scenario: Author) -> None:
        blind = scenario(f"steps: [{FETCH}, {FORBIDDEN}, {{expect: Error, at: carol}}]", tags="[refusal]")
        assert self.found(spec, blind) == ["a refusal leaves the state alone"]

    def test_does_not_take_a_question_without_its_answer_for_a_look(self, spec: Spec, scenario: Author) -> None:
        deaf = scenario(f"steps: [{FORBIDDEN}, {{expect: Error, at: carol}}, {FETCH}]", tags="[refusal]")
        assert self.found(spec, deaf) == ["a refusal leaves the state alone"]

    def test_takes_a_barrier_or_a_confirmation_for_no_look(self, spec: Spec, scenario: Author) -> None:
        ping = "{send: Ping, by: alice}, {expect: Pong, at: alice}"
        again = f"{SEND}, {{expect: ActionConfirmed, at: alice}}"
        blind = scenario(f"steps: [{FORBIDDEN}, {{expect: Error, at: carol}}, {ping}, {again}]", tags="[refusal]")
        assert self.found(spec, blind) == ["a refusal leaves the state alone"]

    def test_takes_the_same_request_and_its_event_for_a_look(self, spec: Spec, scenario: Author) -> None:
        again = f"{SEND}, {{expect: NewMessage, at: bob}}"
        shown = scenario(f"steps: [{FORBIDDEN}, {{expect: Error, at: carol}}, {again}]", tags="[refusal]")
        assert self.found(spec, shown) == []
