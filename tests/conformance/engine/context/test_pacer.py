"""The pacer keeps every user below the target's limits."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING
from unittest.mock import Mock

from conformance.engine.context.joining import _note_close
from conformance.engine.context.pacer import Pacer
from conformance.wire.events import Closed
from tests.conformance.run_contexts import Author, messages, target_at, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec

WINDOW = 60.0


class Clock:
    """A clock that only sleeping moves; `still` keeps it so while several wait at the same time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.still = False
        self.last = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.last = self.now + seconds
        if not self.still:
            self.now = self.last


def pacer(spec: Spec, clock: Clock, **limits: int) -> Pacer:
    plain = {"messages_per_window": 1000, "requests_per_window": 1000}
    target = target_at(spec, "ws://x/", limits=plain | limits, timers={"rate_window": WINDOW})
    return Pacer(spec, target, clock, clock.sleep)


class TestPacer:
    async def waited(self, spec: Spec, *requests: tuple[str, str], **limits: int) -> float:
        clock = Clock()
        pace = pacer(spec, clock, **limits)
        for user, request in requests:
            await pace.ready(user, request)
        return clock.now

    async def test_lets_as_many_through_as_the_limit_allows(self, spec: Spec) -> None:
        assert await self.waited(spec, *[("alice", "SendMessage")] * 5, messages_per_window=5) == 0

    async def test_holds_back_the_one_that_would_be_too_many(self, spec: Spec) -> None:
        assert await self.waited(spec, *[("alice", "SendMessage")] * 6, messages_per_window=5) >= WINDOW

    async def test_never_lets_more_through_in_any_window(self, spec: Spec) -> None:
        clock, sent = Clock(), []
        pace = pacer(spec, clock, messages_per_window=3)
        for _ in range(8):
            await pace.ready("alice", "SendMessage")
            sent.append(clock.now)
        assert all(later - earlier >= WINDOW for earlier, later in zip(sent, sent[3:], strict=False))

    async def test_counts_each_user_alone(self, spec: Spec) -> None:
        requests = [(user, "SendMessage") for user in ("alice", "bob", "carol") for _ in range(5)]
        assert await self.waited(spec, *requests, messages_per_window=5) == 0

    async def test_counts_messages_and_other_requests_apart(self, spec: Spec) -> None:
        requests = [("alice", kind) for kind in ("SendMessage", "FetchHistory") for _ in range(5)]
        assert await self.waited(spec, *requests, messages_per_window=5, requests_per_window=5) == 0

    async def test_does_not_count_the_barrier(self, spec: Spec) -> None:
        assert await self.waited(spec, *[("alice", "Ping")] * 50, requests_per_window=1) == 0

    async def test_holds_back_several_at_once(self, spec: Spec) -> None:
        """Two that wait at the same time must not both take the same place."""
        clock, sent = Clock(), []
        clock.still = True
        pace = pacer(spec, clock, messages_per_window=2)
        for _ in range(6):
            clock.last = clock.now
            await pace.ready("alice", "SendMessage")
            sent.append(clock.last)
        assert all(later - earlier >= WINDOW for earlier, later in zip(sent, sent[2:], strict=False))

    async def test_counts_a_request_from_when_it_was_handled(self, spec: Spec) -> None:
        """A busy server counts it late, and its window is over as much later."""
        clock = Clock()
        pace = pacer(spec, clock, messages_per_window=1)
        await pace.ready("alice", "SendMessage", "phone")
        sent = clock.now
        clock.now += 20
        pace.handled("alice", "phone", sent)
        await pace.ready("alice", "SendMessage", "phone")
        assert clock.now >= 20 + WINDOW

    async def test_asks_only_the_connections_that_decide_how_long_to_wait(self, spec: Spec) -> None:
        clock = Clock()
        pace = pacer(spec, clock, messages_per_window=2)
        await pace.ready("alice", "SendMessage", "phone")
        assert pace.unsure("alice", "SendMessage") == set()  # one more fits
        clock.now += 1
        await pace.ready("alice", "SendMessage", "tablet")
        assert pace.unsure("alice", "SendMessage") == {"phone"}
        assert pace.unsure("alice", "FetchHistory") == set()
        pace.handled("alice", "phone", clock.now)
        assert pace.unsure("alice", "SendMessage") == {"tablet"}  # it may have been counted before the phone's
        pace.handled("alice", "tablet", clock.now)
        assert pace.unsure("alice", "SendMessage") == set()

    async def test_does_not_take_a_barrier_for_what_was_sent_after_it(self, spec: Spec) -> None:
        clock = Clock()
        pace = pacer(spec, clock, messages_per_window=1)
        clock.now = 5
        await pace.ready("alice", "SendMessage", "phone")
        pace.handled("alice", "phone", 4)
        assert pace.unsure("alice", "SendMessage") == {"phone"}

    async def test_counts_from_when_it_woke_up(self, spec: Spec) -> None:
        """A busy machine wakes a sleeper late, and the next window begins as much later."""
        clock = Clock()
        pace = pacer(spec, clock, messages_per_window=1)
        sleep = pace._sleep

        async def oversleep(seconds: float) -> None:
            await sleep(seconds + 30)

        pace._sleep = oversleep
        sent = []
        for _ in range(3):
            await pace.ready("alice", "SendMessage")
            sent.append(clock.now)
        assert all(later - earlier >= WINDOW for earlier, later in itertools.pairwise(sent))

    async def test_counts_what_an_ended_connection_has_sent_when_it_ends(self, spec: Spec) -> None:
        """A busy server reads it long after it was sent, and nobody can ask any more; it answers the close after it."""
        clock, connection = Clock(), Mock()
        connection.name = "alice@phone"
        pace = pacer(spec, clock, messages_per_window=1)
        context = Mock(users={"alice": "7f"}, run=Mock(pacer=pace))
        await pace.ready("7f", "SendMessage", connection)
        clock.now = 20
        _note_close(context, connection, Closed(1000, ours=True))
        await pace.ready("7f", "SendMessage")
        assert clock.now >= 20 + WINDOW

    async def test_forgets_who_has_left(self, spec: Spec) -> None:
        clock = Clock()
        pace = pacer(spec, clock, messages_per_window=1)
        await pace.ready("alice", "SendMessage")
        pace.forget("alice")
        await pace.ready("alice", "SendMessage")
        assert clock.now == 0


async def test_only_an_exclusive_scenario_may_overrun_a_limit(spec: Spec, scenario: Author) -> None:
    toy = """
steps:
  - repeat: 4
    as: i
    steps: [{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "no ${i}"}}]
  - {collect: NewMessage, at: bob, into: seen, count: 4}
"""
    changes = {"limits": {"messages_per_window": 30}, "timers": {"rate_window": 0.4}}
    async with toy_runner(spec, **changes) as runner:
        runner.run_context.pacer._limits[0] = (runner.run_context.pacer._limits[0][0], 2, 0.4)
        paced = await runner.run_scenario(scenario(toy))
        unpaced = await runner.run_scenario(scenario(toy, exclusive="true"))
    assert (messages(paced), messages(unpaced)) == ([], [])
    assert paced.seconds >= 0.4
    assert unpaced.seconds < paced.seconds


async def test_raw_messages_count_against_the_limits(spec: Spec, scenario: Author) -> None:
    toy = """
steps:
  - send_raw: {text: '{"type":"SendMessage","conversation_id":"${lobby}","content":"raw"}'}
    by: alice
  - send_raw: {frames: [{opcode: 1, payload: '{"type":"SendMessage","conversation_id":"${lobby}","content":"raw"}'}]}
    by: alice
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: plain}}
  - {collect: NewMessage, at: bob, into: seen, count: 3}
allow:
  - {frame: NewMessage, at: alice}
"""
    changes = {"limits": {"messages_per_window": 30}, "timers": {"rate_window": 0.4}}
    async with toy_runner(spec, **changes) as runner:
        runner.run_context.pacer._limits[0] = (runner.run_context.pacer._limits[0][0], 2, 0.4)
        paced = await runner.run_scenario(scenario(toy))
    assert messages(paced) == []
    assert paced.seconds >= 0.4
