"""The reference server behind a gateway that ends connections by design: no rule fails, and the run is complete."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.engine.supervise.liveness import LivenessConnections
from conformance.engine.supervise.watchdog import Watchdog
from conformance.results.model import Outcome, Result
from conformance.target.embedded import TIMERS, embedded
from reference_server.__main__ import main as sound
from tests.doubles.gateway import Gateway
from tests.forked import forked

if TYPE_CHECKING:
    from conformance.results.model import Calibration, Observation
    from conformance.spec import Spec
    from conformance.wire.connection import Connection

pytestmark = pytest.mark.end_to_end

AT_RISK = {"CONN-6", "CONN-7", "LEAVE-3", "LEAVE-4", "AUTH-4"}
"""Rules whose scenarios have the server end connections."""
RESTING = {"RATE-4"}
"""Rules whose scenarios wait for a window of the server, with nothing to say."""


async def outcomes(
    spec: Spec, rules: set[str], *, header: float, idle: float, keepalive: bool = True
) -> tuple[list[Result], RunState, int]:
    """Give the results that are no plain pass, how the run ended, and how many connections were ended as idle."""
    results: list[Result] = []

    def take(record: Calibration | Result | Observation) -> None:
        if isinstance(record, Result) and record.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE):
            results.append(record)

    scenarios = [one for one in spec.scenarios.values() if rules & set(one.rules) and "restart" not in one.needs]
    state = RunState()
    async with AsyncExitStack() as stack:
        target, _ = await stack.enter_async_context(embedded(spec, forked(sound)))
        gateways = [
            await stack.enter_async_context(Gateway(url, header=header, idle=idle).serving())
            for url in target.instances
        ]
        behind = replace(target, instances=tuple(one.url for one in gateways), keepalive=keepalive)
        await run(spec, behind, scenarios, (), Options(probes=False), take, state)
    return results, state, sum(one.ended for one in gateways)


async def test_that_ends_whoever_sends_no_request(whole_spec: Spec) -> None:
    results, state, _ = await outcomes(whole_spec, AT_RISK, header=0.5, idle=60)
    assert (results, state.stopped, state.doubts) == ([], "", "")


async def test_that_ends_whoever_is_idle_while_pings_keep_connections_in_use(
    whole_spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.engine.supervise.keepalive.SILENCE", 0.2)
    # On a busy machine a server may take seconds to answer a ping; a window is longer than the gateway waits.
    monkeypatch.setitem(TIMERS, "rate_window", 5.0)
    results, state, ended = await outcomes(whole_spec, AT_RISK | RESTING, header=1.0, idle=4.0)
    assert (results, state.stopped, state.doubts, ended) == ([], "", "", 0)


async def test_that_ends_whoever_is_idle_where_the_target_forbids_pings(
    whole_spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connections of the watchdog end, one after the other: the server is not gone, and no rule is charged."""
    explained = asyncio.Event()
    lost: list[str] = []
    judge, calibrate_again = LivenessConnections._judge, Watchdog.calibrate_again

    async def judge_and_tell(liveness: LivenessConnections, connection: Connection, instance: int) -> None:
        await judge(liveness, connection, instance)
        explained.set()

    async def calibrate_late(watchdog: Watchdog) -> None:
        """On a fast machine all scenarios are over before the gateway ends the first connection."""
        await explained.wait()
        lost.append(watchdog.seen)
        await calibrate_again(watchdog)

    monkeypatch.setattr(LivenessConnections, "_judge", judge_and_tell)
    monkeypatch.setattr(Watchdog, "calibrate_again", calibrate_late)
    # Far enough apart that a loaded machine does not see both end in the same moment.
    monkeypatch.setattr("conformance.engine.supervise.liveness.STAGGER", 1.0)
    # Whoever waits for a timer is cut off meanwhile: that is said, and no word about the server.
    monkeypatch.setattr("conformance.wire.events.IDLE", 1.0)
    results, state, ended = await outcomes(whole_spec, AT_RISK, header=1.0, idle=1.5, keepalive=False)
    assert (state.stopped, state.doubts, lost) == ("", "", [""])
    assert ended
    assert [one for one in results if one.outcome is not Outcome.BLOCKED] == []
    for one in results:
        assert "an idle timeout, of the server or of a gateway before it, looks like this" in one.problems[0].message
        assert "`keepalive: off`" in one.problems[0].message
