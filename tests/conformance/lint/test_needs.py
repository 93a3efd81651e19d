"""What a scenario needs of its target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.lint.needs import instances_are_needed, restarts_are_needed_and_alone

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


class TestNeeds:
    @pytest.mark.parametrize(
        "text",
        [
            "given: {users: {alice: {instance: 2}}}\nsteps: [{sync: alice}]",
            "given: {users: [alice], devices: {alice@phone: {instance: 2}}}\nsteps: [{sync: alice}]",
            "given: {users: [alice]}\nsteps: [{connect: alice@phone, instance: 2}]",
        ],
    )
    def test_finds_an_instance_that_is_not_asked_for(self, spec: Spec, scenario: Author, text: str) -> None:
        assert [message for _, message in instances_are_needed(scenario(text), spec)] == [
            "it connects to instance 2: say `needs: {instances: 2}`"
        ]
        assert list(instances_are_needed(scenario(text, needs="{instances: 2}"), spec)) == []

    def test_finds_a_restart_that_is_not_asked_for_and_one_among_others(self, spec: Spec, scenario: Author) -> None:
        text = "steps: [{restart: hard}]"
        assert [message.partition(":")[0] for _, message in restarts_are_needed_and_alone(scenario(text), spec)] == [
            "it restarts the server",
            "it restarts the server while other scenarios run",
        ]
        alone = scenario(text, needs="{restart: true}", exclusive="true")
        assert list(restarts_are_needed_and_alone(alone, spec)) == []
