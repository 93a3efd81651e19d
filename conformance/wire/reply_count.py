"""Counts the replies on one connection, to know which of them answers a request of the barrier.

Replies carry no token, and come in request order. Reply number n of the barrier answers its request number n. A server
may also count such a request against a rate limit and refuse it: then an Error is the reply. This is known because no
request gets more than one reply: once as many have come as requests were sent, the last one answers the last request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


class ReplyCount:
    """The requests and the replies of one connection so far.

    `written` is the number of our messages, `handled` how many of them the server has surely handled. `mistaken` has
    the places in the log of Errors that were taken for replies to the barrier, until its own reply came after all.
    """

    def __init__(self, reply: str, error: str, replies: Collection[str] = ()) -> None:
        """Keep the types: the barrier's own reply, the Error, and the other replies."""
        self.written = 0
        self.handled = 0
        self.mistaken: set[int] = set()
        self._reply = reply
        self._error = error
        self._replies = {*replies, reply, error}
        self._replied = 0
        self._asked = 0
        self._answered = 0
        self._awaited: dict[int, int] = {}
        self._numbers: dict[int, int] = {}
        self._refusals: dict[int, int | None] = {}

    @property
    def refuses(self) -> bool:
        """Whether an Error was the reply to a request of the barrier."""
        return any(place is not None for place in self._refusals.values())

    def sent_barrier_request(self) -> None:
        """Count a request of the barrier that a scenario sends; its reply belongs to the scenario."""
        self._asked += 1

    def ask(self) -> int:
        """Give the number of the barrier request that is sent next.

        If a raw text has brought an unexpected reply, the count starts again from the replies so far.
        """
        self._asked = max(self._asked, self._answered) + 1
        self._awaited[self._asked] = self.written + 1
        self._numbers[self.written + 1] = self._asked
        return self._asked

    def is_answered(self, number: int) -> bool:
        """Tell whether the reply to this barrier request, or to a later one, has come."""
        return self._answered >= number

    def is_refused(self, number: int) -> bool:
        """Tell whether an Error is the reply to this barrier request, as far as is known by now."""
        return number in self._refusals

    def take(self, kind: str | None, place: int) -> bool:
        """Count a frame at its place in the log; True: it answers a barrier request of ours.

        The first frame of all may be a greeting, which is no reply whatever its type.
        """
        complete = self._replied == self.written
        if kind in self._replies and place and not complete:
            self._replied += 1
        number = self._numbers.get(self._replied, 0)
        if number > self._answered and kind in {self._reply, self._error}:
            if kind == self._error:
                self._refusals[number] = place
            self._settle(number)
            return True
        if kind != self._reply:
            return False
        if complete and self._refusals:  # One reply too many: an Error has answered something else.
            _, mistaken = self._refusals.popitem()
            self.mistaken |= {mistaken} if mistaken is not None else set()
            return True
        self._answered += 1
        if self._answered in self._awaited:
            self._settle(self._answered)
            return True
        return False

    def give_up(self, number: int) -> None:
        """Take an Error for the reply to this barrier request: nothing else has come for long, and nothing will."""
        self._refusals[number] = None
        self._settle(number)

    def rest(self) -> None:
        """Record that the server has answered every request so far."""
        self.handled = self._replied = self.written

    def _settle(self, number: int) -> None:
        self._answered = max(self._answered, number)
        self._replied = max(self._replied, self._awaited[number])
        self.handled = max(self.handled, self._awaited[number])
