"""Whatever a server sends, reading it gives a frame: with a type, or with the reason why it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.wire.frames import Frame, read

if TYPE_CHECKING:
    from conformance.spec import Spec


def frame(spec: Spec, data: str | bytes) -> Frame:
    return read(data, spec.protocol.discriminator, spec.outgoing)


def test_a_good_frame_has_its_type_and_no_violation(spec: Spec) -> None:
    found = frame(spec, '{"type": "Error", "message": "no"}')
    assert (found.type, found.problem, found.violations) == ("Error", None, ())
    assert found.value == {"type": "Error", "message": "no"}


def test_every_example_of_the_spec_is_a_good_frame(spec: Spec) -> None:
    for message in spec.outgoing.values():
        for example in message.schema["examples"]:
            assert message.violations(example) == []


def test_a_frame_that_breaks_its_schema_keeps_its_type(spec: Spec) -> None:
    found = frame(spec, '{"type": "Error", "message": 5}')
    assert (found.type, found.problem) == ("Error", None)
    assert [violation.rule for violation in found.violations] == ["CONN-2"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x00", "binary"),
        ("", "not JSON"),
        ("hello", "not JSON"),
        ('{"type": "Pong"', "not JSON"),
        ('{"type": "Pong"} {}', "not JSON"),
        ('{"type": "Pong", "n": NaN}', "NaN is not JSON"),
        ('{"type": "Pong", "type": "Pong"}', "the key 'type' is in it twice"),
        ("[" * 100_000, "nested too deeply"),
        ('["Pong"]', "not an object"),
        ("null", "not an object"),
        ("{}", "`type` is None"),
        ('{"type": "pong"}', "`type` is 'pong'"),
        ('{"type": ["Pong"]}', "`type` is ['Pong']"),
        ('{"type": "Error", "message": "\\ud800"}', "half a surrogate pair"),
        ('{"type": "Pong", "n": ' + "9" * 10_000 + "}", "not JSON"),
    ],
)
def test_what_is_no_frame_says_why(spec: Spec, data: str | bytes, problem: str) -> None:
    found = frame(spec, data)
    assert found.problem is not None
    assert problem in found.problem


@given(st.text() | st.binary())
def test_reading_never_fails(spec: Spec, data: str | bytes) -> None:
    assert frame(spec, data).text is not None
