"""Wrongs that only a connection meets that is open for a while: what a server remembers has a time to live."""

import asyncio
import time
from datetime import timedelta

from reference_server import hub, serving, session
from reference_server.connection import Connection
from reference_server.errors import Refused
from reference_server.handlers import calls, messages, realtime
from reference_server.store import conversations, receipts
from reference_server.store import messages as store
from reference_server.transport import LingeringProtocol
from tests.faults.registry import Patch, fault

GOING_AWAY = 1001
LIFE_S = 20
"""Longer than most scenarios last."""


@fault(breaks=["PING-4", "PING-5"])
def every_connection_ends_after_a_while(patch: Patch) -> None:
    """A deadline that is set when a connection opens is never moved."""

    @patch.around(Connection, "start")
    def start(original, self, leeway):
        original(self, leeway)
        asyncio.get_running_loop().call_later(22, self.hang_up, GOING_AWAY, "Time is over.")


@fault(breaks=["PING-5"])
def silent_connections_end(patch: Patch) -> None:
    """A connection ends when its client has sent no request for 20 seconds, whatever else it answers."""

    due = {}

    def expect(connection):
        if connection in due:
            due[connection].cancel()
        due[connection] = asyncio.get_running_loop().call_later(20, connection.hang_up, GOING_AWAY, "Idle.")

    @patch.around(Connection, "start")
    def start(original, self, leeway):
        original(self, leeway)
        expect(self)

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        expect(context.connection)
        return await original(context, frame)


@fault(breaks=["PING-4", "PING-5"])
def pongs_are_not_heard(patch: Patch) -> None:
    """The server ends a connection because it overhears the answers to its own pings."""
    patch.rewrite(serving.build_server, "lifespan=", "ws_ping_interval=10, ws_ping_timeout=10, lifespan=")
    patch.around(LingeringProtocol, "handle_pong")(lambda original, self, event: None)


@fault(breaks=["JOIN-1"])
def subscriptions_expire(patch: Patch) -> None:
    """A join lasts a while, as a key does that nobody renews."""
    ends = {}

    @patch.around(hub.Hub, "join")
    def join(original, self, connection, conversation_id):
        ends[connection] = time.monotonic() + LIFE_S
        original(self, connection, conversation_id)

    @patch.around(hub, "deliver")
    def deliver(original, event, connections):
        now = time.monotonic()
        original(event, [each for each in connections if ends.get(each, now) >= now])


@fault(breaks=["CALL-1"], also=["CALL-4", "CALL-5", "CALL-6"])
def presence_expires(patch: Patch) -> None:
    """A user is available for a while after connecting."""
    ends = {}

    @patch.around(Connection, "start")
    def start(original, self, leeway):
        original(self, leeway)
        ends[self.user_id] = time.monotonic() + LIFE_S

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        if ends.get(request.target_user_id, float("inf")) < time.monotonic():
            raise Refused("unavailable", "The user is not connected.")
        await original(context, request, event)


@fault(breaks=["HIST-1"], also=["HIST-2"])
def history_expires(patch: Patch) -> None:
    """History has what was said a while ago, as a list does that is kept in a cache."""

    @patch.around(store, "history")
    def history(original, *arguments):
        first = conversations.now() - timedelta(seconds=LIFE_S)
        return [one for one in original(*arguments) if one.created_at > first]


def _while_new(patch: Patch, owner, transaction: str) -> None:
    """Carry an operation out on messages that are new."""

    @patch.around(owner, transaction)
    def carry_out(original, connection, request, *rest):
        message = store.find(connection, request.conversation_id, request.message_id)
        if conversations.now() - message.created_at > timedelta(seconds=LIFE_S):
            raise Refused("conflict", "The message is too old.")
        return original(connection, request, *rest)


@fault(breaks=["EDIT-1"])
def messages_become_final(patch: Patch) -> None:
    """A message can be edited for a while."""
    _while_new(patch, messages, "_edit")


@fault(breaks=["READ-1"])
def messages_become_read(patch: Patch) -> None:
    """A message can be marked as read for a while."""
    _while_new(patch, realtime, "_mark_as_read")


@fault(breaks=["DLVR-1"])
def deliveries_expire(patch: Patch) -> None:
    """That a message was delivered is kept for a while."""
    until = {}

    @patch.around(receipts, "deliver")
    def deliver(original, connection, message_id, user_id):
        is_new = original(connection, message_id, user_id)
        expired = time.monotonic() > until.setdefault((message_id, user_id), time.monotonic() + LIFE_S)
        return is_new or expired
