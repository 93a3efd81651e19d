"""Texts and instants that one place changes and all others keep."""

import html
import re
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

from reference_server import content_rules, messages
from reference_server.errors import Refused
from reference_server.events import CallOffer, MessageEdited, NewMessage
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault
from tests.faults.tools import change_frames, show_messages

HOUR = timedelta(hours=1)


def _write(patch: Patch, view: str, change) -> None:
    """Show the content of each message of a view differently."""
    show_messages(patch, view, lambda one: {"content": change(one["content"])})


def _accept_nul(patch: Patch) -> None:
    """Take NUL for text, as a server may."""
    patch.rewrite(messages._storable, 'if "\\0" in text:', "if False:")


def _marks(text: str) -> str:
    return re.sub("[\U00010000-\U0010ffff]", "?", text)


def _noncharacter(character: str) -> bool:
    return ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"


@fault(breaks=["SRCH-9"])
def search_shows_escaped_text(patch: Patch) -> None:
    """Search shows the characters <, > and & as entities."""
    _write(patch, "_search", html.escape)


@fault(breaks=["SYNC-7"])
def sync_shows_escaped_text(patch: Patch) -> None:
    """A sync shows the characters <, > and & as entities."""
    _write(patch, "_sync", html.escape)


@fault(breaks=["SRCH-9"])
def search_shows_trimmed_text(patch: Patch) -> None:
    """Search shows no white space around a text."""
    _write(patch, "_search", str.strip)


@fault(breaks=["SYNC-7"])
def sync_shows_trimmed_text(patch: Patch) -> None:
    """A sync shows no white space around a text."""
    _write(patch, "_sync", str.strip)


@fault(breaks=["SRCH-9"])
def search_shows_question_marks(patch: Patch) -> None:
    """Search shows a question mark for every character of four bytes."""
    _write(patch, "_search", _marks)


@fault(breaks=["SYNC-7"])
def sync_shows_question_marks(patch: Patch) -> None:
    """A sync shows a question mark for every character of four bytes."""
    _write(patch, "_sync", _marks)


@fault(breaks=["SRCH-9"])
def search_shows_composed_text(patch: Patch) -> None:
    """Search shows an accent and its letter as one character."""
    _write(patch, "_search", lambda text: unicodedata.normalize("NFC", text))


@fault(breaks=["SYNC-7"])
def sync_shows_unix_line_ends(patch: Patch) -> None:
    """A sync shows CRLF as a line feed."""
    _write(patch, "_sync", lambda text: text.replace("\r\n", "\n"))


@fault(breaks=["SRCH-9"])
def search_shows_one_space_for_several(patch: Patch) -> None:
    """Search shows a snippet, in which several spaces are one."""
    _write(patch, "_search", lambda text: re.sub(" +", " ", text))


@fault(breaks=["SEND-1"])
def nul_cuts_the_live_event(patch: Patch) -> None:
    """The live event of a message ends at its first NUL character."""
    _accept_nul(patch)
    change_frames(patch, NewMessage, lambda frame: frame.update(content=frame["content"].partition("\0")[0]))


@fault(breaks=["HIST-8", "SRCH-9", "SYNC-7"], also=["EDIT-1"])
def nul_cuts_what_is_stored(patch: Patch) -> None:
    """The views of a message end at its first NUL character."""
    _accept_nul(patch)
    for view in ("_history", "_search", "_sync"):
        _write(patch, view, lambda text: text.partition("\0")[0])


@fault(breaks=["EDIT-1"])
def nul_cuts_the_live_event_of_an_edit(patch: Patch) -> None:
    """The live event of an edit ends at its first NUL character."""
    _accept_nul(patch)
    change_frames(patch, MessageEdited, lambda frame: frame.update(content=frame["content"].partition("\0")[0]))


@fault(breaks=["EDIT-1"])
def nul_cuts_what_an_edit_stores(patch: Patch) -> None:
    """The live event of an edit has the whole text, and what is stored ends at its first NUL character."""
    _accept_nul(patch)
    patch.rewrite(store.edit, "new_content=content", 'new_content=content.partition("\\0")[0]')


@fault(breaks=["CALL-3"])
def nul_cuts_an_sdp(patch: Patch) -> None:
    """An sdp is relayed up to its first NUL character."""
    _accept_nul(patch)
    change_frames(patch, CallOffer, lambda frame: frame.update(sdp=frame["sdp"].partition("\0")[0]))


@fault(breaks=["SYNC-7"])
def nul_cuts_in_sync(patch: Patch) -> None:
    """A sync shows a message up to its first NUL character."""
    _accept_nul(patch)
    _write(patch, "_sync", lambda text: text.partition("\0")[0])


@fault(breaks=["HIST-8", "SRCH-9", "SYNC-7"], also=["EDIT-1"])
def views_drop_noncharacters(patch: Patch) -> None:
    """The views of a message, edited or not, have none of the code points that are no characters."""
    for view in ("_history", "_search", "_sync"):
        _write(patch, view, lambda text: "".join(one for one in text if not _noncharacter(one)))


@fault(breaks=["SEND-1"])
def live_event_drops_noncharacters(patch: Patch) -> None:
    """The live event of a message has none of the code points that are no characters."""
    kept = lambda text: "".join(one for one in text if not _noncharacter(one))  # noqa: E731
    change_frames(patch, NewMessage, lambda frame: frame.update(content=kept(frame["content"])))


@fault(breaks=["CALL-3"])
def sdp_has_no_four_byte_characters(patch: Patch) -> None:
    """An offer arrives with a question mark for every character of four bytes."""
    change_frames(patch, CallOffer, lambda frame: frame.update(sdp=_marks(frame["sdp"])))


@fault(breaks=["CALL-3"])
def sdp_loses_control_characters(patch: Patch) -> None:
    """An offer arrives without control characters other than white space."""
    clean = lambda text: re.sub(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]", "", text)  # noqa: E731
    change_frames(patch, CallOffer, lambda frame: frame.update(sdp=clean(frame["sdp"])))


@fault(breaks=["REAC-5"])
def reactions_have_32_bytes(patch: Patch) -> None:
    """A reaction of more than 32 bytes, as a kiss with two skin tones has, is refused."""
    patch.rewrite(content_rules.check_emoji, "> limits.emoji_bytes", "> 32")


@fault(breaks=["REAC-5"])
def keycaps_are_no_emoji(patch: Patch) -> None:
    """A reaction that begins with an ASCII character is refused."""
    patch.rewrite(content_rules.check_emoji, "if not emoji or", "if emoji[:1].isascii() or")


@fault(breaks=["SRCH-9"])
def search_is_an_hour_off(patch: Patch) -> None:
    """Search shows instants of another time zone, and calls them UTC."""
    show_messages(patch, "_search", lambda one: {"created_at": one["created_at"] + HOUR})


@fault(breaks=["EDIT-1"])
def sync_shows_edits_an_hour_off(patch: Patch) -> None:
    """A sync shows the instant of an edit of another time zone, and calls it UTC."""
    show_messages(patch, "_sync", lambda one: {"edited_at": one["edited_at"] and one["edited_at"] - HOUR})


@fault(breaks=["EDIT-1"], also=["HIST-8"])
def history_shows_edits_an_hour_off(patch: Patch) -> None:
    """History shows the instant of an edit of another time zone, and calls it UTC."""
    show_messages(patch, "_history", lambda one: {"edited_at": one["edited_at"] and one["edited_at"] + HOUR})


@fault(breaks=["SEND-8"])
def search_shows_no_parents(patch: Patch) -> None:
    """Search shows replies as messages that answer nothing."""
    show_messages(patch, "_search", lambda one: {"parent_message_id": None})


@fault(breaks=["EDIT-1"])
def search_shows_no_edits(patch: Patch) -> None:
    """Search does not say when a message was edited."""
    show_messages(patch, "_search", lambda one: {"edited_at": None})


@fault(breaks=["REAC-1"])
def search_shows_the_first_reaction(patch: Patch) -> None:
    """Search shows only the first emoji of a message's reactions."""
    show_messages(patch, "_search", lambda one: {"reactions": one["reactions"][:1]})


@fault(breaks=["SRCH-1"])
def query_loses_invisible_characters(patch: Patch) -> None:
    """Search looks for a query without its joiners and zero-width characters, and not so for the content."""

    @patch.around(store, "search")
    def search(original, connection, conversation_id, words, limit, offset):
        words = "".join(one for one in words if unicodedata.category(one) != "Cf") or words
        return original(connection, conversation_id, words, limit, offset)


def _store(patch: Patch, change: Callable[[str], str]) -> None:
    """Store each message with a changed text."""

    @patch.around(store, "add")
    def add(original, *arguments, content, **named):
        return original(*arguments, content=change(content), **named)


@fault(breaks=["SEND-1"], also=["HIST-8", "SRCH-1", "SRCH-9", "SYNC-7"])
def emoji_by_their_names(patch: Patch) -> None:
    """The name of an emoji between colons becomes the emoji."""
    _store(patch, lambda text: text.replace(":smile:", "\U0001f604"))


@fault(breaks=["SEND-1"], also=["HIST-8", "SRCH-1", "SRCH-9", "SYNC-7"])
def three_dots_are_an_ellipsis(patch: Patch) -> None:
    """Three dots become one character."""
    _store(patch, lambda text: text.replace("...", "\u2026"))


@fault(breaks=["SEND-1"], also=["HIST-8", "SRCH-1", "SRCH-9", "SYNC-7"])
def a_slash_begins_a_command(patch: Patch) -> None:
    """A message that begins with a slash is an unknown command."""

    @patch.around(content_rules, "check_content")
    def check_content(original, content, **named):
        if content.startswith("/"):
            raise Refused("invalid_message", "There is no such command.")
        original(content, **named)


@fault(breaks=["SEND-1"], also=["HIST-8", "SRCH-1", "SRCH-9", "SYNC-7"])
def stars_are_markup(patch: Patch) -> None:
    """Stars and tildes around a word are markup, and are not kept."""
    _store(patch, lambda text: re.sub(r"\*\*(\w+)\*\*|~~(\w+)~~", r"\1\2", text))


@fault(breaks=["SEND-1"])
def links_are_encoded(patch: Patch) -> None:
    """What an address must not have is percent-encoded."""
    _store(
        patch, lambda text: re.sub(r"https?://\S+", lambda found: quote(found[0], safe=":/?#[]@!$&'()*+,;=%-._~"), text)
    )


@fault(breaks=["SEND-1"])
def many_lines_are_cut(patch: Patch) -> None:
    """A message has at most twenty lines."""
    _store(patch, lambda text: "\n".join(text.split("\n")[:20]))


@fault(breaks=["SEND-1"])
def blank_lines_collapse(patch: Patch) -> None:
    """Three blank lines and more become one."""
    _store(patch, lambda text: re.sub(r"\n{4,}", "\n\n", text))


def _begins(patch: Patch, sign: str) -> None:
    """Refuse a message that begins with a sign, which stands for something that is not there."""

    @patch.around(store, "add")
    def add(original, *arguments, content, **named):
        if content.startswith(sign):
            raise Refused("not_found", "There is no such thing.")
        return original(*arguments, content=content, **named)


@fault(breaks=["SEND-1"])
def an_at_sign_begins_a_whisper(patch: Patch) -> None:
    """A message that begins with @ is for a user of that name, whom nobody knows."""
    _begins(patch, "@")


@fault(breaks=["SEND-1"])
def an_exclamation_mark_begins_a_command(patch: Patch) -> None:
    """A message that begins with an exclamation mark is an unknown command of a bot."""
    _begins(patch, "!")


@fault(breaks=["SEND-1"])
def a_number_sign_begins_a_channel(patch: Patch) -> None:
    """A message that begins with # is for a channel of that name, which nobody knows."""
    _begins(patch, "#")


@fault(breaks=["SEND-1"])
def quotations_are_taken_out(patch: Patch) -> None:
    """A line that begins with > is a quotation, and is not kept."""

    @patch.around(store, "add")
    def add(original, *arguments, content, **named):
        return original(*arguments, content=content.removeprefix("> "), **named)
