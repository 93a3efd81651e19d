"""A job travels as JSON, and its shape says what Locust has to spawn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.engine.load.job import Job, Shape, share_of
from conformance.engine.load.mix import Mix
from conformance.errors import UsageError
from conformance.target.throttle import Throttle
from conformance.target.throttle.limits import Limits
from tests.conformance.run_contexts import target_at

if TYPE_CHECKING:
    from conformance.spec import Spec


def test_the_json_form_is_read_back() -> None:
    mix = Mix(("a", "b"), (1.0, 3.0))
    job = Job(mix, Shape(20, 2.5, 5.0, 60.0), 7, "sha256:0", {"a": ("cause",), "b": ()}, 2.0, True, 3)
    assert Job.from_dict(json.loads(json.dumps(job.to_dict()))) == job


def test_without_a_rate_each_user_is_one_of_locust() -> None:
    shape = Shape(users=20, ramp=10.0)
    assert (shape.generators, shape.spawn_rate) == (20, 2.0)


def test_a_rate_is_shared_by_generators_that_ramp() -> None:
    assert (Shape(rate=50.0, ramp=10.0).generators, Shape(rate=50.0, ramp=10.0).spawn_rate) == (50, 5.0)
    assert Shape(rate=0.2).generators == 1
    assert Shape(rate=5000.0).generators == 100


def test_without_a_ramp_all_are_spawned_at_once() -> None:
    assert Shape(users=20, ramp=0.0).spawn_rate == 20


def test_workers_share_the_limits_of_the_throttle(spec: Spec) -> None:
    limits = Limits(requests_per_second=30, connections_per_second=9, open_connections=31, run_requests=100)
    target = target_at(spec, "ws://127.0.0.1:9/ws", throttle=Throttle(limits))
    part = share_of(target, 3).throttle.limits
    assert (part.requests_per_second, part.connections_per_second) == (10, 3)
    assert (part.open_connections, part.run_requests, part.account_requests_per_second) == (10, 33, None)
    assert share_of(target, 1) is target


def test_more_workers_than_connections_are_refused(spec: Spec) -> None:
    target = target_at(spec, "ws://127.0.0.1:9/ws", throttle=Throttle(Limits(open_connections=2)))
    with pytest.raises(UsageError, match=r"the target's throttle allows too little for 3 workers"):
        share_of(target, 3)
