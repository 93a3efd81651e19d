"""Wrongs that depend on how many members a conversation has."""

from sqlalchemy import func, select

from reference_server.errors import Refused
from reference_server.handlers import calls, history, realtime
from reference_server.models import MEMBERSHIPS
from tests.faults.registry import Patch, fault


def _size(connection, conversation_id) -> int:
    members = select(func.count()).where(MEMBERSHIPS.c.conversation_id == conversation_id)
    return connection.scalar(members) or 0


def _refuse(patch: Patch, owner, handler: str) -> None:
    """Refuse requests of one type in conversations of eight members and more."""

    @patch.around(owner, handler)
    async def handle(original, context, request):
        if await context.read(_size, request.conversation_id) >= 8:
            raise Refused("conflict", "The conversation has too many members.")
        return await original(context, request)


@fault(breaks=["DLVR-1"])
def crowds_have_no_deliveries(patch: Patch) -> None:
    """In a large conversation nothing is marked as delivered."""
    _refuse(patch, realtime, "delivered")


@fault(breaks=["READ-1"])
def crowds_have_no_receipts(patch: Patch) -> None:
    """In a large conversation nothing is marked as read."""
    _refuse(patch, realtime, "mark_as_read")


@fault(breaks=["HIST-1"])
def crowds_have_no_history(patch: Patch) -> None:
    """A large conversation has no history."""
    _refuse(patch, history, "fetch_history")


@fault(breaks=["TYPE-1"])
def crowds_do_not_type(patch: Patch) -> None:
    """In a large conversation typing is refused."""
    _refuse(patch, realtime, "typing")


@fault(breaks=["CALL-1"])
def crowds_do_not_call(patch: Patch) -> None:
    """In a large conversation nobody is called."""
    _refuse(patch, calls, "offer")
