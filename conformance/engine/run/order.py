"""Puts scenarios in the order in which a run starts them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.scenario.model import Scenario


def in_order(scenarios: Sequence[Scenario], order: str) -> list[Scenario]:
    """Put scenarios in the order `id`, `reverse` or `random:SEED`; those that run alone stay last.

    Raises UsageError for any other order.
    """
    arranged = sorted(scenarios, key=lambda one: one.id)
    if order == "reverse":
        arranged.reverse()
    elif order.startswith("random:") and order != "random:":
        random.Random(order).shuffle(arranged)  # noqa: S311 -- an order to repeat, not a secret
    elif order != "id":
        raise UsageError(f"--order takes id, reverse or random:SEED, not {order!r}")
    # Scenarios that wait for a server's timer start first, so that the others run meanwhile.
    return sorted(arranged, key=lambda one: (one.exclusive, "slow" not in one.tags))
