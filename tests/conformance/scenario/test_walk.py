"""Steps inside steps are found, and the users and conversations that a step names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.scenario.walk import actors, conversations, walk
from tests.conformance.scenario.reading import read_steps

if TYPE_CHECKING:
    from pathlib import Path


def test_steps_inside_steps_are_walked_too(tmp_path: Path) -> None:
    scenario = read_steps(
        tmp_path,
        "{repeat: 2, steps: [{together: [[{send: Ping, by: alice}], [{sync: bob}]]}]}",
        "{faster_than: timers.rate_window, steps: [{sync: alice}]}",
    )
    assert [step.label for step in walk(scenario.steps)] == [
        *("repeat 2", "together", "send Ping by alice", "sync bob", "faster_than timers.rate_window", "sync alice")
    ]


@pytest.mark.parametrize(
    ("text", "who", "where"),
    [
        ("{send: Ping, by: alice}", ("alice",), ()),
        ("{connect: alice@phone, join: [lobby]}", ("alice@phone",), ("lobby",)),
        ("{provision: {remove: {conversation: lobby, user: bob}}}", ("bob",), ("lobby",)),
        ("{restart: hard}", (), ()),
    ],
)
def test_a_step_knows_whom_it_names(tmp_path: Path, text: str, who: Any, where: Any) -> None:
    (step,) = read_steps(tmp_path, text).steps
    assert (actors(step), conversations(step)) == (who, where)
