from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from conformance.errors import BadFile
from conformance.spec import Spec, find, load

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO = """\
id: edit-message.refused
title: A member cannot edit a message
feature: edit_message
rules: [EDIT-2]
given:
  users: [alice, bob]
  conversations: {lobby: {members: [alice, bob]}}
steps:
  - {send: Ping, by: alice}
  - {expect: Pong, at: alice}
"""
PROBE = """\
id: greeting
title: What comes first?
why: Some clients wait for it.
given: {users: [alice]}
steps:
  - observe: alice
    choices: {greets: {frame: ActionConfirmed}, says something else: {frame: "*"}}
    otherwise: nothing
"""
RULES = "rules/04-edit-message.yaml"
EDIT = "messages/incoming/EditMessage.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A spec folder with one scenario and one probe, and otherwise what the real one has."""
    spec = tmp_path / "spec"
    shutil.copytree(find(), spec, ignore=shutil.ignore_patterns("scenarios", "probes", "targets", "baseline"))
    for name, text in (("scenarios/one.yaml", SCENARIO), ("probes/one.yaml", PROBE)):
        (spec / name).parent.mkdir()
        (spec / name).write_text(text, encoding="utf-8")
    return spec


def changed(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(folder: Path) -> str:
    with pytest.raises(BadFile) as raised:
        load(folder)
    return str(raised.value).replace(f"{folder}{os.sep}", "")


@pytest.fixture(scope="module")
def real() -> Spec:
    return load(find())


class TestTheRealSpec:
    def test_is_clean(self, real: Spec) -> None:
        assert len(real.features) == 25
        assert real.rules
        assert real.scenarios
        assert real.probes
        assert {*real.incoming} & {"SendMessage", "Ping"}

    def test_is_in_the_order_of_its_ids(self, real: Spec) -> None:
        assert list(real.scenarios) == sorted(real.scenarios)
        assert [feature.number for feature in real.features.values()] == list(range(1, 26))

    def test_remembers_where_everything_stands(self, real: Spec) -> None:
        rule = real.rules["EDIT-2"]
        assert f"id: {rule.id}" in rule.file.read_text(encoding="utf-8").splitlines()[rule.line - 1]
        feature = real.features["edit_message"]
        lines = (find() / "features.yaml").read_text(encoding="utf-8").splitlines()
        assert f"id: {feature.id}" in lines[feature.line - 1]


def test_a_small_spec_is_clean_too(folder: Path) -> None:
    spec = load(folder)
    assert (list(spec.scenarios), list(spec.probes)) == (["edit-message.refused"], ["greeting"])


MISSING = {
    "protocol.yaml": "protocol.yaml: there is no such file",
    "features.yaml": "features.yaml: there is no such file",
    "messages/common.json": "messages/common.json: there is no such file",
    "formats/scenario.schema.json": "formats/scenario.schema.json: this format is missing from the spec",
    "formats/probe.schema.json": "formats/probe.schema.json: this format is missing from the spec",
    "formats/protocol.schema.json": "formats/protocol.schema.json: this format is missing from the spec",
    "messages/outgoing/Pong.json": "there is no message type (outgoing) 'Pong'",
    "messages/incoming/Ping.json": "there is no message type (incoming) 'Ping'",
    RULES: "scenarios/one.yaml:1: there is no rule 'EDIT-2'",
}


@pytest.mark.parametrize(("name", "message"), MISSING.items(), ids=MISSING.keys())
def test_a_missing_file_is_missed(folder: Path, name: str, message: str) -> None:
    (folder / name).unlink()
    assert message in refusal(folder)


def test_a_missing_folder_is_missed(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere") == "protocol.yaml: there is no such file"


BROKEN: dict[str, tuple[str, str, str, str]] = {
    "a wrong key in the protocol": (
        "protocol.yaml",
        "discriminator:",
        "discriminater:",
        "protocol.yaml:4: there is no key 'discriminater' here; did you mean 'discriminator'?",
    ),
    "an old key in the protocol": (
        "protocol.yaml",
        "bystanders:",
        "onlookers:",
        "the key 'onlookers' has a new name: 'bystanders'",
    ),
    "a wrong key in the features": ("features.yaml", "title:", "titel:", "there is no key 'titel' here; did you mean"),
    "a wrong level": (RULES, "level: must", "level: may", f'{RULES}:6: `level`: "may" is not one of must, should'),
    "a rule that is no sentence": (RULES, "id: EDIT-2", "id: edit-2", f'{RULES}:12: `id`: "edit-2" does not look as'),
    "a rule twice": (RULES, "EDIT-2", "EDIT-1", f"{RULES}:12: the rule EDIT-1 is in 04-edit-message.yaml too"),
    "a rule of another file": (RULES, "id: EDIT-4", "id: SEND-1", "the rule SEND-1 is in 03-send-message.yaml too"),
    "an unknown rule": (
        "scenarios/one.yaml",
        "EDIT-2",
        "EDIT-22",
        "scenarios/one.yaml:1: there is no rule 'EDIT-22'; did you mean 'EDIT-2'?",
    ),
    "an unknown feature": (
        "scenarios/one.yaml",
        "feature: edit_message",
        "feature: edit_mesage",
        "scenarios/one.yaml:1: there is no feature 'edit_mesage'; did you mean 'edit_message'?",
    ),
    "a rule of another feature": (
        "scenarios/one.yaml",
        "EDIT-2",
        "DEL-1",
        "scenarios/one.yaml:1: the rule DEL-1 belongs to delete_message, not to edit_message",
    ),
    "rules of two levels": (
        "scenarios/one.yaml",
        "EDIT-2",
        "EDIT-2, EDIT-5s",
        "scenarios/one.yaml:1: its rules are of two levels, so a failure would say nothing clear: make two scenarios",
    ),
    "an unknown request": (
        "scenarios/one.yaml",
        "send: Ping",
        "send: Pong",
        "scenarios/one.yaml:9: there is no message type (incoming) 'Pong'; did you mean 'Ping'?",
    ),
    "an unknown reply": (
        "scenarios/one.yaml",
        "expect: Pong",
        "expect: pong",
        "scenarios/one.yaml:10: there is no message type (outgoing) 'pong'; did you mean 'Pong'?",
    ),
    "an unknown field of a request": (
        "scenarios/one.yaml",
        "by: alice",
        "by: alice, with: {x: 1}",
        "scenarios/one.yaml:9: Ping has no field 'x'; if it is sent on purpose, list it in `extra`",
    ),
    "an unknown field of a reply": (
        "scenarios/one.yaml",
        "at: alice",
        "at: alice, with: {x: 1}",
        "scenarios/one.yaml:10: Pong has no field 'x'",
    ),
    "an unknown pattern": (
        "scenarios/one.yaml",
        "at: alice",
        "at: alice, with: {type: {$any: 1}}",
        "scenarios/one.yaml:10: there is no pattern $any; there are $absent ",
    ),
    "a pattern beside a field": (
        "scenarios/one.yaml",
        "at: alice",
        "at: alice, with: {type: {$type: string, a: 1}}",
        "scenarios/one.yaml:10: $type must be the only key of its mapping; combine patterns with $all",
    ),
    "an unknown timer": (
        "scenarios/one.yaml",
        "at: alice",
        "at: alice, within: timers.tea",
        "scenarios/one.yaml:10: the profile has no timers.tea",
    ),
    "an unknown pause": (
        "scenarios/one.yaml",
        "{expect: Pong, at: alice}",
        "{pause: limits.tea}",
        "scenarios/one.yaml:10: the profile has no limits.tea",
    ),
    "an unknown need": (
        "scenarios/one.yaml",
        "given:",
        "needs: {options.tea: true}\ngiven:",
        "scenarios/one.yaml:1: `needs`: the profile has no options.tea",
    ),
    "an unknown allowance": (
        "scenarios/one.yaml",
        "given:",
        "allow: [{frame: Pongg}]\ngiven:",
        "scenarios/one.yaml:1: there is no message type (outgoing) 'Pongg'; did you mean 'Pong'?",
    ),
    "an unknown alternative": (
        "scenarios/one.yaml",
        "{expect: Pong, at: alice}",
        "{expect_either: [{frame: Eror}], at: alice}",
        "scenarios/one.yaml:10: there is no message type (outgoing) 'Eror'; did you mean 'Error'?",
    ),
    "an unknown choice of a probe": (
        "probes/one.yaml",
        "frame: ActionConfirmed",
        "frame: Action",
        "probes/one.yaml:6: there is no message type (outgoing) 'Action'",
    ),
    "a probe without a reason": ("probes/one.yaml", "why:", "because:", "there is no key 'because' here"),
    "JSON that is none": (EDIT, "{", "[", f"{EDIT}:2: this is not JSON: Expecting ',' delimiter"),
    "a type that is not the file's name": (
        EDIT,
        '"const": "EditMessage"',
        '"const": "Edit"',
        f"{EDIT}: this is not a usable message schema: its `type` is 'Edit', not the name of the file",
    ),
    "a schema that is none": (
        EDIT,
        '"type": "object"',
        '"type": "thing"',
        f"{EDIT}: this is not a usable message schema: 'thing' is not valid under any of the given schemas",
    ),
    "a schema without fields": (EDIT, '"properties"', '"props"', f"{EDIT}: this is not a usable message schema: "),
    "a definition that is not there": (
        EDIT,
        "common.json#/$defs/uuid",
        "common.json#/$defs/guid",
        f"{EDIT}: this is not a usable message schema: ",
    ),
    "a schema of a draft that does not exist": (
        EDIT,
        "https://json-schema.org/draft/2020-12/schema",
        "Infinity",
        f"{EDIT}: this is not a usable message schema: Resource 'Infinity' is not present in a registry",
    ),
    "definitions of a draft that does not exist": (
        "messages/common.json",
        "https://json-schema.org/draft/2020-12/schema",
        "Infinity",
        "messages/common.json: this is not a usable schema: its `$schema` is not https://json-schema.org/",
    ),
    "a format of a draft that does not exist": (
        "formats/rules.schema.json",
        "https://json-schema.org/draft/2020-12/schema",
        "Infinity",
        "formats/rules.schema.json: this is not a usable format: its `$schema` is not https://json-schema.org/",
    ),
    "a format that is no schema": (
        "formats/rules.schema.json",
        '"type": "object"',
        '"type": "thing"',
        "formats/rules.schema.json: this is not a usable format: ",
    ),
    "a format without an id": (
        "formats/rules.schema.json",
        '"$id"',
        '"id"',
        "formats/rules.schema.json: this is not a usable format: it has no `$id`",
    ),
    "a format that nobody checks": (
        EDIT,
        '"type": "string"',
        '"type": "string", "format": "emoji"',
        f"{EDIT}: this is not a usable message schema: nothing here can check the format 'emoji'",
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_mistake_is_named_with_its_place(folder: Path, name: str, old: str, new: str, message: str) -> None:
    changed(folder, name, old, new)
    assert message in refusal(folder)


def test_an_id_that_two_files_use_is_named(folder: Path) -> None:
    shutil.copy(folder / "scenarios/one.yaml", folder / "scenarios/two.yaml")
    assert refusal(folder) == "scenarios/two.yaml:1: the id edit-message.refused belongs to one.yaml too"


def test_a_feature_that_stands_twice_is_named(folder: Path) -> None:
    changed(folder, "features.yaml", "id: edit_message", "id: send_message")
    assert "the feature send_message is here twice" in refusal(folder)


def test_mistakes_of_several_files_are_named_together(folder: Path) -> None:
    changed(folder, "scenarios/one.yaml", "EDIT-2", "EDIT-99")
    changed(folder, "probes/one.yaml", "frame: ActionConfirmed", "frame: Action")
    (folder / "scenarios/two.yaml").write_text("")
    found = refusal(folder).splitlines()
    assert [line.partition(":")[0] for line in found] == ["scenarios/two.yaml", "scenarios/one.yaml", "probes/one.yaml"]


class TestTheDigest:
    def test_is_the_same_for_the_same_bytes(self, folder: Path) -> None:
        assert load(folder).digest == load(folder).digest
        assert load(folder).digest.startswith("sha256:")

    @pytest.mark.parametrize("name", ["protocol.yaml", RULES, "scenarios/one.yaml", "probes/one.yaml"])
    def test_changes_with_any_byte(self, folder: Path, name: str) -> None:
        before = load(folder).digest
        with (folder / name).open("a") as file:
            file.write("\n")
        assert load(folder).digest != before

    def test_changes_with_a_name(self, folder: Path) -> None:
        before = load(folder).digest
        (folder / "scenarios/one.yaml").rename(folder / "scenarios/other.yaml")
        assert load(folder).digest != before

    def test_does_not_change_with_what_is_no_data(self, folder: Path) -> None:
        before = load(folder).digest
        (folder / "notes.txt").write_text("nothing")
        assert load(folder).digest == before


def deep(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


class TestViolations:
    """What is said of a wrong frame, and whose rule it breaks."""

    @pytest.fixture
    def message(self, real: Spec) -> dict[str, Any]:
        example: dict[str, Any] = json.loads(json.dumps(real.outgoing["HistoryChunk"].schema["examples"][0]))
        return example

    def said(self, real: Spec, frame: dict[str, Any]) -> list[tuple[str, str | None]]:
        return [(one.message, one.rule) for one in real.outgoing[frame["type"]].violations(frame)]

    def test_name_the_place_without_indices_and_without_prose(self, real: Spec, message: dict[str, Any]) -> None:
        message["messages"][-1]["content"] = 5
        del message["messages"][0]["sender_id"]
        found = real.outgoing["HistoryChunk"].violations(message)
        assert {one.place for one in found} == {"messages[].content type", "messages[] required sender_id"}

    def test_are_none_for_every_example(self, real: Spec) -> None:
        for messages in (real.incoming, real.outgoing):
            for one in messages.values():
                assert [one.violations(example) for example in one.schema["examples"]] == [[]] * len(
                    one.schema["examples"]
                )

    def test_are_some_for_every_invalid_example(self, real: Spec) -> None:
        for one in real.outgoing.values():
            for example in one.schema["x-invalid-examples"]:
                found = one.violations(example["value"])
                assert found, example["why"]
                assert all(violation.rule in real.rules for violation in found)

    def test_belong_to_the_nearest_rule(self, real: Spec, message: dict[str, Any]) -> None:
        own = real.outgoing["HistoryChunk"].schema["x-rule"]
        message["messages"][0]["message_id"] = "general"
        assert self.said(real, message) == [
            (
                '`messages[0].message_id` is "general", not a UUID as a string: 32 lower-case hexadecimal digits in '
                "five groups, joined by hyphens",
                "CONN-11",
            )
        ]
        del message["messages"]
        assert self.said(real, message) == [("`messages` is missing", own)]

    def test_name_each_missing_field(self, real: Spec) -> None:
        found = self.said(real, {"type": "NewMessage"})
        missing = [name for name in real.outgoing["NewMessage"].schema["required"] if name != "type"]
        assert found == [(f"`{name}` is missing", "SEND-1") for name in missing][:5]

    def test_name_a_wrong_instant(self, real: Spec, message: dict[str, Any]) -> None:
        message["messages"][0]["created_at"] = "2024-05-01 12:00"
        ((said, rule),) = set(self.said(real, message))
        assert said.startswith('`messages[0].created_at` is "2024-05-01 12:00", not an instant in RFC 3339')
        assert rule == "CONN-11"

    @pytest.mark.parametrize("instant", ["2024-02-30T12:00:00Z", "2024-05-01T25:00:00Z", "2024-05-01T12:00:00+25:00"])
    def test_include_instants_that_no_calendar_has(self, real: Spec, message: dict[str, Any], instant: str) -> None:
        message["messages"][0]["created_at"] = instant
        assert self.said(real, message)

    def test_are_few(self, real: Spec, message: dict[str, Any]) -> None:
        message["messages"] = [{}] * 50
        assert len(self.said(real, message)) == 5

    @pytest.mark.parametrize("levels", [100, 900, 5_000, 50_000])
    def test_are_found_at_any_depth(self, real: Spec, levels: int) -> None:
        assert self.said(real, {"type": "Pong", "more": deep(levels)}) == []
        assert self.said(real, {"type": "NewMessage", "content": deep(levels)})
