"""Scenarios are rehearsed, and then run as traffic by Locust beside the event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from conformance.engine.load.job import Shape
from conformance.engine.load.rehearse import Rehearsed, rehearse
from conformance.engine.load.run import Load, open_side, run_load
from conformance.engine.load.traffic import Traffic
from conformance.errors import ProvisioningFailed
from conformance.results.load.tally import Ending
from tests.conformance.run_contexts import target_at
from tests.doubles.fan_out import ChatServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.engine.load.job import Job
    from conformance.spec import Spec


async def loaded(spec: Spec, job: Job, *later: str) -> Load:
    load = Load()
    async with ChatServer().serving() as server:
        target = target_at(spec, server.url, reply=0.5)
        async with open_side(spec, target, 1.0) as run_context:
            server.wrong |= set(later)
            await run_load(job, run_context, load)
    return load


async def test_what_passes_without_load_is_kept_and_the_rest_is_named(toys: Spec) -> None:
    rehearsed = Rehearsed()
    async with (
        ChatServer().serving() as server,
        open_side(toys, target_at(toys, server.url, reply=0.2), 1.0) as context,
    ):
        await rehearse(toys.scenarios.values(), context, rehearsed)
    assert [one.id for one in rehearsed.passed] == ["toy.told"]
    assert rehearsed.left_out == {"toy.never": "FAIL without load: no MessageEdited at bob"}


async def test_users_run_one_scenario_after_another(toys: Spec, job_of: Callable[..., Job]) -> None:
    load = await loaded(toys, job_of())
    tally = load.tally
    assert tally.scenarios == tally.ended(Ending.PASSED) > 4
    assert tally.sent["SendMessage"] == tally.scenarios
    assert tally.replies["SendMessage"].count == tally.scenarios
    assert tally.deliveries["NewMessage"].count == tally.scenarios
    assert (load.stopped, tally.dropped) == ("", 0)


async def test_scenarios_begin_at_a_rate_and_none_where_there_is_no_room(
    toys: Spec, job_of: Callable[..., Job]
) -> None:
    load = await loaded(toys, job_of(Shape(users=1, rate=400.0, ramp=0.0, seconds=0.6)))
    assert load.tally.ended(Ending.PASSED) > 0
    assert load.tally.dropped > 0


@pytest.mark.parametrize(("fault", "kind"), [("drop", "lost"), ("duplicate", "unexpected")])
async def test_a_server_that_loses_or_doubles_events_under_load_is_found(
    toys: Spec, job_of: Callable[..., Job], fault: str, kind: str
) -> None:
    load = await loaded(toys, job_of(), fault)
    assert load.tally.ended(Ending.FAILED) > 0
    assert {one.kind for one in load.tally.failures} == {kind}
    assert bool(load.tally.doubled["NewMessage"]) is (fault == "duplicate")


async def test_a_load_that_is_interrupted_keeps_what_was_counted(toys: Spec, job_of: Callable[..., Job]) -> None:
    load = Load()
    server = ChatServer()
    async with server.serving(), open_side(toys, target_at(toys, server.url), 1.0) as run_context:
        shape = Shape(users=2, ramp=0.0, seconds=600.0)
        running = asyncio.create_task(run_load(job_of(shape), run_context, load))
        while not load.tally.scenarios:  # noqa: ASYNC110 -- counts are collected at intervals, without an event
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait({running})
    assert load.tally.ended(Ending.PASSED) > 0


async def test_what_has_no_end_is_cancelled_when_the_load_is_over(
    toys: Spec, job_of: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.engine.load.traffic.DRAIN", 0.05)
    server = ChatServer()
    async with server.serving(), open_side(toys, target_at(toys, server.url, reply=3.0), 1.0) as run_context:
        server.wrong.add("silence")
        traffic = Traffic(run_context, job_of())
        running = asyncio.create_task(traffic.run_one("toy.told"))
        await asyncio.sleep(0)
        await traffic.drain()
        await running
    assert traffic.take().not_judged == {"it had not ended when the load was over": 1}


async def test_a_target_that_is_lost_ends_the_load(
    toys: Spec, job_of: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.engine.load.traffic.MOST_LOST", 2)
    server = ChatServer()
    async with server.serving(), open_side(toys, target_at(toys, server.url, reply=0.2), 1.0) as run_context:
        traffic = Traffic(run_context, job_of())
    await traffic.run_one("toy.told")
    await traffic.run_one("toy.told")
    assert traffic.stopped.startswith("the target was lost under the load: ")


async def test_a_target_that_prepares_nothing_any_more_ends_the_load(
    toys: Spec, job_of: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ProvisioningFailed("nobody listens there")

    monkeypatch.setattr("conformance.engine.load.traffic.MOST_LOST", 2)
    server = ChatServer()
    async with server.serving(), open_side(toys, target_at(toys, server.url, reply=0.2), 1.0) as run_context:
        monkeypatch.setattr("conformance.engine.scenario_run.run_scenario.provide", fail)
        traffic = Traffic(run_context, job_of())
        await traffic.run_one("toy.told")
        await traffic.run_one("toy.told")
    assert traffic.stopped == "the target was lost under the load: nobody listens there"


async def test_what_is_slow_is_not_lost_and_lent_accounts_rest(toys: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChatServer().serving() as server:
        target = target_at(toys, server.url, reply=3.0)
        async with open_side(toys, target, 1.0) as own:
            assert (own.calibration.patience, own.calibration.settle) == (3.0, 0.0)
        monkeypatch.setattr("conformance.target.provision.created.CreatingProvisioner.lasting", True)
        async with open_side(toys, target, 1.0) as lent:
            assert lent.calibration.settle == 0.5
