"""A never has a witness or a control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.lint.silence import silence_has_a_witness
from tests.conformance.lint.words import FORBIDDEN, SEND

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


class TestSilence:
    NEVER = "{never: NewMessage, at: carol}"

    def found(self, spec: Spec, one: Scenario) -> list[tuple[int, str]]:
        return list(silence_has_a_witness(one, spec))

    def test_finds_a_never_that_a_deaf_connection_keeps(self, spec: Spec, scenario: Author) -> None:
        ((line, message),) = self.found(
            spec, scenario(f"steps: [{SEND}, {{expect: ActionConfirmed, at: alice}}, {self.NEVER}]")
        )
        assert line > 1
        assert message == (
            "nothing shows that carol could have got NewMessage, so this `never` proves little:"
            " expect NewMessage at another connection, or anything at carol"
        )

    def test_takes_such_a_frame_at_another_connection_for_a_witness(self, spec: Spec, scenario: Author) -> None:
        assert not self.found(spec, scenario(f"steps: [{SEND}, {{expect: NewMessage, at: bob}}, {self.NEVER}]"))

    def test_takes_another_frame_at_the_same_connection_for_a_control(self, spec: Spec, scenario: Author) -> None:
        assert not self.found(spec, scenario(f"steps: [{FORBIDDEN}, {{expect: Error, at: carol}}, {self.NEVER}]"))
