"""What the end of a connection, a refusal or a hurry leaves behind that should not be there."""

import asyncio

from sqlalchemy import select

from reference_server import arrivals, session
from reference_server.connection import Connection
from reference_server.events import ActionConfirmed, Error, encode
from reference_server.handlers import history, rooms
from reference_server.hub import Hub
from reference_server.models import MESSAGES
from reference_server.permissions import Role, Visibility
from reference_server.store import conversations
from reference_server.typing_indicator import TypingIndicator
from tests.faults.registry import Patch, fault

BROKEN = {1007, 1009}


def _codes(patch: Patch) -> dict:
    """Note with which code the last connection of a user has ended."""
    codes: dict = {}

    @patch.around(session, "_converse")
    async def converse(original, instance, websocket, identity):
        receive = websocket.receive

        async def noted():
            frame = await receive()
            codes[identity.user_id] = frame.get("code")
            return frame

        websocket.receive = noted
        await original(instance, websocket, identity)

    return codes


@fault(breaks=["RATE-8", "CONN-12"])
def broken_connections_count_on(patch: Patch) -> None:
    """A connection that the server has closed for a bad frame counts as open for ever."""
    codes = _codes(patch)

    @patch.around(arrivals, "depart")
    async def depart(original, instance, user_id):
        if codes.get(user_id) not in BROKEN:
            await original(instance, user_id)


@fault(breaks=["TYPE-2"])
def typing_outlives_a_broken_connection(patch: Patch) -> None:
    """Typing goes on when the server has closed the connection for a bad frame."""
    codes = _codes(patch)

    @patch.around(TypingIndicator, "disconnect")
    async def disconnect(original, self, connection):
        if codes.get(connection.user_id) not in BROKEN:
            await original(self, connection)


@fault(breaks=["PING-4"])
def one_token_that_expires_ends_all_devices(patch: Patch) -> None:
    """All connections of a user end with the first token that expires."""
    everybody: list[Connection] = []

    @patch.around(Hub, "connect")
    async def connect(original, self, connection):
        everybody.append(connection)
        await original(self, connection)

    @patch.around(Connection, "_watch_expiry")
    def watch(original, self):
        original(self)
        for other in [] if self.is_open else everybody:
            if other.user_id == self.user_id:
                other.hang_up(4401, "A token has expired.")


@fault(breaks=["PING-4"])
def a_hundred_requests_end_the_connection(patch: Patch) -> None:
    """A connection ends after a hundred requests, as one of HTTP may."""
    count: dict = {}

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        count[context.connection] = count.get(context.connection, 0) + 1
        if count[context.connection] == 100:
            asyncio.get_running_loop().call_soon(context.connection.hang_up, 1000, "Enough.")
        return await original(context, frame)


def _aborted(patch: Patch, wrong) -> None:
    """Let the next change of a connection fail when a request of a kind was refused."""
    open_still: set = set()

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        text = frame.get("text") or ""
        if context.connection in open_still and '"SendMessage"' in text:
            open_still.discard(context.connection)
            return encode(Error("The current transaction is aborted.", "internal"))
        reply = await original(context, frame)
        if wrong(text) and reply is not None and '"type":"Error"' in reply:
            open_still.add(context.connection)
        return reply


@fault(breaks=["ACK-1"])
def refused_answer_leaves_a_transaction_open(patch: Patch) -> None:
    """After an answer to a message that is not there, the next message of the connection fails."""
    _aborted(patch, lambda text: "parent_message_id" in text)


@fault(breaks=["ACK-1"])
def refused_call_leaves_a_transaction_open(patch: Patch) -> None:
    """After a call to somebody who is no member, the next message of the connection fails."""
    _aborted(patch, lambda text: '"CallOffer"' in text)


def _in_a_hurry(patch: Patch, handler: str, action: str) -> None:
    """Confirm what comes within 20 ms of another request of its kind, and forget it."""
    last: dict = {}

    @patch.around(rooms, handler)
    async def handle(original, context, request):
        now = asyncio.get_running_loop().time()
        before, last[context.connection] = last.get(context.connection), now
        if before is not None and now - before < 0.02:
            return ActionConfirmed(action)
        return await original(context, request)


@fault(breaks=["JOIN-1"])
def joins_in_a_hurry_are_lost(patch: Patch) -> None:
    """A join that comes right after another one is confirmed, and lost on the way to the hub."""
    _in_a_hurry(patch, "join_conversation", "joined_conversation")


@fault(breaks=["LEAVE-1"])
def leaves_in_a_hurry_are_lost(patch: Patch) -> None:
    """A leave that comes right after another one is confirmed, and lost on the way to the hub."""
    _in_a_hurry(patch, "leave_conversation", "left_conversation")


@fault(breaks=["LEAVE-3"])
def leaving_a_public_one_ends_the_membership(patch: Patch) -> None:
    """Who leaves a public conversation with one device is no member of it any more."""

    @patch.around(rooms, "leave_conversation")
    async def leave(original, context, request):
        found = await context.read(conversations.membership, request.conversation_id, context.user_id)
        if found.visibility is Visibility.PUBLIC and found.role is Role.MEMBER:
            await context.write(conversations.remove_member, request.conversation_id, context.user_id)
        return await original(context, request)


def _shown_to(patch: Patch, may) -> None:
    """Show some users in a sync what a deleted message said."""

    @patch.around(history, "_sync")
    def read(original, connection, request, user_id, *more):
        answer = original(connection, request, user_id, *more)
        role = conversations.membership(connection, request.conversation_id, user_id).role
        for one in answer.messages if may(role) else ():
            one["content"] = connection.scalar(select(MESSAGES.c.content).where(MESSAGES.c.id == one["message_id"]))
        return answer


@fault(breaks=["DEL-3"])
def moderators_see_deleted_texts(patch: Patch) -> None:
    """A sync shows moderators what a deleted message said."""
    _shown_to(patch, lambda role: role is Role.MODERATOR)


@fault(breaks=["DEL-3"])
def owners_see_deleted_texts(patch: Patch) -> None:
    """A sync shows owners what a deleted message said."""
    _shown_to(patch, lambda role: role is Role.OWNER)


@fault(breaks=["DEL-3"])
def readers_see_deleted_texts(patch: Patch) -> None:
    """A sync shows readers what a deleted message said."""
    _shown_to(patch, lambda role: role is Role.READER)
