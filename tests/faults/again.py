"""Wrongs that come the second time only: a repeated request, a return, or a message like another one."""

from sqlalchemy import select, update

from reference_server.errors import Refused
from reference_server.handlers import calls, messages, realtime, rooms
from reference_server.hub import Hub
from reference_server.models import MESSAGES
from reference_server.store import messages as store
from reference_server.store import reactions
from tests.faults.registry import Patch, fault


def _repeat_is_not_answered(patch: Patch, owner, handler: str) -> None:
    """Carry a request out that repeats an earlier one of the user, and say nothing."""
    seen: set = set()

    @patch.around(owner, handler)
    async def handle(original, context, request):
        known = (context.user_id, str(request)) in seen
        try:
            reply = await original(context, request)
        except Refused:
            if not known:
                raise
        seen.add((context.user_id, str(request)))
        return None if known else reply


@fault(breaks=["ACK-1"])
def second_mark_is_not_answered(patch: Patch) -> None:
    """Marking as read what is read gets no answer."""
    _repeat_is_not_answered(patch, realtime, "mark_as_read")


@fault(breaks=["ACK-1"])
def second_delivery_is_not_answered(patch: Patch) -> None:
    """Marking as delivered what is delivered gets no answer."""
    _repeat_is_not_answered(patch, realtime, "delivered")


@fault(breaks=["ACK-1"])
def second_reaction_is_not_answered(patch: Patch) -> None:
    """A reaction that is there already gets no answer."""
    _repeat_is_not_answered(patch, realtime, "add_reaction")


@fault(breaks=["ACK-1"])
def second_removal_is_not_answered(patch: Patch) -> None:
    """The removal of a reaction that is gone gets no answer."""
    _repeat_is_not_answered(patch, realtime, "remove_reaction")


@fault(breaks=["ACK-1"])
def second_join_is_not_answered(patch: Patch) -> None:
    """A join of what the user has joined gets no answer."""
    _repeat_is_not_answered(patch, rooms, "join_conversation")


@fault(breaks=["ACK-1"])
def edit_to_the_same_text_is_not_answered(patch: Patch) -> None:
    """An edit that changes nothing gets no answer."""
    _repeat_is_not_answered(patch, messages, "edit_message")


@fault(breaks=["ACK-1"])
def second_deletion_is_not_answered(patch: Patch) -> None:
    """The deletion of what is deleted gets no answer."""
    _repeat_is_not_answered(patch, messages, "delete_message")


@fault(breaks=["ACK-1"])
def second_hangup_is_not_answered(patch: Patch) -> None:
    """A hang-up of a call that has ended gets no answer."""
    _repeat_is_not_answered(patch, calls, "hang_up")


@fault(breaks=["MULTI-1"], also=["JOIN-1"])
def a_conversation_that_all_have_left_stays_silent(patch: Patch) -> None:
    """An instance that has stopped following a conversation never follows it again."""
    closed: set = set()

    @patch.around(Hub, "_close_if_idle")
    async def close(original, self, conversation_id):
        known = conversation_id in self._rooms
        await original(self, conversation_id)
        if known and conversation_id not in self._rooms:
            closed.add((self, conversation_id))

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        if (self, conversation_id) not in closed:
            original(self, connection, conversation_id)


def _subscribing(patch: Patch, owner, handler: str) -> None:
    """Join a connection that carries a request out."""

    @patch.around(owner, handler)
    async def handle(original, context, request):
        reply = await original(context, request)
        async with context.instance.hub.attending(request.conversation_id):
            context.instance.hub.join(context.connection, request.conversation_id)
        return reply


@fault(breaks=["LEAVE-1"])
def editing_subscribes(patch: Patch) -> None:
    """Who edits a message gets what follows, without joining."""
    _subscribing(patch, messages, "edit_message")


@fault(breaks=["LEAVE-1"])
def deleting_subscribes(patch: Patch) -> None:
    """Who deletes a message gets what follows, without joining."""
    _subscribing(patch, messages, "delete_message")


@fault(breaks=["LEAVE-1"])
def typing_subscribes(patch: Patch) -> None:
    """Who types gets what follows, without joining."""
    _subscribing(patch, realtime, "typing")


@fault(breaks=["LEAVE-1"])
def marking_subscribes(patch: Patch) -> None:
    """Who marks a message as read gets what follows, without joining."""
    _subscribing(patch, realtime, "mark_as_read")


@fault(breaks=["LEAVE-1"])
def delivering_subscribes(patch: Patch) -> None:
    """Who marks a message as delivered gets what follows, without joining."""
    _subscribing(patch, realtime, "delivered")


@fault(breaks=["LEAVE-1"])
def reacting_subscribes(patch: Patch) -> None:
    """Who reacts gets what follows, without joining."""
    _subscribing(patch, realtime, "add_reaction")


@fault(breaks=["LEAVE-1"])
def calling_subscribes(patch: Patch) -> None:
    """Who calls gets what follows, without joining."""
    _subscribing(patch, calls, "offer")


def _alike(message):
    """Say which messages have the text and the sender of one."""
    column = MESSAGES.c
    return (
        (column.conversation_id == message.conversation_id)
        & (column.content == message.content)
        & (column.sender_id == message.sender_id)
    )


@fault(breaks=["DEL-6"])
def equal_messages_are_deleted_together(patch: Patch) -> None:
    """A deletion takes all messages of the author with the same text along."""

    @patch.around(store, "delete")
    def remove(original, connection, message, stamp):
        wanted = _alike(message) & MESSAGES.c.deleted_at.is_(None)
        connection.execute(update(MESSAGES).where(wanted).values(deleted_at=stamp))
        return original(connection, message, stamp)


@fault(breaks=["EDIT-3"])
def equal_messages_are_edited_together(patch: Patch) -> None:
    """An edit changes all messages of the author with the same text."""

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        new = {"content": content, "folded": content, "edited_at": stamp}
        connection.execute(update(MESSAGES).where(_alike(message)).values(**new))
        return original(connection, message, content, stamp)


@fault(breaks=["REAC-1"])
def equal_messages_share_their_reactions(patch: Patch) -> None:
    """Views show the reactions of a message at all messages with the same text."""

    @patch.around(reactions, "of_messages")
    def read(original, connection, message_ids):
        found = original(connection, message_ids)
        rows = connection.execute(select(MESSAGES.c.id, MESSAGES.c.content).where(MESSAGES.c.id.in_(message_ids))).all()
        shown = {text: found[key] for key, text in rows if key in found}
        return {key: shown[text] for key, text in rows if text in shown}


def _marks_the_parent(patch: Patch, operation: str) -> None:
    """Let a change of a reply count as an edit of what it answers."""

    @patch.around(store, operation)
    def change(original, connection, message, *values):
        parent = MESSAGES.c.id == message.parent_message_id
        connection.execute(update(MESSAGES).where(parent).values(edited_at=values[-1]))
        return original(connection, message, *values)


@fault(breaks=["DEL-6"])
def deleting_a_reply_edits_its_parent(patch: Patch) -> None:
    """A message whose reply is deleted counts as edited."""
    _marks_the_parent(patch, "delete")


@fault(breaks=["EDIT-3"])
def editing_a_reply_edits_its_parent(patch: Patch) -> None:
    """A message whose reply is edited counts as edited."""
    _marks_the_parent(patch, "edit")


@fault(breaks=["REAC-1"])
def reactions_to_replies_show_at_their_parents(patch: Patch) -> None:
    """Views show the reactions of a thread at the message that began it, too."""

    @patch.around(reactions, "of_messages")
    def read(original, connection, message_ids):
        found = original(connection, message_ids)
        replies = select(MESSAGES.c.id, MESSAGES.c.parent_id).where(MESSAGES.c.parent_id.in_(message_ids))
        for reply, parent in connection.execute(replies).all():
            for emoji, users in original(connection, [reply]).get(reply, {}).items():
                found.setdefault(parent, {}).setdefault(emoji, users)
        return found
