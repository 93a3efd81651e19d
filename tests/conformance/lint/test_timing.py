"""The tag slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.lint.timing import slow_means_waiting
from tests.conformance.lint.words import SEND

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


class TestTiming:
    def test_finds_a_pause_without_the_tag(self, spec: Spec, scenario: Author) -> None:
        one = scenario("steps: [{pause: timers.rate_window}]")
        assert [message.partition(":")[0] for _, message in slow_means_waiting(one, spec)] == [
            "it waits for a server's timer (`pause` or `within`)"
        ]

    def test_finds_a_longer_wait_without_the_tag(self, spec: Spec, scenario: Author) -> None:
        one = scenario("steps: [{expect: UserTyping, at: bob, within: timers.typing_expiry}]")
        assert len(list(slow_means_waiting(one, spec))) == 1

    def test_finds_the_tag_without_a_wait(self, spec: Spec, scenario: Author) -> None:
        one = scenario(f"steps: [{SEND}]", tags="[slow]")
        assert [message for _, message in slow_means_waiting(one, spec)] == [
            "it has the tag slow, and neither `pause` nor `within`"
        ]

    def test_has_nothing_to_say_where_they_agree(self, spec: Spec, scenario: Author) -> None:
        one = scenario("steps: [{repeat: 2, steps: [{pause: timers.rate_window}]}]", tags="[slow]")
        assert list(slow_means_waiting(one, spec)) == []
