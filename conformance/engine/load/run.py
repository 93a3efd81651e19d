"""One load on one target, from its calibration to the last count."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conformance.engine.calibration.calibrate import calibrate
from conformance.engine.context.pacer import Pacer
from conformance.engine.context.run_context import RunContext
from conformance.engine.load.swarm import run_here
from conformance.engine.load.traffic import Traffic
from conformance.results.load.tally import Tally
from conformance.target.provision import open_provisioner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conformance.engine.load.job import Job
    from conformance.spec import Spec
    from conformance.target import Target

LENT = 0.5
"""Seconds that an account rests at least before another scenario gets it, where accounts are lent."""
COLLECT = 1.0
"""Seconds between two looks at what was counted."""


@dataclass(slots=True)
class Load:
    """A load as far as it has gone: what was counted, in how many seconds, by how many processes.

    `stopped` says why it ended early; empty: it did not.
    """

    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    workers: int = 1
    stopped: str = ""


@asynccontextmanager
async def open_side(
    spec: Spec, target: Target, time_scale: float, *, bystanders: bool = False
) -> AsyncIterator[RunContext]:
    """Calibrate a target, and give what its scenarios share; raises TargetUnreachable or ProvisioningFailed.

    A frame is lost only after the time that a reply may take: slow is not lost.
    """
    pacer, throttle = Pacer(spec, target), target.throttle
    async with open_provisioner(target, spec.protocol.default_role) as provisioner:
        calibration = await calibrate(spec, target, provisioner, time_scale, throttle, set(), pacer)
        settle = calibration.settle
        if provisioner.lasting:  # Under load, what is late must not reach the next user of an account.
            settle = max(settle, min(target.reply, LENT))
        calibration = replace(calibration, patience=max(calibration.patience, target.reply), settle=settle)
        yield RunContext(
            spec,
            target,
            calibration,
            provisioner,
            pacer,
            time_scale,
            secrets=target.keys,
            throttle=throttle,
            bystanders=bystanders,
        )


async def run_load(job: Job, run_context: RunContext, load: Load) -> None:
    """Run a load in this process; `load` is up to date also when this is cancelled."""
    traffic = Traffic(run_context, job)
    began = time.monotonic()
    collecting = asyncio.create_task(_collect(traffic, load, began))
    try:
        await run_here(job, traffic)
    finally:
        collecting.cancel()
        load.tally.merge(traffic.take())
        load.seconds = time.monotonic() - began
        load.stopped = traffic.stopped


async def _collect(traffic: Traffic, load: Load, began: float) -> None:
    while True:
        await asyncio.sleep(COLLECT)  # A sleep: counts are collected at intervals.
        load.tally.merge(traffic.take())
        load.seconds = time.monotonic() - began
