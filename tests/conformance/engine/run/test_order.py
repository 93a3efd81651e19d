"""Scenarios are put in the order in which a run starts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.run.order import in_order
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


def ids(scenarios: list[Scenario]) -> list[str]:
    return [one.id.removeprefix("toy.") for one in scenarios]


class TestArrange:
    def test_puts_slow_ones_first_and_exclusive_ones_last(self, toys: Spec) -> None:
        arranged = ids(in_order(list(toys.scenarios.values()), "id"))
        assert arranged == ["slow", "cased[one]", "cased[other]", "first", "second", "should", "alone"]

    def test_turns_the_order_around(self, toys: Spec) -> None:
        arranged = ids(in_order(list(toys.scenarios.values()), "reverse"))
        assert arranged == ["slow", "should", "second", "first", "cased[other]", "cased[one]", "alone"]

    def test_shuffles_the_same_way_for_the_same_seed(self, toys: Spec) -> None:
        scenarios = list(toys.scenarios.values())
        orders = {seed: ids(in_order(scenarios, f"random:{seed}")) for seed in range(20)}
        assert orders == {seed: ids(in_order(scenarios[::-1], f"random:{seed}")) for seed in range(20)}
        assert len({tuple(order) for order in orders.values()}) > 5
        assert {order[-1] for order in orders.values()} == {"alone"}

    def test_knows_no_other_order(self, toys: Spec) -> None:
        with pytest.raises(UsageError):
            in_order(list(toys.scenarios.values()), "by-mood")
