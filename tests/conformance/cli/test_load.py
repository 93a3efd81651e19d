from __future__ import annotations

import builtins
import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from conformance.cli.main import main
from conformance.engine.load.job import Shape
from conformance.errors import UsageError
from conformance.results.load.file import read_load

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


@pytest.fixture(autouse=True)
def _the_spec_is_read_once(whole_spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.cli.load.load_spec", lambda _: whole_spec)


def _ends(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["load", *words])
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mix", "edit_mesage=1"], "there is no feature 'edit_mesage'; did you mean 'edit_message'?"),
        (["--mix", "rate_limiting"], "the mix has no scenario that can be traffic"),
        (["--duration", "soon"], "'soon' is not a duration"),
        (["--duration", "0"], "--duration must be longer than 0 s"),
        (["--duration", "5s", "--ramp", "10s"], "--ramp (10 s) is longer than --duration (5 s)"),
        (["--max-p99-ratio", "1.5"], "--max-p99-ratio compares with an old server: name it with --against"),
        (["--against", "nowhere", "--max-p99-ratio", "0.9"], "0.9 is not in the range x>=1"),
        (["--against", "nowhere"], "nowhere: there is no recorded load"),
        (["nowhere.yaml"], "nowhere.yaml"),
        (["--worker", "a b"], "'a b' is not an address; write for example 10.0.0.5 or 10.0.0.5:5557"),
        (["--worker", "here:99999"], "'here:99999' is not an address"),
        (
            ["--worker", "here", "--workers", "2"],
            "--worker gets its work from the master; leave out --master",
        ),
        (["--master"], "--master waits for workers: say how many, with --workers"),
        (
            ["--master", "--workers", "2", "--against", "ws://127.0.0.1:9/ws"],
            "workers on other machines load one server",
        ),
    ],
)
def test_a_mistake_in_the_usage_ends_with_2(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _ends(*words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "ramp"), [([], 10), (["--duration", "5m"], 10), (["--duration", "4s"], 2), (["--ramp", "0"], 0)]
)
def test_a_short_load_has_a_short_ramp_if_none_is_given(
    words: list[str], ramp: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Shape] = []

    def note(*shape: Any) -> Shape:
        asked.append(Shape(*shape))
        raise UsageError("enough")

    monkeypatch.setattr("conformance.cli.load.Shape", note)
    assert _ends(*words) == 2
    assert [shape.ramp for shape in asked] == [ramp]


def test_without_its_extra_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without_locust(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "locust":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_locust)
    assert _ends() == 2
    assert capsys.readouterr().err == "chat-parity: load needs locust: pip install 'chat-parity[load]'\n"


def test_a_server_that_is_not_there_ends_with_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JWT_SECRET", "a secret that is long enough for any HMAC")
    assert _ends("ws://127.0.0.1:9/ws", "--out", str(tmp_path)) == 3
    assert "nobody listens there" in capsys.readouterr().err


@pytest.mark.end_to_end
def test_a_load_of_the_reference_server_is_printed_and_recorded(
    whole_spec: Spec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--mix", "ping_pong", "--users", "2", "--duration", "2s", "--ramp", "0", "--out", str(tmp_path))
    assert _ends(*words, "--seed", "1") == 0
    record = read_load(tmp_path, whole_spec.formats["load"])
    assert record.complete
    assert record.scenarios.passed > 2
    assert record.options["seed"] == 1
    assert json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))["format"] == 1
    rows = list(csv.DictReader((tmp_path / "load.csv").read_text(encoding="utf-8").splitlines()))
    assert "Ping" in {row["type"] for row in rows}
    assert "scenarios: " in capsys.readouterr().out
    assert _ends(*words, "--against", str(tmp_path), "--max-p99-ratio", "1000") in (0, 3)
    assert "p99 ratio" in capsys.readouterr().out


@pytest.mark.nightly
def test_workers_are_processes_of_this_machine(whole_spec: Spec, tmp_path: Path) -> None:
    words = ("--mix", "ping_pong", "--users", "4", "--duration", "5s", "--ramp", "0", "--workers", "2")
    assert _ends(*words, "--out", str(tmp_path)) == 0
    record = read_load(tmp_path, whole_spec.formats["load"])
    assert (record.complete, record.generator.workers) == (True, 2)
    assert record.scenarios.passed > 4
