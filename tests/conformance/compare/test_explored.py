from __future__ import annotations

from dataclasses import replace

from conformance.compare.explored import found_of
from conformance.engine.context.transcript import Line, Transcript
from conformance.engine.explore.difference import Difference
from conformance.engine.explore.findings import Finding, Shown, cause_of
from conformance.report.explored import finding_lines
from conformance.results.explored import Exploration
from tests.conformance.engine.explore.stories import NAMES, burst, conversation, message, ran, send

PING = Line(0.003, "ann", "→", '{"type": "Ping"}, to know when all before it is handled (by the harness)')
NOISE = Line(0.002, "ann", "←", {"type": "UserPresenceUpdate", "status": "online"})


def _finding(**more) -> Finding:
    tested, other = ran(), ran()
    first = [Line(0.0, "ann", "·", "connected"), NOISE, PING]
    tested.lines = Transcript(0.0, [*first, Line(0.009, "ann", "←", message("hullo"))])
    other.lines = Transcript(
        0.0, [Line(0.0, "ann", "·", "connected to instance 2"), Line(0.005, "ann", "←", message())]
    )
    tested.names = other.names = dict(NAMES)
    found = Difference(0, "ann", "SendMessage", "another NewMessage: content", "SEND-1")
    shown = Shown(cause_of(found), conversation(burst(send())), tested, other, found, "ann: another NewMessage")
    return replace(Finding(shown, 3, 3, 12, 1.0), **more)


def _text(finding: Finding) -> str:
    exploration = Exploration("new", "old", 7, 1, 1, 0, 1.0, complete=True)
    return "\n".join(finding_lines(found_of(finding, "type", {"UserPresenceUpdate"}), exploration))


def test_only_the_line_that_differs_is_marked() -> None:
    lines = _text(_finding()).splitlines()
    (marked,) = [line for line in lines if "≠" in line]
    assert "hullo" in marked.partition(" | ")[0]
    assert "hello 1" in marked.partition(" | ")[2]


def test_neither_noise_nor_the_requests_of_the_harness_are_shown() -> None:
    assert "Presence" not in _text(_finding())
    assert "harness" not in _text(_finding())


def test_a_flaky_finding_says_how_often_it_was_seen_again() -> None:
    assert "FLAKY: 1 of 3 replays show it" in _text(_finding(again=1))
    assert "FLAKY" not in _text(_finding())


def test_a_known_finding_says_why() -> None:
    assert "known: nobody minds" in _text(_finding(known="nobody minds"))
