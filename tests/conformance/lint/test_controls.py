"""A probe that cannot tell a refusal from a server that does nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.lint.controls import probes_have_controls

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author

SEND = '{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}'
RAW = """{send_raw: {text: '{"type": "SendMessage"}'}, by: alice}"""
HEARD = "{expect: NewMessage, at: bob}"
OBSERVE = "{observe: bob, choices: {yes: {frame: NewMessage}}, otherwise: refused}"


def found(spec: Spec, scenario: Author, *lines: str) -> list[str]:
    probe = scenario.probe("\n".join(lines))
    return [mistake.message for mistake in probes_have_controls(replace(spec, probes={probe.id: probe}))]


@pytest.mark.parametrize("send", [SEND, RAW])
def test_a_probe_without_a_control_is_found(spec: Spec, scenario: Author, send: str) -> None:
    [unproved, uncontrolled] = found(spec, scenario, f"steps: [{send}, {OBSERVE}]")
    assert unproved.startswith("nothing shows that the server ever sends NewMessage")
    assert uncontrolled.startswith("a server that does nothing would be observed, too")


@pytest.mark.parametrize(
    "lines",
    [
        (f"control: [{SEND}, {HEARD}]", f"steps: [{RAW}, {OBSERVE}]"),
        (f"control: [{RAW}, {HEARD}]", f"steps: [{SEND}, {OBSERVE}]"),
        (f"steps: [{SEND}, {HEARD}, {OBSERVE}]",),
        ("no_control: It is a toy, and needs none.", f"steps: [{SEND}, {OBSERVE}]"),
    ],
)
def test_a_probe_with_a_control_is_right(spec: Spec, scenario: Author, lines: tuple[str, ...]) -> None:
    assert found(spec, scenario, *lines) == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((f"control: [{SEND}]", f"steps: [{SEND}, {HEARD}, {OBSERVE}]"), "its `control` expects no frame"),
        ((f"control: [{HEARD}]", f"steps: [{RAW}, {OBSERVE}]"), "it sends SendMessage, and its `control` does not"),
        (
            (f"control: [{SEND}, {{expect: ActionConfirmed, at: alice}}]", f"steps: [{SEND}, {OBSERVE}]"),
            "nothing shows that the server ever sends NewMessage",
        ),
        (
            (f"control: [{SEND}, {HEARD}]", "no_control: It needs none.", f"steps: [{SEND}, {OBSERVE}]"),
            "it has a `control`, and says why it needs none",
        ),
        ((f"steps: [{SEND}, {HEARD}, {RAW}, {OBSERVE}]",), "a server that does nothing would be observed, too"),
    ],
)
def test_a_control_that_controls_nothing_is_found(
    spec: Spec, scenario: Author, lines: tuple[str, ...], message: str
) -> None:
    assert any(one.startswith(message) for one in found(spec, scenario, *lines))
