"""Wrongs of servers that look whether something is done already before they have stored that it is."""

import asyncio
import random
import time

from reference_server.connection import Connection
from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import MessageEdited, NewMessage, ReactionAdded, ReactionRemoved
from reference_server.handlers import messages, realtime
from reference_server.hub import Hub
from reference_server.store import reactions
from tests.faults.registry import Patch, fault

AT_ONCE_S = 0.02
"""Two requests are so near to each other only now and then, even if they are sent together."""


def _at_once(then: float | None) -> bool:
    return then is not None and time.monotonic() - then < AT_ONCE_S


def _both_are_first(patch: Patch, module, name: str) -> None:
    """Carry out a request again that comes while the first one is being stored."""
    done = {}

    @patch.around(module, name)
    def transaction(original, connection, request, user_id, *more):
        moment, first = done.get(request.message_id, (None, None))
        try:
            result = original(connection, request, user_id, *more)
        except Refused:
            if not _at_once(moment):
                raise
            result = None
        if result:
            done[request.message_id] = time.monotonic(), result
        return result or (first if _at_once(moment) else result)


@fault(breaks=["DLVR-1"])
def delivered_twice_in_a_race(patch: Patch) -> None:
    """A message that two devices have got at the same time is delivered twice."""
    _both_are_first(patch, realtime, "_deliver")


@fault(breaks=["READ-2"])
def read_twice_in_a_race(patch: Patch) -> None:
    """A message that is read on two devices at the same time is told as read twice."""
    _both_are_first(patch, realtime, "_mark_as_read")


@fault(breaks=["REAC-2s"])
def reaction_is_told_twice_in_a_race(patch: Patch) -> None:
    """A reaction that two devices add at the same time is told twice."""
    _both_are_first(patch, realtime, "_add_reaction")


@fault(breaks=["DEL-5"])
def deletion_is_told_twice_in_a_race(patch: Patch) -> None:
    """A message that two users delete at the same time is told as deleted twice."""
    _both_are_first(patch, messages, "_delete")


@fault(breaks=["REAC-2"])
def reaction_counts_twice_in_a_race(patch: Patch) -> None:
    """A reaction that two devices add at the same time is stored twice."""
    added, twice = {}, set()

    @patch.around(realtime, "_add_reaction")
    def add(original, connection, request, user_id, limits):
        if _at_once(added.get((request.message_id, user_id))):
            twice.add((request.message_id, request.emoji, user_id))
        added[request.message_id, user_id] = time.monotonic()
        return original(connection, request, user_id, limits)

    @patch.around(reactions, "of_messages")
    def of_messages(original, connection, message_ids):
        found = original(connection, message_ids)
        for message_id, emoji, user_id in twice & {(m, e, u) for m in found for e in found[m] for u in found[m][e]}:
            found[message_id][emoji].append(user_id)
        return found


@fault(breaks=["JOIN-2"], also=["SEND-1"])
def joined_twice_in_a_race(patch: Patch) -> None:
    """A connection that sends a second join before the first one is answered gets everything twice."""
    joined, twice = {}, set()

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        if _at_once(joined.get(connection)):
            twice.add(connection)
        joined[connection] = time.monotonic()
        original(self, connection, conversation_id)

    @patch.around(Connection, "send")
    def send(original, self, frame, **how):
        for _ in range(2 if self in twice and '"NewMessage"' in frame else 1):
            original(self, frame, **how)


def _tell_when_it_comes(patch: Patch, *kinds: type) -> None:
    """Tell events by tasks of their own, of which a later one sometimes overtakes an earlier one, by 50 ms at most."""
    tasks = set()

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **more):
        async def later():
            await asyncio.sleep(random.random() * 0.05)
            await original(self, conversation_id, event, **more)

        if not isinstance(event, kinds):
            return await original(self, conversation_id, event, **more)
        tasks.add(task := asyncio.create_task(later()))
        task.add_done_callback(tasks.discard)
        return None


@fault(breaks=["SEND-4"], also=["MULTI-2"])
def messages_overtake_each_other_now_and_then(patch: Patch) -> None:
    """A message that is stored at nearly the same time as another one is now and then told before it."""
    _tell_when_it_comes(patch, NewMessage)


@fault(breaks=["EDIT-1"], also=["MULTI-2"])
def edits_overtake_each_other_now_and_then(patch: Patch) -> None:
    """An edit is now and then told before one that was stored earlier."""
    _tell_when_it_comes(patch, MessageEdited)


@fault(breaks=["REAC-1"], also=["MULTI-2"])
def reactions_overtake_each_other_now_and_then(patch: Patch) -> None:
    """The removal of a reaction is now and then told before its addition."""
    _tell_when_it_comes(patch, ReactionAdded, ReactionRemoved)
