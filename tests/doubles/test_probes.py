"""What the probes say of the two earlier servers: nothing that was not seen there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.results.model import Calibration, Observation, Result
from reference_server.earlier.acknowledge_everything import acknowledging
from reference_server.earlier.relay_everything import relaying
from tests.conformance.run_contexts import SECRET, target_at

if TYPE_CHECKING:
    from conformance.spec import Spec

pytestmark = pytest.mark.end_to_end

TIMERS = {"token_leeway": 0.2}
OF_A_CONNECTION = {
    "connection-limit[newest]": "lives",
    "connection-limit[oldest]": "lives",
    "origin": "accepted",
    "token-audience": "accepted",
    "token-expiry": "stays open",
    "token-without-expiry": "accepted",
}


async def observed(spec: Spec, url: str) -> dict[str, str]:
    """Give what was really observed, by probe."""
    records: list[Calibration | Result | Observation] = []
    target = target_at(spec, url, timers=TIMERS)
    await run(spec, target, [], tuple(spec.probes.values()), Options(jobs=40), records.append, RunState())
    seen = [one for one in records if isinstance(one, Observation)]
    assert len(seen) == len(spec.probes)
    return {one.id: one.observed for one in seen if one.seen}


@pytest.mark.timeout(300)
async def test_of_the_server_that_acknowledges_everything(whole_spec: Spec) -> None:
    async with acknowledging() as url:
        assert await observed(whole_spec, url) == OF_A_CONNECTION | {
            "bad-token-answer[expired]": "let in",
            "bad-token-answer[forged]": "let in",
            "bad-token-answer[missing]": "let in",
            "binary-frame[a-ping-in-json]": "ignored",
            "binary-frame[not-text]": "ignored",
            "duplicate-join": "confirmed",
            "error-shape": "a message and no code",
            "greeting": "greets with connected",
        }


@pytest.mark.nightly
@pytest.mark.timeout(300)
async def test_of_the_server_that_relays_everything(whole_spec: Spec) -> None:
    async with relaying(SECRET) as url:
        assert await observed(whole_spec, url) == OF_A_CONNECTION | {
            "bad-token-answer[expired]": "refused before the upgrade",
            "bad-token-answer[forged]": "refused before the upgrade",
            "bad-token-answer[missing]": "refused before the upgrade",
            "greeting": "does not greet",
        }
