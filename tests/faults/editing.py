"""Wrongs of EditMessage."""

import asyncio
from uuid import uuid4

from sqlalchemy import bindparam, delete, func, select, update

from reference_server import events
from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed, MessageEdited, encode
from reference_server.handlers import messages
from reference_server.models import MESSAGES, REACTIONS
from reference_server.permissions import Right
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault
from tests.faults.tools import LATE, Crossing, change_frames, devices, everybody, members

TELL = "await context.instance.tell(message.conversation_id, event)"
CHECK = "check_content(request.content,"
FIND = "messages.find(connection, request.conversation_id, request.message_id)"
HOME = "connection.scalar(messages.select(messages._message.conversation_id).where(messages._message.id == {0})) or {1}"
ANYWHERE = FIND.replace("request.conversation_id", HOME.format("request.message_id", "request.conversation_id"))


@fault(breaks=["EDIT-1"], also=["HIST-8", "MULTI-1", "SYNC-3", "DEL-6", "PERM-1"])
def edit_is_not_told(patch: Patch) -> None:
    """Nobody sees an edit, on any instance, and none comes that history could be compared with."""
    patch.rewrite(messages.edit_message, TELL, "pass")


@fault(breaks=["EDIT-1"], also=["HIST-8", "MULTI-1", "LEAVE-1", "JOIN-1", "PERM-2", "SYNC-3", "DEL-6"])
def edit_is_told_to_the_editor(patch: Patch) -> None:
    """Only the editor sees an edit, and no other member of those who have joined."""
    patch.rewrite(messages.edit_message, TELL, TELL.replace("event)", "event, only=context.user_id)"))


@fault(breaks=["EDIT-1"], also=["MULTI-1"])
def edit_is_told_to_the_others(patch: Patch) -> None:
    """Nobody sees one's own edit, on any device."""
    patch.rewrite(messages.edit_message, TELL, TELL.replace("event)", "event, besides=context.user_id)"))


@fault(breaks=["EDIT-1"], also=["MULTI-1", "JOIN-2"])
def edit_is_told_twice(patch: Patch) -> None:
    """An edit is told twice, to whoever gets any."""
    patch.rewrite(messages.edit_message, TELL, f"{TELL}; {TELL}")


def _leak(patch: Patch, chosen) -> None:
    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        await original(self, conversation_id, event, **how)
        if isinstance(event, MessageEdited):
            users = await members(self, conversation_id)
            for connection in chosen(self, users):
                if conversation_id not in connection.joined:
                    connection.send(encode(event))


@fault(breaks=["EDIT-1"], also=["LEAVE-1", "PERM-2", "AUTH-2", "SYNC-2", "ACK-1", "HIST-2", "JOIN-1"])
def edit_leaks_to_members_who_have_not_joined(patch: Patch) -> None:
    """Members see edits without having joined, or after having left, or with the role of a banned one."""
    _leak(patch, lambda instance, users: [device for user in users for device in devices(instance, user)])


@fault(breaks=["EDIT-1"], also=["AUTH-2", "PERM-2", "EDIT-4", "DEL-3"], alone=True)
def edit_leaks_to_outsiders(patch: Patch) -> None:
    """Outsiders see edits, also those who were members."""
    _leak(patch, lambda instance, users: [one for one in everybody(instance) if one.user_id not in users])


@fault(breaks=["EDIT-1"], also=["HIST-8", "SRCH-5", "SYNC-1s", "DEL-3"])
def edit_is_not_stored(patch: Patch) -> None:
    """The new text is told, and history, search and sync keep the old one."""
    patch.rewrite(
        store.edit,
        "new_content=content, new_folded=fold(content)",
        "new_content=message.content, new_folded=fold(message.content)",
    )


@fault(breaks=["EDIT-1"])
def edit_leaves_no_mark(patch: Patch) -> None:
    """History has the new text without edited_at."""
    patch.rewrite(events.describe, '"edited_at": message.edited_at', '"edited_at": None')


@fault(breaks=["EDIT-1"], also=["PERM-1", "PERM-2", "HIST-8", "SRCH-9", "SYNC-7"])
def everything_looks_edited(patch: Patch) -> None:
    """What was never edited has an edited_at."""
    patch.rewrite(
        events.describe, '"edited_at": message.edited_at', '"edited_at": message.edited_at or message.created_at'
    )


@fault(breaks=["EDIT-1"], also=["HIST-8"])
def edit_trims(patch: Patch) -> None:
    """White space around a new text is lost, live and in history."""
    patch.rewrite(messages._edit, "message, request.content, stamp", "message, request.content.strip(), stamp")


@fault(breaks=["EDIT-1"])
def edits_are_told_in_another_order_than_stored(patch: Patch) -> None:
    """Of two edits at about the same time, the later one is told first."""
    messages.__dict__["crossing"] = Crossing()
    wait = "await crossing.wait(message.message_id)"
    patch.rewrite(messages.edit_message, f"        {TELL}\n", f"    {wait}\n    {TELL}\n")


@fault(breaks=["EDIT-1"])
def first_edit_wins(patch: Patch) -> None:
    """A message that was edited already keeps its text; the next edit is told all the same."""
    old = "new_content=content, new_folded=fold(content)"
    kept = "message.content if message.edited_at else content"
    patch.rewrite(store.edit, old, f"new_content={kept}, new_folded=fold({kept})")


@fault(breaks=["EDIT-1"], also=["ACK-3"])
def edit_is_confirmed_before_commit(patch: Patch) -> None:
    """Who may send gets the confirmation first, and the text is changed 100 ms later, if nothing is wrong with it."""

    @patch.around(messages, "edit_message")
    async def edit_message(original, context, request):
        await context.read(conversations.require, request.conversation_id, context.user_id, Right.SEND)
        editing = original(context, request)
        asyncio.get_running_loop().call_later(LATE, lambda: asyncio.ensure_future(editing))
        return ActionConfirmed("message_edited")


@fault(breaks=["EDIT-2"], also=["PERM-1", "ACK-3", "AUTH-2"])
def anybody_edits(patch: Patch) -> None:
    """Whoever may send may edit any message: a right too many, a request that does not fail, an author denied."""
    patch.rewrite(messages._edit, "message.sender_id != user_id", "False")


@fault(breaks=["EDIT-2", "PERM-1"], also=["PERM-2", "PERM-3", "ACK-3", "AUTH-2"])
def whoever_knows_the_id_edits(patch: Patch) -> None:
    """A message may be edited by whoever knows of it, reader, banned or outsider: a request that does not fail."""
    lock = "conversations.lock(connection, request.conversation_id, user_id)[1]"
    patch.rewrite(
        messages._edit, "conversations.acquire(connection, request.conversation_id, user_id, Right.SEND)", lock
    )
    patch.rewrite(messages._edit, "message.sender_id != user_id", "False")


@fault(breaks=["EDIT-2"], also=["PERM-1", "ACK-3"])
def moderators_edit(patch: Patch) -> None:
    """Who may moderate may edit any message: a right too many, a request that does not fail."""
    may = "conversations.membership(connection, request.conversation_id, user_id).may('moderate')"
    patch.rewrite(messages._edit, "message.sender_id != user_id", f"message.sender_id != user_id and not {may}")


@fault(breaks=["EDIT-2"], also=["PERM-1", "ACK-3", "AUTH-2"])
def refused_edit_is_kept(patch: Patch) -> None:
    """An edit of another's message is refused, and stored, so that the refusal has an effect."""

    @patch.around(messages, "edit_message")
    async def edit_message(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code == "forbidden" and "author" in refused.message:
                await context.write(_edit_anyway, request)
            raise


def _edit_anyway(connection, request) -> None:
    message = store.find(connection, request.conversation_id, request.message_id)
    store.edit(connection, message, request.content, conversations.now())


@fault(breaks=["EDIT-2"])
def only_the_device_that_sent_edits(patch: Patch) -> None:
    """The author may edit only where the message was sent."""
    sent: dict = {}

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        sent[request.conversation_id, request.content] = context.connection
        return await original(context, request)

    @patch.around(messages, "edit_message")
    async def edit_message(original, context, request):
        old = await context.read(store.find, request.conversation_id, request.message_id)
        if sent.get((request.conversation_id, old.content), context.connection) is not context.connection:
            raise Refused("forbidden", "Edit it where you sent it.")
        return await original(context, request)


@fault(breaks=["EDIT-3"], also=["HIST-2", "SYNC-1s", "HIST-8s", "SEND-4"])
def edit_is_a_new_birth(patch: Patch) -> None:
    """An edit changes created_at, and so the place of the message in history and its instant."""
    patch(store, "_EDIT", store._EDIT.values(created_at=bindparam("stamp")))


@fault(breaks=["EDIT-3"], also=["HIST-2", "SEND-4"])
def edit_moves_to_the_top(patch: Patch) -> None:
    """History is in the order of the last edit, and pages do not fit together."""
    latest = func.coalesce(store._message.edited_at, store._message.created_at)
    newest = store._VISIBLE.order_by(latest.desc()).limit(store._limit)
    patch(store, "_NEWEST", newest)
    patch(store, "_OLDER", newest.where(store._message.created_at < bindparam("before")))


@fault(
    breaks=["EDIT-3"],
    also=[
        "SRCH-5",
        "SYNC-1s",
        "ATT-1",
        "DEL-3",
        "HIST-2",
        "JOIN-2",
        "LEAVE-1",
        "DEL-1",
        "ACK-1",
        "ACK-4",
        "AUTH-2",
        "CONN-11",
        "MULTI-1",
        "MULTI-2",
    ],
)
def edit_gives_a_new_id(patch: Patch) -> None:
    """An edited message has another id from then on, so that nobody finds it by the old one."""

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        edited = original(connection, message, content, stamp)
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        connection.execute(update(MESSAGES).where(MESSAGES.c.id == message.message_id).values(id=uuid4()))
        return edited


@fault(breaks=["EDIT-3"])
def edit_drops_reactions(patch: Patch) -> None:
    """An edited message has lost its reactions."""

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        connection.execute(delete(REACTIONS).where(REACTIONS.c.message_id == message.message_id))
        return original(connection, message, content, stamp)


@fault(breaks=["EDIT-4", "DEL-4"], also=["DEL-5", "ACK-3"])
def deleted_message_is_edited(patch: Patch) -> None:
    """A deleted message can be edited: a request that does not fail."""
    here = "messages._IN_CONVERSATION.where(messages._message.id == request.message_id)"
    find = f"messages._read(connection, {here}, {{'conversation': request.conversation_id}})"
    patch.rewrite(messages._edit, FIND, f"({find} or [{FIND}])[0]")


@fault(breaks=["EDIT-4"], also=["ACK-3"])
def edit_of_nothing_is_confirmed(patch: Patch) -> None:
    """An edit of an unknown message is confirmed by those who may send: a failure that looks well."""

    @patch.around(messages, "edit_message")
    async def edit_message(original, context, request):
        await context.read(conversations.require, request.conversation_id, context.user_id, Right.SEND)
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code == "not_found":
                return ActionConfirmed("message_edited")
            raise


@fault(breaks=["EDIT-4"], also=["ACK-3"])
def edit_through_any_conversation(patch: Patch) -> None:
    """The conversation that an edit names need not be the message's."""
    query = (
        "messages._COLUMNS.where(messages._message.id == request.message_id, messages._message.deleted_at.is_(None))"
    )
    patch.rewrite(messages._edit, FIND, f"(messages._read(connection, {query}, {{}}) or [{FIND}])[0]")


@fault(breaks=["EDIT-4"], also=["ACK-3"])
def edit_names_no_conversation(patch: Patch) -> None:
    """An edit is for the conversation of its message, whichever it names, also one that does not exist."""

    @patch.around(messages, "_edit")
    def edit(original, connection, request, *arguments):
        home = connection.scalar(select(MESSAGES.c.conversation_id).where(MESSAGES.c.id == request.message_id))
        named = request.model_copy(update={"conversation_id": home or request.conversation_id})
        return original(connection, named, *arguments)


@fault(breaks=["EDIT-5"])
def edit_of_any_length(patch: Patch) -> None:
    """A new text may be of any length."""
    patch.rewrite(messages._edit, CHECK, "check_content(request.content[: limits.content],")


@fault(breaks=["EDIT-5"])
def too_long_edit_is_cut(patch: Patch) -> None:
    """A new text over the limit is stored up to the limit."""
    patch.rewrite(messages._edit, CHECK, "check_content(request.content[: limits.content],")
    patch.rewrite(
        messages._edit, "message, request.content, stamp", "message, request.content[: limits.content], stamp"
    )


@fault(breaks=["EDIT-5"])
def too_long_edit_is_refused_but_told(patch: Patch) -> None:
    """A new text over the limit is refused, and everybody is told."""

    @patch.around(messages, "edit_message")
    async def edit_message(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code == "too_large":
                ids = request.conversation_id, request.message_id, context.user_id
                await context.instance.tell(ids[0], MessageEdited(*ids, request.content, conversations.now()))
            raise


@fault(breaks=["EDIT-5s"])
def edit_counts_bytes(patch: Patch) -> None:
    """The length of a new text is counted in bytes."""
    patch.rewrite(messages._edit, CHECK, "check_content(request.content.encode().decode('latin-1'),")


@fault(breaks=["EDIT-5s"])
def edit_counts_without_white_space(patch: Patch) -> None:
    """The length of a new text is counted without the white space around it."""
    patch.rewrite(messages._edit, CHECK, "check_content(request.content.strip(),")


@fault(breaks=["EDIT-5s"])
def blank_edit_is_accepted(patch: Patch) -> None:
    """A new text may be blank."""
    patch.rewrite(messages._edit, "has_attachments=bool(message.attachments)", "has_attachments=True")


@fault(breaks=["EDIT-1"], also=["LEAVE-1", "PERM-2", "MULTI-1", "AUTH-2"])
def edit_names_nobody_who_edited(patch: Patch) -> None:
    """The event of an edit names another editor than the author."""
    change_frames(patch, MessageEdited, lambda frame: frame.update(editor_id=str(uuid4())))


@fault(breaks=["EDIT-2"], also=["EDIT-4", "PERM-1"])
def anybody_edits_by_way_of_another_conversation(patch: Patch) -> None:
    """A message is found by its id alone, and its author is asked for in its own conversation only."""
    elsewhere = "message.sender_id != user_id and message.conversation_id == request.conversation_id"
    patch.rewrite(messages._edit, "message.sender_id != user_id", elsewhere)
    patch.rewrite(messages._edit, FIND, ANYWHERE)


@fault(breaks=["EDIT-1"])
def each_text_of_a_message_is_told_once(patch: Patch) -> None:
    """An edit to a text that an earlier edit gave the message is not told, as a repeat is not."""
    told = set()

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **whom):
        key = isinstance(event, MessageEdited) and (event.message_id, event.content)
        if key not in told:
            await original(self, conversation_id, event, **whom)
        if key:
            told.add(key)
