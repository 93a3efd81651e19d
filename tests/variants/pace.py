"""Slowness that is uneven: in the fan-out, between instances, of the whole server."""

import asyncio
import random
import time
from collections import defaultdict, deque
from functools import partial

from reference_server import session
from reference_server.context import Instance
from reference_server.events import UserPresenceUpdate
from reference_server.hub import Room
from reference_server.pubsub import Event
from reference_server.typing_indicator import TypingIndicator
from tests.variants.fan_out import ORDER, UNHURRIED
from tests.variants.registry import Patch, variant
from tests.variants.tools import change_settings


def _each_in_its_own_time(patch: Patch, seconds) -> None:
    """Let each recipient get each event so many seconds later, in the same order."""
    lines = defaultdict(deque)

    def first(line: deque) -> None:
        line.popleft()()

    @patch.around(Room, "notice")
    def notice(original, room, news):
        def serve(each):
            if each in room.connections:
                original(Room({each: None}, room.barred), news)

        if not isinstance(news, Event):
            original(room, news)
            return
        for each in [*room.connections]:
            lines[each].append(partial(serve, each))
            asyncio.get_running_loop().call_later(seconds(each), first, lines[each])


def _stand_still(seconds: float) -> None:
    """Block the loop: it is the whole server that does nothing."""
    time.sleep(seconds)


def _take_time(patch: Patch) -> None:
    change_settings(patch, limits=UNHURRIED["limits"], **UNHURRIED["timers"])


@variant(profile=UNHURRIED, about=ORDER)
def fan_out_up_to_300_ms_later(patch: Patch) -> None:
    """An event may take up to 300 ms to its recipients, to each another time."""
    _take_time(patch)
    _each_in_its_own_time(patch, lambda _: random.uniform(0, 0.3))


@variant(about=ORDER)
def some_events_come_late(patch: Patch) -> None:
    """One event in forty may take 150 ms, where all others come at once."""
    _each_in_its_own_time(patch, lambda _: 0.15 if random.random() < 0.025 else 0.0)


@variant(about=[*ORDER, "CALL-1"])
def pauses_now_and_then(patch: Patch) -> None:
    """A server may stand still for 120 ms now and then, as one that collects garbage."""
    last = time.monotonic()

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        nonlocal last
        if time.monotonic() - last > 1.0:
            _stand_still(0.12)
            last = time.monotonic()
        return await original(context, frame)


@variant(about=["ACK-2", "SEND-4"])
def one_request_at_a_time(patch: Patch) -> None:
    """A server may handle one request at a time, whoever sends it."""
    lock = asyncio.Lock()

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        async with lock:
            return await original(context, frame)


@variant(profile=UNHURRIED, about=["CONN-2", "CONN-3", "PERM-1"])
def refusals_take_longer(patch: Patch) -> None:
    """A refusal may take longer than a success, against those who guess."""
    _take_time(patch)

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        if reply and '"Error"' in reply:
            await asyncio.sleep(0.02)
        return reply


@variant(about=["CONN-12"])
def presence_comes_later(patch: Patch) -> None:
    """Presence may be gathered, and told 100 ms later."""

    @patch.around(Instance, "tell_user")
    async def tell_user(original, instance, user_id, event, **how):
        if isinstance(event, UserPresenceUpdate):
            loop = asyncio.get_running_loop()
            loop.call_later(0.1, lambda: loop.create_task(original(instance, user_id, event, **how)))
        else:
            await original(instance, user_id, event, **how)


@variant(profile=UNHURRIED, about=["SEND-6", "PING-1", "CONN-8"])
def every_request_takes_100_ms(patch: Patch) -> None:
    """A server may be far away, or slow."""
    _take_time(patch)

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        await asyncio.sleep(0.1)
        return await original(context, frame)


@variant(profile=UNHURRIED, about=["ACK-*", "SEND-1", "JOIN-*", "LEAVE-*"])
def replies_come_after_events(patch: Patch) -> None:
    """A reply may come a while after the event that the request has caused."""
    _take_time(patch)

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        await asyncio.sleep(0.03)
        return reply


@variant(about=["TYPE-*"])
def typing_is_swept(patch: Patch) -> None:
    """A server may look for expired typing every 0.7 seconds, and so tell its end that much later."""

    @patch.around(TypingIndicator, "_expire")
    async def expire(original, indicator, key):
        over = time.monotonic() + indicator._expiry
        await asyncio.sleep(-(-over // 0.7) * 0.7 - over)
        await original(indicator, key)


@variant(about=["CALL-6*", "CONN-12"])
def gone_users_linger(patch: Patch) -> None:
    """A server may wait a moment for a user to come back before it takes them for gone."""

    @patch.around(session, "depart")
    async def depart(original, instance, user_id):
        await asyncio.sleep(0.3)
        await original(instance, user_id)
