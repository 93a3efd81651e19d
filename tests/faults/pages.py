"""Wrongs of pages: what only a later page shows, limits that count rows instead of messages, and cursors."""

from dataclasses import replace

from reference_server import content_rules, cursor, events
from reference_server.errors import Refused
from reference_server.handlers import history
from reference_server.store import messages as store
from reference_server.store import reactions
from tests.faults.registry import Patch, fault


def _later_pages(patch: Patch, view: str, is_later, changed) -> None:
    """Show the messages of every page but the first with some fields changed."""

    @patch.around(history, view)
    def read(original, connection, request, *more):
        answer = original(connection, request, *more)
        if not is_later(request):
            return answer
        return replace(answer, messages=[one | changed(one) for one in answer.messages])


@fault(breaks=["REAC-1"])
def later_pages_have_no_reactions(patch: Patch) -> None:
    """From its second page on, history shows no reactions."""
    _later_pages(patch, "_history", lambda request: request.cursor, lambda one: {"reactions": []})


@fault(breaks=["EDIT-1"])
def later_pages_show_no_edits(patch: Patch) -> None:
    """From its second page on, history does not say that a message was edited."""
    _later_pages(patch, "_history", lambda request: request.cursor, lambda one: {"edited_at": None})


@fault(breaks=["SEND-8"])
def later_pages_have_no_parents(patch: Patch) -> None:
    """From its second page on, history shows replies as messages that answer nothing."""
    _later_pages(patch, "_history", lambda request: request.cursor, lambda one: {"parent_message_id": None})


@fault(breaks=["ATT-1"])
def later_pages_have_no_attachments(patch: Patch) -> None:
    """From its second page on, history shows no attachments."""
    _later_pages(patch, "_history", lambda request: request.cursor, lambda one: {"attachments": []})


@fault(breaks=["REAC-1"])
def later_search_pages_have_no_reactions(patch: Patch) -> None:
    """With an offset, search shows no reactions."""
    _later_pages(patch, "_search", lambda request: request.offset, lambda one: {"reactions": []})


@fault(breaks=["REAC-1"])
def later_sync_pages_have_no_reactions(patch: Patch) -> None:
    """A sync from any instant but the beginning shows no reactions."""
    _later_pages(patch, "_sync", lambda request: request.since.year > 2001, lambda one: {"reactions": []})


def _rows(connection, message) -> int:
    found = reactions.of_messages(connection, [message.message_id]).get(message.message_id, {})
    return max(1, sum(map(len, found.values())))


def _joined(connection, found, limit):
    """Give as many messages as fit in `limit` rows of a join with the reactions."""
    page, rows = [], 0
    for one in found:
        rows += _rows(connection, one)
        if rows > limit and page:
            break
        page.append(one)
    return page


@fault(breaks=["HIST-1"], also=["HIST-2", "HIST-3"])
def history_limits_the_rows_of_a_join(patch: Patch) -> None:
    """The limit of history counts the rows of a join with the reactions, so that a page with many is short."""

    @patch.around(store, "history")
    def find(original, connection, conversation_id, before, limit):
        return _joined(connection, original(connection, conversation_id, before, limit), limit)


@fault(breaks=["SRCH-4"])
def search_limits_the_rows_of_a_join(patch: Patch) -> None:
    """The limit of search counts the rows of a join with the reactions."""

    @patch.around(store, "search")
    def find(original, connection, conversation_id, query, limit, offset):
        found, total = original(connection, conversation_id, query, limit, offset)
        return _joined(connection, found, limit), total


@fault(breaks=["SYNC-1"], also=["SYNC-2"])
def sync_limits_the_rows_of_a_join(patch: Patch) -> None:
    """The limit of a sync counts the rows of a join with the reactions."""

    @patch.around(store, "changes")
    def find(original, connection, conversation_id, since, limit):
        return _joined(connection, original(connection, conversation_id, since, limit), limit)


@fault(breaks=["SRCH-4"])
def search_counts_the_rows_of_a_join(patch: Patch) -> None:
    """The total of a search counts a message once for each of its reactions."""

    @patch.around(store, "search")
    def find(original, connection, conversation_id, query, limit, offset):
        found, total = original(connection, conversation_id, query, limit, offset)
        return found, total + sum(_rows(connection, one) - 1 for one in found)


@fault(breaks=["ATT-1"])
def attachments_are_joined_with_reactions(patch: Patch) -> None:
    """Views show each attachment once for each reaction of the message, as a join of both does."""

    @patch.around(events, "describe")
    def describe(original, message, reacted):
        shown = original(message, reacted)
        times = max(1, sum(map(len, reacted.values())))
        return shown | {"attachments": [one for one in shown["attachments"] for _ in range(times)]}


@fault(breaks=["REAC-4"], also=["REAC-1", "REAC-2"])
def reactions_are_joined_with_attachments(patch: Patch) -> None:
    """Views list each user of an emoji once for each attachment of the message."""

    @patch.around(events, "describe")
    def describe(original, message, reacted):
        times = max(1, len(message.attachments))
        return original(message, {emoji: [u for u in users for _ in range(times)] for emoji, users in reacted.items()})


@fault(breaks=["HIST-9"])
def a_cursor_is_used_once(patch: Patch) -> None:
    """A cursor leads on once."""
    used: set = set()

    @patch.around(history, "fetch_history")
    async def fetch(original, context, request):
        if request.cursor in used:
            raise Refused("invalid_message", "The cursor is used up.")
        reply = await original(context, request)
        if request.cursor is not None:
            used.add(request.cursor)
        return reply


@fault(breaks=["HIST-9"])
def a_cursor_belongs_to_its_connection(patch: Patch) -> None:
    """A cursor leads on only where it was given out."""
    given: dict = {}

    @patch.around(history, "fetch_history")
    async def fetch(original, context, request):
        own = given.setdefault(context.connection.id, set())
        if request.cursor is not None and request.cursor not in own:
            raise Refused("invalid_message", "The cursor is not known.")
        reply = await original(context, request)
        own.add(reply.next_cursor)
        return reply


@fault(breaks=["HIST-9"])
def a_cursor_belongs_to_its_instance(patch: Patch) -> None:
    """A cursor leads on only at the instance that gave it out."""
    given: dict = {}

    @patch.around(history, "fetch_history")
    async def fetch(original, context, request):
        own = given.setdefault(id(context.instance), set())
        if request.cursor is not None and request.cursor not in own:
            raise Refused("invalid_message", "The cursor is not known.")
        reply = await original(context, request)
        own.add(reply.next_cursor)
        return reply


@fault(breaks=["HIST-9"])
def a_user_has_one_cursor(patch: Patch) -> None:
    """The place of a user in history is kept by the server, and any cursor leads on from there."""
    places: dict = {}

    @patch.around(history, "_history")
    def read(original, connection, request, user_id, limit):
        key = user_id, request.conversation_id
        if request.cursor is not None and key in places:
            cursor.decode(request.cursor, request.conversation_id)
            request = request.model_copy(update={"cursor": places[key]})
        answer = original(connection, request, user_id, limit)
        if answer.next_cursor:
            places[key] = answer.next_cursor
        return answer


@fault(breaks=["HIST-5s"])
def just_above_the_maximum_is_the_default(patch: Patch) -> None:
    """A limit above the maximum is taken for none."""

    @patch.around(content_rules, "page_size")
    def size(original, asked, page):
        return page.default if asked is not None and asked > page.maximum else original(asked, page)


@fault(breaks=["HIST-2"])
def history_ends_after_a_hundred(patch: Patch) -> None:
    """History says that there is no more when a hundred messages are newer."""

    @patch.around(history, "_history")
    def read(original, connection, request, *rest):
        answer = original(connection, request, *rest)
        newest = store.history(connection, request.conversation_id, None, 100)
        if len(newest) < 100 or not answer.messages or answer.messages[-1]["created_at"] > newest[-1].created_at:
            return answer
        return replace(answer, has_more=False, next_cursor=None)


@fault(breaks=["SYNC-2"])
def sync_ends_after_a_hundred(patch: Patch) -> None:
    """A sync gives a hundred changes, and says that there are no more."""

    @patch.around(history, "_sync")
    def read(original, *arguments):
        answer = original(*arguments)
        return replace(answer, messages=answer.messages[:100], has_more=answer.has_more and len(answer.messages) < 100)
