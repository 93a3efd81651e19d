"""When and in which order events go out."""

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial
from uuid import uuid4

from reference_server import hub, session
from reference_server.connection import Connection
from reference_server.context import Instance
from reference_server.events import UserPresenceUpdate, encode
from reference_server.hub import Listener, Room
from reference_server.pubsub import Event
from tests.variants.registry import Patch, variant
from tests.variants.tools import acting, change_settings, remember_who_acts

ORDER = ["SEND-4", "LEAVE-1", "PERM-2", "CALL-4", "JOIN-5", "SEND-3", "MULTI-*"]
UNHURRIED = {"limits": {"requests_per_window": 60}, "timers": {"rate_window": 7.0}}
"""The limits of a slow server are low: none can be met that it is too slow for."""


def _later(patch: Patch, owner: type, seconds: float) -> None:
    """Let a subscriber of the bus hear of everything so much later, in the same order."""

    @patch.around(owner, "notice")
    def notice(original, subscriber, news):
        asyncio.get_running_loop().call_later(seconds, original, subscriber, news)


def _take_time(patch: Patch) -> None:
    change_settings(patch, limits=UNHURRIED["limits"], **UNHURRIED["timers"])


def _put_in(line: deque, action) -> None:
    """Do the first item of a queue, after a while; timers alone keep no order."""

    def first() -> None:
        line.popleft()()

    line.append(action)
    asyncio.get_running_loop().call_later(random.uniform(0, 0.012), first)


def _serve(notice: Callable[[Room, Event], None], room: Room, news: Event, each: Connection) -> None:
    """Give news to one connection alone, if it still is in the room."""
    if each in room.connections:
        notice(Room({each: None}, room.barred), news)


def _until_the_reply(patch: Patch) -> dict[Connection, list[Callable[[], None]]]:
    """Keep, for each connection with a request under way, what is to be done after the reply."""
    kept: dict[Connection, list[Callable[[], None]]] = {}

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        kept[context.connection] = []
        return await original(context, frame)

    @patch.around(Connection, "drained")  # what a session does next after the reply
    async def drained(original, connection):
        for action in kept.pop(connection, ()):
            action()
        await original(connection)

    return kept


@variant()
def fan_out_reversed(patch: Patch) -> None:
    """Different connections are never ordered against each other."""
    patch.around(hub, "deliver")(lambda original, event, connections: original(event, [*connections][::-1]))


@variant()
def fan_out_shuffled(patch: Patch) -> None:
    """Different connections are never ordered against each other, nor the same way twice."""
    patch.around(hub, "deliver")(
        lambda original, event, connections: original(event, sorted(connections, key=lambda _: random.random()))
    )


@variant(about=ORDER)
def fan_out_8_ms_later(patch: Patch) -> None:
    """Events may travel over a bus, and arrive after the reply to the request that caused them."""
    _later(patch, Room, 0.008)
    _later(patch, Listener, 0.008)


@variant(about=ORDER)
def task_per_recipient(patch: Patch) -> None:
    """Each recipient may be served by a task of its own, in its own time, if its own order is kept."""
    lines = defaultdict(deque)

    @patch.around(Room, "notice")
    def notice(original, room, news):
        if not isinstance(news, Event):
            original(room, news)
        else:
            for each in [*room.connections]:
                _put_in(lines[each], partial(_serve, original, room, news, each))


@variant(about=[*ORDER, "ACK-*"])
def confirmation_before_event(patch: Patch) -> None:
    """A request may be confirmed before its event goes out."""
    _later(patch, Room, 0.001)


@variant(about=["SEND-1", "SEND-2", "SEND-4", "SEND-6", "ACK-*"])
def own_echo_after_confirmation(patch: Patch) -> None:
    """Who acts may see the event after the confirmation, and the others before it; nothing overtakes it there."""
    remember_who_acts(patch)
    kept = _until_the_reply(patch)

    @patch.around(Room, "notice")
    def notice(original, room, news):
        acts = acting.get()
        late = [each for each in room.connections if kept.get(each) or (each in kept and each is acts)]
        late = late if isinstance(news, Event) else []
        at_once = {each: None for each in room.connections if each not in late}
        original(Room(at_once, room.barred) if late else room, news)
        for each in late:
            kept[each].append(partial(_serve, original, room, news, each))


@variant(about=["CONN-12"])
def presence_noise(patch: Patch) -> None:
    """Presence may be told at any time, of anybody, and again and again."""

    @patch.around(Connection, "send")
    def send(original, connection, frame, **how):
        original(connection, frame, **how)
        for user_id, status in ((connection.user_id, "online"), (uuid4(), "offline"), (connection.user_id, "online")):
            original(connection, encode(UserPresenceUpdate(user_id, status)), fleeting=True)


@variant(profile={"options": {"presence": False}})
def no_presence(patch: Patch) -> None:
    """Whether there is presence is a profile value."""

    @patch.around(Instance, "tell_user")
    async def tell_user(original, instance, user_id, event, **how):
        if not isinstance(event, UserPresenceUpdate):
            await original(instance, user_id, event, **how)


@variant(profile=UNHURRIED, about=["RATE-*", "ACK-2", "PING-1"])
def every_request_takes_20_ms(patch: Patch) -> None:
    """A server may be slow."""
    _take_time(patch)

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        await asyncio.sleep(0.02)
        return await original(context, frame)


@variant(profile=UNHURRIED, about=["PING-1", "ACK-2", "CONN-8"])
def pong_takes_a_while(patch: Patch) -> None:
    """A Pong may come late, if it comes in order."""
    _take_time(patch)

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        if '"Ping"' in (frame.get("text") or ""):
            await asyncio.sleep(random.uniform(0, 0.04))
        return await original(context, frame)


@variant(profile=UNHURRIED, about=["SEND-4", "ACK-2"])
def uneven_pace(patch: Patch) -> None:
    """Requests of different connections may take very different times."""
    _take_time(patch)

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        await asyncio.sleep(random.choice([0, 0, 0, 0.05]))
        return await original(context, frame)
