"""Wrongs of SyncMessages."""

import asyncio
import json
import random
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from reference_server import hub
from reference_server import messages as wire
from reference_server.errors import Refused
from reference_server.events import SyncChunk
from reference_server.handlers import history, messages, realtime
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault
from tests.faults.tools import show_messages

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
REQUIRE = "conversations.require(connection, conversation_id, user_id, Right.READ)"
TOUCH = "messages.touch(connection, message, stamp)"
STAMP = store._message.changed_at
BORN = store._message.created_at
MANY = ["SEND-8", "DEL-3", "DEL-6", "TYPE-3", "CALL-6", "CALL-7", "ATT-1", "AUTH-2", "CONN-11"]


def _give(patch: Patch, picks) -> None:
    """Give only the changes that a function of message and reader picks."""

    @patch.around(history, "_sync")
    def sync(original, connection, request, user_id, limit):
        answer = original(connection, request, user_id, limit)
        return replace(answer, messages=[one for one in answer.messages if picks(one, request, user_id)])


def _read_on(patch: Patch, change) -> None:
    """Say another next_since than that of the last message."""

    @patch.around(history, "_sync")
    def sync(original, *arguments):
        answer = original(*arguments)
        return replace(answer, next_since=change(answer)) if answer.messages else answer


def _refuse(patch: Patch, *, when) -> None:
    @patch.around(history, "sync_messages")
    async def sync(original, context, request):
        if when(request):
            raise Refused("invalid_message", "There is nothing after that.")
        return await original(context, request)


@fault(breaks=["SYNC-1"])
def sync_inclusive(patch: Patch) -> None:
    """A sync gives what has changed at the instant since, too."""
    statement = store._IN_CONVERSATION.where(store._message.changed_at >= store.bindparam("since"))
    patch(store, "_CHANGED", statement.order_by(STAMP).limit(store._limit))


@fault(breaks=["SYNC-1"], also=MANY)
def sync_newest_first(patch: Patch) -> None:
    """A page of a sync comes newest first, wherever one is looked at."""

    @patch.around(history, "_sync")
    def sync(original, *arguments):
        answer = original(*arguments)
        return replace(answer, messages=answer.messages[::-1])


@fault(breaks=["SYNC-1"])
def sync_ignores_conversation(patch: Patch) -> None:
    """A sync gives the messages of all conversations of the user."""

    @patch.around(history, "_sync")
    def sync(original, connection, request, user_id, limit):
        answer = original(connection, request, user_id, limit)
        others = [each.conversation_id for each in conversations.conversations_of(connection, user_id)]
        for other in [other for other in others if other != request.conversation_id]:
            found = original(connection, request.model_copy(update={"conversation_id": other}), user_id, limit)
            answer = replace(answer, messages=answer.messages + found.messages)
        return answer


@fault(breaks=["SYNC-1"], also=MANY)
def sync_gives_others_only(patch: Patch) -> None:
    """A sync leaves out the reader's own messages."""
    _give(patch, lambda message, _, user_id: message["sender_id"] != user_id)


@fault(breaks=["SYNC-1"], also=["DEL-3", "CONN-11"])
def sync_forgets_edited(patch: Patch) -> None:
    """A sync leaves out messages that were edited, sent after since as they may be."""
    _give(patch, lambda message, *_: message["edited_at"] is None)


@fault(breaks=["SYNC-1"], also=["SEND-8", "DEL-6"])
def sync_forgets_replies(patch: Patch) -> None:
    """A sync leaves out messages that answer others."""
    _give(patch, lambda message, *_: message["parent_message_id"] is None)


@fault(breaks=["SYNC-1"])
def sync_ignores_since(patch: Patch) -> None:
    """A sync always begins at the beginning."""

    @patch.around(store, "changes")
    def changes(original, connection, conversation_id, since, limit):
        return original(connection, conversation_id, BEGINNING, limit)


@fault(breaks=["SYNC-1"])
def sync_begins_a_second_early(patch: Patch) -> None:
    """A sync gives also what was sent within the second before since."""

    @patch.around(store, "changes")
    def changes(original, connection, conversation_id, since, limit):
        return original(connection, conversation_id, max(since, BEGINNING) - timedelta(seconds=1), limit)


@fault(breaks=["SYNC-1", "SYNC-2"], also=[*MANY, "SYNC-3"])
def sync_ends_one_short(patch: Patch) -> None:
    """The last page of a sync leaves out its last message, unless it is the only one."""

    @patch.around(history, "_sync")
    def sync(original, *arguments):
        answer = original(*arguments)
        return answer if answer.has_more else replace(answer, messages=answer.messages[:-1] or answer.messages)


@fault(breaks=["SYNC-1"], also=MANY)
def sync_repeats_last(patch: Patch) -> None:
    """A page has its last message twice."""

    @patch.around(history, "_sync")
    def sync(original, *arguments):
        answer = original(*arguments)
        return replace(answer, messages=answer.messages + answer.messages[-1:])


@fault(breaks=["SYNC-1"], also=["SYNC-2"])
def empty_sync_skips_a_day(patch: Patch) -> None:
    """A sync of an empty conversation gives a next_since from which nothing comes for a day."""
    tomorrow = "conversations.now() + __import__('datetime').timedelta(days=1)"
    patch.rewrite(history._sync, "if page else request.since", f"if page else {tomorrow}")


@fault(breaks=["SYNC-1s"], also=["DEL-3"])
def sync_by_created_at(patch: Patch) -> None:
    """A sync gives what was sent after since, and not what was changed."""
    statement = store._IN_CONVERSATION.where(store.bindparam("since") < BORN)
    patch(store, "_CHANGED", statement.order_by(BORN).limit(store._limit))
    patch.rewrite(history._sync, "page[-1].changed_at", "page[-1].created_at")


@fault(breaks=["SYNC-1s"], also=["SYNC-2"])
def sync_in_order_of_birth(patch: Patch) -> None:
    """A sync gives what was changed after since, in the order of sending, so that pages skip some of it."""
    statement = store._IN_CONVERSATION.where(store.bindparam("since") < STAMP)
    patch(store, "_CHANGED", statement.order_by(BORN).limit(store._limit))


@fault(breaks=["SYNC-1s"], also=["DEL-3", "DEL-6"])
def sync_forgets_deleted(patch: Patch) -> None:
    """A sync gives no tombstones."""
    statement = store._VISIBLE.where(store.bindparam("since") < STAMP)
    patch(store, "_CHANGED", statement.order_by(STAMP).limit(store._limit))


@fault(breaks=["SYNC-1s"], also=["SYNC-2", "DEL-3"])
def sync_forgets_edits(patch: Patch) -> None:
    """An edit is no change for a sync."""
    patch.rewrite(store.edit, "message, stamp, new", "message, message.changed_at, new")


@fault(breaks=["SYNC-1s"])
def sync_forgets_reactions(patch: Patch) -> None:
    """A reaction is no change for a sync."""
    patch.rewrite(realtime._add_reaction, TOUCH, "pass")


@fault(breaks=["SYNC-1s"])
def sync_forgets_removed_reactions(patch: Patch) -> None:
    """The removal of a reaction is no change for a sync."""
    patch.rewrite(realtime._remove_reaction, TOUCH, "pass")


@fault(breaks=["SYNC-1s"], also=["DEL-3", "DEL-6", "SYNC-3"])
def tombstone_keeps_content(patch: Patch) -> None:
    """A sync shows the content of deleted messages."""
    patch.rewrite(
        history._sync,
        "_describe(connection, page)",
        "[shown | {'content': m.content} for shown, m in zip(_describe(connection, page), page)]",
    )


@fault(breaks=["SYNC-1s"], also=["DEL-3", "SYNC-3"])
def tombstone_keeps_attachments(patch: Patch) -> None:
    """A sync shows the attachments of deleted messages."""
    patch.rewrite(
        history._sync,
        "_describe(connection, page)",
        "[shown | {'attachments': m.attachments} for shown, m in zip(_describe(connection, page), page)]",
    )


@fault(breaks=["SYNC-1s"], also=["DEL-3", "DEL-6", "SYNC-3"])
def tombstone_is_an_empty_message(patch: Patch) -> None:
    """A sync shows a deleted message as one with nothing in it, without deleted_at."""
    show_messages(patch, "_sync", lambda message: {"deleted_at": None})


@fault(breaks=["SYNC-1s"], also=["SYNC-3", "CONN-11", "EDIT-1"])
def sync_without_edited_at(patch: Patch) -> None:
    """A sync does not say that a message was edited, as others look for there."""
    show_messages(patch, "_sync", lambda message: {"edited_at": None})


@fault(breaks=["SYNC-1s"], also=["SYNC-2", "DEL-3", "EDIT-1"])
def sync_gives_every_version(patch: Patch) -> None:
    """A sync gives an edited message twice, as it was sent and as it is, as a tombstone may be, too."""

    @patch.around(history, "_sync")
    def sync(original, *arguments):
        answer = original(*arguments)
        both = [(one | {"edited_at": None}, one) if one["edited_at"] else (one,) for one in answer.messages]
        return replace(answer, messages=[one for versions in both for one in versions])


@fault(breaks=["SYNC-2"], also=["SYNC-1", "SYNC-1s", "SYNC-3"])
def next_since_is_now(patch: Patch) -> None:
    """The next_since of a page is the clock's."""
    _read_on(patch, lambda answer: conversations.now())


@fault(breaks=["SYNC-2"], also=["SYNC-1s", "SYNC-3"])
def next_since_of_the_last_page_is_later(patch: Patch) -> None:
    """The next_since of the last page is 20 ms from now, so that what others write meanwhile is lost."""
    later = timedelta(milliseconds=20)
    _read_on(patch, lambda answer: answer.next_since if answer.has_more else conversations.now() + later)


@fault(breaks=["SYNC-2"], also=["SYNC-1s", "SYNC-3"])
def sync_skips_equal_stamps(patch: Patch) -> None:
    """The next_since is rounded up to the tenth of a second, so that what shares it with the last message is lost."""
    tick = timedelta(milliseconds=100)
    _read_on(patch, lambda answer: BEGINNING + -((BEGINNING - answer.next_since) // tick) * tick)


@fault(breaks=["SYNC-2"], also=["SYNC-1", "SYNC-1s", "CONN-11"])
def next_since_has_milliseconds(patch: Patch) -> None:
    """The next_since is cut to the millisecond, so that the last messages come again."""
    tick = timedelta(milliseconds=1)
    _read_on(patch, lambda answer: BEGINNING + (answer.next_since - BEGINNING) // tick * tick)


@fault(breaks=["SYNC-2"], also=["SYNC-1", "SYNC-1s"])
def next_since_is_of_the_first(patch: Patch) -> None:
    """The next_since is the stamp of the first message of a page, so that the others come again."""
    patch.rewrite(history._sync, "page[-1].changed_at if page", "page[0].changed_at if page")


@fault(breaks=["SYNC-2"], also=["SYNC-1s", "SYNC-3", "SYNC-1"])
def sync_never_has_more(patch: Patch) -> None:
    """The field has_more of a sync is always false."""
    patch.rewrite(history._sync, "len(found) > limit", "False")


@fault(breaks=["SYNC-2"], also=["SYNC-1s", "SYNC-3"])
def sync_drops_last_page(patch: Patch) -> None:
    """A sync says that there is no more when only one message is left."""

    @patch.around(history, "_sync")
    def sync(original, connection, request, user_id, limit):
        answer = original(connection, request, user_id, limit)
        rest = store.changes(connection, request.conversation_id, answer.next_since, 2)
        return replace(answer, has_more=len(rest) > 1)


@fault(breaks=["SYNC-2"], also=["SYNC-1s", "SYNC-3", "SEND-4", "SEND-5", "HIST-1", "HIST-2", "EDIT-3"])
def stamps_are_taken_before_the_commit(patch: Patch) -> None:
    """A message has the stamp of its arrival, and others that arrive later are committed before it."""
    arrived: dict = {}

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        arrived[request.conversation_id, context.user_id] = conversations.now()
        await asyncio.sleep(random.random() / 20)
        return await original(context, request)

    @patch.around(store, "add")
    def add(original, connection, conversation_id, sender_id, stamp, **rest):
        return original(connection, conversation_id, sender_id, arrived.pop((conversation_id, sender_id)), **rest)


@fault(breaks=["SYNC-3"])
def changes_are_not_told_for_a_while_after_a_sync(patch: Patch) -> None:
    """Whoever has synced hears of no change to old messages for 0.3 s, and learns of them by no other way."""
    synced: dict = {}

    @patch.around(history, "sync_messages")
    async def sync(original, context, request):
        synced[context.connection] = conversations.now() + timedelta(seconds=0.3)
        return await original(context, request)

    @patch.around(hub, "deliver")
    def deliver(original, event, connections):
        free = '"NewMessage"' in event.frame
        original(event, [one for one in connections if free or synced.get(one, BEGINNING) < conversations.now()])


@fault(breaks=["SYNC-2"], also=["SYNC-1", "SYNC-1s", "SYNC-3", "CALL-7", "TYPE-3"])
def sync_without_a_limit_begins_too_late(patch: Patch) -> None:
    """Where no limit is named, a sync leaves the first message out."""

    @patch.around(history, "_sync")
    def sync(original, connection, request, *arguments):
        answer = original(connection, request, *arguments)
        return answer if request.limit is not None else replace(answer, messages=answer.messages[1:])


@fault(breaks=["SYNC-3"], also=["SYNC-1s", "CONN-11", "REAC-1"])
def sync_without_reactions(patch: Patch) -> None:
    """A sync shows no reactions, as others look for there."""
    show_messages(patch, "_sync", lambda message: {"reactions": []})


@fault(breaks=["SYNC-3"], also=["SYNC-1s", "DEL-3", "SYNC-2", "EDIT-1"])
def sync_shows_first_text(patch: Patch) -> None:
    """A sync shows an edited message with the text that it was sent with."""
    first: dict = {}

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        first.setdefault(message.message_id, message.content)
        return original(connection, message, content, stamp)

    show_messages(patch, "_sync", lambda message: {"content": first.get(message["message_id"], message["content"])})


@fault(breaks=["SYNC-3"], also=["SYNC-1", "SYNC-1s", "SYNC-2", *MANY, "DEL-1"])
def sync_is_stale(patch: Patch) -> None:
    """A sync reads a copy that is half a second old, wherever one follows a change."""

    @patch.around(store, "changes")
    def changes(original, *arguments):
        copied = conversations.now() - timedelta(seconds=0.5)
        return [message for message in original(*arguments) if message.changed_at < copied]


@fault(breaks=["SYNC-3"], also=["SYNC-1s", "EDIT-3"])
def sync_shows_no_state_of_edited(patch: Patch) -> None:
    """A sync shows an edited message without its reactions."""
    show_messages(patch, "_sync", lambda message: {"reactions": []} if message["edited_at"] else {})


@fault(breaks=["SYNC-4"])
def future_since_refused(patch: Patch) -> None:
    """A since in the future is refused."""
    _refuse(patch, when=lambda request: request.since > conversations.now())


@fault(breaks=["SYNC-4"])
def far_future_since_refused(patch: Patch) -> None:
    """A since in the far future is refused."""
    _refuse(patch, when=lambda request: request.since > conversations.now() + timedelta(days=30))


@fault(breaks=["SYNC-4"])
def future_since_gives_everything(patch: Patch) -> None:
    """A since in the future is the beginning."""

    @patch.around(store, "changes")
    def changes(original, connection, conversation_id, since, limit):
        return original(connection, conversation_id, BEGINNING if since > conversations.now() else since, limit)


@fault(breaks=["SYNC-4"])
def future_since_is_an_hour_ago(patch: Patch) -> None:
    """A since in the future becomes the last hour."""

    @patch.around(store, "changes")
    def changes(original, connection, conversation_id, since, limit):
        now = conversations.now()
        return original(connection, conversation_id, now - timedelta(hours=1) if since > now else since, limit)


def _understand(patch: Patch, since) -> None:
    """Read what is no datetime as one, by a function that raises an exception at what it cannot read."""

    @patch.around(wire, "parse")
    def parse(original, frame):
        with suppress(AttributeError, TypeError, ValueError, OverflowError):
            body = json.loads(frame)
            if body.get("type") == "SyncMessages":
                frame = json.dumps(body | {"since": since(body.get("since"))})
        return original(frame)


@fault(breaks=["SYNC-5"], also=["CONN-2"])
def bad_since_is_the_beginning(patch: Patch) -> None:
    """A since that cannot be read is the beginning."""

    def since(value):
        with suppress(ValueError):
            return wire._instant(value).isoformat()
        return BEGINNING.isoformat()

    _understand(patch, since)


@fault(breaks=["SYNC-5"])
def since_may_be_a_date(patch: Patch) -> None:
    """A since may be a date without a time."""
    _understand(patch, lambda value: f"{date.fromisoformat(value)}T00:00:00Z")


@fault(breaks=["SYNC-5"], also=["CONN-2"])
def since_may_be_a_number(patch: Patch) -> None:
    """A since may be a number of seconds."""
    _understand(patch, lambda value: datetime.fromtimestamp(value + 0, UTC).isoformat())


@fault(breaks=["SYNC-5"])
def since_may_be_digits(patch: Patch) -> None:
    """A since may be a text of digits, a number of seconds."""
    _understand(patch, lambda value: datetime.fromtimestamp(int(value), UTC).isoformat())


@fault(breaks=["SYNC-5"], also=["CONN-2"])
def since_may_be_null(patch: Patch) -> None:
    """A since may be null, or absent, for the beginning."""
    _understand(patch, lambda value: BEGINNING.isoformat() if value is None else value)


@fault(breaks=["SYNC-5"])
def since_may_have_a_tail(patch: Patch) -> None:
    """What follows the datetime is ignored."""
    _understand(patch, lambda value: re.match(r"[-0-9]{10}T[:0-9]{8}(\.\d+)?(Z|[-+][0-9:]{5})", value)[0])


@fault(breaks=["SYNC-5"])
def since_may_be_an_impossible_day(patch: Patch) -> None:
    """The 30th of February is the 2nd of March."""
    _understand(patch, lambda value: re.sub("-02-30T", "-03-02T", value))


@fault(breaks=["SYNC-5"])
def since_may_be_an_impossible_hour(patch: Patch) -> None:
    """The hour 25 is 23."""
    _understand(patch, lambda value: re.sub("T25", "T23", value))


@fault(breaks=["SYNC-5"])
def bad_since_gives_an_empty_list(patch: Patch) -> None:
    """A since that is a word is the far future."""
    _understand(patch, lambda value: value if value[:1].isdigit() else "9999-01-01T00:00:00Z")


@fault(breaks=["SYNC-6"], also=["PERM-1", "PERM-2", "PERM-3", "AUTH-2", "ACK-3"])
def outsiders_sync(patch: Patch) -> None:
    """Everybody may sync: a right too many."""
    patch.rewrite(history._sync, REQUIRE, "pass")


@fault(breaks=["SYNC-6"], also=["PERM-1", "PERM-2", "PERM-3", "AUTH-2", "ACK-3"])
def outsiders_have_nothing_to_sync(patch: Patch) -> None:
    """Whoever may not read gets an empty list instead of a refusal."""

    @patch.around(history, "_sync")
    def sync(original, connection, request, *arguments):
        try:
            return original(connection, request, *arguments)
        except Refused:
            return SyncChunk(request.conversation_id, [], False, request.since)


@fault(breaks=["SYNC-6"], also=["PERM-1", "PERM-2", "PERM-3", "ACK-3"])
def outsiders_sync_the_future(patch: Patch) -> None:
    """A sync that would give nothing is not refused to anybody."""

    @patch.around(history, "_sync")
    def sync(original, connection, request, *arguments):
        if request.since > conversations.now():
            return SyncChunk(request.conversation_id, [], False, request.since)
        return original(connection, request, *arguments)


def _leave_out_own(patch: Patch, own) -> None:
    """Leave out of a sync what the user who asks has done."""

    @patch.around(history, "_sync")
    def sync(original, connection, request, user_id, limit):
        chunk = original(connection, request, user_id, limit)
        return replace(chunk, messages=[one for one in chunk.messages if not own(one, user_id, request.since)])


@fault(breaks=["SYNC-1"], also=["SYNC-2", "SYNC-3", "SYNC-1s", *MANY])
def own_messages_are_not_synced(patch: Patch) -> None:
    """A sync leaves out the messages that the user sent, also on other devices."""
    _leave_out_own(patch, lambda one, user, since: one["sender_id"] == user and one["created_at"] > since)


@fault(breaks=["SYNC-1s"], also=["SYNC-2", "SYNC-3", "DEL-3", *MANY])
def own_changes_are_not_synced(patch: Patch) -> None:
    """A sync leaves out older messages of the user, who is thought to know of what has changed."""
    _leave_out_own(patch, lambda one, user, since: one["sender_id"] == user and one["created_at"] <= since)


@fault(breaks=["SYNC-1s"])
def quick_edits_are_one_change(patch: Patch) -> None:
    """A message that is edited again at once has changed when it was edited first."""

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        is_quick = message.edited_at is not None and stamp - message.edited_at < timedelta(seconds=5)
        return original(connection, message, content, message.edited_at if is_quick else stamp)


@fault(breaks=["SYNC-7"])
def sync_shows_the_zero_of_instants(patch: Patch) -> None:
    """What was never edited was edited in the year 1 in a sync, as a type without null says it."""
    show_messages(patch, "_sync", lambda one: {} if one["edited_at"] else {"edited_at": datetime(1, 1, 1, tzinfo=UTC)})
