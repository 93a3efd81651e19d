from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import conformance.cli.load_workers as module
from conformance.cli.load_workers import Workers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.end_to_end
async def test_a_worker_that_has_ended_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENDING", 100.0)
    workers = Workers(1, ["nowhere.yaml"], {}, tmp_path)
    workers.start(9)
    await workers.stop()
    said = workers.gone()
    assert said.startswith("a worker ended with exit code 2: chat-parity: ")
    assert "nowhere.yaml" in said


async def test_workers_that_have_not_been_started_are_not_missed(tmp_path: Path) -> None:
    workers = Workers(2, [], {}, tmp_path)
    await workers.stop()
    assert workers.gone() == ""
