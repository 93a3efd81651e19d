"""Wrongs of the rate limit."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from uuid import UUID

from sqlalchemy import make_url
from starlette.websockets import WebSocket

from reference_server import arrivals, database, events, session
from reference_server.errors import Refused
from reference_server.messages import ICECandidate, Ping, SearchMessages, SendMessage, Typing
from reference_server.presence import InMemoryPresence
from reference_server.rate_limiter import InMemoryRateLimiter
from tests.faults.registry import Patch, fault

KEY = 'f"{kind}:{context.user_id}"'
REFUSE = 'raise Refused("rate_limited"'


def _limited(patch: Patch, then) -> None:
    """Do something more, or else, when a request is over the limit."""

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        try:
            await original(context, request)
        except Refused:
            await then(context, request)


@fault(breaks=["RATE-1", "RATE-2"], also=["MULTI-3", "RATE-1s"])
def messages_are_not_limited(patch: Patch) -> None:
    """There is no limit of messages."""
    patch.rewrite(session._keep_within_rate, '"messages", limits.messages_per_window', '"messages", 10**9')


@fault(breaks=["RATE-1"], also=["RATE-1s"])
def requests_are_not_limited(patch: Patch) -> None:
    """There is no limit of requests other than messages."""
    patch.rewrite(session._keep_within_rate, '"requests", limits.requests_per_window', '"requests", 10**9')


@fault(breaks=["RATE-1"], also=["RATE-2", "MULTI-3"])
def limited_message_is_stored(patch: Patch) -> None:
    """A message over the limit is refused, stored and told."""

    async def carry_out(context, request):
        if isinstance(request, SendMessage):
            await session.HANDLERS[SendMessage](context, request)
        raise Refused("rate_limited", "Too many messages.")

    _limited(patch, carry_out)


@fault(breaks=["RATE-1"])
def limited_request_is_carried_out(patch: Patch) -> None:
    """A request other than a message is carried out over the limit, and refused."""

    async def carry_out(context, request):
        if not isinstance(request, SendMessage):
            await session.HANDLERS[type(request)](context, request)
        raise Refused("rate_limited", "Too many requests.")

    _limited(patch, carry_out)


@fault(breaks=["RATE-1"], also=["MULTI-3"])
def limited_connection_is_closed(patch: Patch) -> None:
    """A user over the limit loses the connection."""

    async def hang_up(context, _request):
        asyncio.get_running_loop().call_later(0.02, context.connection.hang_up, 1008, "Too many requests.")
        raise Refused("rate_limited", "Too many requests.")

    _limited(patch, hang_up)


@fault(breaks=["RATE-1"], also=["RATE-1s", "RATE-2", "MULTI-3"])
def limited_request_is_ignored(patch: Patch) -> None:
    """A request over the limit gets no answer."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        return None if reply is not None and '"rate_limited"' in reply else reply


@fault(breaks=["RATE-1s"])
def limited_is_forbidden(patch: Patch) -> None:
    """The Error over the limit has the code forbidden."""
    patch.rewrite(session._keep_within_rate, '"rate_limited"', '"forbidden"')


@fault(breaks=["RATE-2"], also=["MULTI-3"])
def rate_of_a_connection(patch: Patch) -> None:
    """The rate is counted per connection, so that one on another instance has a rate of its own."""
    patch.rewrite(session._keep_within_rate, KEY, 'f"{kind}:{id(context.connection)}"')


@fault(breaks=["RATE-2", "MULTI-3"])
def rate_of_an_instance(patch: Patch) -> None:
    """The rate is counted by each instance for itself."""
    patch.rewrite(session._keep_within_rate, KEY, 'f"{kind}:{id(context.instance)}:{context.user_id}"')


@fault(breaks=["RATE-3"])
def limited_user_limits_all(patch: Patch) -> None:
    """While one user is over the limit, everybody is."""
    until = [0.0]

    async def limit_all(_context, _request):
        until[0] = asyncio.get_running_loop().time() + 0.5
        raise Refused("rate_limited", "Too many requests.")

    _limited(patch, limit_all)

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        await original(context, request)
        if asyncio.get_running_loop().time() < until[0] and not isinstance(request, Ping):
            raise Refused("rate_limited", "Too many requests of somebody.")


@fault(breaks=["RATE-4"])
def limited_for_ever(patch: Patch) -> None:
    """A user who was over the limit once never recovers."""
    banned: Counter = Counter()

    @patch.around(InMemoryRateLimiter, "allow")
    async def allow(original, self, key, limit, window):
        allowed = not banned[key] and await original(self, key, limit, window)
        banned[key] += not allowed
        return allowed


@fault(breaks=["RATE-4"])
def limited_until_the_next_connection(patch: Patch) -> None:
    """A limited user recovers with a new connection only."""
    limited: set = set()

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        if context.connection in limited and not isinstance(request, Ping):
            raise Refused("rate_limited", "Connect again.")
        try:
            await original(context, request)
        except Refused:
            limited.add(context.connection)
            raise


@fault(breaks=["RATE-4"])
def window_is_three_times_as_long(patch: Patch) -> None:
    """A limited user recovers after three windows."""
    patch.rewrite(session._keep_within_rate, "settings.rate_window", "settings.rate_window * 3")


@fault(breaks=["RATE-5"])
def limited_user_gets_no_pong(patch: Patch) -> None:
    """A Ping of a user over the limit is refused."""
    limited: dict = {}

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        now = asyncio.get_running_loop().time()
        try:
            await original(context, request)
        except Refused:
            limited[context.user_id] = now + 2
            raise
        if isinstance(request, Ping) and limited.get(context.user_id, 0) > now:
            raise Refused("rate_limited", "Too many requests.")


@fault(breaks=["RATE-2"])
def rate_begins_anew_with_a_connection(patch: Patch) -> None:
    """The budget of a user begins anew when a connection opens."""

    @patch.around(arrivals, "arrive")
    async def arrive(original, instance, user_id):
        for kind in ("messages", "requests"):
            instance.services.rate_limiter._uses.pop(f"{kind}:{user_id}", None)
        return await original(instance, user_id)


@fault(breaks=["RATE-2"])
def rate_begins_anew_on_another_instance(patch: Patch) -> None:
    """The budget of a user begins anew when the user connects to another instance than before."""
    last: dict = {}

    @patch.around(arrivals, "arrive")
    async def arrive(original, instance, user_id):
        if last.setdefault(user_id, instance) is not instance:
            last[user_id] = instance
            instance.services.rate_limiter._uses.pop(f"messages:{user_id}", None)
        return await original(instance, user_id)


@fault(breaks=["RATE-2"])
def rate_is_forgotten_with_the_last_connection(patch: Patch) -> None:
    """The budget of a user is forgotten when the last connection ends."""

    @patch.around(arrivals, "depart")
    async def depart(original, instance, user_id):
        await original(instance, user_id)
        if not await instance.services.presence.is_online(user_id):
            instance.services.rate_limiter._uses.pop(f"messages:{user_id}", None)


@fault(breaks=["RATE-2"], also=["RATE-6"])
def rate_of_a_conversation(patch: Patch) -> None:
    """Each conversation has a budget of its own."""
    patch.rewrite(
        session._keep_within_rate,
        KEY,
        "f\"{kind}:{context.user_id}:{getattr(request, 'conversation_id', None)}\"",
    )


def _vanish(patch: Patch, kinds: tuple[str, ...], instead: str | None = None) -> None:
    """Answer requests of some types that are over the limit with nothing, or with something else."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        if reply is None or '"rate_limited"' not in reply or json.loads(frame["text"])["type"] not in kinds:
            return reply
        return instead


@fault(breaks=["RATE-1"], also=["RATE-6"])
def limited_typing_vanishes(patch: Patch) -> None:
    """Typing over the limit gets no Error, and nobody is told."""
    _vanish(patch, ("Typing",))


@fault(breaks=["RATE-1"], also=["RATE-6"])
def limited_candidate_vanishes(patch: Patch) -> None:
    """A candidate over the limit gets no Error, and the call fails."""
    _vanish(patch, ("ICECandidate",))


@fault(breaks=["RATE-1"])
def limited_receipt_is_confirmed(patch: Patch) -> None:
    """A receipt over the limit is confirmed, and not kept."""
    _vanish(patch, ("MarkAsRead",), events.encode(events.ActionConfirmed("marked_as_read")))


@fault(breaks=["RATE-1"])
def limited_reaction_vanishes(patch: Patch) -> None:
    """The removal of a reaction over the limit gets no Error."""
    _vanish(patch, ("RemoveReaction",))


def _free(patch: Patch, *kinds: type) -> None:
    """Count no requests of some types."""

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        if not isinstance(request, kinds):
            await original(context, request)


@fault(breaks=["RATE-6"], also=["RATE-1"])
def typing_is_free(patch: Patch) -> None:
    """Typing counts against no limit."""
    _free(patch, Typing)


@fault(breaks=["RATE-6"], also=["RATE-1"])
def candidates_are_free(patch: Patch) -> None:
    """Candidates count against no limit."""
    _free(patch, ICECandidate)


@fault(breaks=["RATE-6"], also=["RATE-1"])
def searching_is_free(patch: Patch) -> None:
    """A search counts against no limit, though it costs the most."""
    _free(patch, SearchMessages)


@fault(breaks=["RATE-7"])
def unreadable_frames_are_free(patch: Patch) -> None:
    """Frames that cannot be read count against no limit."""
    _free(patch, type(None))


@fault(breaks=["RATE-8"])
def dropped_connections_count_on(patch: Patch) -> None:
    """A connection that is dropped, and not closed, counts as open for ever."""
    closed: set = set()

    @patch.around(WebSocket, "receive")
    async def receive(original, self):
        frame = await original(self)
        if frame.get("code") == 1000:
            closed.add(asyncio.current_task())
        return frame

    @patch.around(session, "depart")
    async def depart(original, instance, user_id):
        if asyncio.current_task() in closed:
            await original(instance, user_id)


@fault(breaks=["RATE-8"], also=["CONN-12"])
def every_second_end_is_missed(patch: Patch) -> None:
    """Of two connections that end, one counts on."""
    ends: Counter = Counter()

    @patch.around(InMemoryPresence, "leave")
    async def leave(original, self, user_id):
        ends[user_id] += 1
        return 1 if ends[user_id] % 2 == 0 else await original(self, user_id)


@fault(breaks=["RATE-8", "CONN-12", "CALL-6s"])
def connections_outlive_a_crash(patch: Patch) -> None:
    """The counts of connections are kept in a file, and those that a crash has ended count on."""
    kept: list[Path] = []

    @patch.around(database, "open_database")
    def open_database(original, url):
        kept.append(Path(f"{make_url(url).database}.presence"))
        return original(url)

    @patch.around(InMemoryPresence, "enter")
    async def enter(original, self, user_id, limit):
        if not self._connections and kept[0].exists():
            self._connections.update({UUID(user): count for user, count in json.loads(kept[0].read_text()).items()})
        count = await original(self, user_id, limit)
        kept[0].write_text(json.dumps({str(user): count for user, count in self._connections.items()}))
        return count


@fault(breaks=["RATE-7"])
def refused_requests_are_free(patch: Patch) -> None:
    """A request that is refused does not count against the limit."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        if reply and '"type":"Error"' in reply and '"rate_limited"' not in reply:
            for kind in ("messages", "requests"):
                uses = context.instance.services.rate_limiter._uses.get(f"{kind}:{context.user_id}")
                if uses:
                    uses.pop()
        return reply


@fault(breaks=["RATE-4"])
def every_request_prolongs_the_window(patch: Patch) -> None:
    """The counter of a user expires a window after the last request, also a refused one, as by INCR and EXPIRE."""

    @patch.around(InMemoryRateLimiter, "allow")
    async def allow(original, self, key, limit, window):
        now, uses = self._clock(), self._uses.setdefault(key, [])
        if uses and now - uses[-1] > window:
            uses.clear()
        uses.append(now)
        return len(uses) <= limit


@fault(breaks=["RATE-4"])
def limit_of_messages_is_one_less(patch: Patch) -> None:
    """One message less than the limit says is accepted in a window."""
    old = '"messages", limits.messages_per_window'
    patch.rewrite(session._keep_within_rate, old, f"{old} - 1")


@fault(breaks=["RATE-4"])
def every_allowed_request_prolongs_the_window(patch: Patch) -> None:
    """The counter of a user expires a window after the last request that was allowed."""

    @patch.around(InMemoryRateLimiter, "allow")
    async def allow(original, self, key, limit, window):
        now, uses = self._clock(), self._uses.setdefault(key, [])
        if uses and now - uses[-1] > window:
            uses.clear()
        if len(uses) < limit:
            uses.append(now)
            return True
        return False
