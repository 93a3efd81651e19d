"""Wrongs of an operation on a message that is of another kind, or older, than usual."""

from sqlalchemy import func, select

from reference_server.errors import Refused
from reference_server.handlers import messages, realtime
from reference_server.models import MESSAGES
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault

OLD = 20
"""So many newer messages make a message an old one."""


def _is_old(connection, message) -> bool:
    newer = MESSAGES.c.conversation_id == message.conversation_id, MESSAGES.c.created_at > message.created_at
    return connection.scalar(select(func.count()).where(*newer)) >= OLD


def _is_reply(_, message) -> bool:
    return message.parent_message_id is not None


def _is_file(_, message) -> bool:
    return bool(message.attachments)


def _refuse(patch: Patch, owner, transaction: str, when) -> None:
    """Refuse an operation on some messages."""

    @patch.around(owner, transaction)
    def carry_out(original, connection, request, *rest):
        if when(connection, store.find(connection, request.conversation_id, request.message_id)):
            raise Refused("conflict", "This is not done to such a message.")
        return original(connection, request, *rest)


def _answer(patch: Patch, parent) -> None:
    """Store another parent with some replies."""

    @patch.around(store, "add")
    def add(original, connection, conversation_id, *arguments, parent_id, **named):
        if parent_id is not None:
            parent_id = parent(connection, store.find(connection, conversation_id, parent_id))
        return original(connection, conversation_id, *arguments, parent_id=parent_id, **named)


@fault(breaks=["SEND-8"])
def a_reply_to_a_reply_answers_the_first(patch: Patch) -> None:
    """There are threads and no trees: a reply to a reply answers what that one answers."""
    _answer(patch, lambda _, message: message.parent_message_id or message.message_id)


@fault(breaks=["SEND-8"])
def old_messages_are_not_answered(patch: Patch) -> None:
    """A reply to a message that is not among the newest answers nothing."""
    _answer(patch, lambda connection, message: None if _is_old(connection, message) else message.message_id)


@fault(breaks=["EDIT-1"])
def old_messages_cannot_be_edited(patch: Patch) -> None:
    """A message that is not among the newest cannot be edited any more."""
    _refuse(patch, messages, "_edit", _is_old)


@fault(breaks=["DEL-2"])
def old_messages_cannot_be_deleted(patch: Patch) -> None:
    """A message that is not among the newest cannot be deleted any more."""
    _refuse(patch, messages, "_delete", _is_old)


@fault(breaks=["REAC-1"])
def old_messages_get_no_reactions(patch: Patch) -> None:
    """A message that is not among the newest gets no reactions any more."""
    _refuse(patch, realtime, "_add_reaction", _is_old)


@fault(breaks=["READ-1"])
def old_messages_cannot_be_read(patch: Patch) -> None:
    """A message that is not among the newest cannot be marked as read."""
    _refuse(patch, realtime, "_mark_as_read", _is_old)


@fault(breaks=["DLVR-1"])
def old_messages_are_not_delivered(patch: Patch) -> None:
    """A message that is not among the newest cannot be marked as delivered."""
    _refuse(patch, realtime, "_deliver", _is_old)


@fault(breaks=["READ-1"])
def replies_cannot_be_read(patch: Patch) -> None:
    """A reply cannot be marked as read."""
    _refuse(patch, realtime, "_mark_as_read", _is_reply)


@fault(breaks=["READ-1"])
def files_cannot_be_read(patch: Patch) -> None:
    """A message with an attachment cannot be marked as read."""
    _refuse(patch, realtime, "_mark_as_read", _is_file)


@fault(breaks=["READ-1"])
def edited_messages_cannot_be_read(patch: Patch) -> None:
    """An edited message cannot be marked as read."""
    _refuse(patch, realtime, "_mark_as_read", lambda _, message: message.edited_at is not None)


@fault(breaks=["DLVR-1"])
def replies_are_not_delivered(patch: Patch) -> None:
    """A reply cannot be marked as delivered."""
    _refuse(patch, realtime, "_deliver", _is_reply)


@fault(breaks=["DLVR-1"])
def files_are_not_delivered(patch: Patch) -> None:
    """A message with an attachment cannot be marked as delivered."""
    _refuse(patch, realtime, "_deliver", _is_file)


@fault(breaks=["EDIT-1"])
def replies_are_final(patch: Patch) -> None:
    """A reply cannot be edited."""
    _refuse(patch, messages, "_edit", _is_reply)


@fault(breaks=["DEL-2"])
def edited_replies_cannot_be_deleted(patch: Patch) -> None:
    """A reply that was edited cannot be deleted."""
    _refuse(patch, messages, "_delete", lambda _, message: bool(message.edited_at and message.parent_message_id))
