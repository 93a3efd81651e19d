"""A run that keeps no liveness connections says so, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.supervise.liveness import FEW
from conformance.engine.supervise.watchdog import Watchdog
from conformance.target.throttle import Limits, Throttle
from tests.conformance.run_contexts import run_context_at
from tests.doubles.fan_out import ChatServer

if TYPE_CHECKING:
    from conformance.spec import Spec


@pytest.mark.parametrize(("allowed", "noted"), [(FEW - 1, True), (FEW, False), (None, False)])
async def test_with_few_connections_no_restart_is_seen_at_once(spec: Spec, allowed: int | None, noted: bool) -> None:
    async with ChatServer().serving() as server:
        run_context = await run_context_at(spec, server.url, trials=False)
        throttle = Throttle(Limits(open_connections=allowed))
        run_context = replace(run_context, throttle=throttle, target=replace(run_context.target, throttle=throttle))
        async with Watchdog(run_context) as watchdog:
            notes = watchdog.notes()
    why = f"no connection was kept open to watch the server (the target allows {allowed} connections, fewer than {FEW})"
    assert any(note.startswith(why) for note in notes) == noted


async def test_with_lent_accounts_none_is_kept_either(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChatServer().serving() as server:
        run_context = await run_context_at(spec, server.url, trials=False)
        monkeypatch.setattr(type(run_context.provisioner), "lasting", True)
        async with Watchdog(run_context) as watchdog:
            assert any("the accounts of the target are lent" in note for note in watchdog.notes())
