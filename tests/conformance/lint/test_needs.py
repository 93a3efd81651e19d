"""What a scenario needs of its target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.lint.needs import acting_users_are_needed, instances_are_needed, restarts_are_needed_and_alone

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

    def test_finds_a_user_who_changes_a_role_where_not_every_run_can(self, spec: Spec, scenario: Author) -> None:
        text = "steps: [{provision: {remove: {conversation: lobby, user: bob, by: alice}}}]"
        assert [message for _, message in acting_users_are_needed(scenario(text), spec)] == [
            "a user asks for a change of a role: say `needs: {acts_as_users: true}`"
        ]
        assert list(acting_users_are_needed(scenario(text, needs="{acts_as_users: true}"), spec)) == []
        admin = "steps: [{provision: {remove: {conversation: lobby, user: bob}}}]"
        assert list(acting_users_are_needed(scenario(admin), spec)) == []

    def test_finds_a_restart_that_is_not_asked_for_and_one_among_others(self, spec: Spec, scenario: Author) -> None:
        text = "steps: [{restart: hard}]"
        assert [message.partition(":")[0] for _, message in restarts_are_needed_and_alone(scenario(text), spec)] == [
            "it restarts the server",
            "it restarts the server while other scenarios run",
        ]
        alone = scenario(text, needs="{restart: true}", exclusive="true")
        assert list(restarts_are_needed_and_alone(alone, spec)) == []
