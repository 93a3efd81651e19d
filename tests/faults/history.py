"""Wrongs of FetchHistory."""

import html
import json
import unicodedata
from collections import Counter
from dataclasses import replace

from sqlalchemy import select

from reference_server import content_rules, cursor, events
from reference_server import messages as wire
from reference_server.config import Limits, Page
from reference_server.context import Context
from reference_server.errors import Refused
from reference_server.events import HistoryChunk
from reference_server.handlers import history
from reference_server.models import MEMBERSHIPS
from reference_server.permissions import Right
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault
from tests.faults.tools import change_frames

INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}
REQUIRE = "conversations.require(connection, conversation_id, user_id, Right.READ)"
DECODE = "cursor.decode(request.cursor, conversation_id)"
FOUND = "messages.history(connection, conversation_id, before, limit + 1)"
SEALED = "seal == _seal(ticks, conversation_id)"
OFTEN = ["SEND-4", "SEND-5", "EDIT-3", "DEL-1", "DEL-6", "JOIN-5", "SYNC-3", "AUTH-2"]


@fault(
    breaks=["HIST-1"],
    also=[
        "SEND-4",
        "SEND-5",
        "EDIT-1",
        "EDIT-3",
        "DEL-1",
        "DEL-6",
        "JOIN-5",
        "SYNC-3",
        "AUTH-2",
        "CONN-2",
        "CONN-6",
        "PERM-1",
        "PERM-2",
    ],
)
def oldest_first(patch: Patch) -> None:
    """A page of history begins with its oldest message, against the profile, for whoever reads more than one."""
    patch.rewrite(history._history, "_describe(connection, page)", "_describe(connection, page)[::-1]")


@fault(breaks=["HIST-1"], also=[*OFTEN, "HIST-8", "ACK-4", "RATE-1", "RATE-4"])
def begins_with_the_oldest(patch: Patch) -> None:
    """History without a cursor gives the oldest page of it, newest first."""

    @patch.around(store, "history")
    def read(original, connection, conversation_id, before, limit):
        return original(connection, conversation_id, before, 10_000)[-limit:]


@fault(breaks=["HIST-1", "HIST-2"], also=["HIST-3", "SEND-4", "SEND-5", "SEND-6", "RATE-3", "RATE-4"])
def limit_is_ignored(patch: Patch) -> None:
    """A page has the default size, whatever is asked for."""
    patch.rewrite(
        history.fetch_history, "page_size(request.limit,", "page_size(request.limit and max(request.limit, 50),"
    )


@fault(breaks=["HIST-1"])
def one_more_than_asked_for(patch: Patch) -> None:
    """A page has one message more than was asked for."""
    patch.rewrite(history._history, "found[:limit], len(found) > limit", "found[: limit + 1], len(found) > limit + 1")
    patch.rewrite(history._history, FOUND, FOUND.replace("limit + 1", "limit + 2"))


@fault(breaks=["HIST-1"])
def one_less_than_asked_for(patch: Patch) -> None:
    """A page that is not the last has one message less than was asked for, if that leaves any."""
    less = "max(limit - 1, 1) if len(found) > limit else limit"
    patch.rewrite(history._history, "found[:limit]", f"found[: {less}]")


@fault(breaks=["HIST-2"], also=["HIST-1"])
def cursor_inclusive(patch: Patch) -> None:
    """The last message of a page is the first of the next."""
    patch(store, "_OLDER", store._NEWEST.where(store._message.created_at <= store.bindparam("before")))


@fault(breaks=["HIST-2"])
def cursor_skips_one(patch: Patch) -> None:
    """Between two pages a message is lost."""
    older = store._NEWEST.where(store._message.created_at < store.bindparam("before"))
    patch(store, "_OLDER", older.offset(1))


@fault(breaks=["HIST-2"], also=["HIST-1", "SEND-4"])
def last_page_is_one_short(patch: Patch) -> None:
    """Where a limit is given, the last page of history lacks its oldest message, unless it is the only one."""

    @patch.around(history, "_history")
    def page(original, connection, request, user_id, limit):
        chunk = original(connection, request, user_id, limit)
        short = request.limit is not None and not chunk.has_more
        return replace(chunk, messages=chunk.messages[:-1] or chunk.messages) if short else chunk


@fault(breaks=["HIST-2"])
def cursor_is_a_number(patch: Patch) -> None:
    """A cursor counts the messages that came before it, however many are sent or deleted meanwhile."""
    places: dict = {}

    @patch.around(history, "_history")
    def page(original, connection, request, user_id, limit):
        place = places.get(request.cursor, 0)
        whole = original(connection, request.model_copy(update={"cursor": None}), user_id, 10_000).messages
        if request.cursor is not None and request.cursor not in places:
            raise Refused("invalid_message", "No such cursor.")
        more = len(whole) > place + limit
        mark = f"{request.conversation_id}:{place + limit}" if more else None
        places.update({mark: place + limit} if more else {})
        return HistoryChunk(request.conversation_id, whole[place : place + limit], more, mark)


def _coarse(patch: Patch, **parts: int) -> None:
    """Let a cursor know its place less exactly than messages are stamped."""

    @patch.around(cursor, "encode")
    def encode(original, conversation_id, stamp):
        return original(conversation_id, stamp.replace(**parts))


@fault(breaks=["HIST-2"])
def cursor_of_seconds(patch: Patch) -> None:
    """A cursor knows the second of a message only, so that others of the same second are lost."""
    _coarse(patch, microsecond=0)


@fault(breaks=["HIST-2"], also=["SYNC-2", "SYNC-1", "READ-1"])
def equal_instants(patch: Patch) -> None:
    """Messages of one tenth of a second have the same instant, by which cursors and read marks tell them apart."""

    @patch.around(conversations, "lock")
    def lock(original, connection, conversation_id, user_id):
        membership, stamp = original(connection, conversation_id, user_id)
        return membership, stamp.replace(microsecond=stamp.microsecond // 100_000 * 100_000)


@fault(breaks=["HIST-2", "HIST-3"])
def deleted_ones_end_history(patch: Patch) -> None:
    """Deleted messages count for the size of a page, and a page without any other is the last."""
    newest = store._IN_CONVERSATION.order_by(store._message.created_at.desc()).limit(store._limit)
    patch(store, "_NEWEST", newest)
    patch(store, "_OLDER", newest.where(store._message.created_at < store.bindparam("before")))
    shown = "[message for message in found[:limit] if not message.deleted_at]"
    patch.rewrite(history._history, "_describe(connection, page),", f"_describe(connection, {shown}),")
    patch.rewrite(history._history, "len(found) > limit  # HIST-3", f"len(found) > limit and bool({shown})")


@fault(breaks=["HIST-2"])
def other_limit_other_page(patch: Patch) -> None:
    """A cursor counts pages, so that it leads elsewhere when the next page has another size."""
    sizes: dict = {}

    @patch.around(history, "_history")
    def page(original, connection, request, user_id, limit):
        chunk = original(connection, request, user_id, limit)
        if sizes.get(request.cursor, limit) < limit:
            chunk = original(connection, request.model_copy(update={"cursor": chunk.next_cursor}), user_id, limit)
        sizes[chunk.next_cursor] = limit
        return chunk


@fault(breaks=["HIST-2", "HIST-3"], also=["HIST-4"])
def has_more_always_false(patch: Patch) -> None:
    """There is never a second page."""
    patch.rewrite(history._history, "len(found) > limit  # HIST-3", "False")


@fault(breaks=["HIST-3"])
def has_more_when_the_page_is_full(patch: Patch) -> None:
    """A full page says that there is more, also when it is the last."""
    patch.rewrite(history._history, "len(found) > limit  # HIST-3", "len(found) >= limit")


@fault(breaks=["HIST-3"], also=["HIST-6", "DEL-1"])
def has_more_unless_empty(patch: Patch) -> None:
    """Only an empty page says that there is no more."""
    patch.rewrite(history._history, "len(found) > limit  # HIST-3", "bool(found)")


@fault(breaks=["HIST-3"])
def has_more_counts_deleted(patch: Patch) -> None:
    """Deleted messages count as more."""
    old = "len(found) > limit  # HIST-3"
    everything = "messages._read(connection, messages._IN_CONVERSATION, {'conversation': conversation_id})"
    older = f"any(one.created_at < found[-1].created_at for one in {everything})"
    patch.rewrite(history._history, old, f"len(found) > limit or bool(found) and {older}")


@fault(breaks=["HIST-3"], also=["HIST-6"])
def cursor_at_the_end(patch: Patch) -> None:
    """The last page has a next_cursor too."""
    patch.rewrite(history._history, "if has_more else None", "if page else ''")


@fault(breaks=["HIST-3", "HIST-2"], also=["HIST-1", "HIST-4", "EDIT-3", "DEL-1"])
def cursor_is_missing(patch: Patch) -> None:
    """No page has a next_cursor, though there is more."""
    change_frames(patch, HistoryChunk, lambda frame: frame.update(next_cursor=None))


@fault(breaks=["HIST-4"])
def default_is_too_large(patch: Patch) -> None:
    """A page without a limit has the maximum size."""
    patch.rewrite(history.fetch_history, "page_size(request.limit,", "page_size(request.limit or 10_000,")


def _page(patch: Patch, change) -> None:
    """Change what the limits of history are."""

    @patch.around(Context, "limits")
    def limits(original, context) -> Limits:
        return replace(original(context), history=change(original(context).history))


@fault(breaks=["HIST-4", "HIST-5"], also=["HIST-5s"])
def no_largest_page(patch: Patch) -> None:
    """A page may be of any size."""
    _page(patch, lambda page: Page(page.default, 10_000))


@fault(breaks=["HIST-4"])
def largest_page_has_one_more(patch: Patch) -> None:
    """The maximum is one more than it should be."""
    _page(patch, lambda page: Page(page.default, page.maximum + 1))


@fault(breaks=["HIST-5"], also=["HIST-4", "HIST-5s"])
def negative_limit_is_none(patch: Patch) -> None:
    """A negative limit gives everything, as it does in SQL."""

    @patch.around(history, "page_size")
    def page_size(original, asked, page):
        return 10_000 if asked is not None and asked < 0 else original(asked, page)


@fault(breaks=["HIST-5"], also=["HIST-5s"])
def bad_limit_is_internal(patch: Patch) -> None:
    """A limit below 1 reaches the database and fails there."""
    refuse = 'raise Refused("invalid_message", "The limit must be at least 1.")'
    patch.rewrite(content_rules.page_size, refuse, "raise ValueError(asked)")


@fault(breaks=["HIST-5"], also=["HIST-5s"])
def bad_cursor_is_internal(patch: Patch) -> None:
    """A malformed cursor fails where it is decoded."""
    patch.rewrite(cursor.decode, "except (binascii.Error, ValueError, OverflowError):", "except ZeroDivisionError:")


@fault(breaks=["HIST-5"], also=["HIST-5s"])
def foreign_cursor_is_internal(patch: Patch) -> None:
    """Nobody expects a cursor that can be decoded and was not given out here."""
    patch.rewrite(cursor.decode, "if seal != _seal(ticks, conversation_id):", f"assert {SEALED}\n    if not {SEALED}:")


@fault(breaks=["HIST-5"], also=["HIST-5s"])
def badly_typed_page_is_internal(patch: Patch) -> None:
    """A limit or a cursor of another type is an error of the server."""

    @patch.around(wire, "parse")
    def parse(original, text):
        try:
            return original(text)
        except Refused as refused:
            if refused.message.startswith("FetchHistory."):
                raise TypeError(refused.message) from None
            raise


@fault(breaks=["HIST-5"], also=["HIST-5s", "HIST-4"])
def huge_limit_is_internal(patch: Patch) -> None:
    """A limit of more than 15 bits fails in the database."""

    @patch.around(history, "page_size")
    def page_size(original, asked, page):
        if asked is not None and asked > 0x7FFF:
            raise OverflowError(asked)
        return original(asked, page)


@fault(breaks=["HIST-5s"], also=["CONN-2"])
def badly_typed_page_is_the_newest(patch: Patch) -> None:
    """A limit or a cursor of another type is left out."""

    @patch.around(wire, "parse")
    def parse(original, text):
        try:
            return original(text)
        except Refused as refused:
            if not refused.message.startswith(("FetchHistory.limit", "FetchHistory.cursor")):
                raise
            return original(json.dumps({**json.loads(text), "limit": None, "cursor": None}))


@fault(breaks=["HIST-5"], also=["HIST-5s", "HIST-7"])
def cursor_leads_elsewhere(patch: Patch) -> None:
    """A cursor of another conversation shows that conversation, whoever asks."""
    home: dict = {}

    @patch.around(cursor, "encode")
    def encode(original, conversation_id, stamp):
        word = original(conversation_id, stamp)
        home[word] = conversation_id
        return word

    patch.rewrite(
        history._history, DECODE, "cursor.decode(request.cursor, cursor._HOME(request.cursor, conversation_id))"
    )
    patch.rewrite(
        history._history, FOUND, FOUND.replace("conversation_id", "cursor._HOME(request.cursor, conversation_id)")
    )
    cursor.__dict__["_HOME"] = home.get


@fault(breaks=["HIST-5s"])
def foreign_cursor_is_a_place(patch: Patch) -> None:
    """A cursor of another conversation is accepted as an instant."""
    patch.rewrite(cursor.decode, "if seal != _seal(ticks, conversation_id):", "if len(seal) != _SEAL_BYTES:")


@fault(breaks=["HIST-5s"])
def bad_cursor_is_none(patch: Patch) -> None:
    """A malformed cursor begins with the newest message."""

    @patch.around(history, "_history")
    def page(original, connection, request, user_id, limit):
        try:
            return original(connection, request, user_id, limit)
        except Refused as refused:
            if refused.code != "invalid_message":
                raise
            return original(connection, request.model_copy(update={"cursor": None}), user_id, limit)


@fault(breaks=["HIST-5s"])
def odd_limit_is_clamped(patch: Patch) -> None:
    """A limit below 1 is taken for 1."""
    least = "None if request.limit is None else max(request.limit, 1)"
    patch.rewrite(history.fetch_history, "page_size(request.limit,", f"page_size({least},")


@fault(breaks=["HIST-5s"])
def huge_limit_is_refused(patch: Patch) -> None:
    """A limit above the maximum is refused."""

    @patch.around(history, "page_size")
    def page_size(original, asked, page):
        if asked is not None and asked > page.maximum:
            raise Refused("invalid_message", "The limit is too large.")
        return original(asked, page)


@fault(breaks=["HIST-6"], also=["DEL-1", "DEL-2", "DEL-3", "EDIT-4", "CALL-6", "SEND-7", "SEND-8", "CONN-10"])
def empty_history_is_not_found(patch: Patch) -> None:
    """A conversation without messages is said not to exist, wherever a scenario looks for a trace and finds none."""

    @patch.around(history, "_history")
    def page(original, connection, request, user_id, limit):
        chunk = original(connection, request, user_id, limit)
        if not chunk.messages:
            raise Refused("not_found", "There are no messages.")
        return chunk


@fault(
    breaks=["HIST-6", "CONN-11"], also=["DEL-1", "DEL-2", "DEL-3", "EDIT-4", "CALL-6", "SEND-7", "SEND-8", "CONN-10"]
)
def empty_history_is_null(patch: Patch) -> None:
    """A conversation without messages has null for them, wherever a scenario looks for a trace and finds none."""
    change_frames(patch, HistoryChunk, lambda frame: frame.update(messages=frame["messages"] or None))


@fault(breaks=["HIST-6"])
def empty_history_has_more(patch: Patch) -> None:
    """A page without messages says that there are more."""

    @patch.around(history, "_history")
    def page(original, connection, request, user_id, limit):
        chunk = original(connection, request, user_id, limit)
        return chunk if chunk.messages else replace(chunk, has_more=True, next_cursor="next")


@fault(breaks=["HIST-7"], also=["PERM-1", "PERM-2", "PERM-3", "ACK-3", "AUTH-2", "MULTI-3", "JOIN-3", "JOIN-6"])
def outsiders_read_history(patch: Patch) -> None:
    """Whoever asks gets the history of a conversation: a right too many."""
    patch.rewrite(history._history, f"    {REQUIRE}\n", "")


@fault(breaks=["HIST-7"], also=["PERM-1"])
def outsiders_read_public_history(patch: Patch) -> None:
    """Whoever asks gets the history of a public conversation: a right too many."""
    public = "conversations.membership(connection, conversation_id, user_id)"
    patch.rewrite(history._history, REQUIRE, f"{public}.may_enter_as_member or {REQUIRE}")


@fault(breaks=["HIST-7"], also=["PERM-2"])
def cursor_is_a_key(patch: Patch) -> None:
    """Whoever has a cursor gets the page that it leads to, member or not."""
    patch.rewrite(history._history, REQUIRE, f"request.cursor is not None or {REQUIRE}")


@fault(breaks=["HIST-7"], also=["PERM-1", "PERM-2"])
def once_a_member_always_a_reader(patch: Patch) -> None:
    """Who has read a conversation once may go on reading it: a right too many."""
    known: set = set()

    @patch.around(history, "_history")
    def page(original, connection, request, user_id, limit):
        key = request.conversation_id, user_id
        may = conversations.membership(connection, *key).may(Right.READ)
        known.update([key] if may else [])
        if may or key not in known:
            return original(connection, request, user_id, limit)
        reader = connection.scalar(select(MEMBERSHIPS.c.user_id).where(MEMBERSHIPS.c.conversation_id == key[0]))
        return original(connection, request, reader, limit)


@fault(breaks=["HIST-8"], also=["EDIT-1", "AUTH-2", "SRCH-8", "SRCH-9", "SYNC-7"])
def lists_escape_html(patch: Patch) -> None:
    """History, search and sync have entities for <>& and quotes."""

    @patch.around(events, "describe")
    def describe(original, message, reactions):
        shown = original(message, reactions)
        return shown | {"content": html.escape(shown["content"])}


@fault(breaks=["HIST-8"], also=["EDIT-1", "SRCH-9", "SYNC-7"])
def history_trims(patch: Patch) -> None:
    """History, search and sync lose the white space around a message."""

    @patch.around(events, "describe")
    def describe(original, message, reactions):
        shown = original(message, reactions)
        return shown | {"content": shown["content"].strip()}


def _show(patch: Patch, change) -> None:
    """Show other contents in history than in live events."""
    change_frames(
        patch,
        HistoryChunk,
        lambda frame: [message.update(content=change(message["content"])) for message in frame["messages"]],
    )


@fault(breaks=["HIST-8"], also=["EDIT-1", "SRCH-9", "SYNC-7"])
def history_composes(patch: Patch) -> None:
    """History composes combining characters."""
    _show(patch, lambda text: unicodedata.normalize("NFC", text))


@fault(breaks=["HIST-8"], also=["EDIT-1", "ACK-4", "SRCH-9", "SYNC-7"])
def history_shows_what_can_be_seen(patch: Patch) -> None:
    """History loses joiners, marks of order and direction, tags, and control characters."""
    _show(patch, lambda text: "".join(char for char in text if unicodedata.category(char) not in INVISIBLE))


@fault(breaks=["HIST-8"], also=["EDIT-1", "ACK-4", "SRCH-9", "SYNC-7"])
def history_has_three_bytes_for_a_character(patch: Patch) -> None:
    """History has question marks for characters beyond 16 bits."""
    _show(patch, lambda text: "".join(char if ord(char) < 0x10000 else "?" for char in text))


@fault(breaks=["HIST-8"], also=["SRCH-9", "SYNC-7"])
def history_guesses_types(patch: Patch) -> None:
    """History takes what looks like a number or null for one."""
    _show(patch, lambda text: str(float(text)) if text.replace(".", "").isdigit() else text.removeprefix("null"))


@fault(breaks=["HIST-8"], also=["EDIT-1", "SRCH-9", "SYNC-7"])
def history_shows_previews(patch: Patch) -> None:
    """History shows the first words of a message."""
    _show(patch, lambda text: text if len(text) <= 100 else f"{text[:99]}…")


@fault(breaks=["HIST-8"], also=["EDIT-1"])
def history_is_kept_as_lines(patch: Patch) -> None:
    """From its third reading on, a message comes from a cache of lines, with a line feed at its end."""
    readings: Counter = Counter()

    @patch.around(history, "_history")
    def page(original, *arguments):
        chunk = original(*arguments)
        readings.update(message["message_id"] for message in chunk.messages)
        for message in chunk.messages:
            message["content"] += "\n" * (readings[message["message_id"]] > 2)
        return chunk


@fault(breaks=["HIST-8s"])
def history_rounds_instants(patch: Patch) -> None:
    """History, search and sync have milliseconds where the event has microseconds."""
    cut = "message.created_at.replace(microsecond=message.created_at.microsecond // 1000 * 1000)"
    patch.rewrite(events.describe, '"created_at": message.created_at', f'"created_at": {cut}')


@fault(breaks=["HIST-8s"], also=["EDIT-3", "REAC-8"])
def history_shows_the_instant_of_the_last_change(patch: Patch) -> None:
    """An edited message has the instant of its edit as created_at in lists."""
    patch.rewrite(events.describe, '"created_at": message.created_at', '"created_at": message.changed_at')
