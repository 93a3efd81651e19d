"""Every kind of step: how it is read, which mistakes are named, and its label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.scenario import steps as s
from tests.conformance.scenario.reading import (
    GIVEN,
    HEAD,
    ROLES,
    STEPS_LINE,
    read_steps,
    refusal,
)

if TYPE_CHECKING:
    from pathlib import Path


L = STEPS_LINE


PING = s.Send(line=L, frame="Ping", by="alice", fields={})


STEPS: list[tuple[str, s.Step]] = [
    ("{send: Ping, by: alice}", PING),
    (
        "{send: Ping, by: alice@phone, with: {a: 1}, invalid: true, extra: [a]}",
        s.Send(line=L, frame="Ping", by="alice@phone", fields={"a": 1}, invalid=True, extra=("a",)),
    ),
    ('{send: Ping, by: alice, with: "${x}"}', s.Send(line=L, frame="Ping", by="alice", fields="${x}")),
    ("{send_raw: {text: hello}, by: alice}", s.SendRaw(line=L, by="alice", text="hello")),
    (
        "{send_raw: {text: {$fill: {text: a, times: 2}}}, by: alice}",
        s.SendRaw(line=L, by="alice", text={"$fill": {"text": "a", "times": 2}}),
    ),
    ('{send_raw: {binary: "00ff"}, by: alice}', s.SendRaw(line=L, by="alice", binary="00ff")),
    (
        "{send_raw: {frames: [{opcode: 1, fin: false, payload: a}, {opcode: 0, payload_hex: 'ff'}]}, by: bob}",
        s.SendRaw(
            line=L,
            by="bob",
            frames=(s.RawFrame(opcode=1, fin=False, payload="a"), s.RawFrame(opcode=0, payload_hex="ff")),
        ),
    ),
    ("{expect: Pong, at: alice}", s.Expect(line=L, frame="Pong", at=("alice",), pattern={})),
    (
        "{expect: Pong, at: [alice, bob@phone], with: {a: {$capture: x}}, next: true, within: timers.typing_expiry}",
        s.Expect(
            line=L,
            frame="Pong",
            at=("alice", "bob@phone"),
            pattern={"a": {"$capture": "x"}},
            next=True,
            within="timers.typing_expiry",
        ),
    ),
    ('{never: "*", at: [alice, bob]}', s.Never(line=L, frame="*", at=("alice", "bob"), pattern={})),
    ("{never: Pong, at: bob, with: {a: 1}}", s.Never(line=L, frame="Pong", at=("bob",), pattern={"a": 1})),
    (
        "{expect_either: [{frame: Error, with: {a: 1}}, {close: [1009, 44xx]}, {dropped: true}], at: alice}",
        s.ExpectEither(
            line=L,
            at="alice",
            alternatives=(
                s.Alternative(frame="Error", pattern={"a": 1}),
                s.Alternative(pattern={}, close=("1009", "44xx")),
                s.Alternative(pattern={}, dropped=True),
            ),
        ),
    ),
    ("{expect_close: alice}", s.ExpectClose(line=L, at=("alice",))),
    (
        "{expect_close: [alice], codes: [1007], or_dropped: true, within: timers.rate_window}",
        s.ExpectClose(line=L, at=("alice",), codes=("1007",), or_dropped=True, within="timers.rate_window"),
    ),
    ("{connect: alice@phone}", s.Connect(line=L, who="alice@phone")),
    (
        "{connect: bob, instance: 2, join: [lobby], token: {missing: true}, query: {a: b}, origin: o, headers: {h: v}, "
        "compression: true, keepalive: false}",
        s.Connect(
            line=L,
            who="bob",
            instance=2,
            join=("lobby",),
            token={"missing": True},
            query={"a": "b"},
            origin="o",
            headers={"h": "v"},
            compression=True,
            keepalive=False,
        ),
    ),
    ("{connect: bob, refused: true}", s.Connect(line=L, who="bob", refused=True)),
    ("{disconnect: alice}", s.Disconnect(line=L, who=("alice",))),
    ("{disconnect: [alice, bob], how: drop}", s.Disconnect(line=L, who=("alice", "bob"), drop=True)),
    ("{stop_reading: [alice, bob]}", s.StopReading(line=L, who=("alice", "bob"))),
    ("{resume_reading: alice}", s.ResumeReading(line=L, who="alice", steps=())),
    (
        "{resume_reading: alice, steps: [{send: Ping, by: alice}]}",
        s.ResumeReading(line=L, who="alice", steps=(PING,)),
    ),
    ("{ws_ping: hello, by: alice}", s.WsPing(line=L, by="alice", payload="hello")),
    ("{sync: alice}", s.Sync(line=L, who=("alice",))),
    ("{repeat: 3, steps: [{send: Ping, by: alice}]}", s.Repeat(line=L, times=3, steps=(PING,))),
    (
        "{faster_than: timers.rate_window, steps: [{send: Ping, by: alice}]}",
        s.FasterThan(line=L, timer="timers.rate_window", times=1, steps=(PING,)),
    ),
    (
        "{faster_than: timers.rate_window, times: 2, steps: [{send: Ping, by: alice}]}",
        s.FasterThan(line=L, timer="timers.rate_window", times=2, steps=(PING,)),
    ),
    (
        "{repeat: 2, as: word, from: [a, b], steps: []}",
        s.Repeat(line=L, times=2, steps=(), name="word", values=("a", "b")),
    ),
    ('{repeat: "${n}", as: i, steps: []}', s.Repeat(line=L, times="${n}", steps=(), name="i")),
    ("{witness: [{send: Ping, by: alice}]}", s.Witness(line=L, steps=(PING,))),
    ("{control: [{send: Ping, by: alice}]}", s.Control(line=L, steps=(PING,))),
    ("{together: [[{send: Ping, by: alice}], []]}", s.Together(line=L, branches=((PING,), ()))),
    (
        "{page: A, by: alice, reply: B, follow: {c: d}, while: {more: true}}",
        s.Page(
            line=L,
            frame="A",
            by="alice",
            fields={},
            reply="B",
            follow={"c": "d"},
            going_on={"more": True},
            collect={},
            pattern={},
        ),
    ),
    (
        "{expect: {e: 1}, collect: {f: seen}, page: A, by: alice, with: {a: 1}, reply: B, follow: {c: d}, while: {}}",
        s.Page(
            line=L,
            frame="A",
            by="alice",
            fields={"a": 1},
            reply="B",
            follow={"c": "d"},
            going_on={},
            collect={"f": "seen"},
            pattern={"e": 1},
        ),
    ),
    ("{collect: A, at: alice, into: seen}", s.Collect(line=L, frame="A", at="alice", into="seen", pattern={})),
    (
        "{collect: A, at: alice, into: seen, with: {a: 1}, field: id, count: 3, at_least: 1, at_most: 5}",
        s.Collect(
            line=L,
            frame="A",
            at="alice",
            into="seen",
            pattern={"a": 1},
            field="id",
            count=3,
            at_least=1,
            at_most=5,
        ),
    ),
    ('{check: "${seen}", is: [1]}', s.Check(line=L, value="${seen}", pattern=[1])),
    (
        "{provision: {role: {conversation: lobby, user: bob, role: reader}}}",
        s.Provision(line=L, conversation="lobby", user="bob", role="reader"),
    ),
    (
        "{provision: {remove: {conversation: lobby, user: bob}}}",
        s.Provision(line=L, conversation="lobby", user="bob", role=None),
    ),
    ("{pause: timers.rate_window}", s.Pause(line=L, timer="timers.rate_window")),
    (
        "{pause: timers.rate_window, parts: 3, steps: [{send: Ping, by: alice}]}",
        s.Pause(line=L, timer="timers.rate_window", parts=3, steps=(PING,)),
    ),
    ("{restart: hard}", s.Restart(line=L)),
]


KINDS = "check, collect, connect, control, disconnect, expect, expect_close, expect_either, faster_than, never, "
KINDS += "never_fetched, observe, page, pause, provision, repeat, restart, resume_reading, send, send_raw, "
KINDS += "stop_reading, sync, together, witness, ws_ping"


ACTOR = "does not look as it should: A user (its first connection), or user@device."


MISTAKES = {
    "{sent: Ping, by: alice}": "there is no step 'sent'; did you mean 'send'?",
    "{by: alice}": f"this is no step; a step has one of the keys {KINDS}",
    "{}": f"this is no step; a step has one of the keys {KINDS}",
    "Ping": '`steps`, item 1: "Ping" should be a mapping',
    "{send: Ping, by: alice, expect: Pong}": ("`send` and `expect` are two steps; begin each with a dash of its own"),
    "{send: Ping}": "`by` is missing here",
    "{send: 5, by: alice}": "`send`: 5 should be a text",
    '{send: "", by: alice}': "`send`: this should not be empty",
    "{send: Ping, by: Alice}": f'`by`: "Alice" {ACTOR}',
    '{send: Ping, by: "${x"}': f'`by`: "${{x" {ACTOR}',
    "{send: Ping, by: alice, wiht: {}}": "there is no key 'wiht' here; did you mean 'with'?",
    "{send: Ping, by: alice, at: bob}": "there is no key 'at' here; there are by, extra, invalid, send, with",
    "{send: Ping, by: alice, with: [1]}": "`with`: [1] should be a mapping",
    "{send: Ping, by: alice, invalid: 1}": "`invalid`: 1 should be true or false",
    "{send: Ping, by: alice, extra: x}": '`extra`: "x" should be a list',
    "{expect: Pong, at: []}": "`at`: this should not be empty",
    "{expect: Pong, at: 5}": "`at`: 5 should be a text or a list",
    "{expect: Pong, at: [alice, 5]}": "`at`, item 2: 5 should be a text",
    "{expect: Pong, at: alice, within: soon}": (
        '`within`: "soon" does not look as it should: A value of the target\'s profile, such as timers.typing_expiry.'
    ),
    "{expect_close: alice, codes: 1009}": "`codes`: 1009 should be a list",
    "{expect_close: alice, codes: [99]}": "`codes`, item 1: 99 should be at least 1000",
    "{expect_close: alice, codes: [5000]}": "`codes`, item 1: 5000 should be at most 4999",
    "{expect_close: alice, codes: [5xxx]}": (
        '`codes`, item 1: "5xxx" does not look as it should: it must match ^[1-4][0-9x]{3}$'
    ),
    "{expect_either: {frame: Error}, at: alice}": '`expect_either`: {"frame": "Error"} should be a list',
    "{expect_either: [{fram: Error}], at: alice}": "there is no key 'fram' here; did you mean 'frame'?",
    "{expect_either: [{close: [99]}], at: alice}": "`close`, item 1: 99 should be at least 1000",
    "{connect: alice@phone, token: expired}": '`token`: "expired" should be a mapping',
    "{connect: alice@phone, token: {clams: {}}}": "there is no key 'clams' here; did you mean 'claims'?",
    "{connect: alice@phone, token: {tamper: all}}": '`tamper`: "all" is not one of header, payload, signature',
    "{connect: alice@phone, instance: 0}": "`instance`: 0 should be at least 1",
    "{connect: alice@phone, join: lobby}": '`join`: "lobby" should be a list',
    "{connect: alice@phone, join: [den]}": "there is no conversation den in `given`",
    "{connect: alice@phone, compression: deflate}": '`compression`: "deflate" should be true or false',
    "{resume_reading: [alice]}": '`resume_reading`: ["alice"] should be a text',
    "{pause: timers.rate_window, parts: 3}": "`steps`, item 1: 'steps' is a dependency of 'parts'",
    "{disconnect: alice, how: hard}": '`how`: "hard" is not one of close, drop',
    "{send_raw: hello, by: alice}": '`send_raw`: "hello" should be a mapping',
    '{send_raw: {text: a, binary: "00"}, by: alice}': "`send_raw`: only 1 of text, binary can be here",
    "{send_raw: {binary: xyz}, by: alice}": "`binary` takes hexadecimal digits",
    "{send_raw: {frames: [{fin: true}]}, by: alice}": "`opcode` is missing here",
    "{send_raw: {frames: [{opcode: 16}]}, by: alice}": "`opcode`: 16 should be at most 15",
    "{repeat: 0, steps: []}": "`repeat`: 0 should be at least 1",
    "{repeat: 3, steps: [{sned: Ping, by: alice}]}": "there is no step 'sned'; did you mean 'send'?",
    "{repeat: 3, steps: [{send: Ping, by: carol}]}": "carol belongs to no user of `given`",
    "{together: [[{send: Ping, by: alice}]]}": "`together`: a list of at least 2 is needed here",
    "{together: [[{send: Ping, by: alice}], [{send: Ping, by: carol}]]}": "carol belongs to no user of `given`",
    "{page: A, by: alice, reply: B, follow: {a: b}}": "`while` is missing here",
    "{collect: A, at: [alice], into: x}": '`at`: ["alice"] should be a text',
    "{collect: A, at: alice, into: x, count: -1}": "`count`: -1 should be at least 0",
    "{check: x}": "`is` is missing here",
    "{provision: {rol: {}}}": "there is no key 'rol' here; did you mean 'role'?",
    "{provision: {}}": "`provision`: this should not be empty",
    "{provision: {role: {conversation: lobby, user: bob, role: king}}}": f"there is no role 'king'; there are {ROLES}",
    "{provision: {role: {conversation: den, user: bob, role: reader}}}": "there is no conversation den in `given`",
    "{provision: {remove: {conversation: lobby, user: carol}}}": "carol belongs to no user of `given`",
    "{restart: soft}": '`restart`: "soft" should be "hard"',
    "{never_fetched: bait}": "bait is not among the honeypots of `given`",
    "{observe: alice, choices: {a: {frame: Error}}, otherwise: b}": (
        "`observe` belongs to a probe; a scenario says what it expects"
    ),
    "{send: Ping, by: carol}": "carol belongs to no user of `given`",
    "{expect: Pong, at: [alice, carol@phone]}": "carol@phone belongs to no user of `given`",
    "{sync: [alice, carol]}": "carol belongs to no user of `given`",
}


@pytest.mark.parametrize(("text", "step"), STEPS, ids=[text for text, _ in STEPS])
def test_a_step_is_read(tmp_path: Path, text: str, step: s.Step) -> None:
    assert read_steps(tmp_path, text).steps == (step,)


def test_every_kind_of_step_is_read_here() -> None:
    read_here = {type(step).__name__ for _, step in STEPS} | {"NeverFetched", "Observe"}
    assert {kind.__name__ for kind in s.Step.__subclasses__()} == read_here


@pytest.mark.parametrize(("text", "message"), MISTAKES.items(), ids=MISTAKES.keys())
def test_a_mistake_in_a_step_is_named(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, f"{HEAD}{GIVEN}steps:\n  - {text}\n") == f"x.yaml:{L}: {message}"


def test_every_wrong_step_is_named_in_the_order_of_the_lines(tmp_path: Path) -> None:
    steps = "steps:\n  - sent: Ping\n    by: alice\n  - send: Ping\n    by: alice\n    to: bob\n  - expect: Pong\n"
    assert refusal(tmp_path, f"{HEAD}{GIVEN}{steps}").splitlines() == [
        "x.yaml:10: there is no step 'sent'; did you mean 'send'?",
        "x.yaml:14: there is no key 'to' here; there are by, extra, invalid, send, with",
        "x.yaml:15: `at` is missing here",
    ]


def test_a_honeypot_needs_a_target_on_this_machine(tmp_path: Path) -> None:
    scenario = read_steps(tmp_path, "never_fetched: bait", given="given: {users: [alice], honeypots: [bait]}\n\n\n\n")
    assert scenario.steps == (s.NeverFetched(line=L, honeypot="bait"),)
    assert scenario.needs == {"local": True}


LABELS: list[tuple[s.Step, str]] = [
    (step, label)
    for (_, step), label in zip(
        STEPS,
        [
            *("send Ping by alice", "send Ping by alice@phone", "send Ping by alice"),
            *("send_raw text by alice", "send_raw text by alice", "send_raw binary by alice", "send_raw frames by bob"),
            *("expect Pong at alice", "expect Pong at alice, bob@phone", "never * at alice, bob", "never Pong at bob"),
            *("expect_either at alice", "expect_close at alice", "expect_close at alice"),
            *("connect alice@phone", "connect bob", "connect bob", "disconnect alice", "disconnect alice, bob"),
            *("stop_reading alice, bob", "resume_reading alice", "resume_reading alice"),
            *("ws_ping by alice", "sync alice", "repeat 3"),
            *("faster_than timers.rate_window", "faster_than timers.rate_window", "repeat 2"),
            *("repeat ${n}", "witness", "control", "together"),
            *("page A by alice", "page A by alice", "collect A at alice", "collect A at alice", "check ${seen}"),
            *("provision bob as reader in lobby", "provision bob removed in lobby"),
            *("pause timers.rate_window", "pause timers.rate_window", "restart"),
        ],
        strict=True,
    )
]


@pytest.mark.parametrize(("step", "label"), LABELS)
def test_a_step_has_a_short_label(step: s.Step, label: str) -> None:
    assert step.label == label
