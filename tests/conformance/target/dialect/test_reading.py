"""A section with a mistake is refused, with its line, what is wrong, and what was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile
from tests.conformance.target.dialect.dialects import read

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

UNKNOWN = [
    (
        "types: {SendMesage: send}",
        "`types.SendMesage`: the protocol has no message type 'SendMesage'; did you mean 'SendMessage'?",
    ),
    (
        "incoming: {types: {NewMessage: m}}",
        "`incoming.types.NewMessage`: the protocol has no message type 'NewMessage'",
    ),
    (
        "fields: {conversationid: room}",
        "`fields.conversationid`: the protocol has no field 'conversationid'; did you mean 'conversation_id'?",
    ),
    ("fields: {type: event}", "`fields.type`: the protocol has no field 'type'"),
    (
        "outgoing: {fields: {target_user_id: to}}",
        "`outgoing.fields.target_user_id`: the protocol has no field 'target_user_id'",
    ),
    (
        "objects: {Atachment: {url: href}}",
        "`objects.Atachment`: the protocol has no shared object 'Atachment'; did you mean 'Attachment'?",
    ),
    (
        "objects: {Attachment: {link: href}}",
        "`objects.Attachment.link`: the protocol has no field of Attachment 'link'; there are",
    ),
    ("messages: {Error: {code: c, text: t}}", "`messages.Error.text`: the protocol has no field of Error 'text'"),
    ("messages: {Eror: {code: c}}", "`messages.Eror`: the protocol has no message type 'Eror'; did you mean 'Error'?"),
    (
        "values: {action: {mesage_sent: sent}}",
        "`values.action.mesage_sent`: the protocol has no word of action 'mesage_sent'; did you mean 'message_sent'?",
    ),
    (
        "values: {content: {a: b}}",
        "`values.content`: the protocol has no field with known words 'content'; there are action, call_type, code",
    ),
    (
        "ids: {conversation: integer, room: integer}",
        "`ids.room`: the protocol has no kind of id 'room'; there are conversation, message, user",
    ),
]
AMBIGUOUS = [
    ("types: {NewMessage: m, Pong: m}", "both be 'm' on the wire, in the outgoing types"),
    ("types: {SendMessage: Ping}", "Ping and SendMessage would both be 'Ping' on the wire, in the incoming types"),
    (
        "fields: {content: text, message_id: text}",
        "content and message_id would both be 'text' on the wire, in EditMessage",
    ),
    ("messages: {Error: {message: code}}", "code and message would both be 'code' on the wire, in Error"),
    ("objects: {Attachment: {url: size}}", "size and url would both be 'size' on the wire, in Attachment"),
    ("discriminator: content", "content and type would both be 'content' on the wire, in EditMessage"),
    ("fields: {content: type}", "content and type would both be 'type' on the wire, in EditMessage"),
    (
        "values: {code: {forbidden: 4, not_found: 4}}",
        "forbidden and not_found would both be 4 on the wire, in the words of code",
    ),
    ("envelope: type", "'type' would be in a frame twice"),
    ("envelope: {member: data, extra: {data: 1}}", "'data' would be in a frame twice"),
]
FORMAT = [
    ("{}", "this should not be empty"),
    ("enveloppe: data", "there is no key 'enveloppe' here; did you mean 'envelope'?"),
    ("ids: number", "is not one of uuid, integer, opaque"),
    ("ids: {user: {largest: 5}}", "should be at least 1000000"),
    ("fields: {content: 5}", "5 should be a text"),
    ("types: []", "should be a mapping"),
    ("values: {action: {message_sent: true}}", "true should be a text or a whole number"),
    ("incoming: {ids: integer}", "there is no key 'ids' here"),
]


@pytest.mark.parametrize(("section", "message"), [*UNKNOWN, *AMBIGUOUS, *FORMAT])
def test_a_mistake_is_said_with_its_line(section: str, message: str, spec: Spec, tmp_path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        read(spec, tmp_path, section)
    for mistake in caught.value.mistakes:
        assert "\n" not in str(mistake)
        assert mistake.line in (5, 6)
    assert message in str(caught.value)


def test_every_mistake_is_said_on_its_own_line_and_once(spec: Spec, tmp_path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        read(spec, tmp_path, "types:\n  Pingg: p\nfields:\n  sender: s\n  contents: c\nids: {users: integer}")
    assert [mistake.line for mistake in caught.value.mistakes] == [7, 9, 10, 11]


def test_the_same_name_in_two_directions_or_two_objects_is_no_mistake(spec: Spec, tmp_path: Path) -> None:
    section = """
incoming: {types: {SendMessage: message}}
outgoing: {types: {NewMessage: message}, fields: {url: content, content: body}}
fields: {query: content}
"""
    assert read(spec, tmp_path, section).outgoing.types.to_wire("NewMessage") == "message"


def test_inside_an_envelope_a_field_may_have_the_discriminators_name(spec: Spec, tmp_path: Path) -> None:
    incoming = read(spec, tmp_path, "envelope: data\nfields: {call_type: type}").incoming
    frame = {"type": "CallOffer", "call_type": "audio"}
    wire = {"type": "CallOffer", "data": {"type": "audio"}}
    assert incoming.to_wire(frame).value == wire
    assert incoming.from_wire(wire).value == frame


def test_a_target_without_the_section_has_no_dialect(spec: Spec, tmp_path: Path) -> None:
    from conformance.target import read_target
    from tests.conformance.target.dialect.dialects import REST

    file = tmp_path / "target.yaml"
    file.write_text(REST, encoding="utf-8")
    assert read_target(file, spec, secret="x" * 40).dialect is None
