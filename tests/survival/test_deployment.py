"""The whole rig sees a server that loses, doubles or reorders: else its green table would say nothing."""

from __future__ import annotations

import pytest

from tests.survival.deployment import Deployment

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(300)]


async def findings(acknowledgements: int):
    async with Deployment("sqlite") as deployment:
        await deployment.load.progress(acknowledgements, 120)
        return (await deployment.end(1)).findings


async def test_nothing_is_found_wrong_with_the_server_as_it_is():
    assert not (await findings(20)).wrong


@pytest.mark.parametrize(("sabotage", "kind"), [("lose", "lost"), ("twice", "doubled"), ("late", "reordered")])
async def test_a_server_that_breaks_a_promise_is_found(monkeypatch: pytest.MonkeyPatch, sabotage: str, kind: str):
    monkeypatch.setenv("SABOTAGE", sabotage)
    monkeypatch.setattr("tests.survival.deployment.PATIENCE_S", 20.0)
    assert getattr(await findings(20), kind)
