"""Wrongs of DeleteMessage."""

import asyncio

from sqlalchemy import delete, update

from reference_server import events
from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed, MessageDeleted, encode
from reference_server.handlers import messages, realtime, rooms
from reference_server.models import DELIVERIES, MESSAGES, REACTIONS
from reference_server.permissions import Right
from reference_server.pubsub import Event, conversation_channel
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault
from tests.faults.tools import LATE, change_frames, devices, everybody, members, show_messages

TELL = "await context.instance.tell(message.conversation_id, event)"
FIND = "messages.find(connection, request.conversation_id, request.message_id)"
HERE = "messages._IN_CONVERSATION.where(messages._message.id == request.message_id)"
HOME = "connection.scalar(messages.select(messages._message.conversation_id).where(messages._message.id == {0})) or {1}"
ANYWHERE = FIND.replace("request.conversation_id", HOME.format("request.message_id", "request.conversation_id"))
FIND_DELETED = f"(messages._read(connection, {HERE}, {{'conversation': request.conversation_id}}) or [{FIND}])[0]"


@fault(breaks=["DEL-1"], also=["MULTI-1", "LEAVE-1"])
def deletion_is_not_told(patch: Patch) -> None:
    """Nobody sees a deletion, on any instance."""
    patch.rewrite(messages.delete_message, TELL, "pass")


@fault(breaks=["DEL-1"], also=["MULTI-1", "LEAVE-1", "JOIN-1"])
def deletion_is_told_to_the_deleter(patch: Patch) -> None:
    """Only who deletes sees it, and no other member of those who have joined."""
    patch.rewrite(messages.delete_message, TELL, TELL.replace("event)", "event, only=context.user_id)"))


@fault(breaks=["DEL-1"], also=["MULTI-1"])
def deletion_is_told_to_the_others(patch: Patch) -> None:
    """Who deletes does not see it, on any device."""
    patch.rewrite(messages.delete_message, TELL, TELL.replace("event)", "event, besides=context.user_id)"))


def _leak(patch: Patch, chosen) -> None:
    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        await original(self, conversation_id, event, **how)
        if isinstance(event, MessageDeleted):
            users = await members(self, conversation_id)
            for connection in chosen(self, users):
                if conversation_id not in connection.joined:
                    connection.send(encode(event))


@fault(breaks=["DEL-1"], also=["LEAVE-1", "PERM-2", "AUTH-2", "SYNC-2", "ACK-1", "HIST-2", "JOIN-1"])
def deletion_leaks_to_members_who_have_not_joined(patch: Patch) -> None:
    """Members see deletions without having joined, or after having left, or with the role of a banned one."""
    _leak(patch, lambda instance, users: [device for user in users for device in devices(instance, user)])


@fault(breaks=["DEL-1"], also=["PERM-2", "EDIT-4", "DEL-3", "AUTH-2"], alone=True)
def deletion_leaks_to_outsiders(patch: Patch) -> None:
    """Outsiders see deletions, also those who were members."""
    _leak(patch, lambda instance, users: [one for one in everybody(instance) if one.user_id not in users])


@fault(breaks=["DEL-1"], also=["HIST-2", "HIST-3", "HIST-6"])
def deleted_stays_in_history(patch: Patch) -> None:
    """History shows tombstones, in its pages too."""
    newest = store._IN_CONVERSATION.order_by(store._message.created_at.desc()).limit(store._limit)
    patch(store, "_NEWEST", newest)
    patch(store, "_OLDER", newest.where(store._message.created_at < store.bindparam("before")))


@fault(breaks=["DEL-1", "SRCH-5"])
def deleted_stays_in_search(patch: Patch) -> None:
    """Search finds deleted messages, as tombstones."""
    matches = store._IN_CONVERSATION.where(store._message.folded.like(store.bindparam("pattern"), escape=store.ESCAPE))
    newest = matches.order_by(store._message.created_at.desc()).limit(store._limit)
    patch(store, "_FOUND", newest.offset(store.bindparam("skip")))
    patch(store, "_TOTAL", matches.with_only_columns(store.func.count()))


@fault(breaks=["DEL-1", "SRCH-5"])
def deleted_counts_in_search(patch: Patch) -> None:
    """Search does not show deleted messages, but counts them."""
    matches = store._IN_CONVERSATION.where(store._message.folded.like(store.bindparam("pattern"), escape=store.ESCAPE))
    patch(store, "_TOTAL", matches.with_only_columns(store.func.count()))


@fault(breaks=["DEL-1"], also=["DEL-5", "ACK-3", "AUTH-2", "HIST-2", "HIST-3", "PERM-1", "PERM-2", "SYNC-3"])
def deletion_is_confirmed_before_commit(patch: Patch) -> None:
    """Who may read gets the confirmation first, and the message goes 100 ms later, if nothing is wrong with it."""

    @patch.around(messages, "delete_message")
    async def delete_message(original, context, request):
        await context.read(conversations.require, request.conversation_id, context.user_id, Right.READ)
        deleting = original(context, request)
        asyncio.get_running_loop().call_later(LATE, lambda: asyncio.ensure_future(deleting))
        return ActionConfirmed("message_deleted")


@fault(breaks=["DEL-2"], also=["PERM-1", "ACK-3", "AUTH-2"])
def anybody_deletes(patch: Patch) -> None:
    """Who may read may delete any message: a right too many, a request that does not fail, an author denied."""
    patch.rewrite(messages._delete, "membership.require(Right.MODERATE)", "pass")


@fault(breaks=["DEL-2", "PERM-1"], also=["PERM-2", "PERM-3", "ACK-3", "AUTH-2"])
def whoever_knows_the_id_deletes(patch: Patch) -> None:
    """A message may be deleted by whoever knows of it, banned or outsider: a request that does not fail."""
    patch.rewrite(messages._delete, "membership.require(Right.READ)", "pass")
    patch.rewrite(messages._delete, "membership.require(Right.MODERATE)", "pass")


@fault(breaks=["DEL-2"], also=["PERM-1", "PERM-2", "DEL-5"])
def moderators_do_not_delete(patch: Patch) -> None:
    """Only the author may delete a message: a right too few."""
    refuse = 'raise Refused("forbidden", "It is not yours.")'
    patch.rewrite(messages._delete, "membership.require(Right.MODERATE)", refuse)


@fault(breaks=["DEL-2"], also=["PERM-1", "ACK-1", "ACK-4", "MULTI-1", "HIST-2", "CONN-4", "AUTH-5"])
def authors_do_not_delete(patch: Patch) -> None:
    """Only who may moderate may delete a message: a right too few, wherever a member deletes its own."""
    patch.rewrite(messages._delete, "if message.sender_id != user_id:", "if True:")


@fault(breaks=["DEL-2"], also=["PERM-1"])
def readers_do_not_delete_their_own(patch: Patch) -> None:
    """Who may no longer send may not delete the own message either: a right too few."""
    patch.rewrite(messages._delete, "membership.require(Right.READ)", "membership.require(Right.SEND)")


@fault(breaks=["DEL-2"], also=["PERM-1", "PERM-2", "ACK-3", "AUTH-2"])
def refused_deletion_is_kept(patch: Patch) -> None:
    """A deletion of another's message is refused, and the message is gone all the same."""

    @patch.around(messages, "delete_message")
    async def delete_message(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code == "forbidden":
                gone = update(MESSAGES).where(MESSAGES.c.id == request.message_id)
                stamp = conversations.now()
                await context.write(lambda connection: connection.execute(gone.values(deleted_at=stamp)))
            raise


@fault(breaks=["DEL-3"], also=["SYNC-3"])
def tombstone_keeps_its_text(patch: Patch) -> None:
    """Sync shows the text of a deleted message."""
    patch.rewrite(events.describe, '"content": "" if gone else message.content', '"content": message.content')


@fault(breaks=["DEL-3"])
def tombstone_keeps_its_attachments(patch: Patch) -> None:
    """Sync shows the attachments of a deleted message."""
    patch.rewrite(events.describe, "[] if gone else message.attachments", "message.attachments")


@fault(breaks=["DEL-3"])
def tombstone_without_a_date(patch: Patch) -> None:
    """Sync shows a deleted message without deleted_at."""
    patch.rewrite(events.describe, '"deleted_at": message.deleted_at', '"deleted_at": None')


@fault(breaks=["DEL-3"], also=["SYNC-1s", "SYNC-3", "SYNC-2"])
def no_tombstone(patch: Patch) -> None:
    """Sync does not tell of deleted messages, so that who was away never learns of it."""
    patch(store, "_CHANGED", store._CHANGED.where(store._message.deleted_at.is_(None)))


@fault(breaks=["DEL-3"])
def tombstone_shows_the_first_text(patch: Patch) -> None:
    """Sync shows what a message said before it was edited, once it is deleted."""
    first: dict = {}

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        first.setdefault(message.message_id, message.content)
        return original(connection, message, content, stamp)

    @patch.around(events, "describe")
    def describe(original, message, reactions):
        shown = original(message, reactions)
        return shown | {"content": first.get(message.message_id, "")} if message.deleted_at else shown


@fault(breaks=["DEL-3"])
def deletion_quotes_the_text(patch: Patch) -> None:
    """A refused request for a deleted message quotes it."""

    @patch.around(store, "find")
    def find(original, connection, conversation_id, message_id):
        query = store._IN_CONVERSATION.where(store._message.id == message_id, store._message.deleted_at.is_not(None))
        for message in store._read(connection, query, {"conversation": conversation_id}):
            raise Refused("not_found", f"This message is gone: {message.content} {message.attachments}")
        return original(connection, conversation_id, message_id)


@fault(breaks=["DEL-4"], also=["EDIT-4"])
def edit_brings_back(patch: Patch) -> None:
    """An edit of a deleted message brings it back."""
    patch.rewrite(messages._edit, FIND, FIND_DELETED)
    patch(store, "_EDIT", store._EDIT.values(deleted_at=None))


@fault(breaks=["DEL-4s"])
def reacting_to_the_deleted(patch: Patch) -> None:
    """A deleted message can be reacted to."""
    patch.rewrite(realtime._add_reaction, FIND, FIND_DELETED)


@fault(breaks=["DEL-4s"])
def reading_the_deleted(patch: Patch) -> None:
    """A deleted message can be marked as read."""
    patch.rewrite(
        realtime._mark_as_read, "messages.find(connection, conversation_id, request.message_id)", FIND_DELETED
    )


@fault(breaks=["DEL-4s"])
def delivering_the_deleted(patch: Patch) -> None:
    """A deleted message can be marked as delivered."""
    patch.rewrite(realtime._deliver, FIND, FIND_DELETED)


@fault(breaks=["DEL-5"], also=["ACK-3"])
def deleted_twice_told_twice(patch: Patch) -> None:
    """Deleting a deleted message succeeds, and is told again."""
    patch.rewrite(messages._delete, FIND, FIND_DELETED)


@fault(breaks=["DEL-5"])
def deleted_at_once_told_twice(patch: Patch) -> None:
    """Two who delete a message at the same time are both told of."""
    under_way: set = set()

    @patch.around(messages, "delete_message")
    async def delete_message(original, context, request):
        second = request.message_id in under_way
        under_way.add(request.message_id)
        try:
            return await original(context, request)
        except Refused:
            event = MessageDeleted(request.conversation_id, request.message_id, context.user_id, conversations.now())
            await (context.instance.tell(request.conversation_id, event) if second else asyncio.sleep(0))
            raise
        finally:
            under_way.discard(request.message_id)


@fault(breaks=["DEL-6"])
def replies_go_too(patch: Patch) -> None:
    """The replies to a deleted message are deleted with it."""

    @patch.around(store, "delete")
    def delete_all(original, connection, message, stamp):
        replies = update(MESSAGES).where(MESSAGES.c.parent_id == message.message_id)
        connection.execute(replies.values(deleted_at=stamp))
        return original(connection, message, stamp)


@fault(breaks=["DEL-6"])
def replies_cannot_be_edited(patch: Patch) -> None:
    """The replies to a deleted message cannot be edited."""

    @patch.around(messages, "_edit")
    def edit(original, connection, request, user_id, limits):
        message = store.find(connection, request.conversation_id, request.message_id)
        if message.parent_message_id is not None:
            store.find(connection, request.conversation_id, message.parent_message_id)
        return original(connection, request, user_id, limits)


@fault(breaks=["DEL-3"], also=["DEL-5", "SYNC-1s", "SYNC-3", "SYNC-2", "DEL-6", "REAC-2"])
def deletion_is_hard(patch: Patch) -> None:
    """A deleted message leaves the database, so that sync has nothing to tell of it."""

    @patch.around(store, "delete")
    def hard(original, connection, message, stamp):
        gone = original(connection, message, stamp)
        for table in (REACTIONS, DELIVERIES):
            connection.execute(delete(table).where(table.c.message_id == message.message_id))
        connection.execute(delete(MESSAGES).where(MESSAGES.c.id == message.message_id))
        return gone


@fault(breaks=["DEL-3"], also=["SEND-1"])
def deleted_text_shown_to_who_joins_later(patch: Patch) -> None:
    """Whoever joins is shown the last message that was deleted there, with its text."""
    gone: dict = {}

    @patch.around(store, "delete")
    def delete_message(original, connection, message, stamp):
        gone[message.conversation_id] = messages._new_message(message)
        return original(connection, message, stamp)

    @patch.around(rooms, "join_conversation")
    async def join_conversation(original, context, request):
        reply = await original(context, request)
        if request.conversation_id in gone:
            context.connection.send(encode(gone[request.conversation_id]))
        return reply


@fault(breaks=["DEL-2"], also=["PERM-1"])
def owners_delete_by_way_of_their_own_conversation(patch: Patch) -> None:
    """Whoever may moderate in the named conversation may delete any message of any other one."""
    patch.rewrite(messages._delete, FIND, ANYWHERE)


@fault(breaks=["DEL-2"], also=["DEL-1", "DEL-3"])
def edited_messages_stay(patch: Patch) -> None:
    """A message that was edited cannot be deleted."""

    @patch.around(store, "delete")
    def delete(original, connection, message, stamp):
        if message.edited_at is not None:
            raise Refused("conflict", "It was edited.")
        return original(connection, message, stamp)


@fault(breaks=["DEL-3"], also=["EDIT-1"])
def deletion_passes_an_edit(patch: Patch) -> None:
    """A deletion is told at once, and an edit before it a little later."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        if isinstance(event, events.MessageEdited):
            notice, hand_out = Event(encode(event), **how), self.services.pubsub.hand_out
            asyncio.get_running_loop().call_later(LATE, hand_out, conversation_channel(conversation_id), notice)
        else:
            await original(self, conversation_id, event, **how)


def _texts(patch: Patch) -> dict:
    """Remember the texts of messages and of their parents."""
    texts: dict = {}

    @patch.around(store, "add")
    def add(original, *arguments, **named):
        message = original(*arguments, **named)
        texts[str(message.message_id)] = message.content, texts.get(str(message.parent_message_id), ("",))[0]
        return message

    return texts


@fault(breaks=["DEL-3"])
def replies_quote_the_deleted(patch: Patch) -> None:
    """A reply in history brings the text that it answers, also when that was deleted."""
    texts = _texts(patch)
    show_messages(patch, "_history", lambda one: {"quote": texts.get(str(one["message_id"]), ("", ""))[1]})


@fault(breaks=["DEL-3"])
def edited_replies_quote_the_deleted(patch: Patch) -> None:
    """The event of an edited reply brings the text that it answers, also when that was deleted."""
    texts = _texts(patch)
    quote = texts.get
    change_frames(patch, events.MessageEdited, lambda frame: frame.update(quote=quote(frame["message_id"], "")[1:]))


@fault(breaks=["DEL-2"])
def equals_do_not_delete(patch: Patch) -> None:
    """Nobody deletes what a user of the same rank has sent."""

    @patch.around(messages, "_delete")
    def delete(original, connection, request, user_id):
        sender_id = store.find(connection, request.conversation_id, request.message_id).sender_id
        roles = [
            conversations.membership(connection, request.conversation_id, one).role for one in (user_id, sender_id)
        ]
        if sender_id != user_id and roles[0] == roles[1]:
            raise Refused("forbidden", "An equal has sent this.")
        return original(connection, request, user_id)
