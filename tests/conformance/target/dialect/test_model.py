"""A dialect's two functions: what goes out comes back, and what does not fit is said in the wire's words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conformance.wire import frames
from tests.conformance.target.dialect import generated
from tests.conformance.target.dialect.dialects import dump, read
from tests.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

ROOM = "00000000-0000-0000-0000-000000000007"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dialect")


@settings(
    max_examples=examples(100),
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
)
@given(data=st.data())
def test_what_goes_to_the_wire_comes_back_unchanged(data: st.DataObject, spec: Spec, folder: Path) -> None:
    section = data.draw(generated.sections(spec))
    dialect = read(spec, folder, dump(section))
    forms = section["ids"]
    by_kind = forms if isinstance(forms, dict) else dict.fromkeys(spec.protocol.ids, forms)
    way = data.draw(st.sampled_from(["incoming", "outgoing"]))
    kind = data.draw(st.sampled_from(sorted(getattr(spec, way))))
    frame = data.draw(generated.frames(spec, way, kind, by_kind))
    direction = getattr(dialect, way)
    sent = direction.to_wire(frame)
    back = direction.from_wire(json.loads(json.dumps(sent.value)))
    assert back.value == frame
    assert (back.problem, back.faults) == (None, ())
    assert back.used >= sent.used
    assert back.used <= {one.entry for one in dialect.differences}


@pytest.mark.parametrize("way", ["incoming", "outgoing"])
def test_every_example_of_every_type_comes_back_unchanged(way: str, spec: Spec, folder: Path) -> None:
    section = {"discriminator": "event", "envelope": "data", "ids": "opaque", "fields": {"content": "body"}}
    direction = getattr(read(spec, folder, dump(section)), way)
    for message in getattr(spec, way).values():
        for example in message.schema["examples"]:
            assert direction.from_wire(direction.to_wire(example).value).value == example


def test_the_most_particular_name_counts(spec: Spec, folder: Path) -> None:
    section = """
fields: {content: body, message_id: id}
objects: {Message: {content: text}}
messages: {SendMessage: {content: words}}
incoming: {fields: {content: say}, messages: {EditMessage: {message_id: "no"}}}
"""
    dialect = read(spec, folder, section)
    told = {"content": "c", "message_id": ROOM}
    assert dialect.incoming.to_wire({"type": "SendMessage", **told}).value.keys() == {"type", "words", "id"}
    assert dialect.incoming.to_wire({"type": "EditMessage", **told}).value.keys() == {"type", "say", "no"}
    assert dialect.outgoing.to_wire({"type": "NewMessage", **told}).value.keys() == {"type", "body", "id"}
    chunk = dialect.outgoing.to_wire({"type": "HistoryChunk", "messages": [told]}).value
    assert chunk["messages"] == [{"text": "c", "id": ROOM}]


def test_an_entry_counts_as_used_where_it_did_something(spec: Spec, folder: Path) -> None:
    section = """
discriminator: event
envelope: data
ids: {message: integer}
types: {SendMessage: send, Ping: ping}
fields: {content: body, conversation_id: room}
values: {code: {forbidden: 403, conflict: 409}}
"""
    dialect = read(spec, folder, section)
    sent = dialect.incoming.to_wire({"type": "SendMessage", "content": "hello", "parent_message_id": None})
    assert sent.used == {"discriminator", "envelope", "types.SendMessage", "fields.content"}
    told = dialect.outgoing.from_wire({"event": "Error", "data": {"code": 403, "message": "no"}})
    assert told.used == {"discriminator", "envelope", "values.code.forbidden"}
    assert told.value == {"type": "Error", "code": "forbidden", "message": "no"}
    assert [one.entry for one in dialect.differences] == [
        "discriminator",
        "envelope",
        "ids.message",
        "types.SendMessage",
        "types.Ping",
        "fields.content",
        "fields.conversation_id",
        "values.code.forbidden",
        "values.code.conflict",
    ]


def test_a_field_that_a_type_does_not_have_is_named_and_written_as_elsewhere(spec: Spec, folder: Path) -> None:
    """Somebody else's id in a request must reach the server as what it would look for (AUTH-2)."""
    dialect = read(spec, folder, "fields: {sender_id: author}\nids: integer")
    frame = {"type": "SendMessage", "content": "hello", "sender_id": ROOM, "x_extra": {"sender_id": ROOM}}
    sent = dialect.incoming.to_wire(frame).value
    assert sent == {"type": "SendMessage", "content": "hello", "author": 7, "x_extra": {"sender_id": ROOM}}


def test_only_our_side_puts_something_beside_the_envelope(spec: Spec, folder: Path) -> None:
    dialect = read(spec, folder, "envelope: {member: data, extra: {v: 3}}")
    assert dialect.incoming.to_wire({"type": "Ping"}).value == {"type": "Ping", "data": {}, "v": 3}
    assert dialect.outgoing.from_wire({"type": "Pong", "data": {}, "at": 5, "v": 4}).value == {"type": "Pong"}


class TestWrongFrames:
    """What the server does wrong is its own fault, and is told as it stood on the wire."""

    SECTION = (
        "discriminator: event\nenvelope: data\nids: integer\ntypes: {NewMessage: message}\nfields: {message_id: id}"
    )

    def problem(self, spec: Spec, folder: Path, wire: Any, section: str = SECTION) -> str | None:
        outgoing = read(spec, folder, section).outgoing
        frame = frames.read(json.dumps(wire), "type", spec.outgoing, outgoing)
        assert frame.text == json.dumps(wire)
        return frame.problem

    @pytest.mark.parametrize(
        ("wire", "problem"),
        [
            ({"event": "message"}, "it has no `data`, which holds the fields in the target's dialect"),
            ({"event": "message", "id": 5}, "it has no `data`, which holds the fields in the target's dialect"),
            ({"event": "message", "data": [1]}, "its `data` is [1], and no object with the fields"),
            ({"event": "Pong", "data": None}, "its `data` is null, and no object with the fields"),
            (
                {"type": "Pong", "data": {}},
                "its `event` is None, which is not in the protocol, nor in the target's dialect",
            ),
            (
                {"event": "NewMessage", "data": {}},
                "its `event` is 'NewMessage', which is called 'message' in the target's dialect",
            ),
            (
                {"event": "hm", "data": {}},
                "its `event` is 'hm', which is not in the protocol, nor in the target's dialect",
            ),
            ({"event": 7, "data": {}}, "its `event` is 7, which is not in the protocol, nor in the target's dialect"),
            ([], "it is JSON, but not an object"),
        ],
    )
    def test_what_does_not_fit_the_envelope_is_malformed(
        self, wire: Any, problem: str, spec: Spec, folder: Path
    ) -> None:
        assert self.problem(spec, folder, wire) == problem

    def test_a_type_without_fields_may_come_without_the_envelope(self, spec: Spec, folder: Path) -> None:
        assert self.problem(spec, folder, {"event": "Pong"}) is None

    def test_an_id_of_another_form_breaks_the_rule_of_its_place_and_is_said_once(
        self, spec: Spec, folder: Path
    ) -> None:
        outgoing = read(spec, folder, self.SECTION).outgoing
        wire = {"event": "MessageDeleted", "data": {"conversation_id": 7, "id": "seven", "deleted_by": ROOM}}
        frame = frames.read(json.dumps(wire), "type", spec.outgoing, outgoing)
        integer = "on the wire, where the target's dialect has an integer from 0 to 18446744073709551615"
        assert [(one.message, one.rule) for one in frame.violations] == [
            (f'`data.id` is "seven" {integer}', "CONN-11"),
            (f'`data.deleted_by` is "{ROOM}" {integer}', "CONN-11"),
            ("`deleted_at` is missing", "DEL-1"),
        ]

    def test_a_name_of_the_protocol_that_the_dialect_replaces_is_not_that_field(self, spec: Spec, folder: Path) -> None:
        outgoing = read(spec, folder, "fields: {message: reason}").outgoing
        frame = frames.read('{"type": "Error", "message": "no"}', "type", spec.outgoing, outgoing)
        assert [one.message for one in frame.violations] == ["`message` is missing"]

    @settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(wire=generated.ANYTHING)
    def test_whatever_comes_a_frame_comes_of_it(self, wire: Any, spec: Spec, folder: Path) -> None:
        outgoing = read(spec, folder, self.SECTION).outgoing
        for value in (
            wire,
            {"event": wire},
            {"event": "message", "data": wire},
            {"event": "history", "data": {"messages": wire}},
        ):
            frames.read(json.dumps(value), "type", spec.outgoing, outgoing)
