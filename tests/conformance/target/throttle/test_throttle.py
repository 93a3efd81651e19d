"""The throttle, by a clock that tests set: which request goes when, which scenario starts, when the run stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from conformance.errors import BudgetSpent
from conformance.target.throttle import Limits, Throttle
from tests.conformance.target.throttle.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Awaitable


class Turns:
    """A throttle by a clock that tests set, and the time of each of its turns."""

    def __init__(self, **limits: float) -> None:
        self.clock = Clock()
        self.throttle = Throttle(Limits(**limits), self.clock, self.clock.sleep)  # type: ignore[arg-type]
        self.came: list[tuple[str, float]] = []

    async def ask(self, name: str, turn: Awaitable[None]) -> None:
        await turn
        self.came.append((name, self.clock.now))

    async def asked(self, *accounts: str) -> list[tuple[str, float]]:
        """Let them all ask at once."""
        tasks = [asyncio.create_task(self.ask(one, self.throttle.request(one))) for one in accounts]
        await self.clock.run_out()
        await asyncio.gather(*tasks)
        return self.came


class TestRequests:
    async def test_are_never_held_back_without_limits(self) -> None:
        turns = Turns()
        assert {at for _, at in await turns.asked(*["alice"] * 500)} == {0}
        assert turns.throttle.spent == 500

    async def test_of_all_accounts_share_the_rate(self) -> None:
        came = await Turns(requests_per_second=2).asked("alice", "bob", "carol", "dave", "erin")
        assert [at for _, at in came] == pytest.approx([0, 0, 1.05, 1.05, 2.1])

    async def test_come_in_the_order_in_which_they_were_asked_for(self) -> None:
        accounts = [f"user {number}" for number in range(20)]
        assert [name for name, _ in await Turns(requests_per_second=3).asked(*accounts)] == accounts

    async def test_of_one_account_have_a_rate_of_their_own(self) -> None:
        came = await Turns(account_requests_per_second=1).asked("alice", "alice", "bob", "alice")
        assert came == [("alice", 0), ("bob", 0), ("alice", pytest.approx(1.05)), ("alice", pytest.approx(2.1))]

    async def test_an_account_that_waits_for_itself_holds_nobody_else_back(self) -> None:
        turns = Turns(account_requests_per_second=0.1, requests_per_second=10)
        came = await turns.asked("alice", "alice", "bob")
        assert came[:2] == [("alice", 0), ("bob", 0)]

    async def test_keep_both_rates_at_once(self) -> None:
        turns = Turns(account_requests_per_second=2, requests_per_second=3)
        await turns.asked(*["alice", "bob", "carol"] * 6)
        for who, rate in ((("alice",), 2), (("bob",), 2), (("alice", "bob", "carol"), 3)):
            at = [when for name, when in turns.came if name in who]
            assert all(later - earlier >= 1.05 - 1e-9 for earlier, later in zip(at, at[rate:], strict=False))

    async def test_forget_accounts_that_have_been_quiet(self) -> None:
        turns = Turns(account_requests_per_second=1)
        await turns.asked(*(f"user {number}" for number in range(100)))
        turns.clock.now += 10
        await turns.asked("late")
        assert list(turns.throttle._accounts) == ["late"]


class TestCalls:
    """Of a provisioning API, as httpx makes them."""

    async def test_share_the_rate_of_all_requests(self) -> None:
        turns = Turns(requests_per_second=2, account_requests_per_second=1)
        tasks = [asyncio.create_task(turns.ask("", turns.throttle.call())) for _ in range(3)]
        await turns.clock.run_out()
        await asyncio.gather(*tasks)
        assert [at for _, at in turns.came] == pytest.approx([0, 0, 1.05])

    async def test_are_allowed_to_a_run_that_has_had_its_requests(self) -> None:
        throttle = Throttle(Limits(run_requests=1))
        await throttle.request("alice")
        await throttle.call()
        assert throttle.spent == 1


class TestTotal:
    async def test_ends_the_run_with_the_request_that_would_be_one_too_many(self) -> None:
        throttle = Throttle(Limits(run_requests=3))
        for _ in range(2):
            await throttle.request("alice")
        await throttle.connection()
        with pytest.raises(BudgetSpent, match=r"all 3 requests that it may make \(throttle.run_requests\)"):
            await throttle.request("alice")
        with pytest.raises(BudgetSpent):
            await throttle.connection()
        assert BudgetSpent.exit_code == 3


class TestConnections:
    async def connected(self, turns: Turns, count: int) -> list[float]:
        tasks = [asyncio.create_task(turns.ask("", turns.throttle.connection())) for _ in range(count)]
        await turns.clock.run_out()
        await asyncio.gather(*tasks)
        return [at for _, at in turns.came]

    async def test_have_a_rate_of_their_own(self) -> None:
        turns = Turns(connections_per_second=2, requests_per_second=1)
        assert await self.connected(turns, 5) == pytest.approx([0, 0, 1.05, 1.05, 2.1])

    async def test_stay_away_as_long_as_the_server_has_asked_for(self) -> None:
        turns = Turns()
        turns.throttle.stay_away(7)
        turns.throttle.stay_away(3)
        assert await self.connected(turns, 2) == [7, 7]


class TestVisits:
    async def test_take_all_their_connections_at_once_so_that_none_waits_for_another(self) -> None:
        throttle, inside, most = Throttle(Limits(open_connections=5)), 0, 0

        async def run_scenario(connection_count: int) -> None:
            nonlocal inside, most
            async with throttle.admit(connection_count):
                inside += connection_count
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= connection_count

        await asyncio.wait_for(
            asyncio.gather(*(run_scenario(connection_count) for connection_count in [3, 3, 2, 5, 1, 4] * 10)), 5
        )
        assert most == 5

    async def test_give_their_connections_back_when_they_fail(self) -> None:
        throttle = Throttle(Limits(open_connections=1))
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                async with throttle.admit(1):
                    raise ZeroDivisionError

    async def test_that_need_more_than_there_is_are_refused_with_the_reason(self) -> None:
        throttle = Throttle(Limits(open_connections=5))
        assert throttle.objection(5) is None
        assert throttle.objection(6) == (
            "it has 6 connections open at once, and the target allows 5 (throttle.open_connections)"
        )
        assert Throttle().objection(1000) is None

    async def test_leave_the_connections_that_others_keep(self) -> None:
        throttle = Throttle(Limits(open_connections=5))
        throttle.keep(2)
        assert throttle.objection(3) is None
        assert throttle.objection(4) == (
            "it has 4 connections open at once beside 2 that watch over it, and the target allows 5"
            " (throttle.open_connections)"
        )
        async with throttle.admit(3):
            other = asyncio.create_task(throttle.admit(1).__aenter__())
            await asyncio.sleep(0)
            assert not other.done()
        await asyncio.wait_for(other, 60)

    async def test_that_are_refused_are_let_in_to_be_told_so(self) -> None:
        throttle = Throttle(Limits(open_connections=5))
        throttle.keep(2)
        async with asyncio.timeout(60), throttle.admit(40):
            assert throttle.objection(40)

    async def test_begin_one_after_another_where_there_is_a_rate(self) -> None:
        turns = Turns(requests_per_second=50)

        async def enter(name: str) -> None:
            async with turns.throttle.admit(1):
                turns.came.append((name, turns.clock.now))

        tasks = [asyncio.create_task(enter(name)) for name in "abc"]
        await turns.clock.run_out()
        await asyncio.gather(*tasks)
        assert turns.came == [("a", 0), ("b", 0), ("c", pytest.approx(1.05))]

    async def test_do_not_begin_while_somebody_who_has_begun_must_wait(self) -> None:
        turns = Turns(requests_per_second=1)
        busy = [asyncio.create_task(turns.ask("busy", turns.throttle.request("alice"))) for _ in range(40)]
        await asyncio.sleep(0)

        async def enter() -> None:
            async with turns.throttle.admit(1):
                turns.came.append(("newcomer", turns.clock.now))

        newcomer = asyncio.create_task(enter())
        await turns.clock.run_out()
        await asyncio.gather(newcomer, *busy)
        assert [name for name, _ in turns.came] == ["busy"] * 40 + ["newcomer"]
