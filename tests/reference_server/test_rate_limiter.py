from __future__ import annotations

from reference_server.rate_limiter import InMemoryRateLimiter


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TestInMemoryRateLimiter:
    async def test_allows_up_to_the_limit_and_again_when_the_window_has_passed(self):
        clock = Clock()
        limiter = InMemoryRateLimiter(clock)
        assert [await limiter.allow("alice", 2, 10) for _ in range(3)] == [True, True, False]
        clock.now += 9.9
        assert not await limiter.allow("alice", 2, 10)
        clock.now += 0.1
        assert [await limiter.allow("alice", 2, 10) for _ in range(3)] == [True, True, False]

    async def test_counts_every_key_for_itself(self):
        limiter = InMemoryRateLimiter(Clock())
        assert await limiter.allow("alice", 1, 10)
        assert await limiter.allow("bob", 1, 10)
        assert not await limiter.allow("alice", 1, 10)

    async def test_does_not_count_what_it_refuses(self):
        clock = Clock()
        limiter = InMemoryRateLimiter(clock)
        await limiter.allow("alice", 1, 10)
        for _ in range(10):
            clock.now += 0.9
            assert not await limiter.allow("alice", 1, 10)
        clock.now += 1
        assert await limiter.allow("alice", 1, 10)

    async def test_forgets_who_has_gone_quiet(self):
        clock = Clock()
        limiter = InMemoryRateLimiter(clock)
        for number in range(100):
            await limiter.allow(str(number), 1, 10)
        clock.now += 20
        await limiter.allow("alice", 1, 10)
        assert set(limiter._uses) == {"alice"}
