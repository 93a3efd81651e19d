"""What a dialect adds to a renaming: constants of requests, and frames that replace one of the protocol."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile
from conformance.target.dialect.raw import RawWriter
from tests.conformance.target.dialect.dialects import read

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

CONSTANTS = "incoming: {types: {SendMessage: send}, constants: {SendMessage: {kind: plain, n: 1}}}"
REPLIES = """\
outgoing:
  replies:
    join_ack: {type: ActionConfirmed, when: {status: ok}, with: {action: joined_conversation, success: true}}
"""
ENVELOPE = "envelope: data\n"


class TestConstants:
    def test_are_in_each_request_of_their_type(self, spec: Spec, tmp_path: Path) -> None:
        incoming = read(spec, tmp_path, CONSTANTS).incoming
        sent = incoming.to_wire({"type": "SendMessage", "content": "hi"})
        assert sent.value == {"kind": "plain", "n": 1, "type": "send", "content": "hi"}
        assert "incoming.constants.SendMessage.kind" in sent.used
        assert incoming.to_wire({"type": "Ping"}).value == {"type": "Ping"}

    def test_are_inside_an_envelope(self, spec: Spec, tmp_path: Path) -> None:
        sent = read(spec, tmp_path, ENVELOPE + CONSTANTS).incoming.to_wire({"type": "SendMessage", "content": "hi"})
        assert sent.value == {"type": "send", "data": {"kind": "plain", "n": 1, "content": "hi"}}

    @pytest.mark.parametrize(
        ("text", "wire", "enveloped"),
        [
            (
                '{"type":"SendMessage", "content":"hi"}',
                '{"type":"send", "content":"hi","kind":"plain","n":1}',
                '{"type":"send","data":{ "content":"hi","kind":"plain","n":1}}',
            ),
            (
                '{"type":"SendMessage"}',
                '{"type":"send","kind":"plain","n":1}',
                '{"type":"send","data":{"kind":"plain","n":1}}',
            ),
            (
                '{"content":"hi","type":"SendMessage"}',
                '{"content":"hi","type":"send","kind":"plain","n":1}',
                '{"data":{"content":"hi","kind":"plain","n":1},"type":"send"}',
            ),
            (
                '{"type":"SendMessage","content":"hi",}',
                '{"type":"send","content":"hi","kind":"plain","n":1,}',
                '{"type":"send","data":{"content":"hi","kind":"plain","n":1,}}',
            ),
            ('{"type":"SendMessage","content":', '{"type":"send","content":', '{"type":"send","content":'),
            ('{"type":"Ping"}', '{"type":"Ping"}', '{"type":"Ping","data":{}}'),
        ],
    )
    def test_are_in_raw_texts_too(self, spec: Spec, tmp_path: Path, text: str, wire: str, enveloped: str) -> None:
        for section, wanted in ((CONSTANTS, wire), (ENVELOPE + CONSTANTS, enveloped)):
            writer = RawWriter(read(spec, tmp_path, section).incoming, set())
            assert writer.message(text.encode()).decode() == wanted
            half = len(text) // 2
            cut = writer.fragments([text[:half].encode(), text[half:].encode()], final=True)
            assert b"".join(cut).decode() == wanted

    def test_are_listed_as_differences(self, spec: Spec, tmp_path: Path) -> None:
        listed = [(one.entry, one.protocol, one.wire) for one in read(spec, tmp_path, CONSTANTS).differences]
        assert ("incoming.constants.SendMessage.n", "no such field of SendMessage", "n is 1") in listed

    @pytest.mark.parametrize(
        ("section", "message"),
        [
            (
                "incoming: {constants: {SendMesage: {kind: plain}}}",
                "`incoming.constants.SendMesage`: the protocol has no message type 'SendMesage'; did you mean"
                " 'SendMessage'?",
            ),
            (
                "incoming: {fields: {content: text}, constants: {SendMessage: {text: plain}}}",
                "'text' would be in a frame twice: it is the server's name of content",
            ),
            ("outgoing: {constants: {NewMessage: {kind: plain}}}", "constants"),
        ],
    )
    def test_that_are_wrong_are_refused(self, spec: Spec, tmp_path: Path, section: str, message: str) -> None:
        with pytest.raises(BadFile) as error:
            read(spec, tmp_path, section)
        assert message in str(error.value)


class TestReplies:
    def test_become_the_frame_that_they_replace(self, spec: Spec, tmp_path: Path) -> None:
        outgoing = read(spec, tmp_path, REPLIES).outgoing
        seen = outgoing.from_wire({"type": "join_ack", "status": "ok"})
        assert seen.value == {"type": "ActionConfirmed", "action": "joined_conversation", "success": True}
        assert (seen.problem, seen.faults, seen.used) == (None, (), {"outgoing.replies.join_ack"})

    def test_keep_their_other_members_under_the_names_of_the_protocol(self, spec: Spec, tmp_path: Path) -> None:
        section = "ids: integer\nfields: {conversation_id: room}\n" + ENVELOPE + REPLIES
        content = {"status": "ok", "room": 7, "more": 1}
        seen = read(spec, tmp_path, section).outgoing.from_wire({"type": "join_ack", "data": content})
        assert seen.value["conversation_id"] == "00000000-0000-0000-0000-000000000007"
        assert seen.value["more"] == 1
        assert "status" not in seen.value

    @pytest.mark.parametrize("members", [{}, {"status": "no"}, {"status": True}])
    def test_with_another_word_are_unknown(self, spec: Spec, tmp_path: Path, members: dict[str, object]) -> None:
        frame = json.loads(json.dumps({"type": "join_ack", **members}))
        problem = read(spec, tmp_path, REPLIES).outgoing.from_wire(frame).problem
        assert problem is not None
        assert "its `type` is 'join_ack', which is not in the protocol" in problem

    def test_are_listed_as_differences(self, spec: Spec, tmp_path: Path) -> None:
        (one,) = read(spec, tmp_path, REPLIES).differences
        assert (one.entry, one.wire) == ("outgoing.replies.join_ack", "join_ack with status = ok")
        assert one.protocol == "ActionConfirmed with action = joined_conversation, success = true"

    @pytest.mark.parametrize(
        ("reply", "message"),
        [
            ("ack: {type: ActionConfirm}", "the protocol has no message type 'ActionConfirm'; did you mean"),
            (
                "ack: {type: ActionConfirmed, with: {acton: x}}",
                "the protocol has no field of ActionConfirmed 'acton'; did you mean 'action'?",
            ),
            ("Pong: {type: ActionConfirmed}", "'Pong' is the server's name of Pong: it cannot replace another type"),
        ],
    )
    def test_that_are_wrong_are_refused(self, spec: Spec, tmp_path: Path, reply: str, message: str) -> None:
        with pytest.raises(BadFile) as error:
            read(spec, tmp_path, f"outgoing: {{replies: {{{reply}}}}}")
        assert message in str(error.value)
