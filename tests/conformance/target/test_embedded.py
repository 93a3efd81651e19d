"""The reference server of a run without a target: it comes, can be killed and come back, and goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.engine.calibration.calibrate import calibrate
from conformance.errors import TargetUnreachable
from conformance.target.embedded import TIMERS, embedded
from conformance.target.provision import open_provisioner
from reference_server.__main__ import main
from tests.forked import forked

if TYPE_CHECKING:
    from conformance.spec import Spec


def running() -> list[str]:
    """Give the command lines of our own children."""
    children = Path("/proc/self/task").glob("*/children")
    pids = [pid for one in children for pid in one.read_text().split()]
    return [Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in pids]


async def test_has_two_instances_and_short_timers_and_greets(spec: Spec) -> None:
    others = running()
    async with embedded(spec) as (target, _), open_provisioner(target, spec.protocol.default_role) as provisioner:
        calibration = await calibrate(spec, target, provisioner, 1.0)
        assert any("reference_server" in line for line in set(running()) - set(others))
    assert len(set(target.instances)) == 2
    assert target.profile["timers"] == {**spec.protocol.profile["timers"], **TIMERS}
    assert (calibration.greets, calibration.answers_barrier, calibration.unknown_types) == (True, True, ())
    assert calibration.skew is not None
    assert running() == others


async def test_comes_back_at_the_same_place_after_a_kill(spec: Spec) -> None:
    async with embedded(spec, forked(main)) as (target, server):
        before = server.instances
        await server.restart()
        assert server.instances == before == target.instances


async def test_that_does_not_start_says_what_its_log_says(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    others = running()
    monkeypatch.setattr("conformance.target.embedded.TIMERS", {"rate_window": "soon"})
    with pytest.raises(TargetUnreachable, match="did not start") as raised:
        async with embedded(spec):
            pass
    assert "soon" in str(raised.value)
    assert running() == others
