"""Wrongs of SearchMessages."""

import json
import re
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import bindparam, func, text

from reference_server import content_rules, folding
from reference_server import messages as wire
from reference_server.errors import Refused
from reference_server.events import SearchResults
from reference_server.folding import ESCAPE, fold, like_pattern
from reference_server.handlers import history, messages
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault

ALL = 10_000
LIKE = store._message.folded.like(bindparam("pattern"), escape=ESCAPE)
NEWEST_FIRST = store._message.created_at.desc()
REQUIRE = "conversations.require(connection, conversation_id, user_id, Right.READ)"


def _find(patch: Patch, matches, order=NEWEST_FIRST) -> None:
    """Find by another statement."""
    patch(store, "_FOUND", matches.order_by(order).limit(store._limit).offset(bindparam("skip")))
    patch(store, "_TOTAL", matches.with_only_columns(func.count()))


def _pick(patch: Patch, picks) -> None:
    """Find by a function of message and query."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        found = [one for one in store.history(connection, conversation_id, None, ALL) if picks(one, words)]
        return found[offset : offset + limit], len(found)


def _ask(patch: Patch, change) -> None:
    """Change the query before it is searched for."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        return original(connection, conversation_id, change(words), limit, offset)


@fault(breaks=["SRCH-1"])
def search_case_sensitive(patch: Patch) -> None:
    """Search finds only what is written in the same case."""
    _pick(patch, lambda message, words: words in message.content)


@fault(breaks=["SRCH-1"])
def search_lowers_query_only(patch: Patch) -> None:
    """Search compares the query in lower case with the content as it is."""
    _pick(patch, lambda message, words: words.lower() in message.content)


@fault(breaks=["SRCH-1"], also=["DEL-1", "DEL-3", "SRCH-8", "AUTH-2", "SEND-8", "CALL-7"])
def search_finds_beginnings(patch: Patch) -> None:
    """Search finds a message only by its beginning, other features' messages too."""
    _pick(patch, lambda message, words: fold(message.content).startswith(fold(words)))


@fault(breaks=["SRCH-1"], also=["SRCH-8", "SRCH-2"])
def search_finds_whole_words(patch: Patch) -> None:
    """Search finds whole words only, so that a lone quote is found nowhere."""
    _pick(patch, lambda message, words: re.search(rf"(?i)(?<!\w){re.escape(words)}(?!\w)", message.content))


@fault(breaks=["SRCH-1"], also=["SRCH-2", "SRCH-8"])
def search_query_is_a_regular_expression(patch: Patch) -> None:
    """Search takes the query for a regular expression."""
    _pick(patch, lambda message, words: re.search(words, message.content, re.IGNORECASE))


@fault(breaks=["SRCH-1"])
def search_reads_first_line(patch: Patch) -> None:
    """Search looks at the first line of a message only."""
    _pick(patch, lambda message, words: fold(words) in fold(message.content.partition("\n")[0]))


@fault(breaks=["SRCH-1"], also=["DEL-6", "SEND-8"])
def search_skips_replies(patch: Patch) -> None:
    """Search finds no message that answers another."""
    _pick(patch, lambda message, words: message.parent_message_id is None and fold(words) in fold(message.content))


@fault(breaks=["SRCH-1"], also=["SRCH-4"])
def search_finds_one_sender(patch: Patch) -> None:
    """Search finds only messages of whoever wrote the newest one in the conversation."""

    @patch.around(store, "search")
    def search(original, connection, *arguments):
        newest = store.history(connection, arguments[0], None, 1)
        page, _ = original(connection, *arguments)
        mine = [message for message in page if message.sender_id == newest[0].sender_id]
        return mine, len(mine)


@fault(breaks=["SRCH-1"], also=["DEL-1", "TYPE-3", "CALL-7", "ATT-1"])
def search_needs_four_letters(patch: Patch) -> None:
    """Search finds nothing by a query of fewer than four characters, as an index of trigrams does."""
    _pick(patch, lambda message, words: len(words) > 3 and fold(words) in fold(message.content))


@fault(breaks=["SRCH-1s"])
def search_folds_ascii_only(patch: Patch) -> None:
    """Search ignores the case of ASCII letters only."""
    patch(folding, "fold", lambda words: words)


@fault(breaks=["SRCH-1s"])
def search_folds_content_only(patch: Patch) -> None:
    """Search finds É by é, and not é by É."""
    patch.rewrite(like_pattern, "fold(query)", "query")


@fault(breaks=["SRCH-2"])
def search_wildcards_are_live(patch: Patch) -> None:
    """The characters % and _ of a query match anything, and a backslash escapes."""
    patch.rewrite(like_pattern, '(ESCAPE, "%", "_")', "()")


@fault(breaks=["SRCH-2"])
def search_percent_is_live(patch: Patch) -> None:
    """The character % of a query matches anything."""
    patch.rewrite(like_pattern, '"%", "_"', '"_"')


@fault(breaks=["SRCH-2"])
def search_underscore_is_live(patch: Patch) -> None:
    """The character _ of a query matches any character."""
    patch.rewrite(like_pattern, '"%", "_"', '"%"')


@fault(breaks=["SRCH-2"])
def search_backslash_is_live(patch: Patch) -> None:
    """A backslash in a query escapes what follows it."""
    patch.rewrite(like_pattern, 'ESCAPE, "%"', '"%"')


@fault(breaks=["SRCH-2"])
def search_drops_wildcards(patch: Patch) -> None:
    """The characters % and _ are taken out of a query."""
    _ask(patch, lambda words: words.replace("%", "").replace("_", ""))


@fault(breaks=["SRCH-2"])
def search_turns_wildcards_into_spaces(patch: Patch) -> None:
    """The characters % and _ of a query become spaces."""
    _ask(patch, lambda words: words.replace("%", " ").replace("_", " "))


@fault(breaks=["SRCH-3"])
def search_ignores_conversation(patch: Patch) -> None:
    """Search finds messages of all conversations of the user."""

    @patch.around(history, "_search")
    def search(original, connection, request, user_id, limit, offset):
        answer = original(connection, request, user_id, limit, offset)
        others = [each.conversation_id for each in conversations.conversations_of(connection, user_id)]
        for other in [other for other in others if other != request.conversation_id]:
            found = original(connection, request.model_copy(update={"conversation_id": other}), user_id, limit, offset)
            answer = replace(answer, messages=answer.messages + found.messages, total=answer.total + found.total)
        return answer


@fault(breaks=["SRCH-3"])
def total_counts_other_conversations(patch: Patch) -> None:
    """The total counts matches in other conversations of the user."""

    @patch.around(history, "_search")
    def search(original, connection, request, user_id, limit, offset):
        answer = original(connection, request, user_id, limit, offset)
        others = [each.conversation_id for each in conversations.conversations_of(connection, user_id)]
        totals = [store.search(connection, other, request.query, limit, offset)[1] for other in others]
        return replace(answer, total=sum(totals))


@fault(breaks=["SRCH-4"], also=["DEL-6", "SEND-8"])
def search_oldest_first(patch: Patch) -> None:
    """Search results come oldest first."""
    _find(patch, store._VISIBLE.where(LIKE), store._message.created_at)


@fault(breaks=["SRCH-4"], also=["DEL-6", "SEND-8"])
def search_in_any_order(patch: Patch) -> None:
    """Search results come in the order of their ids."""
    _find(patch, store._VISIBLE.where(LIKE), store._message.id)


@fault(breaks=["SRCH-4"], also=["EDIT-3", "REAC-8"])
def search_last_changed_first(patch: Patch) -> None:
    """Search results come in the order of their last change."""
    _find(patch, store._VISIBLE.where(LIKE), store._message.changed_at.desc())


@fault(breaks=["SRCH-4"], also=["SRCH-1"])
def search_by_sender(patch: Patch) -> None:
    """Search results come sender by sender."""

    @patch.around(store, "search")
    def search(original, *arguments):
        page, total = original(*arguments)
        return sorted(page, key=lambda message: message.sender_id), total


@fault(breaks=["SRCH-4"])
def total_counts_page(patch: Patch) -> None:
    """The total is the number of messages on the page."""
    patch.rewrite(store.search, "connection.scalar(total, matching) or 0", "len(page)")


@fault(breaks=["SRCH-4"])
def total_counts_what_was_paged(patch: Patch) -> None:
    """The total is the number of messages up to the end of the page."""
    patch.rewrite(store.search, "connection.scalar(total, matching) or 0", "offset + len(page)")


@fault(breaks=["SRCH-4"])
def total_counts_the_rest(patch: Patch) -> None:
    """The total is the number of messages from the offset on."""
    patch.rewrite(store.search, "total, matching) or 0", "total, matching) - offset")


@fault(breaks=["SRCH-4"], also=["SRCH-1", "DEL-1", "TYPE-3", "ATT-1"])
def total_counts_the_conversation(patch: Patch) -> None:
    """The total is the number of all messages of the conversation."""
    patch(store, "_TOTAL", store._VISIBLE.with_only_columns(func.count()))


@fault(breaks=["SRCH-4"])
def search_offset_ignored(patch: Patch) -> None:
    """The offset is ignored."""
    patch.rewrite(store.search, '"skip": offset', '"skip": 0')


@fault(breaks=["SRCH-4"])
def search_offset_counts_pages(patch: Patch) -> None:
    """The offset is counted in whole pages."""
    patch.rewrite(store.search, '"skip": offset', '"skip": offset // limit * limit')


@fault(breaks=["SRCH-4"])
def search_offset_is_one_less(patch: Patch) -> None:
    """The second page begins with the last message of the first."""
    patch.rewrite(store.search, '"skip": offset', '"skip": max(offset - 1, 0)')


@fault(breaks=["SRCH-4"])
def search_limit_ignored(patch: Patch) -> None:
    """The limit is ignored."""
    patch.rewrite(store.search, '"limit": limit', '"limit": 50')


@fault(breaks=["SRCH-4"])
def search_beyond_the_end_refused(patch: Patch) -> None:
    """An offset beyond the last match is refused."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        page, total = original(connection, conversation_id, words, limit, offset)
        if offset and offset >= total:
            raise Refused("invalid_message", "There are fewer results.")
        return page, total


@fault(breaks=["SRCH-4"], also=["SRCH-5", "DEL-1", "DEL-3", "TYPE-3", "CALL-7", "CONN-11", "ACK-2"])
def search_nothing_found_refused(patch: Patch) -> None:
    """A search that finds nothing is refused, wherever one is awaited."""

    @patch.around(store, "search")
    def search(original, *arguments):
        page, total = original(*arguments)
        if not total:
            raise Refused("not_found", "There is nothing.")
        return page, total


@fault(breaks=["SRCH-5"], also=["DEL-1", "DEL-3", "DEL-6"])
def search_finds_deleted(patch: Patch) -> None:
    """A deleted message is found, as its tombstone."""
    _find(patch, store._IN_CONVERSATION.where(LIKE))


@fault(breaks=["SRCH-5"], also=["DEL-1", "DEL-3", "DEL-6"])
def total_counts_deleted(patch: Patch) -> None:
    """A deleted message counts in the total."""
    patch(store, "_TOTAL", store._IN_CONVERSATION.where(LIKE).with_only_columns(func.count()))


@fault(breaks=["SRCH-5"], also=["DEL-1", "DEL-3"])
def author_finds_own_deleted(patch: Patch) -> None:
    """A deleted message is still found by its author."""

    @patch.around(history, "_search")
    def search(original, connection, request, user_id, limit, offset):
        mine = store._message.sender_id == user_id
        gone = store._IN_CONVERSATION.where(LIKE, store._message.deleted_at.is_not(None), mine)
        answer = original(connection, request, user_id, limit, offset)
        matching = {"conversation": request.conversation_id, "pattern": like_pattern(request.query)}
        found = history._describe(connection, store._read(connection, gone, matching))
        return replace(answer, messages=answer.messages + found, total=answer.total + len(found))


@fault(breaks=["SRCH-5"], also=["DEL-3", "CONN-11"])
def search_finds_old_text(patch: Patch) -> None:
    """An edited message is found by its first text only."""
    patch.rewrite(store.edit, "new_folded=fold(content)", "new_folded=fold(message.content)")


@fault(breaks=["SRCH-5"], also=["DEL-1", "DEL-3", "DEL-6", "CONN-11"])
def search_index_is_written_once(patch: Patch) -> None:
    """A message is found by its first text for ever, edited or deleted as it may be."""
    patch.rewrite(store.edit, "new_folded=fold(content)", "new_folded=fold(message.content)")
    _find(patch, store._IN_CONVERSATION.where(LIKE))


@fault(breaks=["SRCH-5"])
def search_finds_every_text(patch: Patch) -> None:
    """An edited message is found by any text that it has had."""
    patch.rewrite(store.edit, "fold(content)", "fold(message.content + content)")


@fault(breaks=["SRCH-5"])
def search_loses_edited(patch: Patch) -> None:
    """An edited message is not found any more."""
    patch.rewrite(store.edit, "fold(content)", "''")


@fault(breaks=["SRCH-5"], also=["DEL-3"])
def search_finds_edited_and_deleted(patch: Patch) -> None:
    """A message that was edited is found after it was deleted."""
    _find(patch, store._IN_CONVERSATION.where(LIKE, store._message.deleted_at.is_(None) | store._message.edited_at))


@fault(breaks=["SRCH-6"])
def empty_query_accepted(patch: Patch) -> None:
    """An empty query finds everything."""
    patch.rewrite(content_rules.check_query, "not query.strip()", "query and not query.strip()")


@fault(breaks=["SRCH-6"])
def blank_query_accepted(patch: Patch) -> None:
    """A query of white space is searched for."""
    patch.rewrite(content_rules.check_query, "not query.strip()", "not query")


@fault(breaks=["SRCH-6"])
def only_ascii_query_is_blank(patch: Patch) -> None:
    """White space beyond ASCII is something to search for."""
    patch.rewrite(content_rules.check_query, "query.strip()", "query.strip(' \\t\\r\\n')")


@fault(breaks=["SRCH-6"])
def empty_query_finds_nothing(patch: Patch) -> None:
    """An empty query gives an empty list instead of a refusal."""

    @patch.around(history, "search_messages")
    async def search(original, context, request):
        if not request.query.strip():
            return SearchResults(request.conversation_id, request.query, [], 0)
        return await original(context, request)


@fault(breaks=["SRCH-6"])
def long_query_accepted(patch: Patch) -> None:
    """A query may be of any length."""
    patch.rewrite(content_rules.check_query, "len(query) > limits.query", "False")


@fault(breaks=["SRCH-6"])
def longest_query_refused(patch: Patch) -> None:
    """A query of exactly the longest length is refused."""
    patch.rewrite(content_rules.check_query, "len(query) > limits.query", "len(query) >= limits.query")


@fault(breaks=["SRCH-6"])
def query_counted_in_bytes(patch: Patch) -> None:
    """The length of a query is counted in bytes."""
    patch.rewrite(content_rules.check_query, "len(query) >", "len(query.encode()) >")


@fault(breaks=["SRCH-7"], also=["PERM-1", "PERM-2", "PERM-3", "AUTH-2", "ACK-3"])
def outsiders_search(patch: Patch) -> None:
    """Everybody may search: a right too many."""
    patch.rewrite(history._search, REQUIRE, "pass")


@fault(breaks=["SRCH-7"], also=["PERM-1", "PERM-2", "PERM-3", "AUTH-2", "ACK-3"])
def outsiders_find_nothing(patch: Patch) -> None:
    """Whoever may not read gets an empty list instead of a refusal."""

    @patch.around(history, "_search")
    def search(original, connection, request, *arguments):
        try:
            return original(connection, request, *arguments)
        except Refused:
            return SearchResults(request.conversation_id, request.query, [], 0)


@fault(breaks=["SRCH-7"], also=["PERM-1", "PERM-2", "PERM-3", "AUTH-2", "ACK-3"])
def outsiders_learn_the_total(patch: Patch) -> None:
    """Whoever may not read is refused only where there is something to be found."""

    @patch.around(history, "_search")
    def search(original, connection, request, user_id, limit, offset):
        _, total = store.search(connection, request.conversation_id, request.query, limit, offset)
        if not total:
            return SearchResults(request.conversation_id, request.query, [], 0)
        return original(connection, request, user_id, limit, offset)


@fault(breaks=["SRCH-8"])
def search_runs_sql(patch: Patch) -> None:
    """The query becomes a part of the statement, and what is no SQL any more fails."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        like = fold(words).replace("%", "\\%").replace("_", "\\_").replace(":", "\\:")
        statement = store._VISIBLE.where(text(f"message.folded LIKE '%{like}%' ESCAPE '\\'"))
        everything = statement.order_by(NEWEST_FIRST)
        found = store._read(connection, everything, {"conversation": conversation_id})
        return found[offset : offset + limit], len(found)


@fault(breaks=["SRCH-8"])
def search_drops_quotes(patch: Patch) -> None:
    """Quotes are taken out of a query."""
    _ask(patch, lambda words: words.replace("'", "").replace('"', ""))


@fault(breaks=["SRCH-8"])
def search_drops_what_databases_know(patch: Patch) -> None:
    """Backticks and the signs of placeholders are taken out of a query."""
    _ask(patch, lambda words: re.sub(r"[`?$@:{}]", "", words))


@fault(breaks=["SRCH-8"])
def search_doubles_quotes(patch: Patch) -> None:
    """Quotes of a query are doubled."""
    _ask(patch, lambda words: words.replace("'", "''"))


@fault(breaks=["SRCH-8"])
def search_ends_at_semicolon(patch: Patch) -> None:
    """A query ends at its first semicolon."""
    _ask(patch, lambda words: words.partition(";")[0])


@fault(breaks=["SRCH-8"])
def search_refuses_sql(patch: Patch) -> None:
    """A query that looks like SQL is refused."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        if re.search(r"(?i)\b(select|drop|delete|union)\b|--", words):
            raise Refused("invalid_message", "No.")
        return original(connection, conversation_id, words, limit, offset)


@fault(breaks=["SRCH-8"])
def search_drops_comments(patch: Patch) -> None:
    """Marks of comments are taken out of a query."""
    _ask(patch, lambda words: re.sub(r"--|/\*|\*/", "", words))


@fault(breaks=["SRCH-8"], also=["SRCH-1", "SEND-1", "HIST-8"])
def content_is_cleaned_of_sql(patch: Patch) -> None:
    """Marks of comments in SQL are taken out of what is said, so that it reads differently everywhere."""

    @patch.around(messages, "_send")
    def send(original, connection, request, user_id):
        content = request.content.replace("--", "")
        return original(connection, request.model_copy(update={"content": content}), user_id)


@fault(breaks=["SRCH-1"])
def search_refuses_null(patch: Patch) -> None:
    """A search whose limit or offset is null is refused."""

    @patch.around(wire, "parse")
    def parse(original, text):
        with suppress(ValueError, RecursionError):
            frame = json.loads(text)
            if isinstance(frame, dict) and frame.get("type") == "SearchMessages" and None in frame.values():
                raise Refused("invalid_message", "A number is null.")
        return original(text)
