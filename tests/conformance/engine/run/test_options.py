"""The defaults of a run depend on the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.run.options import Options, settled
from conformance.target.throttle import Throttle
from conformance.target.throttle.limits import Limits
from tests.conformance.run_contexts import target_at

if TYPE_CHECKING:
    from conformance.spec import Spec


@pytest.mark.parametrize(
    ("wanted", "rate", "decided"), [(None, 10, False), (None, None, True), (True, 10, True), (False, None, False)]
)
def test_bystanders_are_on_by_default_unless_the_rate_of_connections_is_limited(
    spec: Spec, wanted: bool | None, rate: float | None, decided: bool
) -> None:
    target = target_at(spec, "ws://127.0.0.1:1/ws", throttle=Throttle(Limits(connections_per_second=rate)))
    assert settled(Options(bystanders=wanted), target).bystanders is decided
