"""Scenarios that name no instance take turns on all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.context.home import home_of
from conformance.scenario.model import User

if TYPE_CHECKING:
    from tests.conformance.run_contexts import Author


def test_scenarios_without_places_take_turns_by_their_ids(scenario: Author) -> None:
    plain = scenario("given: {users: [alice]}\nsteps: [{sync: [alice]}]")
    named = [replace(plain, id=f"send-message.case-{number}") for number in range(200)]
    homes = Counter(home_of(one, 2) for one in named)
    assert homes.keys() == {1, 2}
    assert min(homes.values()) > 60
    assert {home_of(one, 1) for one in named} == {1}


@pytest.mark.parametrize(
    "written",
    [
        "given: {users: {alice: {instance: 1}}}\nsteps: [{sync: [alice]}]",
        "given: {users: [alice], devices: {alice@phone: {instance: 1}}}\nsteps: [{sync: [alice]}]",
        "given: {users: [alice]}\nsteps: [{repeat: 1, steps: [{connect: alice@phone, instance: 1}]}]",
        "given: {users: [alice]}\nsteps: [{restart: hard}]",
        "given: {users: [alice], conversations: {lobby: {members: [alice]}}}\n"
        "steps: [{provision: {remove: {conversation: lobby, user: alice}}}]",
    ],
    ids=["user", "device", "connect", "restart", "role"],
)
def test_a_scenario_that_names_places_or_changes_roles_is_at_home_on_the_first(scenario: Author, written: str) -> None:
    named = {home_of(replace(scenario(written), id=f"send-message.case-{number}"), 2) for number in range(20)}
    assert named == {1}


def test_the_places_of_bystanders_do_not_count(scenario: Author) -> None:
    plain = scenario("given: {users: [alice]}\nsteps: [{sync: [alice]}]")
    crowded = replace(
        plain, given=replace(plain.given, users={**plain.given.users, "out": User(instance=2)}, bystanders=("out",))
    )
    for number in range(20):
        name = f"send-message.case-{number}"
        assert home_of(replace(crowded, id=name), 2) == home_of(replace(plain, id=name), 2)
