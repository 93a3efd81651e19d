"""Operations that change more of a message than they may, in some views or in all."""

from uuid import UUID

from sqlalchemy import delete, select, update

from reference_server.handlers import messages, realtime
from reference_server.models import MESSAGES, REACTIONS
from reference_server.permissions import Role
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault
from tests.faults.tools import show_messages

COLUMN = MESSAGES.c


def _after(patch: Patch, module, function: str, change, where=None) -> None:
    """Change columns of a message, by its id and the present instant, after a function that gets its request."""

    @patch.around(module, function)
    def handle(original, connection, request, *arguments):
        answer = original(connection, request, *arguments)
        named = COLUMN.id == getattr(request, "message_id", getattr(request, "parent_message_id", None))
        connection.execute(update(MESSAGES).where(named if where is None else where(request)).values(**change()))
        return answer


def _now():
    return store.conversations.now()


@fault(breaks=["EDIT-3"])
def edit_forgets_the_parent(patch: Patch) -> None:
    """An edited reply answers nothing any more."""
    _after(patch, messages, "_edit", lambda: {"parent_id": None})


@fault(breaks=["EDIT-3"], also=["ATT-1"])
def edit_forgets_attachments(patch: Patch) -> None:
    """An edited message has lost its attachments, which are no longer those of the live event."""
    _after(patch, messages, "_edit", lambda: {"attachments": []})


@fault(breaks=["EDIT-3"])
def edited_message_is_new_in_search(patch: Patch) -> None:
    """Search says of an edited message that it was sent when it was edited."""
    show_messages(patch, "_search", lambda one: {"created_at": one["edited_at"] or one["created_at"]})


@fault(breaks=["EDIT-3"])
def edited_message_is_new_in_sync(patch: Patch) -> None:
    """A sync says of an edited message that it was sent when it was edited."""
    show_messages(patch, "_sync", lambda one: {"created_at": one["edited_at"] or one["created_at"]})


@fault(breaks=["EDIT-3"])
def sync_shows_edited_messages_without_parent(patch: Patch) -> None:
    """A sync of an edited message names no parent."""
    show_messages(patch, "_sync", lambda one: {"parent_message_id": None} if one["edited_at"] else {})


@fault(breaks=["EDIT-3"])
def search_shows_edited_messages_without_reactions(patch: Patch) -> None:
    """Search shows no reactions of an edited message."""
    show_messages(patch, "_search", lambda one: {"reactions": []} if one["edited_at"] else {})


@fault(breaks=["DEL-6"])
def deletion_unlinks_replies(patch: Patch) -> None:
    """A reply to a message that was deleted answers nothing any more."""
    _after(
        patch, messages, "_delete", lambda: {"parent_id": None}, lambda request: COLUMN.parent_id == request.message_id
    )


@fault(breaks=["DEL-6"])
def deletion_edits_replies(patch: Patch) -> None:
    """A reply to a message that was deleted counts as edited."""
    replies = lambda request: COLUMN.parent_id == request.message_id  # noqa: E731
    _after(patch, messages, "_delete", lambda: {"edited_at": _now()}, replies)


@fault(breaks=["REAC-8"])
def reaction_is_an_edit(patch: Patch) -> None:
    """A message that gets a reaction counts as edited."""
    _after(patch, realtime, "_add_reaction", lambda: {"edited_at": _now()})


@fault(breaks=["REAC-8"])
def removed_reaction_is_an_edit(patch: Patch) -> None:
    """A message that loses a reaction counts as edited."""
    _after(patch, realtime, "_remove_reaction", lambda: {"edited_at": _now()})


@fault(breaks=["REAC-8"], also=["SEND-4"])
def reaction_moves_the_message(patch: Patch) -> None:
    """A message that gets a reaction is the newest of its conversation."""
    _after(patch, realtime, "_add_reaction", lambda: {"created_at": _now()})


@fault(breaks=["REAC-8"])
def reaction_takes_the_edit_back(patch: Patch) -> None:
    """A message that gets a reaction was never edited."""
    _after(patch, realtime, "_add_reaction", lambda: {"edited_at": None})


@fault(breaks=["REAC-8"])
def reaction_is_an_edit_in_sync(patch: Patch) -> None:
    """A sync says of a message with a reaction that it is edited."""
    show_messages(
        patch, "_sync", lambda one: {"edited_at": one["edited_at"] or one["created_at"]} if one["reactions"] else {}
    )


@fault(breaks=["READ-5"])
def reading_is_an_edit(patch: Patch) -> None:
    """A message that is read counts as edited."""
    _after(patch, realtime, "_mark_as_read", lambda: {"edited_at": _now()})


@fault(breaks=["READ-5"], also=["SEND-4"])
def reading_moves_the_message(patch: Patch) -> None:
    """A message that is read is the newest of its conversation."""
    _after(patch, realtime, "_mark_as_read", lambda: {"created_at": _now()})


@fault(breaks=["DLVR-5"])
def delivery_is_an_edit(patch: Patch) -> None:
    """A message that is delivered counts as edited."""
    _after(patch, realtime, "_deliver", lambda: {"edited_at": _now()})


@fault(breaks=["SEND-11"])
def reply_edits_its_parent(patch: Patch) -> None:
    """A message that is answered counts as edited."""
    _after(patch, messages, "_send", lambda: {"edited_at": _now()})


@fault(breaks=["SEND-11"])
def reply_moves_its_parent(patch: Patch) -> None:
    """A message that is answered moves before its answer."""
    _after(patch, messages, "_send", lambda: {"created_at": _now()})


def _on(patch: Patch, function: str, change) -> None:
    """Change the messages of a user whose role is changed, after the function that does so."""

    @patch.around(conversations, function)
    def handle(original, connection, conversation_id, user_id, *role):
        original(connection, conversation_id, user_id, *role)
        if not role or role[0] is Role.BANNED:
            theirs = (COLUMN.conversation_id == conversation_id) & (COLUMN.sender_id == user_id)
            connection.execute(update(MESSAGES).where(theirs).values(**change()))


@fault(breaks=["PERM-4"])
def messages_of_a_removed_user_have_no_sender(patch: Patch) -> None:
    """The messages of a user who was removed are nobody's."""
    _on(patch, "remove_member", lambda: {"sender_id": UUID(int=0)})


@fault(breaks=["PERM-4"])
def messages_of_a_banned_user_are_edited(patch: Patch) -> None:
    """A ban counts as an edit of all messages of its target."""
    _on(patch, "set_role", lambda: {"edited_at": _now()})


def _forget_reactions(connection, conversation_id, user_id) -> None:
    there = select(COLUMN.id).where(COLUMN.conversation_id == conversation_id)
    theirs = (REACTIONS.c.user_id == user_id) & REACTIONS.c.message_id.in_(there)
    connection.execute(delete(REACTIONS).where(theirs))


@fault(breaks=["PERM-4s"])
def reactions_of_a_removed_user_go(patch: Patch) -> None:
    """A user who was removed takes the reactions along."""

    @patch.around(conversations, "remove_member")
    def remove_member(original, connection, conversation_id, user_id):
        original(connection, conversation_id, user_id)
        _forget_reactions(connection, conversation_id, user_id)


@fault(breaks=["PERM-4s"])
def reactions_of_a_banned_user_go(patch: Patch) -> None:
    """A user who was banned takes the reactions along."""

    @patch.around(conversations, "set_role")
    def set_role(original, connection, conversation_id, user_id, role):
        original(connection, conversation_id, user_id, role)
        if role is Role.BANNED:
            _forget_reactions(connection, conversation_id, user_id)
