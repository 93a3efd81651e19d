"""Passes a recording to an observer, as if its connections were open now."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from conformance.engine.observe.head import user_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.engine.observe.observer import Observer
    from conformance.engine.observe.recorded import Passed, Recorded

SINCE = 1e9
"""Seconds since 1970; smaller times are from another clock, and instants are not judged by them."""


def is_dated(found: Sequence[Recorded]) -> bool:
    """Say whether all times are seconds since 1970."""
    return all(message.at > SINCE for one in found for message in one.messages)


def replay(found: Sequence[Recorded], observer: Observer) -> None:
    """Pass all messages in the order of their times; a connection opens with its first message, and ends with its last.

    The observer knows the first connection as `client-1`.
    """
    left = [len(one.messages) for one in found]
    for number, message in in_order(found):
        name, one = f"client-{number + 1}", found[number]
        if left[number] == len(one.messages):
            user = one.user or user_of(one.secrets)
            observer.opened(name, name, message.at, user, one.secrets, whole=one.whole)
        observer.message(name, message.way, message.data, message.at)
        left[number] -= 1
        if not left[number]:
            observer.closed(name, "the recording ends", message.at)


def in_order(found: Sequence[Recorded]) -> Iterator[tuple[int, Passed]]:
    """Give the messages of all connections in the order of their times, each with the number of its connection."""

    def timed(number: int, one: Recorded) -> Iterator[tuple[float, int, int, Passed]]:
        latest = float("-inf")
        for index, message in enumerate(one.messages):
            latest = max(latest, message.at)  # Within a connection, the order of the recording counts.
            yield latest, number, index, message

    for _, number, _, message in heapq.merge(*(timed(number, one) for number, one in enumerate(found))):
        yield number, message
