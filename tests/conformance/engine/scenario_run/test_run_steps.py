"""Each kind of step: when it holds, and what it says when it does not."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from conformance.results.model import Outcome
from tests.conformance.run_contexts import SECRET, Author, ToyRunner, messages, run_context_at, toy_runner
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.server import Request, Response, ServerConnection

    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

ALONE = "{users: [alice]}"


async def complaints(spec: Spec, toy: Any, *later: str, **changes: Any) -> list[str]:
    async with toy_runner(spec, later=later, **changes) as runner:
        return messages(await runner.run_scenario(toy))


class TestSendRaw:
    @pytest.mark.parametrize(
        "raw",
        [
            "{text: 'hello'}",
            "{binary: '00ff'}",
            "{frames: [{opcode: 1, fin: false, payload: 'he'}, {opcode: 0, payload: 'llo'}]}",
            "{frames: [{opcode: 1, payload_hex: '68656c6c6f'}]}",
        ],
    )
    async def test_brings_what_is_no_request_to_the_server(self, spec: Spec, scenario: Author, raw: str) -> None:
        toy = scenario(f"steps: [{{send_raw: {raw}, by: alice}}, {{expect: Error, at: alice}}]")
        assert await complaints(spec, toy) == []

    async def test_with_fragments_of_a_request_counts_as_a_request(self, spec: Spec, scenario: Author) -> None:
        first, rest = '{"type": "SendMessage", "content": "hi", ', '"conversation_id": "${lobby}"}'
        toy = scenario(f"""
steps:
  - send_raw: {{frames: [{{opcode: 1, fin: false, payload: '{first}'}}, {{opcode: 9, payload: x}},
                         {{opcode: 0, payload: '{rest}'}}]}}
    by: alice
  - {{expect: NewMessage, at: bob, with: {{content: hi}}}}
""")
        assert await complaints(spec, toy) == []

    async def test_with_frames_that_break_the_rules_ends_the_connection(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send_raw: {frames: [{opcode: 1, rsv: 4, payload: hi}]}, by: alice}
  - {expect_close: alice, codes: [1002]}
""")
        assert await complaints(spec, toy) == []

    async def test_of_invalid_utf8_ends_it_with_1007(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send_raw: {frames: [{opcode: 1, payload_hex: 'ff'}]}, by: alice}
  - {expect_close: alice, codes: [1007]}
""")
        assert await complaints(spec, toy) == []

    async def test_of_a_ping_does_not_confuse_the_barrier(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send_raw: {text: '{"type": "Ping"}'}, by: alice}
  - {sync: alice}
  - {expect: Pong, at: alice}
  - {never: Pong, at: alice}
""")
        assert await complaints(spec, toy) == []


class TestExpectEither:
    TOY = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - expect_either: [{frame: NewMessage, with: {content: hi}}, {close: [10xx]}, {dropped: true}]
    at: alice
"""

    @pytest.mark.parametrize("fault", ["no greeting", "close", "drop connection"])
    async def test_takes_whatever_happens(self, spec: Spec, scenario: Author, fault: str) -> None:
        later = () if fault == "no greeting" else (fault,)
        allowed = "[{frame: NewMessage, at: bob}]"
        assert await complaints(spec, scenario(self.TOY, allow=allowed), *later) == []

    async def test_says_what_did_not_happen(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario(self.TOY), "no broadcast", reply=0.2) == [
            "expected NewMessage or a close with 10xx or a dropped connection at alice; nothing of that happened"
        ]

    async def test_says_what_happened_instead(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(self.TOY.replace("10xx", "44xx"))
        assert await complaints(spec, toy, "close") == [
            "expected NewMessage or a close with 44xx or a dropped connection at alice; it was closed with 1011"
        ]


class TestExpectClose:
    SENT = 'steps: [{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}, %s]'

    @pytest.mark.parametrize(
        ("fault", "step", "said"),
        [
            ("close", "{expect_close: alice}", []),
            ("close", "{expect_close: alice, codes: [1011]}", []),
            ("close", "{expect_close: alice, codes: [44xx, 10xx]}", []),
            (
                "close",
                "{expect_close: alice, codes: [1009, 44xx]}",
                ["alice was closed with 1011, not with 1009 or 44xx"],
            ),
            ("drop connection", "{expect_close: alice, or_dropped: true}", []),
            ("drop connection", "{expect_close: alice}", ["alice was dropped without a close frame"]),
            ("drop", "{expect_close: alice}", ["alice should have been closed by the server, and is still open"]),
        ],
    )
    async def test_looks_at_how_it_ended(
        self, spec: Spec, scenario: Author, fault: str, step: str, said: list[str]
    ) -> None:
        assert await complaints(spec, scenario(self.SENT % step), fault, reply=0.3) == said


Answer = HTTPStatus | int | str


@asynccontextmanager
async def doorman(spec: Spec, answer: Answer) -> AsyncIterator[ToyRunner]:
    """A server that lets good tokens in, and treats the token `bad` in one certain way."""

    async def talk(socket: ServerConnection) -> None:
        assert socket.request is not None
        bad = "token=bad" in socket.request.path
        if bad and isinstance(answer, int) and not isinstance(answer, HTTPStatus):
            await socket.close(answer)
            return
        if bad and answer == "drop":
            socket.transport.abort()
            return
        if not (bad and answer == "quiet"):
            await socket.send('{"type": "ActionConfirmed", "action": "connected", "success": true}')
        async for _ in socket:
            await socket.send('{"type": "Pong"}')

    def admit(socket: ServerConnection, request: Request) -> Response | None:
        refused = "token=bad" in request.path and isinstance(answer, HTTPStatus)
        told = request.path if "repeated" in request.path else "no"
        return socket.respond(answer, told) if refused else None  # type: ignore[arg-type]

    async with listening(talk, process_request=admit) as url:
        yield ToyRunner(await run_context_at(spec, url, reply=0.3))


class TestConnect:
    REFUSED = "steps: [{connect: alice, token: {raw: bad}, refused: true}]"
    GIVEN = "{users: {alice: {connect: false}}}"

    @pytest.mark.parametrize("answer", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, 1008, 4401, 4499])
    async def test_refused_in_one_of_the_right_ways(self, spec: Spec, scenario: Author, answer: Answer) -> None:
        async with doorman(spec, answer) as runner:
            assert messages(await runner.run_scenario(scenario(self.REFUSED, given=self.GIVEN))) == []

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (HTTPStatus.NOT_FOUND, "alice should be refused with HTTP 401 or 403; what happened: HTTP 404"),
            (HTTPStatus.SERVICE_UNAVAILABLE, "alice should be refused with HTTP 401 or 403; what happened: HTTP 503"),
            (1011, "alice should be refused with a close of 1008 or 44xx; it was closed with 1011"),
            ("drop", "alice should be refused with a close of 1008 or 44xx; it was dropped without a close frame"),
            ("let in", "alice should be refused, and was let in"),
            ("quiet", "alice should be refused, and its connection is open"),
        ],
    )
    async def test_refused_in_a_wrong_way(self, spec: Spec, scenario: Author, answer: Answer, said: str) -> None:
        async with doorman(spec, answer) as runner:
            assert messages(await runner.run_scenario(scenario(self.REFUSED, given=self.GIVEN))) == [said]

    async def test_refused_by_an_answer_that_repeats_the_token(self, spec: Spec, scenario: Author) -> None:
        token = f"bad-and-repeated-{'x' * 32}"
        async with doorman(spec, HTTPStatus.UNAUTHORIZED) as runner:
            result = await runner.run_scenario(scenario(self.REFUSED.replace("bad", token), given=self.GIVEN))
        assert [(one.rule, one.message) for one in result.findings] == [
            ("AUTH-5", "alice was refused by an answer with its token in it")
        ]

    async def test_refused_without_a_reason(self, spec: Spec, scenario: Author) -> None:
        async with doorman(spec, HTTPStatus.FORBIDDEN) as runner:
            toy = scenario("steps: [{connect: alice, token: {raw: bad}}]", given=self.GIVEN)
            assert messages(await runner.run_scenario(toy)) == ["alice should be let in, and was refused: HTTP 403"]

    async def test_a_second_device_that_joins(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {connect: bob@phone, join: [lobby]}
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: [bob, bob@phone]}
""")
        assert await complaints(spec, toy) == []

    async def test_again_after_leaving(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {disconnect: bob}
  - {connect: bob, join: [lobby]}
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: bob}
""")
        assert await complaints(spec, toy) == []


@pytest.mark.parametrize(("how", "code"), [("close", 1000), ("drop", None)])
async def test_disconnect_says_goodbye_or_not(spec: Spec, scenario: Author, how: str, code: int | None) -> None:
    ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def talk(socket: ServerConnection) -> None:
        await socket.send('{"type": "ActionConfirmed", "action": "connected", "success": true}')
        async for data in socket:
            if data != '{"type": "Ping"}':
                await socket.wait_closed()
                if not ended.done():
                    ended.set_result(socket.close_code if socket.protocol.close_rcvd else None)
                return
            await socket.send('{"type": "Pong"}')

    async with listening(talk) as url:
        runner = ToyRunner(await run_context_at(spec, url, reply=0.3))
        if ended.done():  # the calibration's own requests ended its connections
            ended = asyncio.get_running_loop().create_future()
        toy = scenario(
            f"steps: [{{send_raw: {{text: now}}, by: alice}}, {{disconnect: alice, how: {how}}}]", given=ALONE
        )
        assert messages(await runner.run_scenario(toy)) == []
        assert await ended == code


class TestStopReading:
    @pytest.mark.parametrize("expected", ["{expect: NewMessage, at: bob}", "{never: Error, at: bob}", "{sync: bob}"])
    async def test_leaves_nothing_to_expect(self, spec: Spec, scenario: Author, expected: str) -> None:
        toy = scenario(f"steps: [{{stop_reading: bob}}, {expected}, {{resume_reading: bob}}]")
        assert await complaints(spec, toy) == [
            "bob has stopped reading, so nothing can be expected there before `resume_reading`"
        ]

    async def test_loses_nothing_that_is_read_later(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {stop_reading: bob}
  - {repeat: 3, as: i, steps: [{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "n ${i}"}}]}
  - {sync: alice}
  - {send: SendMessage, by: bob, with: {conversation_id: "${lobby}", content: mine}}
  - {expect: NewMessage, at: alice, with: {content: mine}}
  - resume_reading: bob
    steps: [{repeat: 3, as: i, steps: [{expect: NewMessage, at: bob, next: true, with: {content: "n ${i}"}}]}]
""")
        assert await complaints(spec, toy) == []

    TOY = """
steps:
  - {stop_reading: bob}
  - {send: SendMessage, by: bob, with: {conversation_id: "${lobby}", content: hi}}
  - {resume_reading: bob, steps: [{expect: UserTyping, at: bob}]}
"""

    @pytest.mark.parametrize("ending", ["close", "drop connection"])
    async def test_may_be_answered_by_the_end_of_the_connection(
        self, spec: Spec, scenario: Author, ending: str
    ) -> None:
        assert await complaints(spec, scenario(self.TOY), "no broadcast", ending) == []

    async def test_may_not_be_answered_by_silence(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario(self.TOY), "no pong", reply=0.2) == [
            "bob reads again, and neither gets a reply to the barrier's request nor is closed"
        ]

    async def test_finds_no_one_who_has_gone(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("steps: [{disconnect: bob}, {stop_reading: bob}]")
        assert messages_of_end(await complaints(spec, toy)) == "bob should still be connected"


def messages_of_end(said: list[str]) -> str:
    return said[0].partition(",")[0]


class TestPause:
    async def test_runs_its_steps_after_each_part(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
tags: [slow]
steps:
  - pause: timers.typing_expiry
    parts: 3
    steps: [{send: Ping, by: alice}]
  - {repeat: 3, steps: [{expect: Pong, at: alice}]}
""")
        async with toy_runner(spec, timers={"typing_expiry": 0.01}) as runner:
            assert messages(await runner.run_scenario(toy)) == []


class TestWsPing:
    TOY = "steps: [{ws_ping: 'are you there', by: alice}]"

    async def test_is_answered_with_its_payload(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario(self.TOY)) == []

    async def test_that_is_not_answered_fails(
        self, spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with toy_runner(spec, reply=0.3) as runner:
            monkeypatch.setattr("websockets.server.ServerProtocol.recv_frame", _ignoring_pings)
            result = await runner.run_scenario(scenario(self.TOY))
        assert messages(result) == ["alice got no WebSocket pong with the payload b'are you there'"]


def _ignoring_pings(self: Any, frame: Any) -> None:
    if frame.opcode != 9:
        super(type(self), self).recv_frame(frame)


class TestSync:
    async def test_holds_where_the_barrier_answers(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario("steps: [{sync: [alice, bob]}]")) == []

    async def test_says_that_the_barrier_got_no_reply(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario("steps: [{sync: [alice, bob]}]"), "no pong", reply=0.2) == [
            "no reply to the barrier's request at alice or bob within 0.2 s"
        ]

    async def test_says_who_is_not_connected_any_more(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {sync: alice}
""")
        assert await complaints(spec, toy, "close") == ["alice should still be connected, and was closed with 1011"]


class TestRepeat:
    async def test_counts_from_one(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - repeat: 3
    as: i
    steps:
      - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "number ${i}"}}
      - {expect: NewMessage, at: bob, with: {content: "number ${i}"}}
  - {check: "${i}", is: 3}
""")
        assert await complaints(spec, toy) == []

    async def test_takes_a_number_of_the_profile(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - repeat: "${limits.reactions_per_user}"
    as: i
    steps: [{sync: alice}]
  - {check: "${i}", is: 4}
""")
        assert await complaints(spec, toy, limits={"reactions_per_user": 4}) == []

    async def test_of_something_that_is_no_number_is_the_scenarios_mistake(self, spec: Spec, scenario: Author) -> None:
        toy = scenario('steps: [{repeat: "${nonce}", as: i, steps: [{sync: alice}]}]')
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert result.outcome is Outcome.BROKEN
        assert "`repeat` takes a whole number" in messages(result)[0]

    async def test_takes_values_in_turn_where_it_has_some(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - repeat: 2
    as: word
    from: [one, "${alice}", three]
    steps:
      - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "said ${word}"}}
      - {expect: NewMessage, at: bob, with: {content: "said ${word}"}}
  - {check: "${word}", is: "${alice}"}
""")
        assert await complaints(spec, toy) == []

    async def test_with_too_few_values_is_the_scenarios_mistake(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("steps: [{repeat: 3, as: word, from: [one, two], steps: [{sync: alice}]}]")
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert result.outcome is Outcome.BROKEN
        assert "`repeat` has 2 values to take, and 3 are wanted" in messages(result)[0]


class TestTogether:
    async def test_runs_its_branches_at_the_same_time(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - together:
      - [{expect: NewMessage, at: bob, with: {content: hi}}]
      - [{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}]
""")
        assert await complaints(spec, toy) == []

    async def test_fails_with_the_first_branch_that_fails(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - together:
      - [{sync: alice}]
      - [{expect: NewMessage, at: bob, with: {content: hi}}]
      - [{expect: NewMessage, at: carol, with: {content: hi}}]
""")
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert messages(result) == ["no NewMessage at bob"]
        assert result.problems[0].step == "expect NewMessage at bob"


class TestPage:
    SENT = """
steps:
  - repeat: 7
    as: i
    steps:
      - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "no ${i}"}}
      - {expect: NewMessage, at: bob, with: {content: "no ${i}"}}
  - page: FetchHistory
    by: bob
    with: {conversation_id: "${lobby}", limit: 2}
    reply: HistoryChunk
    follow: {next_cursor: cursor}
    while: {has_more: true}
    collect: {messages: seen}
    expect: {messages: {$length: {$at_most: 2}}}
"""

    async def test_follows_to_the_end_and_collects(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(
            self.SENT + '  - {check: "${seen.count}", is: 7}\n'
            '  - {check: "${seen}", is: {$contains: [{content: "no 1"}, {content: "no 7"}]}}\n'
        )
        assert await complaints(spec, toy) == []

    async def test_says_what_is_wrong_with_a_page(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(self.SENT.replace("$at_most: 2", "$at_most: 1"))
        assert await complaints(spec, toy) == [
            "no matching HistoryChunk at bob; the nearest differs: messages: the length: expected at most 1, got 2"
        ]

    @pytest.mark.parametrize(
        ("most", "pages", "said"),
        [
            (
                1,
                '"has_more": true, "messages": [], "next_cursor": "on"',
                "FetchHistory did not come to an end within 1 pages",
            ),
            (
                5,
                '"has_more": true, "messages": [], "next_cursor": "on"',
                "HistoryChunk says that there is more, and leads back to the same page",
            ),
            (5, '"has_more": true, "messages": []', "HistoryChunk says that there is more, and has no next_cursor"),
            (5, '"has_more": true', "HistoryChunk has no list 'messages'"),
        ],
    )
    async def test_ends_where_the_server_does_not(
        self, spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch, most: int, pages: str, said: str
    ) -> None:
        monkeypatch.setattr("conformance.engine.scenario_run.steps.collecting.MAX_PAGES", most)
        async with toy_runner(spec) as runner:
            runner.server.canned["FetchHistory"] = (
                '{"type": "HistoryChunk", "conversation_id": "${conversation}", ' + pages + "}"
            )
            page = self.SENT[self.SENT.index("  - page") :].partition("    expect:")[0]
            toy = scenario("steps:\n" + page)
            assert messages(await runner.run_scenario(toy)) == [said]


class TestCollect:
    SENT = """
steps:
  - repeat: 3
    as: i
    steps: [{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "no ${i}"}}]
"""

    async def test_gathers_all_matches_in_order(self, spec: Spec, scenario: Author) -> None:
        toy = scenario(
            self.SENT
            + """
  - {collect: NewMessage, at: bob, into: seen, field: content, count: 3}
  - {check: "${seen}", is: [no 1, no 2, no 3]}
"""
        )
        assert await complaints(spec, toy) == []

    @pytest.mark.parametrize(
        ("bound", "said"),
        [
            ("count: 4", "expected exactly 4 NewMessage at bob, got 3"),
            ("at_least: 4", "expected at least 4 NewMessage at bob, got 3"),
            ("at_most: 2", "expected at most 2 NewMessage at bob, got 3"),
        ],
    )
    async def test_says_how_many_there_were(self, spec: Spec, scenario: Author, bound: str, said: str) -> None:
        toy = scenario(self.SENT + f"  - {{collect: NewMessage, at: bob, into: seen, {bound}}}\n")
        assert await complaints(spec, toy) == [said]


async def test_check_says_what_differs(spec: Spec, scenario: Author) -> None:
    toy = scenario("steps: [{check: [1, 2], is: [1, {$at_least: 3}]}]")
    assert await complaints(spec, toy) == ["[1, 2]: [1]: expected at least 3, got 2"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("{role: {conversation: lobby, user: bob, role: reader}}", "cannot make"),
        ("{remove: {conversation: lobby, user: bob}}", "cannot remove"),
    ],
)
async def test_provision_needs_a_driver_that_can(spec: Spec, scenario: Author, change: str, said: str) -> None:
    async with toy_runner(spec) as runner:
        result = await runner.run_scenario(scenario(f"steps: [{{provision: {change}}}]"))
    assert result.outcome is Outcome.UNTESTABLE
    assert said in messages(result)[0]


async def test_pause_lasts_a_little_longer_than_the_timer(spec: Spec, scenario: Author) -> None:
    toy = scenario("steps: [{pause: timers.typing_expiry}]", given=ALONE)
    async with toy_runner(spec, timers={"typing_expiry": 0.05}) as runner:
        result = await runner.run_scenario(toy)
    assert messages(result) == []
    assert result.seconds >= 0.05


class TestFasterThan:
    TOY = """
steps:
  - faster_than: timers.typing_expiry
    steps: [{send_raw: {text: hello}, by: alice}, {expect: Error, at: alice, with: {message: MESSAGE}}]
"""

    async def judge(self, spec: Spec, toy: Scenario, expiry: float) -> Result:
        async with toy_runner(spec, timers={"typing_expiry": expiry}) as runner:
            return await runner.run_scenario(toy)

    async def test_judges_what_was_fast_enough(self, spec: Spec, scenario: Author) -> None:
        good = await self.judge(spec, scenario(self.TOY.replace("MESSAGE", "{$type: string}"), given=ALONE), 60)
        bad = await self.judge(spec, scenario(self.TOY.replace("MESSAGE", "never said"), given=ALONE), 60)
        assert (good.outcome, bad.outcome) == (Outcome.PASS, Outcome.FAIL)
        assert bad.problems[0].step == "expect Error at alice"

    @pytest.mark.parametrize("wanted", ["{$type: string}", "never said"])
    async def test_says_nothing_of_the_server_where_it_took_too_long(
        self, spec: Spec, scenario: Author, wanted: str
    ) -> None:
        result = await self.judge(spec, scenario(self.TOY.replace("MESSAGE", wanted), given=ALONE), 1e-9)
        assert result.outcome is Outcome.BLOCKED
        assert "tells something only if it takes less than 1e-09 s" in messages(result)[0]
        assert result.problems[0].step == "faster_than timers.typing_expiry"

    async def test_is_tried_again_after_a_slow_moment(
        self, spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The clock of the first try stands before its steps and far behind them."""
        moments = iter([0.0, 100.0, 200.0, 200.1])
        monkeypatch.setattr("conformance.engine.scenario_run.run_steps.monotonic", lambda: next(moments))
        toy = scenario(self.TOY.replace("MESSAGE", "{$type: string}"), given=ALONE)
        assert (await self.judge(spec, toy, 60)).outcome is Outcome.PASS


class TestNeverFetched:
    GIVEN = "{users: [alice], honeypots: [file]}"

    async def test_holds_where_nobody_came(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario("steps: [{never_fetched: file}]", given=self.GIVEN)) == []

    async def test_catches_a_visit_that_comes_later(self, spec: Spec, scenario: Author) -> None:
        """The server opens whatever URL it is sent, when it is sent it."""
        toy = scenario(
            "steps: [{never_fetched: file}, {send_raw: {text: '${file}'}, by: alice}, {expect: Error, at: alice}]",
            given=self.GIVEN,
        )
        async with toy_runner(spec) as runner:
            assert messages(await runner.run_scenario(toy)) == []
            runner.server.curious = True
            result = await runner.run_scenario(toy)
        assert messages(result) == ["the server asked the URL of file for something"]
        assert result.problems[0].step == "never_fetched file"


class TestRestart:
    async def test_does_not_apply_where_the_run_cannot(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(
                scenario("steps: [{restart: hard}]", given=ALONE, needs="{restart: true}", exclusive="true")
            )
        assert result.outcome is Outcome.NOT_APPLICABLE


async def test_no_token_ever_shows_the_secret(spec: Spec, scenario: Author) -> None:
    toy = scenario("steps: [{check: '${alice.token}', is: {$match: '^eyJ'}}]", given=ALONE)
    async with toy_runner(spec) as runner:
        result = await runner.run_scenario(toy)
    assert messages(result) == []
    assert SECRET not in str(result)
