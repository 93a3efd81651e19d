"""The connection to Redis."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from reference_server.config import ConfigError
from reference_server.redis.address import MALFORMED, address_of

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The prefix of each key and channel, so that other programs can use the same Redis.
PREFIX = "chat-parity"
#: How long a request waits for Redis; then this process continues without it.
ANSWER_S = 2.0
#: How long the end of this process waits for Redis.
GOODBYE_S = 1.0
#: After a failure, no request waits for Redis for this long.
REST_S = 1.0
#: The longest time that a request takes that tries again: it connects, and has one retry.
TRY_S = 4 * ANSWER_S

#: Publishes data on channels, given in turn: one command has one answer to read.
PUBLISH = "for at = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[at], ARGV[at + 1]) end"

#: The exceptions if Redis is down or slow, or sends wrong data.
FAILURES = (RedisError, OSError)


class GuardedRedis(Redis):
    """A client that fails immediately if Redis was down a moment ago, so that requests do not wait in vain.

    After a rest, one request tries again; until it has an answer, the others fail immediately.
    """

    _gone_until = 0.0

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command to Redis, or fail immediately."""
        if monotonic() < self._gone_until:
            raise RedisConnectionError("Redis was down a moment ago")
        if self._gone_until:
            self._gone_until = monotonic() + TRY_S
        parent: Any = super()  # its method has no types
        try:
            answer = await parent.execute_command(*args, **options)
        except (RedisConnectionError, RedisTimeoutError, OSError):
            self._gone_until = monotonic() + REST_S
            raise
        except ReadOnlyError:  # another server was made the primary: new connections may lead there
            self._gone_until = monotonic() + REST_S
            await self.connection_pool.disconnect(inuse_connections=False)
            raise
        except RedisError:  # that is an answer, too
            self._gone_until = 0.0
            raise
        self._gone_until = 0.0
        return answer

    async def publish_all(self, notices: Sequence[tuple[str, bytes]]) -> None:
        """Publish many notices with one command, or fail immediately."""
        texts = [text for notice in notices for text in notice]
        await self.execute_command("EVAL", PUBLISH, 0, *texts)


def open_redis(url: str) -> GuardedRedis:
    """Make a client for `redis://…`, `rediss://…` or `unix://…`; it connects at its first use."""
    address = address_of(url)
    try:
        client = cast(
            "GuardedRedis",
            GuardedRedis.from_url(
                address,
                protocol=2,
                socket_timeout=ANSWER_S,
                socket_connect_timeout=ANSWER_S,
                retry=Retry(NoBackoff(), 1),  # try once more on a new connection, because the old one may be cut
            ),
        )
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # it connects to nothing, and checks its options
    except (ValueError, TypeError, RedisError):
        raise ConfigError(MALFORMED) from None
    return client


async def check(client: Redis) -> None:
    """Refuse to start with a Redis that does not answer."""
    try:
        await client.get(key("nothing"))
    except FAILURES as error:
        raise ConfigError(f"Redis does not answer: {error}") from None


def key(*parts: object) -> str:
    """Name a key or a channel."""
    return ":".join((PREFIX, *map(str, parts)))


def text(value: bytes | str) -> str:
    """Give a value from Redis as text."""
    return value.decode() if isinstance(value, bytes) else value
