"""Choices that the protocol leaves to the server: a probe says which it takes, and no rule which is right."""

import unicodedata

from reference_server import folding, hub, session
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed, MessageDelivered, UserPresenceUpdate
from reference_server.handlers import HANDLERS, calls, messages, realtime, rooms
from reference_server.messages import (
    FetchHistory,
    JoinConversation,
    LeaveConversation,
    MarkAsRead,
    SearchMessages,
    SyncMessages,
)
from reference_server.pubsub import RoleChanged
from tests.variants.registry import Patch, variant
from tests.variants.tools import lend, read_differently

NO_PUBLIC = {"options": {"public_conversations": False}}
"""Where joining makes a member, nothing else shows that somebody is one."""
READING = (FetchHistory, SearchMessages, SyncMessages)


def _first(patch: Patch, look) -> None:
    """Look at each request before it is carried out; what `look` raises refuses it, and what it gives answers it."""

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        await original(context, request)
        if request is not None:
            await look(context, request)


def _refuse_unjoined(patch: Patch, chosen) -> None:
    async def look(context, request):
        place = getattr(request, "conversation_id", None)
        if chosen(request) and place is not None and place not in context.connection.joined:
            raise Refused("forbidden", "Join first.")

    _first(patch, look)


@variant(profile=NO_PUBLIC, about=["SEND-3", "PERM-1", "TYPE-*", "CALL-*"])
def unjoined_may_not_act(patch: Patch) -> None:
    """Who has not joined on a connection may be kept from writing there: see `sending-without-joining`."""
    _refuse_unjoined(patch, lambda one: not isinstance(one, (*READING, JoinConversation, LeaveConversation)))


@variant(profile=NO_PUBLIC, about=["HIST-*", "SRCH-*", "SYNC-*"])
def unjoined_may_not_read(patch: Patch) -> None:
    """Who has not joined on a connection may be kept from reading there: see `reading-without-joining`."""
    _refuse_unjoined(patch, lambda one: isinstance(one, READING))


@variant(about=["TYPE-*"])
def repeated_typing_is_told_once(patch: Patch) -> None:
    """Who types on need not be told of again: see `typing-repeated`."""
    patch.rewrite(
        realtime.typing,
        "if request.is_typing:",
        "if request.is_typing and (conversation_id, context.user_id) in context.instance.typing._typists:\n"
        "        context.instance.typing.refresh(context.connection, conversation_id)\n        return\n"
        "    if request.is_typing:",
    )


@variant(about=["TYPE-*", "PERM-2"])
def end_of_no_typing_is_not_told(patch: Patch) -> None:
    """Who does not type cannot stop: that need not be told."""
    patch.rewrite(
        realtime.typing,
        "context.instance.typing.forget(conversation_id, context.user_id)",
        "if not context.instance.typing.forget(conversation_id, context.user_id): return",
    )


@variant(amber=["DLVR-2"], about=["READ-*", "DLVR-*"])
def own_receipts_are_refused(patch: Patch) -> None:
    """That one has read one's own message may be refused: see `own-receipt`."""
    mine = "if message.sender_id == user_id: raise Refused('conflict', 'Your own message.')\n    "
    patch.rewrite(realtime._mark_as_read, "if receipts.read_up_to", mine + "if receipts.read_up_to")
    patch.rewrite(realtime._deliver, "if message.sender_id == user_id:", mine + "if False:")


@variant(about=["READ-*", "DLVR-*"])
def reading_tells_delivery(patch: Patch) -> None:
    """Who reads a message has got it, and its sender may be told so: see `reading-tells-delivery`."""
    handle = HANDLERS[MarkAsRead]

    async def mark_as_read(context, request):
        reply = await handle(context, request)
        receipt = await context.write(realtime._deliver, request, context.user_id)
        if receipt is not None:
            event = MessageDelivered(request.conversation_id, request.message_id, context.user_id, receipt[1])
            await context.instance.tell(request.conversation_id, event, only=receipt[0])
        return reply

    patch(realtime, "mark_as_read", mark_as_read)


@variant(about=["DEL-*", "PERM-*"])
def second_deletion_is_confirmed(patch: Patch) -> None:
    """What is gone may be deleted again, if nobody is told: see `delete-twice`."""
    gone = set()

    @patch.around(messages, "delete_message")
    async def delete_message(original, context, request):
        if (context.user_id, request.conversation_id, request.message_id) in gone:
            return ActionConfirmed("message_deleted")
        reply = await original(context, request)
        gone.add((context.user_id, request.conversation_id, request.message_id))
        return reply


@variant(about=["JOIN-*", "LEAVE-*"])
def joining_is_told_as_presence(patch: Patch) -> None:
    """That a user joins or leaves may be told to the others: see `join-is-told`."""
    for name, status in (("join_conversation", "online"), ("leave_conversation", "online")):

        @patch.around(rooms, name)
        async def handle(original, context, request, status=status):
            reply = await original(context, request)
            await context.instance.tell(request.conversation_id, UserPresenceUpdate(context.user_id, status))
            return reply


@variant(about=["CALL-*", "PERM-*"])
def readers_cannot_be_called(patch: Patch) -> None:
    """Who may not answer need not be called: see `call-to-a-reader`."""
    patch.rewrite(calls._check, "target_id).may(Right.READ)", "target_id).may(Right.SEND)")


@variant(about=["EDIT-*"])
def same_edit_is_refused(patch: Patch) -> None:
    """An edit that changes nothing may be refused: see `edit-without-change-answer`."""
    patch.rewrite(
        messages._edit,
        "return messages.edit",
        "if message.content == request.content: raise Refused('conflict', 'No change.')\n    return messages.edit",
    )


@variant(about=["EDIT-*"])
def same_edit_is_not_told(patch: Patch) -> None:
    """An edit that changes nothing need not be told: see `edit-without-change`."""
    texts: dict = {}

    def changed(message):
        before, texts[message.message_id] = texts.get(message.message_id), message.content
        return before != message.content

    tell = "await context.instance.tell(message.conversation_id, event)"
    lend(patch, messages, "_changed", changed)
    patch.rewrite(messages.edit_message, tell, f"_changed(message) and {tell}")


@variant(about=["SEND-8*"])
def empty_parent_is_none(patch: Patch) -> None:
    """An empty text where an id may be absent may count as absent: see `empty-for-an-optional-id`."""
    read_differently(patch, lambda text: text.replace('"parent_message_id":""', '"parent_message_id":null'))


@variant(about=["CONN-*"])
def other_origins_are_refused(patch: Patch) -> None:
    """A page of another host may be kept out: see `origin`."""

    @patch.around(session, "serve")
    async def serve(original, instance, websocket):
        origin, host = websocket.headers.get("origin"), websocket.headers.get("host")
        if origin is not None and origin.partition("://")[2] != host:
            await session._deny(websocket, 403, "Another origin.")
        else:
            await original(instance, websocket)


@variant(about=["PERM-*", "JOIN-6", "READ-*"])
def a_ban_ends_the_subscription(patch: Patch) -> None:
    """Who was banned and may come back may have to join again: see `unban-revives-the-subscription`."""

    @patch.around(hub.Room, "notice")
    def notice(original, room, news):
        original(room, news)
        if isinstance(news, RoleChanged) and not news.may_read:
            for each in [each for each in room.connections if each.user_id == news.user_id]:
                room.connections.pop(each)


@variant(about=["CALL-1", "CALL-2", "CALL-3"])
def call_type_has_a_default(patch: Patch) -> None:
    """A call without a type may be told as one of audio: see `call-type`."""
    patch.rewrite(calls.offer, "request.call_type)", "request.call_type or 'audio')")


@variant(about=["SRCH-*"])
def search_ignores_accents(patch: Patch) -> None:
    """Which letters beyond ASCII are equal in search is left to the server."""

    @patch.around(folding, "fold")
    def fold(original, text):
        return original("".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)))
