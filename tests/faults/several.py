"""Wrongs of messages that are several of a reply, a file, edited, reacted to, long, and far down on a page."""

from dataclasses import replace

from reference_server import events, session
from reference_server.events import ActionConfirmed, encode
from reference_server.handlers import history, messages
from reference_server.store import messages as store
from reference_server.store import reactions
from tests.faults.registry import Patch, fault
from tests.faults.tools import show_messages

VIEWS = ("_history", "_search", "_sync")


def _leave_out(patch: Patch, view: str, wrong) -> None:
    """Leave some messages out of a view."""

    @patch.around(history, view)
    def read(original, *arguments):
        answer = original(*arguments)
        return replace(answer, messages=[one for one in answer.messages if not wrong(one)])


def _where(patch: Patch, view: str, wrong, changed: dict) -> None:
    """Show some messages of a view with other fields."""
    show_messages(patch, view, lambda one: changed if wrong(one) else {})


def _numbered(patch: Patch, view: str, changed: dict) -> None:
    """Show the messages of a page behind the first twenty with other fields, as after a query with a limit."""

    @patch.around(history, view)
    def read(original, *arguments):
        answer = original(*arguments)
        return replace(answer, messages=[*answer.messages[:20], *(one | changed for one in answer.messages[20:])])


def _cut(patch: Patch, view: str, is_later) -> None:
    """Show the first 500 characters of each message, where the request is for a later page."""

    @patch.around(history, view)
    def read(original, connection, request, *more):
        answer = original(connection, request, *more)
        if not is_later(request):
            return answer
        return replace(answer, messages=[one | {"content": one["content"][:500]} for one in answer.messages])


def _edited_file(one: dict) -> bool:
    return bool(one["edited_at"] and one["attachments"])


@fault(breaks=["SYNC-1"])
def sync_leaves_out_edited_files(patch: Patch) -> None:
    """A sync leaves out edited messages that have attachments."""
    _leave_out(patch, "_sync", _edited_file)


@fault(breaks=["HIST-1"])
def history_leaves_out_files_with_reactions(patch: Patch) -> None:
    """History leaves out messages with attachments that somebody has reacted to."""
    _leave_out(patch, "_history", lambda one: one["attachments"] and one["reactions"])


@fault(breaks=["SRCH-1"])
def search_leaves_out_replies_with_files(patch: Patch) -> None:
    """Search leaves out replies that have attachments."""
    _leave_out(patch, "_search", lambda one: one["parent_message_id"] and one["attachments"])


@fault(breaks=["SEND-8"])
def history_shows_no_parents_of_files(patch: Patch) -> None:
    """History shows replies with attachments as messages that answer nothing."""
    _where(patch, "_history", lambda one: one["attachments"], {"parent_message_id": None})


@fault(breaks=["SEND-8"])
def search_shows_no_parents_of_what_has_reactions(patch: Patch) -> None:
    """Search shows replies that somebody has reacted to as messages that answer nothing."""
    _where(patch, "_search", lambda one: one["reactions"], {"parent_message_id": None})


@fault(breaks=["ATT-1"])
def sync_shows_no_files_of_what_has_reactions(patch: Patch) -> None:
    """A sync shows no attachments of messages that somebody has reacted to."""
    _where(patch, "_sync", lambda one: one["reactions"], {"attachments": []})


@fault(breaks=["EDIT-1"])
def search_shows_no_edits_of_files(patch: Patch) -> None:
    """Search does not say that a message with attachments was edited."""
    _where(patch, "_search", lambda one: one["attachments"], {"edited_at": None})


@fault(breaks=["REAC-1"])
def history_shows_no_reactions_of_edited_files(patch: Patch) -> None:
    """History shows no reactions of edited messages that have attachments."""
    _where(patch, "_history", _edited_file, {"reactions": []})


@fault(breaks=["REAC-1"])
def sync_shows_no_reactions_of_edited_replies(patch: Patch) -> None:
    """A sync shows no reactions of edited messages that answer others."""
    _where(patch, "_sync", lambda one: one["edited_at"] and one["parent_message_id"], {"reactions": []})


@fault(breaks=["HIST-8"])
def later_pages_cut_long_texts(patch: Patch) -> None:
    """From its second page on, history shows the first 500 characters of a message."""
    _cut(patch, "_history", lambda request: request.cursor)


@fault(breaks=["SRCH-9"])
def later_search_pages_cut_long_texts(patch: Patch) -> None:
    """With an offset, search shows the first 500 characters of a message."""
    _cut(patch, "_search", lambda request: request.offset)


@fault(breaks=["SYNC-7"])
def later_sync_pages_cut_long_texts(patch: Patch) -> None:
    """A sync from any instant but the beginning shows the first 500 characters of a message."""
    _cut(patch, "_sync", lambda request: request.since.year > 2001)


@fault(breaks=["SYNC-7"], also=["EDIT-1"])
def sync_cuts_long_texts(patch: Patch) -> None:
    """A sync shows the first 2,000 characters of a message."""
    show_messages(patch, "_sync", lambda one: {"content": one["content"][:2000]})


@fault(breaks=["EDIT-1"])
def search_cuts_long_edits(patch: Patch) -> None:
    """Search shows the first 500 characters of an edited text."""
    show_messages(patch, "_search", lambda one: {"content": one["content"][: 500 if one["edited_at"] else None]})


@fault(breaks=["EDIT-1"])
def history_cuts_long_edits(patch: Patch) -> None:
    """History shows the first 500 characters of an edited text."""
    show_messages(patch, "_history", lambda one: {"content": one["content"][: 500 if one["edited_at"] else None]})


@fault(breaks=["REAC-1"])
def history_shows_reactions_of_twenty_messages(patch: Patch) -> None:
    """History shows the reactions of the first twenty messages of a page."""
    _numbered(patch, "_history", {"reactions": []})


@fault(breaks=["REAC-1"])
def search_shows_reactions_of_twenty_messages(patch: Patch) -> None:
    """Search shows the reactions of the first twenty messages of a page."""
    _numbered(patch, "_search", {"reactions": []})


@fault(breaks=["REAC-1"])
def sync_shows_reactions_of_twenty_messages(patch: Patch) -> None:
    """A sync shows the reactions of the first twenty messages of a page."""
    _numbered(patch, "_sync", {"reactions": []})


@fault(breaks=["ATT-1"])
def history_shows_attachments_of_twenty_messages(patch: Patch) -> None:
    """History shows the attachments of the first twenty messages of a page."""
    _numbered(patch, "_history", {"attachments": []})


@fault(breaks=["REAC-4"])
def views_list_two_users_of_an_emoji(patch: Patch) -> None:
    """Views list the first two users of an emoji."""

    def cut(one):
        return {"reactions": [each | {"user_ids": each["user_ids"][:2]} for each in one["reactions"]]}

    for view in VIEWS:
        show_messages(patch, view, cut)


@fault(breaks=["HIST-2", "SYNC-2"])
def large_replies_are_not_sent(patch: Patch) -> None:
    """A reply of more than 64 KiB is too large for what it has to pass through, and something else is sent."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        return reply if reply is None or len(reply) <= 0x10000 else encode(ActionConfirmed("too_large"))


def _stored(patch: Patch, wrong, change) -> None:
    """Store the text of some messages differently."""

    @patch.around(store, "add")
    def add(original, *arguments, content, **named):
        return original(*arguments, content=change(content) if wrong(named) else content, **named)


@fault(breaks=["SEND-1"])
def captions_are_cut(patch: Patch) -> None:
    """The text of a message with attachments has at most 255 characters."""
    _stored(patch, lambda named: named["attachments"], lambda text: text[:255])


@fault(breaks=["SEND-1"])
def captions_are_trimmed(patch: Patch) -> None:
    """White space around the text of a message with attachments is lost."""
    _stored(patch, lambda named: named["attachments"], str.strip)


@fault(breaks=["SEND-1"])
def replies_are_trimmed(patch: Patch) -> None:
    """White space around the text of a message that answers another one is lost."""
    _stored(patch, lambda named: named["parent_id"], str.strip)


@fault(breaks=["EDIT-1"])
def edit_to_nothing_is_not_stored(patch: Patch) -> None:
    """An edit to an empty text is confirmed and told, and not stored, as GORM leaves out zero values."""

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        if content:
            return original(connection, message, content, stamp)
        return replace(message, content=content, edited_at=stamp)


def _repeats(patch: Patch, what) -> None:
    """Confirm a message that is the same as the one before of its sender in all that counts, and drop it."""
    last: dict = {}

    @patch.around(messages, "send_message")
    async def send(original, context, request):
        key = context.user_id, request.conversation_id
        before, last[key] = last.get(key), request
        if before is not None and what(before) == what(request) is not None and before != request:
            return ActionConfirmed("message_sent")
        return await original(context, request)


@fault(breaks=["SEND-9"])
def same_text_to_another_message_is_dropped(patch: Patch) -> None:
    """A text that answers another message than the same text before is taken for a repetition, and dropped."""
    _repeats(patch, lambda request: request.content if request.parent_message_id else None)


@fault(breaks=["SEND-9"])
def second_file_without_words_is_dropped(patch: Patch) -> None:
    """A file without a word that comes after another one is taken for a repetition, and dropped."""
    _repeats(patch, lambda request: request.content == "" or None)


@fault(breaks=["SEND-9"])
def same_file_is_dropped(patch: Patch) -> None:
    """A file that was sent just before is taken for a repetition, and dropped."""
    _repeats(patch, lambda request: request.attachments or None)


@fault(breaks=["ATT-1"])
def views_show_attachments_of_fifty_messages(patch: Patch) -> None:
    """Every view looks up the attachments of the first fifty messages of a page."""
    for view in ("_history", "_search", "_sync"):

        @patch.around(history, view)
        def read(original, *arguments):
            answer = original(*arguments)
            bare = [one | {"attachments": []} for one in answer.messages[50:]]
            return replace(answer, messages=[*answer.messages[:50], *bare])


@fault(breaks=["REAC-1"])
def views_show_reactions_of_fifty_messages(patch: Patch) -> None:
    """Every view looks up the reactions of the first fifty messages of a page."""

    @patch.around(reactions, "of_messages")
    def find(original, connection, message_ids):
        return original(connection, list(message_ids)[:50])


@fault(breaks=["REAC-4"])
def views_list_six_users_of_an_emoji(patch: Patch) -> None:
    """Views list at most six users of an emoji."""

    @patch.around(events, "describe")
    def describe(original, message, reacted):
        return original(message, {emoji: users[:6] for emoji, users in reacted.items()})


@fault(breaks=["HIST-8", "SRCH-9", "SYNC-7"])
def an_edit_is_carried_over(patch: Patch) -> None:
    """A variable of a loop keeps the instant of the edit before where a message has none."""

    @patch.around(history, "_describe")
    def describe(original, *arguments):
        page, last = original(*arguments), None
        for one in page:
            last = one["edited_at"] = one["edited_at"] or last
        return page
