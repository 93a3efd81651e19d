"""The shipped target files of the two earlier servers, each against its double: nothing ends by our own fault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.results.model import Calibration, Observation, Outcome, Result
from conformance.target.read import read_target
from reference_server.earlier.acknowledge_everything import acknowledging
from reference_server.earlier.relay_everything import relaying
from tests.conformance.run_contexts import SECRET

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from conformance.spec import Spec

pytestmark = pytest.mark.end_to_end

SERVERS = {
    "rust-chat-server": acknowledging,
    "veza-backend-api": lambda: relaying(SECRET),
}
BASES = ("ping-pong.pings", "jwt-authentication.bad-token", "send-message.e", "calls.a", "calls.o")


@pytest.mark.timeout(200)
@pytest.mark.parametrize("name", SERVERS)
async def test_a_shipped_target_never_ends_by_our_own_fault(whole_spec: Spec, name: str) -> None:
    server: AbstractAsyncContextManager[str] = SERVERS[name]()
    chosen = {one.base: one for one in whole_spec.scenarios.values() if one.id.startswith(BASES)}
    records: list[Calibration | Result | Observation] = []
    async with server as url:
        file = whole_spec.folder / "targets" / f"{name}.yaml"
        target = replace(read_target(file, whole_spec, instances=(url,), secret=SECRET), reply=0.5)
        await run(whole_spec, target, list(chosen.values()), (), Options(jobs=40), records.append, RunState())
    results = [one for one in records if isinstance(one, Result)]
    assert len(results) == len(chosen) > 5
    assert [one.problems for one in results if one.outcome is Outcome.BROKEN] == []
