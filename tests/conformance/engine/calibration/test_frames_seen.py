"""What calibration takes for wrong with every frame of a type, and for a join that brings earlier messages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.calibration.frames_seen import DEVICE, OWN, _holds, replays, wrong_fields
from conformance.spec.messages import Violation
from conformance.wire.frames import Frame
from tests.conformance.run_contexts import toy_runner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.spec import Spec


def seen(spec: Spec, *frames: Frame) -> Any:
    """Give as much of a context as says what came on the second device."""
    device = SimpleNamespace(name=DEVICE, log=[SimpleNamespace(frame=frame) for frame in frames])
    return SimpleNamespace(run=SimpleNamespace(spec=spec), past=[], connections={DEVICE: device})


def frame(value: Mapping[str, Any], *wrong: str) -> Frame:
    return Frame("", dict(value), "NewMessage", violations=tuple(Violation("", "SEND-1", place) for place in wrong))


@pytest.mark.parametrize(("wrong", "field"), [("no sender", "sender_id"), ("no id", "message_id")])
async def test_a_field_that_no_event_has_is_wrong(spec: Spec, wrong: str, field: str) -> None:
    async with toy_runner(spec, wrong=[wrong]) as runner:
        assert runner.run_context.calibration.wrong_fields == {f"NewMessage.{field}": "SEND-1"}


async def test_a_field_that_only_some_events_lack_is_not(spec: Spec) -> None:
    async with toy_runner(spec, wrong=["no sender at times"]) as runner:
        assert runner.run_context.calibration.wrong_fields == {}


@pytest.mark.parametrize(
    ("frames", "wrong"),
    [
        ([frame({"l": [{"at": 1}]}, "l[].at type")], {"NewMessage.l[].at": "SEND-1"}),
        ([frame({"l": [{"at": 1}]}, "l[].at type"), frame({"l": []})], {"NewMessage.l[].at": "SEND-1"}),
        ([frame({"l": [{"at": 1}]}, "l[].at type"), frame({"l": [{"at": None}]})], {"NewMessage.l[].at": "SEND-1"}),
        ([frame({"l": [{"at": 1}]}, "l[].at type"), frame({"l": [{"at": "now"}]})], {}),
        ([frame({}, "required at"), frame({"at": "now"})], {}),
    ],
)
def test_what_says_nothing_of_a_field_does_not_make_it_sound(
    spec: Spec, frames: list[Frame], wrong: Mapping[str, str]
) -> None:
    assert wrong_fields(seen(spec, *frames)) == wrong


@pytest.mark.parametrize(
    ("value", "path", "there"),
    [
        ({"a": 0}, ["a"], True),
        ({"a": None}, ["a"], False),
        ({"a": {"b": 1}}, ["a", "b"], True),
        ({"a": [{"b": 1}]}, ["a[]", "b"], True),
        ({"a": {"b": 1}}, ["a[]", "b"], False),
        ({"a": [1, 2]}, ["a[]"], True),
        ([], ["a"], False),
    ],
)
def test_a_value_is_found_at_its_path(value: object, path: list[str], there: bool) -> None:
    assert _holds(value, path) is there


@pytest.mark.parametrize(
    ("told", "replayed"),
    [
        ([OWN], False),
        (["first", "latest", OWN], True),
        (["latest", OWN], False),  # It may be under way: such a server decides late whom it tells.
        ([], False),
    ],
)
def test_a_join_brings_earlier_messages_if_it_brings_another_than_the_latest(
    spec: Spec, told: list[str], replayed: bool
) -> None:
    assert replays(seen(spec, *(frame({"content": text}) for text in told)), "latest") is replayed
