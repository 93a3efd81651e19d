"""Searches that are none for a run of characters, and pages that are not of the size that was asked for."""

import json
import re
from dataclasses import replace
from difflib import SequenceMatcher

from reference_server import folding
from reference_server.config import Limits, Page
from reference_server.context import Context
from reference_server.errors import Refused
from reference_server.folding import fold
from reference_server.handlers import history
from reference_server.store import messages as store
from reference_server.store import reactions
from tests.faults.registry import Patch, fault

ALL = 10_000
STOP_WORDS = {"a", "an", "and", "be", "is", "it", "not", "of", "or", "that", "the", "to"}


def _pick(patch: Patch, picks) -> None:
    """Find by a function of content and query, both folded."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        everything = store.history(connection, conversation_id, None, ALL)
        found = [one for one in everything if picks(fold(one.content), fold(words))]
        return found[offset : offset + limit], len(found)


def _page(patch: Patch, **pages: Page) -> None:
    """Have other limits for the pages of a view."""

    @patch.around(Context, "limits")
    def limits(original, context) -> Limits:
        return replace(original(context), **pages)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@fault(breaks=["SRCH-1"], also=["SRCH-2", "SRCH-8", "SRCH-9", "TYPE-3", "CALL-7"])
def search_finds_beginnings_of_words(patch: Patch) -> None:
    """Search is a full-text index: each word of the query begins a word of the message, and signs are none."""
    _pick(patch, lambda text, words: all(any(b.startswith(a) for b in _words(text)) for a in _words(words) or ["\0"]))


@fault(breaks=["SRCH-1"])
def search_finds_chinese_by_whole_runs(patch: Patch) -> None:
    """Search takes a run of letters beyond Latin for a word, and finds it by its beginning only."""
    far = re.compile("[\u0e00-\uffdc]")
    _pick(
        patch,
        lambda text, words: (
            re.search(rf"(?<![\u0e00-\uffdc]){re.escape(words)}", text) if far.match(words) else words in text
        ),
    )


@fault(breaks=["SRCH-1"])
def search_needs_two_letters(patch: Patch) -> None:
    """Search finds nothing by a single letter of any alphabet; signs it finds."""
    _pick(patch, lambda text, words: not (len(words) == 1 and words.isalpha()) and words in text)


@fault(breaks=["SRCH-1"])
def search_ignores_stop_words(patch: Patch) -> None:
    """Search finds nothing by a query that is one of the frequent English words."""
    _pick(patch, lambda text, words: words not in STOP_WORDS and words in text)


@fault(breaks=["SRCH-1"])
def search_folds_as_in_turkey(patch: Patch) -> None:
    """The small letter of I is not i."""
    lower = lambda text: fold(text.replace("I", "\u0131"))  # noqa: E731
    patch(folding, "fold", lower)


@fault(breaks=["SRCH-1"])
def search_understands_from(patch: Patch) -> None:
    """What follows from: in a query is a sender, and what follows in: a conversation; there are none of that name."""
    _pick(patch, lambda text, words: not re.match("(from|in):", words) and words in text)


@fault(breaks=["SRCH-10"])
def search_drops_operators(patch: Patch) -> None:
    """A query is searched for without from: and in: and what follows, and finds everything by nothing else."""
    _pick(patch, lambda text, words: words in text or re.sub(r"\b(from|in):\w+ ?", "", words) in text)


@fault(breaks=["SRCH-10"])
def search_finds_words_in_any_order(patch: Patch) -> None:
    """Search finds what contains all words of the query, wherever they stand."""
    _pick(patch, lambda text, words: words in text or all(word in text for word in words.split()))


@fault(breaks=["SRCH-10"])
def search_finds_any_of_the_words(patch: Patch) -> None:
    """Search finds what contains one of the words of the query, after what contains all of it."""
    _pick(patch, lambda text, words: words in text or any(word in text.split() for word in words.split()[:1]))


@fault(breaks=["SRCH-10"])
def search_finds_forms_of_a_word(patch: Patch) -> None:
    """Search looks for the stem of a word."""
    _pick(patch, lambda text, words: words in text or re.sub("(ing|es|s)$", "", words) in text)


@fault(breaks=["SRCH-10"])
def search_forgives_a_slip(patch: Patch) -> None:
    """Search finds what is very similar to a word of the message."""
    near = lambda a, b: SequenceMatcher(None, a, b).ratio() > 0.6  # noqa: E731
    _pick(patch, lambda text, words: words in text or any(near(one, words) for one in text.split()))


@fault(breaks=["SRCH-10"])
def search_takes_any_space_for_one(patch: Patch) -> None:
    """Several spaces in a query are one."""
    _pick(patch, lambda text, words: words in text or " ".join(words.split()) in text)


@fault(breaks=["SRCH-10"])
def search_ignores_punctuation(patch: Patch) -> None:
    """Search compares letters and digits only, unless the query has none."""
    bare = lambda text: re.sub(r"[^\w ]", "", text)  # noqa: E731
    _pick(patch, lambda text, words: words in text or (bare(words).strip() and bare(words) in bare(text)))


@fault(breaks=["SRCH-10"])
def search_finds_chinese_by_its_characters(patch: Patch) -> None:
    """Search finds what contains all characters of the query, in languages without spaces."""
    _pick(patch, lambda text, words: words in text or (words >= "\u0e00" and set(words) <= set(text)))


@fault(breaks=["SRCH-10"])
def search_excludes_by_a_hyphen(patch: Patch) -> None:
    """A query that begins with a hyphen finds what does not contain the rest of it."""
    _pick(patch, lambda text, words: words in text or (words[0] == "-" and words[1:] not in text))


def _also_in(patch: Patch, text) -> None:
    """Find by what a function gives of a message, too."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        everything = store.history(connection, conversation_id, None, ALL)
        found = [one for one in everything if fold(words) in fold(one.content) or words in text(connection, one)]
        return found[offset : offset + limit], len(found)


@fault(breaks=["SRCH-10"])
def search_finds_file_names(patch: Patch) -> None:
    """Search finds a message by the names of its files."""
    _also_in(patch, lambda _, message: " ".join(one["filename"] for one in message.attachments))


@fault(breaks=["SRCH-10"])
def search_looks_into_stored_attachments(patch: Patch) -> None:
    """Search finds a message by the JSON in which its attachments are stored."""
    _also_in(patch, lambda _, message: json.dumps(message.attachments) if message.attachments else "")


@fault(breaks=["SRCH-10"])
def search_finds_reactions(patch: Patch) -> None:
    """Search finds a message by the emoji of its reactions."""
    _also_in(
        patch,
        lambda connection, one: "".join(reactions.of_messages(connection, [one.message_id]).get(one.message_id, {})),
    )


@fault(breaks=["SRCH-10"])
def search_finds_ids(patch: Patch) -> None:
    """Search finds a message by its id and that of its sender."""
    _also_in(patch, lambda _, message: f"{message.message_id} {message.sender_id}")


@fault(breaks=["SRCH-11"], profile={"limits": {"search_max": 30, "search_default": 20}})
def search_has_no_largest_page(patch: Patch) -> None:
    """Search gives as many messages as are asked for."""
    _page(patch, search=Page(20, ALL))


@fault(breaks=["SYNC-8"], profile={"limits": {"sync_max": 60, "sync_default": 25}})
def sync_has_no_largest_page(patch: Patch) -> None:
    """A sync gives as many messages as are asked for."""
    _page(patch, sync=Page(25, ALL))


@fault(breaks=["SYNC-8"], profile={"limits": {"sync_max": 60, "sync_default": 25}})
def sync_without_limit_gives_the_largest_page(patch: Patch) -> None:
    """A sync without a limit gives a page of the largest size."""
    _page(patch, sync=Page(60, 60))


@fault(breaks=["SRCH-11s"])
def odd_search_limit_is_the_default(patch: Patch) -> None:
    """A limit of 0 or below is taken for none."""
    patch.rewrite(
        history.search_messages,
        "page_size(request.limit,",
        "page_size(None if (request.limit or 1) < 1 else request.limit,",
    )


@fault(breaks=["SYNC-8s"])
def odd_sync_limit_is_the_default(patch: Patch) -> None:
    """A limit of 0 or below is taken for none."""
    patch.rewrite(
        history.sync_messages,
        "page_size(request.limit,",
        "page_size(None if (request.limit or 1) < 1 else request.limit,",
    )


@fault(breaks=["SRCH-11s"], also=["SRCH-4"])
def search_offset_has_32_bits(patch: Patch) -> None:
    """An offset loses all but its lower 32 bits, so that a huge one may be the beginning."""
    patch.rewrite(history.search_messages, "min(offset, MAX_OFFSET)", "min(offset & 0xFFFFFFFF, MAX_OFFSET)")


@fault(breaks=["SRCH-11"], also=["CONN-2", "CONN-15"])
def negative_search_offset_fails(patch: Patch) -> None:
    """A negative offset reaches the database, which fails."""
    patch.rewrite(history.search_messages, '"invalid_message", "The offset', '"internal", "The offset')


@fault(breaks=["SYNC-8"], also=["CONN-2", "CONN-15"])
def odd_sync_limit_fails(patch: Patch) -> None:
    """A limit of 0 or below reaches the database, which fails."""

    @patch.around(history, "sync_messages")
    async def sync(original, context, request):
        if request.limit is not None and request.limit < 1:
            raise Refused("internal", "Something has failed.")
        return await original(context, request)


@fault(breaks=["SRCH-4"])
def search_page_is_one_short(patch: Patch) -> None:
    """A page of search results has one less where five were asked for."""
    patch.rewrite(history._search, "request.query, limit,", "request.query, limit - (limit == 5),")


@fault(breaks=["SYNC-1"], also=["SYNC-2"])
def full_sync_page_loses_its_last(patch: Patch) -> None:
    """A page of a sync on which exactly all changes have room is without the last one."""

    @patch.around(history, "_sync")
    def sync(original, *arguments):
        answer = original(*arguments)
        full = len(answer.messages) == arguments[-1] and not answer.has_more
        return replace(answer, messages=answer.messages[:-1]) if full and len(answer.messages) > 1 else answer


@fault(breaks=["SRCH-1"])
def search_cuts_its_query(patch: Patch) -> None:
    """Search compares the first 32 letters of a query."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        return original(connection, conversation_id, words[:32], limit, offset)


@fault(breaks=["SRCH-10"])
def search_trims_its_query(patch: Patch) -> None:
    """Search ignores white space around a query."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        return original(connection, conversation_id, words.strip() or words, limit, offset)


@fault(breaks=["SRCH-4"])
def search_looks_at_the_newest_only(patch: Patch) -> None:
    """Search looks at the newest 50 messages of a conversation."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        newest = {one.message_id for one in store.history(connection, conversation_id, None, 50)}
        found, total = original(connection, conversation_id, words, limit, offset)
        return [one for one in found if one.message_id in newest], total


@fault(breaks=["SRCH-4"])
def search_counts_to_a_hundred(patch: Patch) -> None:
    """The total of a search is at most 100."""

    @patch.around(store, "search")
    def search(original, *arguments):
        found, total = original(*arguments)
        return found, min(total, 100)


@fault(breaks=["SRCH-10"])
def search_finds_replies_by_their_parents(patch: Patch) -> None:
    """Search finds a reply by the text that it answers."""

    @patch.around(store, "search")
    def find(original, connection, conversation_id, query, limit, offset):
        found, total = original(connection, conversation_id, query, limit, offset)
        ids = {one.message_id for one in found}
        every = store.history(connection, conversation_id, None, 200)
        more = [one for one in every if one.parent_message_id in ids and one.message_id not in ids]
        return ([*more, *found])[:limit], total + len(more)


@fault(breaks=["SRCH-1"])
def search_knows_the_first_letters_of_long_messages(patch: Patch) -> None:
    """Search looks at the first 512 letters of a message."""

    @patch.around(store, "fold")
    def fold(original, text):
        return original(text[:512])


@fault(breaks=["SRCH-1"], also=["SRCH-4"])
def search_shows_equal_messages_once(patch: Patch) -> None:
    """Of several messages with one text, search shows the newest."""

    @patch.around(store, "search")
    def find(original, connection, conversation_id, query, limit, offset):
        found, _ = original(connection, conversation_id, query, 10000, 0)
        kept: dict = {}
        for one in found:
            kept.setdefault(one.content, one)
        return [*kept.values()][offset : offset + limit], len(kept)


@fault(breaks=["SRCH-10"], also=["SRCH-1"])
def search_takes_all_emoji_for_one(patch: Patch) -> None:
    """All characters beyond 16 bits are equal, as in old collations."""

    @patch.around(folding, "fold")
    def fold(original, text):
        return re.sub("[\U00010000-\U0010ffff]", "\ufffd", original(text))
