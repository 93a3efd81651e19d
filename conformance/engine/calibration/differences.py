"""Says how a target differs from what its calibration measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.calibration.calibrate import calibrate
from conformance.errors import ProvisioningFailed, TargetUnreachable

if TYPE_CHECKING:
    from conformance.engine.context.run_context import RunContext

FEW_BROADCASTS = 5
"""Broadcasts of a calibration that only checks whether a target is unchanged."""


async def differences(run_context: RunContext) -> str:
    """Calibrate briefly once more, and say what has changed; empty: nothing."""
    before = run_context.calibration
    try:
        now = await calibrate(
            run_context.spec,
            run_context.target,
            run_context.provisioner,
            run_context.time_scale,
            run_context.throttle,
            pacer=run_context.pacer,
            broadcasts=FEW_BROADCASTS,
        )
    except (TargetUnreachable, ProvisioningFailed) as error:
        return str(error)
    facts = [
        ("greeting", before.greets, now.greets),
        ("answering the barrier", before.answers_barrier, now.answers_barrier),
        ("broadcasting", before.skew is not None, now.skew is not None),
    ]
    for kind in run_context.spec.incoming:
        facts.append((f"knowing {kind}", kind not in before.unknown_types, kind not in now.unknown_types))
    changes = [f"{'no longer' if was else 'now'} {what}" for what, was, is_ in facts if was != is_]
    return ", ".join(changes)
