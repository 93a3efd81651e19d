"""Wrongs of the second conversation of a user, the second user of a conversation, and the seventh request of a type."""

from collections import Counter

from reference_server.errors import Refused
from reference_server.handlers import calls, history, messages, realtime, rooms
from tests.faults.registry import Patch, fault

ENOUGH = 6
"""Requests of one type."""


def _in_one_conversation(patch: Patch, owner, handler: str) -> None:
    """Carry requests of one type out in the first conversation in which a user makes one."""
    first = {}

    @patch.around(owner, handler)
    async def handle(original, context, request):
        if first.setdefault(context.user_id, request.conversation_id) != request.conversation_id:
            raise Refused("not_found", "There is no such conversation.")
        return await original(context, request)


def _a_few_times(patch: Patch, owner, handler: str) -> None:
    """Carry a few requests of one type out on each connection."""
    requests = Counter()

    @patch.around(owner, handler)
    async def handle(original, context, request):
        requests[context.connection.id] += 1
        if requests[context.connection.id] > ENOUGH:
            raise Refused("conflict", "There were enough of these.")
        return await original(context, request)


def _by_one_user(patch: Patch, owner, handler: str) -> None:
    """Carry requests of one type out for the first user of a conversation who makes one."""
    first = {}

    @patch.around(owner, handler)
    async def handle(original, context, request):
        if first.setdefault(request.conversation_id, context.user_id) != context.user_id:
            raise Refused("conflict", "Somebody else does this here.")
        return await original(context, request)


@fault(breaks=["EDIT-1"])
def edits_of_one_author(patch: Patch) -> None:
    """In each conversation one user edits messages."""
    _by_one_user(patch, messages, "edit_message")


@fault(breaks=["DEL-1"])
def deletions_of_one_author(patch: Patch) -> None:
    """In each conversation one user deletes messages."""
    _by_one_user(patch, messages, "delete_message")


@fault(breaks=["EDIT-1"])
def edits_in_one_conversation(patch: Patch) -> None:
    """A user edits messages in one conversation only."""
    _in_one_conversation(patch, messages, "edit_message")


@fault(breaks=["DEL-1"])
def deletions_in_one_conversation(patch: Patch) -> None:
    """A user deletes messages in one conversation only."""
    _in_one_conversation(patch, messages, "delete_message")


@fault(breaks=["HIST-1"], also=["HIST-2", "HIST-5", "PERM-1", "JOIN-4"])
def history_of_one_conversation(patch: Patch) -> None:
    """A user fetches the history of one conversation only, so not that of a public one joined later."""
    _in_one_conversation(patch, history, "fetch_history")


@fault(breaks=["SRCH-3"], also=["SRCH-1"])
def searches_in_one_conversation(patch: Patch) -> None:
    """A user searches in one conversation only."""
    _in_one_conversation(patch, history, "search_messages")


@fault(breaks=["SYNC-1"])
def syncs_of_one_conversation(patch: Patch) -> None:
    """A user syncs one conversation only."""
    _in_one_conversation(patch, history, "sync_messages")


@fault(breaks=["REAC-1"], also=["REAC-6"])
def reactions_in_one_conversation(patch: Patch) -> None:
    """A user reacts in one conversation only."""
    _in_one_conversation(patch, realtime, "add_reaction")


@fault(breaks=["READ-1"])
def reads_in_one_conversation(patch: Patch) -> None:
    """A user marks messages as read in one conversation only."""
    _in_one_conversation(patch, realtime, "mark_as_read")


@fault(breaks=["DLVR-1"])
def deliveries_in_one_conversation(patch: Patch) -> None:
    """A user marks messages as delivered in one conversation only."""
    _in_one_conversation(patch, realtime, "delivered")


@fault(breaks=["CALL-1"])
def hangups_in_one_conversation(patch: Patch) -> None:
    """A user hangs up in one conversation only."""
    _in_one_conversation(patch, calls, "hang_up")


@fault(breaks=["CALL-1"])
def answers_in_one_conversation(patch: Patch) -> None:
    """A user answers calls of one conversation only."""
    _in_one_conversation(patch, calls, "answer")


@fault(breaks=["PERM-1"], also=["LEAVE-1", "LEAVE-2"])
def leaves_one_conversation(patch: Patch) -> None:
    """A user leaves one conversation only."""
    _in_one_conversation(patch, rooms, "leave_conversation")


@fault(breaks=["EDIT-1"])
def six_edits_of_a_connection(patch: Patch) -> None:
    """A connection edits six messages."""
    _a_few_times(patch, messages, "edit_message")


@fault(breaks=["DEL-1"])
def six_deletions_of_a_connection(patch: Patch) -> None:
    """A connection deletes six messages."""
    _a_few_times(patch, messages, "delete_message")


@fault(breaks=["SRCH-3"], also=["SRCH-1", "SRCH-4"])
def six_searches_of_a_connection(patch: Patch) -> None:
    """A connection searches six times."""
    _a_few_times(patch, history, "search_messages")


@fault(breaks=["READ-1"])
def six_reads_of_a_connection(patch: Patch) -> None:
    """A connection marks six messages as read."""
    _a_few_times(patch, realtime, "mark_as_read")


@fault(breaks=["DLVR-1"])
def six_deliveries_of_a_connection(patch: Patch) -> None:
    """A connection marks six messages as delivered."""
    _a_few_times(patch, realtime, "delivered")


@fault(breaks=["CALL-1"])
def six_offers_of_a_connection(patch: Patch) -> None:
    """A connection makes six calls."""
    _a_few_times(patch, calls, "offer")


@fault(breaks=["CALL-1"])
def six_rejections_of_a_connection(patch: Patch) -> None:
    """A connection rejects six calls."""
    _a_few_times(patch, calls, "reject")
