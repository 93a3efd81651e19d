"""The pacer keeps every user below the target's limits, and the stage says what the target has."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from conformance.play import Pacer
from tests.conformance.stages import Author, messages, target_at, theatre

if TYPE_CHECKING:
    from conformance.spec import Spec

WINDOW = 0.2


def pacer(spec: Spec, **limits: int) -> Pacer:
    plain = {"messages_per_window": 1000, "requests_per_window": 1000}
    return Pacer(spec, target_at(spec, "ws://x/", limits=plain | limits, timers={"rate_window": WINDOW}))


async def seconds_for(pace: Pacer, *requests: tuple[str, str]) -> float:
    began = time.perf_counter()
    for user, request in requests:
        await pace.ready(user, request)
    return time.perf_counter() - began


class TestPacer:
    async def test_lets_as_many_through_as_the_limit_allows(self, spec: Spec) -> None:
        assert await seconds_for(pacer(spec, messages_per_window=5), *[("alice", "SendMessage")] * 5) < WINDOW / 2

    async def test_holds_back_the_one_that_would_be_too_many(self, spec: Spec) -> None:
        assert await seconds_for(pacer(spec, messages_per_window=5), *[("alice", "SendMessage")] * 6) >= WINDOW

    async def test_never_lets_more_through_in_any_window(self, spec: Spec) -> None:
        pace, sent = pacer(spec, messages_per_window=3), []
        loop = asyncio.get_running_loop()
        for _ in range(8):
            await pace.ready("alice", "SendMessage")
            sent.append(loop.time())
        assert all(later - earlier >= WINDOW for earlier, later in zip(sent, sent[3:], strict=False))

    async def test_counts_each_user_alone(self, spec: Spec) -> None:
        requests = [(user, "SendMessage") for user in ("alice", "bob", "carol") for _ in range(5)]
        assert await seconds_for(pacer(spec, messages_per_window=5), *requests) < WINDOW / 2

    async def test_counts_messages_and_other_requests_apart(self, spec: Spec) -> None:
        requests = [("alice", kind) for kind in ("SendMessage", "FetchHistory") for _ in range(5)]
        assert await seconds_for(pacer(spec, messages_per_window=5, requests_per_window=5), *requests) < WINDOW / 2

    async def test_does_not_count_the_barrier(self, spec: Spec) -> None:
        assert await seconds_for(pacer(spec, requests_per_window=1), *[("alice", "Ping")] * 50) < WINDOW / 2

    async def test_holds_back_several_at_once(self, spec: Spec) -> None:
        """Two that wait at the same time must not both take the same place."""
        pace, sent = pacer(spec, messages_per_window=2), []
        loop = asyncio.get_running_loop()

        async def send() -> None:
            await pace.ready("alice", "SendMessage")
            sent.append(loop.time())

        await asyncio.gather(*(send() for _ in range(6)))
        sent.sort()
        assert all(later - earlier >= WINDOW for earlier, later in zip(sent, sent[2:], strict=False))

    async def test_forgets_who_has_left(self, spec: Spec) -> None:
        pace = pacer(spec, messages_per_window=1)
        await pace.ready("alice", "SendMessage")
        pace.forget("alice")
        assert await seconds_for(pace, ("alice", "SendMessage")) < WINDOW / 2


async def test_only_an_exclusive_scenario_may_overrun_a_limit(spec: Spec, scenario: Author) -> None:
    toy = """
steps:
  - repeat: 4
    as: i
    steps: [{send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "no ${i}"}}]
  - {collect: NewMessage, at: bob, into: seen, count: 4}
"""
    changes = {"limits": {"messages_per_window": 30}, "timers": {"rate_window": 0.4}}
    async with theatre(spec, **changes) as stage:
        stage.stage.pacer._limits[0] = (stage.stage.pacer._limits[0][0], 2, 0.4)
        paced = await stage.play(scenario(toy))
        unpaced = await stage.play(scenario(toy, exclusive="true"))
    assert (messages(paced), messages(unpaced)) == ([], [])
    assert paced.seconds >= 0.4
    assert unpaced.seconds < paced.seconds
