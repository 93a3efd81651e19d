"""Wrongs of receipts: what counts as reading and as delivery, and what does not."""

from reference_server.handlers import history, realtime
from reference_server.permissions import Right
from reference_server.store import conversations, receipts
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault


@fault(breaks=["READ-1"])
def a_user_has_one_read_mark(patch: Patch) -> None:
    """A user has one read mark for all conversations, so that older messages of another one count as read."""
    marks: dict = {}

    @patch.around(receipts, "read_up_to")
    def read(original, connection, conversation_id, user_id, created_at):
        if user_id in marks and marks[user_id] >= created_at:
            return False
        marks[user_id] = created_at
        original(connection, conversation_id, user_id, created_at)
        return True


@fault(breaks=["READ-1"])
def who_writes_has_read(patch: Patch) -> None:
    """Whoever sends a message has read all before it, and the others are not told."""

    @patch.around(store, "add")
    def add(original, connection, conversation_id, sender_id, stamp, **named):
        message = original(connection, conversation_id, sender_id, stamp, **named)
        receipts.read_up_to(connection, conversation_id, sender_id, stamp)
        return message


@fault(breaks=["READ-1"])
def who_fetches_has_read(patch: Patch) -> None:
    """Whoever fetches history has read it, and the others are not told."""
    seen: dict = {}

    @patch.around(history, "_history")
    def read(original, connection, request, user_id, limit):
        answer = original(connection, request, user_id, limit)
        for one in answer.messages:
            seen.setdefault((request.conversation_id, user_id), set()).add(one["message_id"])
        return answer

    @patch.around(realtime, "_mark_as_read")
    def mark(original, connection, request, user_id):
        read_at = original(connection, request, user_id)
        return None if request.message_id in seen.get((request.conversation_id, user_id), ()) else read_at


@fault(breaks=["READ-1"])
def who_reacts_has_read(patch: Patch) -> None:
    """Whoever reacts has read the message, and the others are not told when it is marked."""

    @patch.around(realtime, "_add_reaction")
    def add(original, connection, request, user_id, limits):
        done = original(connection, request, user_id, limits)
        message = store.find(connection, request.conversation_id, request.message_id)
        receipts.read_up_to(connection, request.conversation_id, user_id, message.created_at)
        return done


@fault(breaks=["READ-1"])
def read_marks_have_minutes(patch: Patch) -> None:
    """A read mark knows the minute of a message only."""

    @patch.around(receipts, "read_up_to")
    def read(original, connection, conversation_id, user_id, created_at):
        return original(connection, conversation_id, user_id, created_at.replace(second=0, microsecond=0))


@fault(breaks=["READ-1"])
def own_reading_counts_for_all(patch: Patch) -> None:
    """When the author marks the own message as read, nobody else's mark of it is told."""
    done: set = set()

    @patch.around(realtime, "_mark_as_read")
    def mark(original, connection, request, user_id):
        read_at = original(connection, request, user_id)
        message = store.find(connection, request.conversation_id, request.message_id)
        if message.sender_id == user_id:
            done.add(request.message_id)
        return None if request.message_id in done and message.sender_id != user_id else read_at


@fault(breaks=["DLVR-1"])
def reading_is_delivery(patch: Patch) -> None:
    """A message that was read counts as delivered, and its delivery is not told."""

    @patch.around(realtime, "_mark_as_read")
    def mark(original, connection, request, user_id):
        read_at = original(connection, request, user_id)
        receipts.deliver(connection, request.message_id, user_id)
        return read_at


@fault(breaks=["DLVR-1"])
def author_who_may_only_read_is_not_told(patch: Patch) -> None:
    """An author who may not send any more is not told of deliveries."""

    @patch.around(realtime, "_deliver")
    def deliver(original, connection, request, user_id):
        found = original(connection, request, user_id)
        if found and not conversations.membership(connection, request.conversation_id, found[0]).may(Right.SEND):
            return None
        return found
