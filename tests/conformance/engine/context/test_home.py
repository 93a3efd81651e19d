"""Scenarios that name no instance take turns on all of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.context.home import home_of
from conformance.scenario.model import User
from conformance.scenario.turns import with_turns

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author

AT_HOME = {"ACK-4", "PERM-2", "PERM-4", "PERM-5"}
"""Their scenarios change roles or restart the server; what holds on another instance then, feature 23 says."""


def test_the_scenarios_of_a_rule_that_name_no_place_take_turns(scenario: Author) -> None:
    plain = scenario("given: {users: [alice]}\nsteps: [{sync: [alice]}]")
    placed = scenario("given: {users: {alice: {instance: 2}}}\nsteps: [{sync: [alice]}]")
    other = replace(plain, rules=("EDIT-1",))
    named = with_turns({str(number): one for number, one in enumerate((plain, placed, other, plain, placed, plain))})
    homes = [home_of(named[name], 2) for name in "035"]
    assert homes in ([1, 2, 1], [2, 1, 2])
    assert {home_of(one, 1) for one in named.values()} == {1}


def test_every_must_rule_is_judged_on_both_instances(whole_spec: Spec) -> None:
    homes: dict[str, set[int]] = defaultdict(set)
    for one in whole_spec.scenarios.values():
        places = {user.instance for user in one.given.users.values()} | {*one.given.devices.values()}
        for rule in one.rules:
            homes[rule] |= {home_of(one, 2), *places} - {None}
    musts = {name for name, rule in whole_spec.rules.items() if rule.level == "must"}
    assert {name for name in musts if homes[name] != {1, 2}} == AT_HOME


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
    named = {home_of(replace(scenario(written), turn=turn), 2) for turn in range(4)}
    assert named == {1}


def test_the_places_of_bystanders_do_not_count(scenario: Author) -> None:
    plain = scenario("given: {users: [alice]}\nsteps: [{sync: [alice]}]")
    crowded = replace(
        plain, given=replace(plain.given, users={**plain.given.users, "out": User(instance=2)}, bystanders=("out",))
    )
    for turn in range(4):
        assert home_of(replace(crowded, turn=turn), 2) == home_of(replace(plain, turn=turn), 2)
