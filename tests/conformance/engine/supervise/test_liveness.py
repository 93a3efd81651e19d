"""When a run keeps no liveness connections, and when their end says nothing of the server."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from conformance.engine.context.closes import TENDED
from conformance.engine.context.open_connections import OpenConnections
from conformance.engine.supervise.liveness import FEW, LivenessConnections
from conformance.engine.supervise.watchdog import Watchdog
from conformance.target.throttle import Limits, Throttle
from conformance.wire.events import Closed
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


LATE, KEPT = (Closed(None, idle=30, untended=seconds) for seconds in (2 * TENDED, TENDED / 2))


@pytest.mark.parametrize(
    ("first", "second", "is_loss"),
    [(KEPT, KEPT, True), (LATE, LATE, False), (LATE, KEPT, True)],
    ids=["both were kept in use", "our pings were late on both", "on one of them"],
)
async def test_all_connections_may_end_as_idle_where_our_pings_were_late(
    first: Closed, second: Closed, is_loss: bool
) -> None:
    open_connections, lost = OpenConnections(), Mock()
    target = SimpleNamespace(keepalive=True, instances=())
    run: Any = SimpleNamespace(open_connections=open_connections, target=target, time_scale=0, provisioner=Mock())
    ended: list[Any] = [Mock(closed=first), Mock(closed=second)]
    for one in ended:
        open_connections.add(one, 1)
    for one in ended:
        open_connections.end(one)
    await LivenessConnections(run, lost)._judge(ended[0], 1)
    assert lost.called == is_loss
