"""Wrongs of SyncMessages."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reference_server import messages as wire
from reference_server.errors import Refused
from reference_server.handlers import history, messages, realtime
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault

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


def _show(patch: Patch, change) -> None:
    """Show each message of a sync differently."""

    @patch.around(history, "_sync")
    def sync(original, *arguments):
        answer = original(*arguments)
        return replace(answer, messages=[one | change(one) for one in answer.messages])


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


@fault(breaks=["SYNC-1"], also=["DEL-3"])
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


@fault(breaks=["SYNC-1"], also=MANY)
def sync_repeats_last(patch: Patch) -> None:
    """The last message of a page stands there twice."""

    @patch.around(history, "_sync")
    def sync(original, *arguments):
        answer = original(*arguments)
        return replace(answer, messages=answer.messages + answer.messages[-1:])


@fault(breaks=["SYNC-1"], also=["SYNC-2"])
def first_sync_is_empty(patch: Patch) -> None:
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
    _show(patch, lambda message: {"deleted_at": None})


@fault(breaks=["SYNC-1s"], also=["SYNC-3"])
def sync_without_edited_at(patch: Patch) -> None:
    """A sync does not say that a message was edited."""
    _show(patch, lambda message: {"edited_at": None})


@fault(breaks=["SYNC-1s"], also=["SYNC-2"])
def sync_gives_every_version(patch: Patch) -> None:
    """A sync gives an edited message twice, as it was sent and as it is."""

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
    """The next_since is rounded up to the millisecond, so that what shares it with the last message is lost."""
    tick = timedelta(milliseconds=1)
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


@fault(breaks=["SYNC-2"])
def sync_page_overlaps(patch: Patch) -> None:
    """A page of a sync ends one message after its next_since."""
    patch.rewrite(history._sync, "page, has_more = found[:limit],", "page, has_more = found[:limit],")
    _read_on(patch, lambda answer: answer.messages[-1]["created_at"] - timedelta(microseconds=1))


@fault(breaks=["SYNC-2", "SYNC-3"], also=["SYNC-1s", "SEND-4", "SEND-5", "HIST-1", "HIST-2", "EDIT-3"])
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


@fault(breaks=["SYNC-3"], also=["SYNC-1s"])
def sync_without_reactions(patch: Patch) -> None:
    """A sync shows no reactions."""
    _show(patch, lambda message: {"reactions": []})


@fault(breaks=["SYNC-3"], also=["SYNC-1s", "DEL-3", "SYNC-2"])
def sync_shows_first_text(patch: Patch) -> None:
    """A sync shows an edited message with the text that it was sent with."""
    first: dict = {}

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        first.setdefault(message.message_id, message.content)
        return original(connection, message, content, stamp)

    _show(patch, lambda message: {"content": first.get(message["message_id"], message["content"])})


@fault(breaks=["SYNC-3"], also=["SYNC-1", "SYNC-1s", "SYNC-2", *MANY, "DEL-1"])
def sync_is_stale(patch: Patch) -> None:
    """A sync reads a copy that is half a second old, wherever one follows a change."""

    @patch.around(store, "changes")
    def changes(original, *arguments):
        copied = conversations.now() - timedelta(seconds=0.5)
        return [message for message in original(*arguments) if message.changed_at < copied]


@fault(breaks=["SYNC-3"], also=["SYNC-1s"])
def sync_shows_no_state_of_edited(patch: Patch) -> None:
    """A sync shows an edited message without its reactions."""
    _show(patch, lambda message: {"reactions": []} if message["edited_at"] else {})


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


def _since(patch: Patch, understand) -> None:
    """Understand more than a datetime; what `understand` fails at is left to the parser."""

    @patch.around(wire, "parse")
    def parse(original, frame):
        body = history.__dict__.setdefault("json", __import__("json")).loads(frame)
        if isinstance(body, dict) and body.get("type") == "SyncMessages":
            body["since"] = understand(body.get("since"))
            frame = history.__dict__["json"].dumps(body)
        return original(frame)
