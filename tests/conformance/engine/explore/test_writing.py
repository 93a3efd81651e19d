from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.explore.conversation import Ask, Backlog, Depart, Flood, Grant, Knock, Pause, Race, RawMessage
from conformance.engine.explore.conversation_run import REFUSED, Seen
from conformance.engine.explore.difference import Difference
from conformance.engine.explore.findings import Finding, Shown, cause_of
from conformance.engine.explore.writing import Writer
from conformance.errors import BadFile
from conformance.scenario import steps as s
from conformance.spec.added import with_scenarios
from conformance.wire.events import Closed
from tests.conformance.engine.explore.stories import (
    BOB,
    LOBBY,
    burst,
    confirmed,
    conversation,
    message,
    ran,
    seen,
    send,
)

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.engine.explore.conversation import Conversation
    from conformance.engine.explore.conversation_run import ConversationRun
    from conformance.engine.explore.differ import Comparer
    from conformance.scenario.model import Scenario
    from conformance.target import Target

DELETE = Ask("ann", "DeleteMessage", {"conversation_id": "${lobby}", "message_id": "${m1}"})
HISTORY = Ask("ann", "FetchHistory", {"conversation_id": "${lobby}"}, slot="p1")
GONE = {"type": "MessageDeleted", "conversation_id": LOBBY, "message_id": message()["message_id"]}


def _written(
    conversation: Conversation, other: ConversationRun, comparer: Comparer, target: Target, folder: Path
) -> Scenario:
    """Write a finding at the last step, and read it as a scenario."""
    found = Difference(len(conversation.steps) - 1, "ann", "DeleteMessage", "no MessageDeleted", "DEL-1")
    other.names = {**other.names, str(message()["message_id"]): "m1"}
    finding = Finding(Shown(cause_of(found), conversation, ran(), other, found, "no MessageDeleted"), 3, 3, 9, 1.0)
    file = folder / "explored.yaml"
    file.write_text(Writer(comparer, target).text(finding, "the tested one"), encoding="utf-8")
    spec, (name,) = with_scenarios(comparer.spec, [file])
    assert name == f"explored.{finding.id}"
    return spec.scenarios[name]


def test_a_scenario_expects_what_the_other_server_sent(comparer: Comparer, target: Target, tmp_path: Path) -> None:
    steps = burst(send()), burst(DELETE)
    other = ran(
        seen(steps[0], confirmed("message_sent"), ann=[message()]),
        seen(steps[1], confirmed("message_deleted"), bob=[GONE]),
    )
    scenario = _written(conversation(*steps), other, comparer, target, tmp_path)
    assert (scenario.feature, scenario.rules) == ("delete_message", ("DEL-1",))
    expected = [(one.frame, one.at) for one in scenario.steps if isinstance(one, s.Expect)]
    assert expected == [
        ("NewMessage", ("ann",)),  # It names the message; an answer of the same step may show it.
        ("ActionConfirmed", ("bob",)),
        ("MessageDeleted", ("bob",)),
        ("ActionConfirmed", ("ann",)),
    ]
    new = next(one for one in scenario.steps if isinstance(one, s.Expect) and one.frame == "NewMessage")
    assert new.pattern["message_id"] == {"$capture": "m1"}
    assert new.pattern["sender_id"] == "${bob}"


def test_a_frame_is_expected_unless_this_one_is_free(comparer: Comparer, target: Target, tmp_path: Path) -> None:
    typing = burst(Ask("bob", "Typing", {"conversation_id": "${lobby}", "is_typing": False}))
    ends = {"type": "UserTyping", "conversation_id": LOBBY, "user_id": BOB, "is_typing": False}
    asked, later = seen(typing, ann=[ends]), seen(burst(HISTORY), {"type": "Error"}, REFUSED, ann=[ends])
    scenario = _written(conversation(typing, burst(HISTORY)), ran(asked, later), comparer, target, tmp_path)
    assert [one.frame for one in scenario.steps if isinstance(one, s.Expect)] == ["UserTyping", "Error"]
    # The second one may be that of a timer.
    assert [(one.frame, one.pattern) for one in scenario.allow if not one.at] == [("UserTyping", {"is_typing": False})]


def test_what_was_never_made_is_an_unknown_id(comparer: Comparer, target: Target, tmp_path: Path) -> None:
    step = burst(DELETE)
    other = ran(seen(step, {"type": "Error", "message": "?"}, REFUSED))
    scenario = _written(conversation(step), other, comparer, target, tmp_path)
    assert "m1" in scenario.given.unknown
    assert [one.frame for one in scenario.steps if isinstance(one, s.Expect)] == ["Error"]


def test_the_moment_of_what_was_never_made_is_the_beginning(comparer: Comparer, target: Target, tmp_path: Path) -> None:
    step = burst(Ask("ann", "SyncMessages", {"conversation_id": "${lobby}", "since": "${m7_at}"}))
    scenario = _written(conversation(step), ran(seen(step, {"type": "Error"}, REFUSED)), comparer, target, tmp_path)
    (sent,) = [one for one in scenario.steps if isinstance(one, s.Send)]
    assert sent.fields["since"] == "2000-01-01T00:00:00Z"
    assert scenario.given.unknown == ("nobody",)


def test_every_kind_of_step_is_in_the_language(comparer: Comparer, target: Target, tmp_path: Path) -> None:
    race = Race((send("ann", "hello 2", "m2"), send("bob", "hello 3", "m3")))
    grants = Grant("bob", "lobby", "reader"), Grant("bob", "lobby", "outsider")
    late, hurried = Backlog("bob", (send("ann", "hello 4", "m4"),)), Depart("bob", last=(send("bob", "hello 5", "m5"),))
    steps = *grants, race, late, Pause("timers.typing_expiry"), hurried, Depart("ann", drop=True)
    other = ran(*(seen(one, confirmed("message_sent")) for one in steps))
    scenario = _written(conversation(*steps), other, comparer, target, tmp_path)
    kinds = [type(one) for one in scenario.steps if not isinstance(one, s.Expect)]
    unread = [s.StopReading, s.Send, s.Sync, s.ResumeReading]
    assert kinds == [s.Provision, s.Provision, s.Together, *unread, s.Pause, s.Send, s.Disconnect, s.Disconnect]


def test_history_is_expected_in_the_order_of_the_target(comparer: Comparer, target: Target, tmp_path: Path) -> None:
    step = burst(HISTORY)
    page = {"type": "HistoryChunk", "conversation_id": LOBBY, "messages": [], "has_more": False}
    scenario = _written(conversation(step), ran(seen(step, page)), comparer, target, tmp_path)
    (expected,) = [one for one in scenario.steps if isinstance(one, s.Expect)]
    assert expected.pattern["messages"] == {"$chronological": {"history": []}}


def test_a_file_that_breaks_the_grammar_is_refused_with_its_line(comparer: Comparer, tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text("id: explored.00\nsteps: [{sing: loud}]\n", encoding="utf-8")
    with pytest.raises(BadFile, match=r"odd\.yaml:"):
        with_scenarios(comparer.spec, [file])


def test_a_raw_message_and_a_wrong_token_are_written(comparer: Comparer, target: Target, tmp_path: Path) -> None:
    raw = RawMessage("bob@raw", "not-json", "CONN-2", {"text": "hello"})
    cut = RawMessage("bob@raw", "utf8", "CONN-7", {"frames": [{"opcode": 1, "payload_hex": "ff"}]})
    token = Knock("bob@knock", "expired", "AUTH-1", {"claims": {"exp": 0}})
    other = ran(
        Seen(raw, (), {"bob@raw": ({"type": "Error", "message": "no", "code": "invalid"},)}, {}, ()),
        Seen(cut, (), {}, {"bob@raw": Closed(1007)}, ()),
        Seen(token, (), {}, {}, ()),
    )
    scenario = _written(conversation(raw, cut, token), other, comparer, target, tmp_path)
    kinds = [type(step) for step in scenario.steps]
    first = [s.Connect, s.SendRaw, s.Expect, s.Sync, s.Disconnect]
    assert kinds == [*first, s.Connect, s.SendRaw, s.ExpectClose, s.Connect]
    error, closing, last = scenario.steps[2], scenario.steps[7], scenario.steps[-1]
    assert isinstance(error, s.Expect)
    assert error.pattern == {"code": {"$not": "internal"}}
    assert isinstance(closing, s.ExpectClose)
    assert [*closing.codes] == ["1007"]
    assert isinstance(last, s.Connect)
    assert last.refused
    assert last.token == {"claims": {"exp": 0}}


def test_fields_too_many_are_written_as_such(comparer: Comparer, target: Target, tmp_path: Path) -> None:
    ask = replace(send(sender_id="${ann}"), extra=("sender_id",))
    other = ran(seen(burst(ask), confirmed("message_sent"), ann=[message()]))
    (sent, *_) = _written(conversation(burst(ask)), other, comparer, target, tmp_path).steps
    assert isinstance(sent, s.Send)
    assert sent.extra == ("sender_id",)


def test_a_flood_is_written_as_one(comparer: Comparer, target: Target, tmp_path: Path) -> None:
    waves = HISTORY, replace(HISTORY, by="bob")
    step = Flood(waves, 105, "limits.requests_per_window", "timers.rate_window", "RATE-1", (send("bob"),))
    other = ran(seen(step, {"type": "Error"}, REFUSED))
    scenario = _written(conversation(step), other, comparer, target, tmp_path)
    assert scenario.exclusive
    assert {one.frame for one in scenario.allow} == {"Error", "HistoryChunk"}
    kinds = [type(one) for one in scenario.steps]
    assert kinds == [s.Repeat, s.Repeat, s.Sync, s.Collect, s.Send, s.Pause, s.Expect]
