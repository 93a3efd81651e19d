"""The verb against the reference server, started once: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from conformance.cli import probe as module
from conformance.cli.probe import probe
from conformance.errors import TargetUnreachable, UsageError
from conformance.files.folder_lock import exclusive
from conformance.results.runlog import read_run
from conformance.target.embedded import embedded
from reference_server.__main__ import main
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "a secret that is long enough for any HMAC that signs tokens here"
NOWHERE = "ws://127.0.0.1:1/ws"


def invoke(*words: object) -> Result:
    return CliRunner().invoke(probe, [str(word) for word in words])


@pytest.fixture(scope="module", autouse=True)
def forked_server() -> Iterator[None]:
    """Fork the server of a run without a target."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conformance.cli.targets.embedded", partial(embedded, launch=forked(main)))
        yield


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("probe") / "run.jsonl"
    return invoke("sender-echo", "greet*", "--why", "--out", out), out


def test_prints_what_was_observed_by_id_and_why_it_matters(observed: tuple[Result, Path]) -> None:
    result, _ = observed
    assert result.exit_code == 0, result.output
    first, why, *_ = result.output.splitlines()
    assert first.startswith("greeting     ")
    assert why.startswith("             ")
    assert "\nsender-echo  echoed\n" in result.output


def test_writes_a_log_with_transcripts(observed: tuple[Result, Path]) -> None:
    run = read_run(observed[1])
    assert run.complete
    assert run.results == ()
    assert sorted(one.id for one in run.probes) == ["greeting", "sender-echo"]
    assert all(one.transcript for one in run.probes)


def test_leaves_a_log_alone_that_another_run_writes(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        error = invoke("sender-echo", "--out", tmp_path / "run.jsonl").exception
    assert isinstance(error, UsageError)
    assert f"{tmp_path} is in use by another run (process " in str(error)
    assert list(tmp_path.iterdir()) == []


def test_gives_json() -> None:
    (document,) = json.loads(invoke("sender-echo", "--format", "json").stdout)
    assert (document["id"], document["observed"]) == ("sender-echo", "echoed")
    assert document["why"]


def test_says_that_no_probe_has_such_a_name() -> None:
    error = invoke("no-such-probe").exception
    assert isinstance(error, UsageError)
    assert str(error) == "no probe is called 'no-such-probe'; `chat-parity list probes` shows them"


def test_says_that_the_server_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", SECRET)
    error = invoke(NOWHERE, "sender-echo").exception
    assert isinstance(error, TargetUnreachable)
    assert error.exit_code == 3


def test_shows_what_was_seen_until_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_observe", interrupted)
    result = invoke("sender-echo")
    assert result.exit_code == 3
    assert "interrupted, 0 of 1 probes were observed" in result.output
