"""Features are chosen by weight, and the scenarios of a feature in equal parts."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.load.mix import Mix, choose_scenarios, read_weights, suitable
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


@pytest.fixture
def toy(scenario: Author) -> Scenario:
    return scenario("steps: [{send: Ping, by: alice}]")


def test_a_feature_is_chosen_as_often_as_its_weight_says(toy: Scenario) -> None:
    some = [
        replace(toy, id="a", feature="send_message"),
        replace(toy, id="b", feature="send_message"),
        replace(toy, id="c", feature="ping_pong"),
        replace(toy, id="d", feature="edit_message"),
    ]
    mix = Mix.of(some, {"send_message": 3.0, "ping_pong": 1.0, "edit_message": 0.0})
    draws = random.Random(1)
    seen = Counter(mix.choose(draws) for _ in range(8000))
    assert seen.keys() == {"a", "b", "c"}
    assert seen["a"] == pytest.approx(3000, rel=0.1)
    assert seen["b"] == pytest.approx(3000, rel=0.1)
    assert seen["c"] == pytest.approx(2000, rel=0.1)


def test_weights_are_read_by_id_or_number(spec: Spec) -> None:
    assert read_weights(["send_message=5, 4=0.5", "ping_pong"], spec) == {
        "send_message": 5.0,
        "edit_message": 0.5,
        "ping_pong": 1.0,
    }


def test_without_a_mix_all_features_are_alike(spec: Spec) -> None:
    assert read_weights([], spec) == dict.fromkeys(spec.features, 1.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["send_mesage=1"], "there is no feature 'send_mesage'; did you mean 'send_message'"),
        (["send_message=much"], "'send_message=much' is no part of a mix; write for example send_message=5"),
        (["send_message=-1"], "is no part of a mix"),
        (["send_message=nan"], "is no part of a mix"),
        (["send_message=1,3=2"], "the mix names send_message twice"),
        (["send_message=0"], "the mix has no feature with a weight over 0"),
    ],
)
def test_a_mistake_in_a_mix_is_told(words: list[str], said: str, spec: Spec) -> None:
    with pytest.raises(UsageError) as raised:
        read_weights(words, spec)
    assert said in str(raised.value)


def test_of_each_feature_some_scenarios_are_chosen_and_files_come_before_cases(toy: Scenario, spec: Spec) -> None:
    some = [replace(toy, id=f"toy.{name}[{case}]") for name in "abc" for case in ("one", "two")]
    some.append(replace(toy, id="toy.alone", exclusive=True))
    toys = replace(spec, scenarios={one.id: one for one in some})

    def chosen(most: int) -> list[str]:
        return [one.id for one in choose_scenarios(toys, {toy.feature: 1.0}, most)]

    assert chosen(1) == ["toy.a[one]"]
    assert chosen(3) == ["toy.a[one]", "toy.b[one]", "toy.c[one]"]
    assert chosen(4) == ["toy.a[one]", "toy.a[two]", "toy.b[one]", "toy.c[one]"]
    assert len(chosen(99)) == 6
    assert choose_scenarios(toys, {toy.feature: 0.0}, 9) == []


def test_a_scenario_that_needs_the_server_for_itself_is_no_traffic(toy: Scenario) -> None:
    assert suitable(toy)
    assert not suitable(replace(toy, exclusive=True))
    assert not suitable(replace(toy, tags=frozenset({"slow"})))
    assert not suitable(replace(toy, needs={"restart": True}))
