from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from conformance.cli.lint import lint
from conformance.errors import UsageError
from conformance.spec import find

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.spec import Spec

GOOD_TARGET = """\
name: a server
instances: ["ws://127.0.0.1:1/ws"]
auth: {jwt: {secret_env: NOT_SET_ANYWHERE}}
provision: {driver: jwt, conversations: any id}
limits: {content_max: 100}
"""


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(lint, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path, spec_folder: Path) -> Path:
    """A spec without scenarios that a test may change: its ledger and its features are its own."""
    copy = tmp_path / "spec"
    copy.mkdir()
    for part in spec_folder.iterdir():
        (copy / part.name).symlink_to(part.resolve())
    for part in ("features.yaml", "scenarios", "probes"):
        (copy / part).unlink()
    shutil.copy(find() / "features.yaml", copy)
    (copy / "scenarios").mkdir()
    (copy / "probes").mkdir()
    return copy


def test_has_nothing_to_say_of_the_spec_that_is_shipped() -> None:
    result = invoke()
    assert (result.exit_code, result.output.partition(" ")[2]) == (0, "files, no findings (spec: spec/)\n")


def _but_of(feature: str) -> Callable[[str, list[str]], list[str]]:
    """Leave out the scenarios of all other features, and the probes: to read them all takes a second each time."""

    def ignored(folder: str, names: list[str]) -> list[str]:
        return {
            "scenarios": [name for name in names if not name.endswith(feature)],
            "probes": names,
        }.get(Path(folder).name, [])

    return ignored


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        ("rules/20-ping-pong.yaml", "there is no rule 'PING-1'"),
        ("messages/outgoing/UserPresenceUpdate.json", "UserPresenceUpdate"),
        ("scenarios/20-ping-pong/one-pong-per-ping.yaml", "the scenario ping-pong.one-pong-per-ping was removed"),
    ],
)
def test_finds_a_file_that_is_gone(tmp_path: Path, part: str, complaint: str) -> None:
    shutil.copytree(find(), tmp_path / "spec", ignore=_but_of("ping-pong"))
    (tmp_path / "spec" / part).unlink()
    result = invoke("--spec", tmp_path / "spec")
    assert result.exit_code == 2
    assert complaint in result.output


def test_says_where_a_mistake_stands(folder: Path) -> None:
    file = folder / "features.yaml"
    file.write_text(file.read_text().replace("    title: SendMessage", "    titel: SendMessage"))
    result = invoke("--spec", folder)
    assert result.exit_code == 2
    line = 1 + file.read_text().splitlines().index("    titel: SendMessage")
    assert f"{file}:{line}: there is no key 'titel' here; did you mean 'title'?" in result.output
    assert "more may be found once these are repaired" in result.output


def test_a_broken_rule_brings_its_own_line_only(tmp_path: Path) -> None:
    shutil.copytree(find(), tmp_path / "spec", ignore=_but_of("edit-message"))
    file = tmp_path / "spec" / "rules" / "04-edit-message.yaml"
    file.write_text(file.read_text().replace("level: must\n", "level: most\n", 1))
    result = invoke("--spec", tmp_path / "spec")
    assert result.exit_code == 2
    line = 1 + [text.strip() for text in file.read_text().splitlines()].index("level: most")
    assert result.stdout == f'{file}:{line}: `level`: "most" is not one of must, should\n'


def test_a_reply_without_a_type_is_a_mistake(folder: Path) -> None:
    copied = (folder / "messages").resolve()
    (folder / "messages").unlink()
    shutil.copytree(copied, folder / "messages")
    file = folder / "messages" / "incoming" / "EditMessage.json"
    file.write_text(file.read_text().replace('"x-reply": {"type"', '"x-reply": {"typ"'))
    result = invoke("--spec", folder)
    assert result.exit_code == 2
    assert f"{file}: this is not a usable message schema: it has no 'type'\n" in result.output


def test_accepts_new_ids_and_finds_them_gone_afterwards(folder: Path) -> None:
    assert "the rule SEND-1 is new" in invoke("--spec", folder).output
    assert "is new" not in invoke("--spec", folder, "--accept").output
    rules = (folder / "rules").resolve()
    (folder / "rules").unlink()
    shutil.copytree(rules, folder / "rules")
    (folder / "rules" / "20-ping-pong.yaml").unlink()
    gone = "the rule PING-3 was removed"
    assert gone in invoke("--spec", folder).output
    assert gone in invoke("--spec", folder, "--accept").output


class TestTheSpecOfTheWorkingDirectory:
    """Who changes the protocol in a clone, and has installed the command, wants the clone checked."""

    def test_is_read_before_the_installed_one_and_named(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(folder.parent)
        file = folder / "features.yaml"
        file.write_text(file.read_text().replace("    title: SendMessage", "    titel: SendMessage"))
        result = invoke()
        assert result.exit_code == 2
        assert "spec/features.yaml:" in result.output
        assert "(spec: spec/)" in result.output

    def test_is_said_to_differ(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(folder.parent)
        assert "chat-parity: reads ./spec, which differs from the installed " in invoke().stderr

    def test_is_no_news_if_it_is_the_same(
        self, tmp_path: Path, whole_spec: Spec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "spec").symlink_to(find())
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(importlib.import_module("conformance.cli.lint"), "load", lambda _: whole_spec)
        assert invoke().stderr == ""

    def test_gives_way_to_an_option(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shipped = find()
        monkeypatch.chdir(folder.parent)
        assert f"(spec: {shipped}/)" in invoke("--spec", shipped).output


def test_refuses_to_accept_ids_into_an_installed_copy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.spec.folder._COPY", folder)
    result = invoke("--spec", folder, "--accept")
    assert isinstance(result.exception, UsageError)
    assert "is the installed copy of the spec" in str(result.exception)
    assert not (folder / "ledger.yaml").exists()


def test_gives_json(folder: Path) -> None:
    result = invoke("--spec", folder, "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code == 2
    assert document["whole"] is True
    assert document["files"] > 0
    assert {"file", "line", "message"} == set(document["mistakes"][0])


def test_checks_a_target_without_its_secret(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(GOOD_TARGET)
    assert "target.yaml" not in invoke("--spec", folder, target).output
    target.write_text(GOOD_TARGET.replace("content_max", "content_min"))
    assert f"{target}:5: the profile has no limits.content_min" in invoke("--spec", folder, target).output


def test_misses_the_target_that_every_run_without_a_target_reads(folder: Path) -> None:
    (folder / "targets").unlink()
    assert "reference.yaml: there is no such file" in invoke("--spec", folder).output


def test_says_that_a_target_is_not_there(folder: Path, tmp_path: Path) -> None:
    result = invoke("--spec", folder, tmp_path / "nowhere.yaml")
    assert result.exit_code == 2
    assert "nowhere.yaml: there is no such file" in result.output


def test_a_scenario_of_explore_is_for_run(folder: Path, tmp_path: Path) -> None:
    found = tmp_path / "explored-0a.yaml"
    found.write_text("# Found by `chat-parity explore`\nid: explored.0a\nsteps: []\n", encoding="utf-8")
    result = invoke("--spec", folder, found)
    assert result.exit_code == 2
    (said,) = [line for line in result.output.splitlines() if "explored-0a" in line]
    assert "this is a scenario, and lint takes target files: `chat-parity run TARGET" in said
