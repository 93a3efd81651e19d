"""Wrongs that depend on how many members a conversation has, or on what its members did before."""

from sqlalchemy import func, select

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
