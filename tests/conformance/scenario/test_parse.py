"""The head and the `given` of a scenario file, and probe files: how they are read, and which mistakes are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.scenario import model as m
from conformance.scenario import steps as s
from conformance.scenario.parse import read_probes
from conformance.spec import find
from tests.conformance.scenario.reading import (
    GIVEN,
    HEAD,
    ROLES,
    formats,
    protocol,
    read,
    read_steps,
    refusal,
)

if TYPE_CHECKING:
    from pathlib import Path


class TestHead:
    def test_is_read(self, tmp_path: Path) -> None:
        head = HEAD + "tags: [refusal, slow]\nneeds: {instances: 2, options.presence: true}\nexclusive: true\n"
        head += "allow: [{frame: UserTyping, at: bob, with: {a: 1}}, {frame: Pong}]\n"
        scenario = read_steps(tmp_path, "sync: alice", head=head)
        assert (scenario.id, scenario.base, scenario.line) == ("edit-message.refused", "edit-message.refused", 1)
        assert (scenario.feature, scenario.rules) == ("edit_message", ("EDIT-2",))
        assert scenario.tags == {"refusal", "slow"}
        assert scenario.needs == {"instances": 2, "options.presence": True}
        assert scenario.exclusive
        assert scenario.allow == (m.Allowed("UserTyping", ("bob",), {"a": 1}), m.Allowed("Pong", (), {}))

    def test_has_defaults(self, tmp_path: Path) -> None:
        scenario = read_steps(tmp_path, "sync: alice")
        assert (scenario.tags, scenario.needs, scenario.exclusive, scenario.allow) == (frozenset(), {}, False, ())
        assert scenario.setup == ()

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("title:", "tittle:", "x.yaml:2: there is no key 'tittle' here; did you mean 'title'?"),
            (
                "id: edit-message.refused",
                "id: Edit",
                'x.yaml:1: `id`: "Edit" does not look as it should: Stable for ever: feature-slug.what-happens',
            ),
            ("A member cannot edit a message", "Short", 'x.yaml:2: `title`: "Short" is too short; 10 characters '),
            ("[EDIT-2]", '"${env.X}"', 'x.yaml:4: `rules`: "${env.X}" does not look as it should: A ${case.NAME}'),
            ("rules:", 'setup: "${limits.x}"\nrules:', 'x.yaml:4: `setup`: "${limits.x}" does not look as it should'),
            ("rules:", 'setup: "${case.a}"\nrules:', "x.yaml:4: `cases` gives no value for ${case.a}"),
            ("[EDIT-2]", "EDIT-2", 'x.yaml:4: `rules`: "EDIT-2" should be a list'),
            ("[EDIT-2]", "[]", "x.yaml:4: `rules`: this should not be empty"),
            ("[EDIT-2]", "[EDIT-2, EDIT-2]", 'x.yaml:4: `rules`: something is in ["EDIT-2", "EDIT-2"] twice'),
            ("rules:", "tags: [slwo]\nrules:", 'x.yaml:4: `tags`, item 1: "slwo" is not one of refusal, slow'),
            ("rules:", "exclusive: maybe\nrules:", 'x.yaml:4: `exclusive`: "maybe" should be true or false'),
            ("rules:", "needs: {}\nrules:", "x.yaml:4: `needs`: this should not be empty"),
            ("rules:", "why: because I want it\nrules:", "x.yaml:4: there is no key 'why' here; there are allow, "),
        ],
    )
    def test_is_refused_where_it_is_wrong(self, tmp_path: Path, old: str, new: str, message: str) -> None:
        text = f"{HEAD}{GIVEN}steps: []\n"
        assert refusal(tmp_path, text.replace(old, new)).startswith(message)

    def test_is_a_mapping(self, tmp_path: Path) -> None:
        assert refusal(tmp_path, "- a\n") == 'x.yaml:1: ["a"] should be a mapping'


class TestGiven:
    def test_is_read_in_short(self, tmp_path: Path) -> None:
        given = read_steps(tmp_path, "sync: alice").given
        assert given.users == {"alice": m.User(), "bob": m.User()}
        assert given.devices == {}
        assert given.conversations == {
            "lobby": m.Conversation(members={"alice": "member", "bob": "member"}, visibility="private")
        }

    def test_is_read_in_full(self, tmp_path: Path) -> None:
        text = """\
given:
  users: {alice: {instance: 2}, bob: {connect: false}, carol: }
  devices: {alice@phone: {instance: 1}, carol@tab: }
  conversations: {lobby: {members: {alice: owner, bob: outsider}, visibility: public, join: [alice@phone]}, den: {}}
  unknown: [nobody]
  honeypots: [bait]
"""
        given = read_steps(tmp_path, "sync: alice", given=text).given
        assert given == m.Given(
            users={"alice": m.User(instance=2), "bob": m.User(connect=False), "carol": m.User()},
            devices={"alice@phone": 1, "carol@tab": None},
            conversations={
                "lobby": m.Conversation({"alice": "owner", "bob": "outsider"}, "public", ("alice@phone",)),
                "den": m.Conversation({}, "private"),
            },
            unknown=("nobody",),
            honeypots=("bait",),
        )

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ("users: [alice, Bob]", '6: `users`, item 2: "Bob" does not look as it should: it must match '),
            ("users: alice", '6: `users`: "alice" should be a list or a mapping'),
            ("users: {alice: {conect: false}}", "6: there is no key 'conect' here; did you mean 'connect'?"),
            ("devices: [carol@phone]\n  users: [alice]", "6: the device carol@phone belongs to no user; write user@d"),
            ("devices: [alice]\n  users: [alice]", "6: the device alice belongs to no user; write user@device"),
            ("conversations: {lobby: {members: [alice]}}", "6: alice is not among the users"),
            (
                "users: [alice]\n  conversations: {lobby: {members: {alice: king}}}",
                f"7: there is no role 'king'; there are {ROLES}",
            ),
            (
                "users: [alice]\n  conversations: {lobby: {member: [alice]}}",
                "7: there is no key 'member' here; did you mean 'members'?",
            ),
            ("users: [alice]\n  conversations: {alice: {}}", "5: the name alice is used for two things"),
            ("users: [alice]\n  unknown: [alice]", "5: the name alice is used for two things"),
            ("honeypots: [bait]\n  unknown: [bait]", "5: the name bait is used for two things"),
            ("users: [alice]\n  traps: [bait]", "7: the key 'traps' has a new name: 'honeypots'"),
        ],
    )
    def test_is_refused_where_it_is_wrong(self, tmp_path: Path, given: str, message: str) -> None:
        text = f"{HEAD}given:\n  {given}\nsteps: []\n"
        assert refusal(tmp_path, text).startswith(f"x.yaml:{message}")


class TestProbes:
    TEXT = """\
id: greeting
title: What comes first?
why: Some clients wait for it.
given: {users: [alice]}
steps:
  - observe: alice
    choices: {greets: {frame: Pong, with: {a: 1}}, closes: {close: [1000]}, refused: {refused: true}}
    otherwise: nothing
"""

    def test_observe(self, tmp_path: Path) -> None:
        (tmp_path / "p.yaml").write_text(self.TEXT)
        (probe,) = read_probes(tmp_path / "p.yaml", formats()["probe"], protocol())
        assert (probe.id, probe.why) == ("greeting", "Some clients wait for it.")
        assert probe.scenario.steps == (
            s.Observe(
                line=6,
                at="alice",
                choices={
                    "greets": s.Alternative(frame="Pong", pattern={"a": 1}),
                    "closes": s.Alternative(pattern={}, close=("1000",)),
                    "refused": s.Alternative(pattern={}, refused=True),
                },
                otherwise="nothing",
            ),
        )

    def test_control_comes_after_the_setup(self, tmp_path: Path) -> None:
        more = "setup: [{sync: alice}]\ncontrol: [{expect: Pong, at: alice}]\nno_control: It is a toy.\n"
        (tmp_path / "p.yaml").write_text(self.TEXT + more)
        (probe,) = read_probes(tmp_path / "p.yaml", formats()["probe"], protocol())
        assert [step.label for step in probe.scenario.setup] == ["sync alice", "expect Pong at alice"]
        assert [step.label for step in probe.control] == ["expect Pong at alice"]
        assert probe.no_control == "It is a toy."


def test_the_example_of_the_guide_is_a_scenario(tmp_path: Path) -> None:
    guide = (find() / "scenarios" / "README.md").read_text(encoding="utf-8")
    (scenario,) = read(tmp_path, guide.split("```yaml\n")[1].split("```")[0])
    assert scenario.id == "edit-message.non-owner-refused"
    assert len(scenario.steps) == 5
