from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import conformance.cli.explore as verb
from conformance.cli.main import main
from conformance.cli.targets import is_scenario_file, split
from conformance.files.folder_lock import exclusive

if TYPE_CHECKING:
    from pathlib import Path


def _ends(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["explore", *words])
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--feature", "edit_messages"], "there is no feature 'edit_messages'; did you mean 'edit_message'?"),
        (["--feature", "permissions"], "permissions has no requests of its own"),
        (["--budget", "soon"], "'soon' is not a duration"),
        (["--waivers", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_a_mistake_in_the_usage_ends_with_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert _ends(*words) == 2
    assert said in capsys.readouterr().err


def test_a_server_that_is_not_there_ends_with_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JWT_SECRET", "a secret that is long enough for any HMAC")
    assert _ends("ws://127.0.0.1:9/ws", "--against", "ws://127.0.0.1:9/ws", "--out", str(tmp_path)) == 3
    said = capsys.readouterr().err
    assert "nobody listens there" in said
    assert "both are the same server" in said


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ends("--help") == 0
    assert "chat-parity explore staging.yaml --budget 5m\n" in capsys.readouterr().out


def test_a_file_with_steps_is_a_scenario_and_no_target(tmp_path: Path) -> None:
    scenario, target = tmp_path / "explored-1.yaml", tmp_path / "staging.yaml"
    scenario.write_text("id: a.b\nsteps: []\n", encoding="utf-8")
    target.write_text("name: staging\n", encoding="utf-8")
    assert is_scenario_file(str(scenario))
    assert not is_scenario_file(str(target))
    assert split((str(scenario),)) == (None, (str(scenario),))
    assert split((str(target), str(scenario))) == (str(target), (str(scenario),))


def test_ctrl_c_keeps_the_scenarios_of_findings_that_were_shown_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written: list[str] = []
    monkeypatch.setattr(
        "conformance.engine.explore.proving.write_scenario", lambda *given: written.append(given[-1].name)
    )
    found: Any = [SimpleNamespace(id=name, again=again) for name, again in (("proved", 3), ("new", 2), ("gone", 0))]
    search: Any = SimpleNamespace(comparer=None, explored=SimpleNamespace(findings={one.id: one for one in found}))
    server: Any = SimpleNamespace()
    state = verb._State(search, server, server, {"proved": "runs it again"})
    verb._write_the_rest(state, tmp_path)
    assert written == ["explored-new.yaml"]
    assert state.proved["new"] == "was not run again: the search was interrupted"


@pytest.mark.nightly
def test_two_equal_servers_have_no_finding_and_the_log_says_what_was_compared(tmp_path: Path) -> None:
    assert _ends("--conversations", "5", "--steps", "10", "--seed", "1", "--out", str(tmp_path)) == 0
    (summary,) = map(json.loads, (tmp_path / "explored.jsonl").read_text(encoding="utf-8").splitlines())
    assert summary["complete"]
    assert summary["conversations"] >= 5
    assert summary["cells"]


def test_a_folder_that_is_in_use_is_refused_before_the_search(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JWT_SECRET", "a secret that is long enough for any HMAC")
    with exclusive(tmp_path):
        assert _ends("ws://127.0.0.1:9/ws", "--against", "ws://127.0.0.1:9/ws", "--out", str(tmp_path)) == 2
    assert "is in use by another run" in capsys.readouterr().err
