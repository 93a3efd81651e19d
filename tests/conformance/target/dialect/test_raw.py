"""Raw texts: what is broken reaches the wire broken in the same way, and all else as a frame would."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.target.dialect.raw import RawWriter
from tests.conformance.target.dialect.dialects import read
from tests.examples import examples

if TYPE_CHECKING:
    from conformance.spec import Spec
    from conformance.target.dialect import Direction

FLAT = """
discriminator: event
ids: integer
types: {Ping: ping, SendMessage: send, FetchHistory: history, CallOffer: offer}
fields: {conversation_id: room, content: body, limit: n}
objects: {Attachment: {url: href}}
values: {call_type: {audio: voice}}
"""
WRAPPED = FLAT + "envelope: {member: data, extra: {v: 3}}\n"
ID = "00000000-0000-0000-0000-000000000007"

BOTH = [
    "",
    " \t\r\n",
    "hello",
    "{",
    "null",
    "42",
    '"Ping"',
    "[]",
    "[" * 10_000,
    "[" * 10_000 + "]" * 10_000,
    '{type "Ping"}',
    "{{{{",
    '{"type',
    '{"type":"Pi',
]
"""Nothing in them can be translated."""

CASES = [
    # whole frames
    ('{"type":"Ping"}', '{"event":"ping"}', '{"event":"ping","data":{},"v":3}'),
    (
        '{"type":"SendMessage","conversation_id":"ID","content":"hi"}',
        '{"event":"send","room":7,"body":"hi"}',
        '{"event":"send","data":{"room":7,"body":"hi"},"v":3}',
    ),
    (
        '{"type":"SendMessage","attachments":[{"url":"u","size":1}, {"url":2}],"n":[{"url":3}]}',
        '{"event":"send","attachments":[{"href":"u","size":1}, {"href":2}],"limit":[{"url":3}]}',
        '{"event":"send","data":{"attachments":[{"href":"u","size":1}, {"href":2}],"limit":[{"url":3}]},"v":3}',
    ),
    (
        '{"type":"CallOffer","call_type":"audio"}',
        '{"event":"offer","call_type":"voice"}',
        '{"event":"offer","data":{"call_type":"voice"},"v":3}',
    ),
    (
        ' {"conversation_id":"ID", "limit":1, "type":"FetchHistory"} ',
        ' {"room":7, "n":1, "event":"history"} ',
        ' {"data":{"room":7, "n":1}, "event":"history","v":3} ',
    ),
    # what is no frame
    ("{}", "{}", '{"data":{},"v":3}'),
    ('{"action":"Ping"}', '{"action":"Ping"}', '{"data":{"action":"Ping"},"v":3}'),
    ('{"type":["Ping"]}', '{"event":["Ping"]}', '{"event":["Ping"],"data":{},"v":3}'),
    ('{"type":1}', '{"event":1}', '{"event":1,"data":{},"v":3}'),
    ('{"data":{"type":"Ping"}}', '{"data":{"type":"Ping"}}', '{"data":{"data":{"type":"Ping"}},"v":3}'),
    ('[{"type":"Ping"}]', '[{"event":"ping"}]', '[{"event":"ping","data":{},"v":3}]'),
    ('{"type":"send"}', '{"event":"SendMessage"}', '{"event":"SendMessage","data":{},"v":3}'),
    # what is broken
    ('{"type":"Ping"', '{"event":"ping"', '{"event":"ping"'),
    ('{"type":"Ping",}', '{"event":"ping",}', '{"event":"ping","data":{},"v":3,}'),
    ('{"type":"Ping","n":1,}', '{"event":"ping","limit":1,}', '{"event":"ping","data":{"limit":1,},"v":3}'),
    ('{"type":"Ping"} trailing', '{"event":"ping"} trailing', '{"event":"ping","data":{},"v":3} trailing'),
    ('{"type":"Ping"}{"type":"Ping"}', '{"event":"ping"}' * 2, '{"event":"ping","data":{},"v":3}' * 2),
    ("{'type':'Ping'}", "{'event':\"ping\"}", '{\'event\':"ping","data":{},"v":3}'),
    ('{type:"Ping"}', '{event:"ping"}', '{event:"ping","data":{},"v":3}'),
    ('/* hi */ {"type":"Ping"}', '/* hi */ {"event":"ping"}', '/* hi */ {"event":"ping","data":{},"v":3}'),
    (
        '{"type":"Ping","x":"a\nb\0\\q"}',
        '{"event":"ping","x":"a\nb\0\\q"}',
        '{"event":"ping","data":{"x":"a\nb\0\\q"},"v":3}',
    ),
    # what is odd
    (
        '{"type":"Ping","type":"Ping","content":1,"content":2,"cont\\u0065nt":3}',
        '{"event":"ping","event":"ping","body":1,"body":2,"\\u0062\\u006f\\u0064\\u0079":3}',
        '{"event":"ping","event":"ping","data":{"body":1,"body":2,"\\u0062\\u006f\\u0064\\u0079":3},"v":3}',
    ),
    (
        '{"type":"FetchHistory","limit":1.0e1,"conversation_id":7,"x":"\\ud83d\\u0000"}',
        '{"event":"history","n":1.0e1,"room":"7","x":"\\ud83d\\u0000"}',
        '{"event":"history","data":{"n":1.0e1,"room":"7","x":"\\ud83d\\u0000"},"v":3}',
    ),
    (
        '{"type":"FetchHistory","conversation_id":"{ID}"}',
        '{"event":"history","room":"{ID}"}',
        '{"event":"history","data":{"room":"{ID}"},"v":3}',
    ),
    (
        '{"type":"FetchHistory","conversation_id":"ID\\u0000"}',
        '{"event":"history","room":"ID\\u0000"}',
        '{"event":"history","data":{"room":"ID\\u0000"},"v":3}',
    ),
]


@pytest.fixture(scope="module")
def flat(spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> Direction:
    return read(spec, tmp_path_factory.mktemp("flat"), FLAT).incoming


@pytest.fixture(scope="module")
def wrapped(spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> Direction:
    return read(spec, tmp_path_factory.mktemp("wrapped"), WRAPPED).incoming


def translated(text: str, direction: Direction) -> str:
    return RawWriter(direction, set()).message(text.encode()).decode()


@pytest.mark.parametrize("text", BOTH, ids=lambda text: text[:20])
def test_what_is_no_object_stays_as_it_is(text: str, flat: Direction, wrapped: Direction) -> None:
    assert translated(text, flat) == text
    assert translated(text, wrapped) == text


@pytest.mark.parametrize(("text", "plain", "enveloped"), CASES)
def test_a_raw_text_keeps_what_is_wrong_with_it(
    text: str, plain: str, enveloped: str, flat: Direction, wrapped: Direction
) -> None:
    text, plain, enveloped = (one.replace("ID", ID) for one in (text, plain, enveloped))
    assert translated(text, flat) == plain
    assert translated(text, wrapped) == enveloped


@pytest.mark.parametrize("value", ["9" * 10_000, "1e" + "9" * 10_000, "[" * 10_000 + "]" * 10_000, '{"a":' * 10_000])
@pytest.mark.parametrize("field", ["conversation_id", "content", "attachments", "x"])
def test_what_no_parser_takes_passes(field: str, value: str, wrapped: Direction) -> None:
    text = f'{{"type":"SendMessage","{field}":{value}}}'
    assert value in translated(text, wrapped)


@given(before=st.binary(max_size=30), after=st.binary(max_size=30))
def test_whatever_the_bytes_something_goes_out(before: bytes, after: bytes, wrapped: Direction) -> None:
    data = before + b'{"type":"Ping","note":"' + after
    RawWriter(wrapped, set()).message(data)


def test_bytes_that_are_no_utf_8_stay(wrapped: Direction) -> None:
    wire = RawWriter(wrapped, set()).message(b'{"type":"Ping","note":"\xff\xed\xa0\x80"}')
    assert wire == b'{"event":"ping","data":{"note":"\xff\xed\xa0\x80"},"v":3}'


@pytest.mark.parametrize("size", [2000, 65_536])
def test_filler_makes_up_for_the_length(size: int, flat: Direction, wrapped: Direction) -> None:
    text = '{"type":"Ping","padding":"' + "a" * (size - 28) + '"}'
    for direction in (flat, wrapped):
        wire = translated(text, direction)
        assert len(wire) == len(text) == size
        assert json.loads(wire)["event"] == "ping"


def test_a_short_text_has_no_filler(wrapped: Direction) -> None:
    assert "a" * 900 in translated('{"type":"Ping","padding":"' + "a" * 900 + '"}', wrapped)


MESSAGE = f'{{"type":"SendMessage","conversation_id":"{ID}","content":"👍 in many parts"}}'.encode()


@settings(max_examples=examples(100), deadline=None)
@given(cuts=st.lists(st.integers(0, len(MESSAGE)), max_size=6), enveloped=st.booleans(), steps=st.booleans())
def test_fragments_make_the_same_message_wherever_it_is_cut(
    cuts: list[int], enveloped: bool, steps: bool, flat: Direction, wrapped: Direction
) -> None:
    direction = wrapped if enveloped else flat
    places = [0, *sorted(cuts), len(MESSAGE)]
    parts = [MESSAGE[begin:end] for begin, end in pairwise(places)]
    writer = RawWriter(direction, set())
    if steps:  # each fragment in a step of its own: nobody knows yet what will follow
        sent = [writer.fragments([part], final=index == len(parts) - 1)[0] for index, part in enumerate(parts)]
    else:
        sent = writer.fragments(parts, final=True)
    assert len(sent) == len(parts)
    assert b"".join(sent) == RawWriter(direction, set()).message(MESSAGE)
    again = writer.fragments([b'{"type":"Ping"}'], final=True)
    assert again == [RawWriter(direction, set()).message(b'{"type":"Ping"}')]


def test_a_cut_inside_a_character_stays_there(wrapped: Direction) -> None:
    at = MESSAGE.index("👍".encode()) + 2
    first, second = RawWriter(wrapped, set()).fragments([MESSAGE[:at], MESSAGE[at:]], final=True)
    assert first.endswith(b'"\xf0\x9f')
    assert second.startswith(b"\x91\x8d in")


def test_the_first_step_already_sends_what_is_certain(wrapped: Direction) -> None:
    writer = RawWriter(wrapped, set())
    assert writer.fragments([f'{{"type":"SendMessage","conversation_id":"{ID}",'.encode()], final=False) == [
        b'{"event":"send","data":{"room":7,'
    ]
    assert writer.fragments([b'"content":"finished"}'], final=True) == [b'"body":"finished"},"v":3}']


def test_what_a_raw_text_uses_counts(wrapped: Direction) -> None:
    used: set[str] = set()
    RawWriter(wrapped, used).message(b'{"type":"SendMessage","conversation_id":"' + ID.encode() + b'"}')
    assert used == {"discriminator", "envelope", "types.SendMessage", "fields.conversation_id", "ids"}
