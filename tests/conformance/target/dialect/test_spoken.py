"""The reference server speaks a dialect: the harness hears the protocol through it, and nothing without it."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conformance.errors import BadFile, TargetUnreachable
from conformance.results.verdict import Verdict
from conformance.target.read import read_tables
from reference_server.__main__ import main
from reference_server.config import ConfigError
from reference_server.dialect.choice import open_dialect
from reference_server.dialect.frames import Translator
from reference_server.dialect.numbers import Numbers
from reference_server.dialect.tables import read
from tests.conformance.target.dialect import generated
from tests.conformance.target.dialect.dialects import REST, dump
from tests.conformance.target.dialect.dialects import read as read_dialect
from tests.conformance.target.dialect.judged import GOOD, TARGET, run_against, some_of_each_feature
from tests.examples import examples
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spoken")


def write_tables(spec: Spec, folder: Path, target: Path) -> Path:
    file = folder / "names.json"
    file.write_text(json.dumps(read_tables(target, spec)), encoding="utf-8")
    return file


def translator(spec: Spec, folder: Path, section: str) -> Translator:
    """A server's side of the dialect that `dialects.read` gives the harness's side of."""
    read_dialect(spec, folder, section)
    tables = read(write_tables(spec, folder, folder / "target.yaml"))
    return Translator(tables, Numbers(tables.integers.values()))


@settings(
    max_examples=examples(40),
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
)
@given(data=st.data())
def test_the_server_undoes_what_the_harness_does(data: st.DataObject, spec: Spec, folder: Path) -> None:
    section = data.draw(generated.sections(spec))
    dialect = read_dialect(spec, folder, dump(section))
    server = translator(spec, folder, dump(section))
    forms = section["ids"]
    by_kind = forms if isinstance(forms, dict) else dict.fromkeys(spec.protocol.ids, forms)
    kind = data.draw(st.sampled_from(sorted(spec.incoming)))
    request = data.draw(generated.frames(spec, "incoming", kind, by_kind))
    assert json.loads(server.heard(json.dumps(dialect.incoming.to_wire(request).value))) == request
    kind = data.draw(st.sampled_from(sorted(spec.outgoing)))
    event = data.draw(generated.frames(spec, "outgoing", kind, by_kind))
    told = dialect.outgoing.from_wire(json.loads(server.said(json.dumps(event))))
    assert (told.value, told.problem, told.faults) == (event, None, ())


class TestRequests:
    SECTION = """
discriminator: event
envelope: {member: data, extra: {v: 3}}
types: {SendMessage: send, Ping: ping}
fields: {content: text}
incoming: {constants: {SendMessage: {mode: plain}}}
"""

    @pytest.mark.parametrize(
        "request_",
        [
            {"event": "send", "data": {"text": "hello", "mode": "plain"}},
            {"event": "send", "data": {"text": "hello", "mode": "plain"}, "v": "3"},
            {"event": "send", "data": {"text": "hello"}, "v": 3},
            {"event": "send", "data": ["hello"], "v": 3},
            {"event": "send", "v": 3},
            {"event": 1, "data": {}, "v": 3},
            {"type": "SendMessage", "content": "hello"},
        ],
    )
    def test_are_refused_if_they_lack_what_the_dialect_has(self, request_: object, spec: Spec, folder: Path) -> None:
        server = translator(spec, folder, self.SECTION)
        assert json.loads(server.heard(json.dumps(request_))) == {"type": None}

    def test_that_lack_something_are_told_in_the_log(
        self, spec: Spec, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        server = translator(spec, folder, self.SECTION)
        server.heard('{"event": "send", "data": {"text": "hello", "mode": "plain"}, "v": 4}')
        server.heard('{"event": "send", "data": {"text": "hello"}, "v": 3}')
        assert [record.getMessage() for record in caplog.records] == [
            "A frame does not fit the dialect: `v` must be 3",
            'A frame does not fit the dialect: `mode` must be "plain"',
        ]

    def test_of_the_protocol_are_of_an_unknown_type(self, spec: Spec, folder: Path) -> None:
        server = translator(spec, folder, self.SECTION)
        assert json.loads(server.heard('{"event": "SendMessage", "data": {}, "v": 3}')) == {"type": "not SendMessage"}

    def test_without_fields_need_no_envelope(self, spec: Spec, folder: Path) -> None:
        server = translator(spec, folder, self.SECTION)
        assert json.loads(server.heard('{"event": "ping", "v": 3}')) == {"type": "Ping"}

    @pytest.mark.parametrize("text", ["", "[]", "{", "7", '"send"', "[" * 100_000])
    def test_that_are_no_objects_stay_as_they_are(self, text: str, spec: Spec, folder: Path) -> None:
        assert translator(spec, folder, self.SECTION).heard(text) == text


def test_refuses_several_processes_that_would_count_the_same_ids(spec: Spec, folder: Path) -> None:
    read_dialect(spec, folder, "ids: integer")
    names = write_tables(spec, folder, folder / "target.yaml")
    with pytest.raises(ConfigError, match="leave out --redis"):
        open_dialect(Namespace(names=names, redis="redis://127.0.0.1"), {})


@pytest.mark.parametrize("section", [TestRequests.SECTION, "fields: {conversation_id: room, emoji: symbol}"])
def test_writes_requests_as_a_client_does(section: str, spec: Spec, folder: Path) -> None:
    server = translator(spec, folder, section)
    for message in spec.incoming.values():
        for request in message.schema["examples"]:
            assert json.loads(server.heard(server.asked(request))) == request


REPLIES = "outgoing: {replies: {joined: {type: ActionConfirmed, when: {%s: ok}, with: {action: joined_conversation}}}}"


def test_another_frame_replaces_a_confirmation(spec: Spec, folder: Path) -> None:
    server = translator(spec, folder, REPLIES % "status")
    confirmed = {"type": "ActionConfirmed", "action": "joined_conversation", "success": True}
    assert json.loads(server.said(json.dumps(confirmed))) == {"type": "joined", "success": True, "status": "ok"}
    assert json.loads(server.said(json.dumps(confirmed | {"action": "connected"})))["type"] == "ActionConfirmed"


def test_a_frame_that_no_server_can_say_is_refused_with_its_line(spec: Spec, folder: Path) -> None:
    with pytest.raises(BadFile) as refused:
        translator(spec, folder, f"fields: {{content: body}}\n{REPLIES % 'success'}")
    [mistake] = refused.value.mistakes
    assert mistake.line == len(REST.splitlines()) + 3
    assert mistake.message == (
        "`outgoing.replies.joined.when.success`: no server can say it: 'success' is also the name of success,"
        " and a frame has one member of a name"
    )


def test_scenarios_of_some_features_hold_through_the_dialect_and_none_without_it(
    whole_spec: Spec, folder: Path, tmp_path: Path
) -> None:
    names = write_tables(whole_spec, folder, TARGET)
    some = some_of_each_feature(whole_spec, 1)[::4]
    (ran,) = run_against(whole_spec, some, forked(main, "--names", str(names)), TARGET)
    assert {one.scenario: one.problems for one in ran.results if one.outcome not in GOOD or one.findings} == {}
    plain = tmp_path / "plain.yaml"
    plain.write_text(re.sub("dialect:.*", "", TARGET.read_text(encoding="utf-8"), flags=re.DOTALL), encoding="utf-8")
    with pytest.raises(TargetUnreachable):
        run_against(whole_spec, some[:1], forked(main, "--names", str(names)), plain)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_every_scenario_holds_through_the_dialect(whole_spec: Spec, folder: Path) -> None:
    names = write_tables(whole_spec, folder, TARGET)
    scenarios = list(whole_spec.scenarios.values())
    (ran,) = run_against(whole_spec, scenarios, forked(main, "--names", str(names)), TARGET, kept="fail")
    assert {one.scenario: one.problems for one in ran.results if one.outcome not in GOOD or one.findings} == {}
    assert {str(row.judged.verdict) for row in ran.report.features} == {str(Verdict.OK)}
