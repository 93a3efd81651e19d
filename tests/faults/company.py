"""Wrongs that depend on how many members a conversation has, or on what its members did before."""

import json

from sqlalchemy import func, select

from reference_server import hub
from reference_server.connection import Connection
from reference_server.errors import Refused
from reference_server.handlers import calls, history, messages, realtime, rooms
from reference_server.models import MEMBERSHIPS
from tests.faults.registry import Patch, fault


def _size(connection, conversation_id) -> int:
    members = select(func.count()).where(MEMBERSHIPS.c.conversation_id == conversation_id)
    return connection.scalar(members) or 0


def _refuse(patch: Patch, owner, handler: str, wrong) -> None:
    """Refuse requests of one type in conversations of some sizes."""

    @patch.around(owner, handler)
    async def handle(original, context, request):
        if wrong(await context.read(_size, request.conversation_id)):
            raise Refused("conflict", "The conversation has the wrong number of members.")
        return await original(context, request)


def _is_crowd(size: int) -> bool:
    return size >= 8


def _is_pair(size: int) -> bool:
    return size == 2


def _is_one(size: int) -> bool:
    return size == 1


def _on_the_first_connection(patch: Patch, owner, handler: str) -> None:
    """Carry requests of one type out on the first connection that a user has ever opened."""
    first = {}

    @patch.around(Connection, "start")
    def start(original, self, leeway):
        first.setdefault(self.user_id, self.id)
        original(self, leeway)

    @patch.around(owner, handler)
    async def handle(original, context, request):
        if first[context.user_id] != context.connection.id:
            raise Refused("conflict", "This is another session.")
        return await original(context, request)


def _until_leaving(patch: Patch, owner, handler: str) -> None:
    """Carry requests of one type out for users who have not left the conversation, as if none came back."""
    left = set()

    @patch.around(rooms, "leave_conversation")
    async def leave(original, context, request):
        left.add((context.user_id, request.conversation_id))
        return await original(context, request)

    @patch.around(owner, handler)
    async def handle(original, context, request):
        if (context.user_id, request.conversation_id) in left:
            raise Refused("conflict", "You have left.")
        return await original(context, request)


@fault(breaks=["DLVR-1"])
def crowds_have_no_deliveries(patch: Patch) -> None:
    """In a large conversation nothing is marked as delivered."""
    _refuse(patch, realtime, "delivered", _is_crowd)


@fault(breaks=["READ-1"])
def crowds_have_no_receipts(patch: Patch) -> None:
    """In a large conversation nothing is marked as read."""
    _refuse(patch, realtime, "mark_as_read", _is_crowd)


@fault(breaks=["HIST-1"])
def crowds_have_no_history(patch: Patch) -> None:
    """A large conversation has no history."""
    _refuse(patch, history, "fetch_history", _is_crowd)


@fault(breaks=["TYPE-1"])
def crowds_do_not_type(patch: Patch) -> None:
    """In a large conversation typing is refused."""
    _refuse(patch, realtime, "typing", _is_crowd)


@fault(breaks=["CALL-1"])
def crowds_do_not_call(patch: Patch) -> None:
    """In a large conversation nobody is called."""
    _refuse(patch, calls, "offer", _is_crowd)


@fault(breaks=["HIST-1"])
def pairs_have_no_history(patch: Patch) -> None:
    """A conversation of two has no history."""
    _refuse(patch, history, "fetch_history", _is_pair)


@fault(breaks=["TYPE-1"])
def pairs_do_not_type(patch: Patch) -> None:
    """In a conversation of two typing is refused."""
    _refuse(patch, realtime, "typing", _is_pair)


@fault(breaks=["CALL-1"])
def pairs_do_not_call(patch: Patch) -> None:
    """In a conversation of two nobody is called."""
    _refuse(patch, calls, "offer", _is_pair)


@fault(breaks=["SRCH-1"])
def notes_are_not_searched(patch: Patch) -> None:
    """In a conversation of one nothing is found."""
    _refuse(patch, history, "search_messages", _is_one)


@fault(breaks=["EDIT-1"])
def notes_are_not_edited(patch: Patch) -> None:
    """In a conversation of one nothing can be edited."""
    _refuse(patch, messages, "edit_message", _is_one)


@fault(breaks=["SYNC-1"])
def only_the_first_connection_syncs(patch: Patch) -> None:
    """A user syncs on the first connection only."""
    _on_the_first_connection(patch, history, "sync_messages")


@fault(breaks=["READ-1"])
def only_the_first_connection_marks(patch: Patch) -> None:
    """A user marks as read on the first connection only."""
    _on_the_first_connection(patch, realtime, "mark_as_read")


@fault(breaks=["CALL-1"])
def only_the_first_connection_calls(patch: Patch) -> None:
    """A user calls on the first connection only."""
    _on_the_first_connection(patch, calls, "offer")


@fault(breaks=["EDIT-1"])
def who_has_left_does_not_edit(patch: Patch) -> None:
    """Who has ever left a conversation edits nothing in it, also after joining again."""
    _until_leaving(patch, messages, "edit_message")


@fault(breaks=["DLVR-1"])
def who_has_left_gets_nothing_delivered(patch: Patch) -> None:
    """Who has ever left a conversation marks nothing as delivered."""
    _until_leaving(patch, realtime, "delivered")


def _not_to(patch: Patch, kind: str, handler: str) -> None:
    """Keep events of one type from the members who have made such a request in the conversation."""
    members = set()

    @patch.around(realtime, handler)
    async def handle(original, context, request):
        members.add((context.user_id, str(request.conversation_id)))
        return await original(context, request)

    @patch.around(hub, "deliver")
    def deliver(original, event, connections):
        frame = json.loads(event.frame)
        place = frame.get("conversation_id") if frame["type"] == kind else None
        original(event, [each for each in connections if (each.user_id, place) not in members])


@fault(breaks=["SEND-1"], also=["TYPE-2"])
def who_has_typed_gets_no_messages(patch: Patch) -> None:
    """Who has ever typed in a conversation gets no new messages of it."""
    _not_to(patch, "NewMessage", "typing")


@fault(breaks=["REAC-1"])
def who_has_read_gets_no_reactions(patch: Patch) -> None:
    """Who has marked a message of a conversation as read is not told of reactions in it."""
    _not_to(patch, "ReactionAdded", "mark_as_read")


@fault(breaks=["DEL-1"], also=["DEL-2"])
def who_has_reacted_hears_of_no_deletion(patch: Patch) -> None:
    """Who has reacted to a message of a conversation is not told of deletions in it."""
    _not_to(patch, "MessageDeleted", "add_reaction")


@fault(breaks=["JOIN-1"], also=["JOIN-2"])
def a_user_who_is_there_does_not_come_back(patch: Patch) -> None:
    """After a device of a user has gone, another one is not subscribed while a third one is."""
    gone = set()

    @patch.around(hub.Hub, "disconnect")
    async def disconnect(original, self, connection):
        gone.add(connection.user_id)
        await original(self, connection)

    @patch.around(hub.Hub, "join")
    def join(original, self, connection, conversation_id):
        present = {each.user_id for each in self._rooms[conversation_id].connections}
        if connection.user_id not in gone & present:
            original(self, connection, conversation_id)
