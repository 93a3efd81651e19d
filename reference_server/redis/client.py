"""The connection to Redis."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from reference_server.config import ConfigError

#: Every key and channel begins with this, so that a Redis can serve other programs, too.
PREFIX = "chat-parity"
#: A request waits this long for Redis; then this process goes on by itself.
ANSWER_S = 2.0

#: What an engine that is gone, slow, or talks nonsense raises.
FAILURES = (RedisError, OSError)


def open_redis(url: str) -> Redis:
    """Make a client of `redis://…`, `rediss://…` or `unix://…`; it connects at its first use."""
    try:
        return Redis.from_url(
            url,
            protocol=2,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            retry=Retry(NoBackoff(), 1),  # once more, on a new connection: the old one may have been cut
        )
    except ValueError:
        raise ConfigError("The Redis URL is malformed; try redis://127.0.0.1:6379/0") from None


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
    """Read what Redis returns."""
    return value.decode() if isinstance(value, bytes) else value
