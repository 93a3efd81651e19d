"""Ids, stamps, cursors and counters."""

import itertools
import secrets
import time
from datetime import timedelta
from uuid import UUID

from reference_server import cursor, events, new_ids
from reference_server.rate_limiter import InMemoryRateLimiter
from reference_server.store import conversations
from tests.variants.registry import Patch, variant

RATES = ["RATE-*", "PING-3", "MULTI-3"]


def _ids(patch: Patch, new) -> None:
    patch(new_ids, "uuid4", new)


@variant()
def ids_of_version_7(patch: Patch) -> None:
    """An id may begin with the time."""

    def uuid7() -> UUID:
        tail = secrets.randbits(74)
        return UUID(int=time.time_ns() // 10**6 << 80 | 7 << 76 | (tail >> 62) << 64 | 2 << 62 | tail & (1 << 62) - 1)

    _ids(patch, uuid7)


@variant()
def ids_in_sequence(patch: Patch) -> None:
    """An id may be a number in the form of a UUID, of no version at all."""
    counter = itertools.count(time.time_ns())
    _ids(patch, lambda: UUID(int=next(counter)))


@variant(about=["HIST-8s", "SYNC-*", "HIST-2", "EDIT-3"])
def stamps_of_milliseconds(patch: Patch) -> None:
    """A database may keep milliseconds, if each stamp of a conversation is still later than the one before."""
    tick = timedelta(milliseconds=1)
    patch(conversations, "TICK", tick)
    patch.around(conversations, "now")(
        lambda original: (now := original()).replace(microsecond=now.microsecond // 1000 * 1000)
    )


@variant(about=["HIST-2", "HIST-3", "HIST-5*"])
def long_cursors(patch: Patch) -> None:
    """A cursor is a word of the server's own, of any length and any characters."""
    head = "página 2 / «" + "x" * 300 + "» ?&="
    patch.around(cursor, "encode")(lambda original, *place: head + original(*place))
    patch.around(cursor, "decode")(
        lambda original, word, place: original(word.removeprefix(head) if word.startswith(head) else "?", place)
    )


@variant(about=["REAC-*"])
def reactions_in_other_order(patch: Patch) -> None:
    """The set of reactions has no order, nor have the users of one."""

    @patch.around(events, "describe")
    def describe(original, message, reactions):
        value = original(message, reactions)
        turned = [one | {"user_ids": [*one["user_ids"]][::-1]} for one in value["reactions"][::-1]]
        return value | {"reactions": turned}


@variant(about=RATES)
def fixed_window(patch: Patch) -> None:
    """A limiter may count in windows of the clock, and forget everything where the next begins."""
    counts: dict[tuple[str, int], int] = {}

    async def allow(_, key, limit, window):
        place = key, int(time.time() // window)
        counts[place] = counts.get(place, 0) + 1
        return counts[place] <= limit

    patch(InMemoryRateLimiter, "allow", allow)


@variant(about=RATES)
def window_from_first_use(patch: Patch) -> None:
    """A limiter's window may begin with the first request in it."""
    windows: dict[str, tuple[float, int]] = {}

    async def allow(_, key, limit, window):
        now = time.monotonic()
        began, count = windows.get(key, (now, 0))
        windows[key] = (began, count + 1) if now < began + window else (now, 1)
        return windows[key][1] <= limit

    patch(InMemoryRateLimiter, "allow", allow)


@variant(about=RATES)
def token_bucket(patch: Patch) -> None:
    """A limiter may be a bucket that fills all the time: a burst of the limit, then one now and then."""
    buckets: dict[str, tuple[float, float]] = {}

    async def allow(_, key, limit, window):
        now = time.monotonic()
        level, at = buckets.get(key, (limit, now))
        level = min(limit, level + (now - at) * limit / window)
        buckets[key] = (level - 1 if level >= 1 else level, now)
        return level >= 1

    patch(InMemoryRateLimiter, "allow", allow)


@variant(about=RATES)
def refused_requests_count(patch: Patch) -> None:
    """A limiter may count what it refuses: who waits recovers, who insists does not."""
    patch.rewrite(InMemoryRateLimiter.allow, "if len(uses) >= limit:", "uses.append(now)\n    if len(uses) > limit:")
    patch.rewrite(InMemoryRateLimiter.allow, "uses.append(now)\n    return True", "return True")


@variant()
def ids_descend(patch: Patch) -> None:
    """Later ids may be smaller: only the order of messages says which is newer."""
    counter = itertools.count(2**128 - time.time_ns(), -1)
    _ids(patch, lambda: UUID(int=next(counter)))
