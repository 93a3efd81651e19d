"""Servers that keep every must rule and not every should rule: amber, never red."""

from reference_server import content_rules, cursor, folding, permissions, session
from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import MessageRead
from reference_server.handlers import calls, messages, realtime, rooms
from reference_server.store import messages as stored
from reference_server.typing_indicator import TypingIndicator
from tests.variants.registry import Patch, variant
from tests.variants.tools import lend


@variant(amber=["HIST-5s", "SRCH-11s", "SYNC-8s"], about=["HIST-5", "HIST-4", "SRCH-*", "SYNC-*"])
def huge_limit_refused(patch: Patch) -> None:
    """A limit above the maximum may be refused as well as clamped."""

    @patch.around(content_rules, "page_size")
    def page_size(original, asked, page):
        if asked is not None and asked > page.maximum:
            raise Refused("invalid_message", "The limit is too large.")
        return original(asked, page)


@variant(amber=["HIST-5s", "SRCH-11s", "SYNC-8s"], about=["HIST-5", "SRCH-*", "SYNC-8"])
def small_limit_clamped(patch: Patch) -> None:
    """A limit of 0 or less may be clamped as well as refused."""
    patch.around(content_rules, "page_size")(
        lambda original, asked, page: original(asked if asked is None else max(asked, 1), page)
    )


@variant(amber=["HIST-5s", "SRCH-11s", "SYNC-8s"], about=["HIST-5", "SRCH-11", "SYNC-8"])
def bad_limit_is_no_limit(patch: Patch) -> None:
    """A limit that makes no sense may count as none."""
    patch.around(content_rules, "page_size")(
        lambda original, asked, page: original(asked if asked and 0 < asked <= page.maximum else None, page)
    )


@variant(amber=["HIST-5s"], about=["HIST-5"])
def bad_cursor_is_no_cursor(patch: Patch) -> None:
    """A cursor that is none of this conversation may begin at the newest message."""

    @patch.around(cursor, "decode")
    def decode(original, word, conversation_id):
        try:
            return original(word, conversation_id)
        except Refused:
            return cursor.EPOCH.replace(year=9999)


@variant(amber=["SEND-7s", "EDIT-5s"], about=["SEND-7", "EDIT-5"])
def length_in_bytes(patch: Patch) -> None:
    """That length is counted in code points is a should rule; Rust and Go count bytes."""
    patch.rewrite(content_rules.check_content, "len(content)", "len(content.encode())")


@variant(amber=["SEND-7s", "EDIT-5s"], about=["SEND-7", "EDIT-5"])
def length_in_utf_16(patch: Patch) -> None:
    """That length is counted in code points is a should rule; JavaScript and Java count UTF-16 units."""
    patch.rewrite(content_rules.check_content, "len(content)", "len(content.encode('utf-16-le')) // 2")


@variant(amber=["SEND-7s", "EDIT-5s"], about=["ATT-2"])
def blank_content_accepted(patch: Patch) -> None:
    """That content must not be blank is a should rule."""
    patch.rewrite(content_rules.check_content, "not content.strip() and not has_attachments", "False")


@variant(amber=["SEND-8s", "DEL-4s"], about=["SEND-8", "DEL-6"])
def any_parent_accepted(patch: Patch) -> None:
    """That the parent must be known, and not deleted, is a should rule, if one of another conversation is refused."""
    patch.rewrite(
        stored.add, "find(connection, conversation_id, parent_id)", "_same(connection, conversation_id, parent_id)"
    )

    def same(connection, conversation_id, parent_id):
        place = connection.scalar(stored.select(stored._message.conversation_id).where(stored._message.id == parent_id))
        if place not in (None, conversation_id):
            raise Refused("not_found", "No such message.")

    lend(patch, stored, "_same", same)


@variant(amber=["SRCH-1s"], about=["SRCH-1", "SRCH-8"])
def search_folds_ascii_only(patch: Patch) -> None:
    """That case is ignored beyond ASCII is a should rule; it depends on the collation."""
    patch.around(folding, "fold")(lambda original, text: "".join(c.lower() if c.isascii() else c for c in text))


@variant(amber=["SRCH-2"], about=["SRCH-1", "SRCH-8"])
def search_with_wildcards(patch: Patch) -> None:
    """That % and _ mean themselves is a should rule; an earlier server wrote `ILIKE '%q%'`."""
    patch.around(folding, "like_pattern")(
        lambda original, text: f"%{folding.fold(text)}%".replace(chr(92), chr(92) * 2)
    )


@variant(amber=["SRCH-6"])
def any_query_accepted(patch: Patch) -> None:
    """That an empty or over-long query is refused is a should rule."""
    patch(content_rules, "check_query", lambda *_: None)


@variant(amber=["TYPE-2"], about=["TYPE-*"])
def typing_never_expires(patch: Patch) -> None:
    """That the server says when typing has ended is a should rule."""

    async def stopped(*_):
        return None

    patch.around(TypingIndicator, "__init__")(
        lambda original, one, expiry, _, typists: original(one, expiry, stopped, typists)
    )


@variant(about=["READ-*"])
def read_is_told_to_the_reader(patch: Patch) -> None:
    """Whether the reader's own connections are told of the reading is nobody's rule."""
    patch.around(Instance, "tell")(
        lambda original, one, place, event, **whom: original(
            one, place, event, **{} if isinstance(event, MessageRead) else whom
        )
    )


@variant(amber=["READ-2"], about=["READ-*"])
def older_reading_is_told(patch: Patch) -> None:
    """That reading an older message is not told is a should rule, if each message is told once."""
    seen = set()

    @patch.around(realtime, "_mark_as_read")
    def mark(original, connection, request, user_id):
        read_at = original(connection, request, user_id)
        new = (request.message_id, user_id) not in seen
        seen.add((request.message_id, user_id))
        return (read_at or realtime.conversations.now()) if new else None


@variant(amber=["REAC-2s"], about=["REAC-*"])
def same_reaction_is_told_again(patch: Patch) -> None:
    """That a reaction which is there already is not told is a should rule."""
    patch.rewrite(realtime._add_reaction, "return False", "return True")


@variant(amber=["REAC-3s"], about=["REAC-*"])
def no_reaction_is_told_as_removed(patch: Patch) -> None:
    """That the removal of nothing is not told is a should rule."""
    patch.rewrite(realtime._remove_reaction, "return False", "return True")


@variant(about=["REAC-*"])
def removing_nothing_is_refused(patch: Patch) -> None:
    """The removal of nothing changes nothing: whether it is confirmed is nobody's rule."""
    patch.rewrite(realtime._remove_reaction, "return False", "raise Refused('not_found', 'No such reaction.')")


@variant(about=["REAC-*"])
def same_reaction_is_refused(patch: Patch) -> None:
    """The same reaction counts once: whether a second one is confirmed is nobody's rule."""
    patch.rewrite(realtime._add_reaction, "return False", "raise Refused('conflict', 'Already there.')")


@variant(about=["JOIN-*", "LEAVE-*", "ACK-*", "PING-1"])
def second_join_is_refused(patch: Patch) -> None:
    """Joining twice is the same as joining once: whether the second join is confirmed is nobody's rule."""

    @patch.around(rooms, "join_conversation")
    async def join_conversation(original, context, request):
        if request.conversation_id in context.connection.joined:
            raise Refused("conflict", "Already there.")
        return await original(context, request)


@variant(amber=["REAC-6"])
def any_emoji_accepted(patch: Patch) -> None:
    """That odd emoji and too many of them are refused is a should rule."""
    patch(content_rules, "check_emoji", lambda *_: None)
    patch.rewrite(realtime._add_reaction, ">= limits.reactions", ">= 10**9")


@variant(amber=["DLVR-2"], about=["DLVR-*"])
def own_delivery_is_told(patch: Patch) -> None:
    """That one's own message is not told as delivered to oneself is a should rule."""
    patch.rewrite(realtime._deliver, "if message.sender_id == user_id:", "if False:")


@variant(amber=["CALL-6s"], about=["CALL-6", "CALL-5"])
def nobody_there_is_confirmed(patch: Patch) -> None:
    """That a call to nobody is answered with Error is a should rule; the frame goes nowhere."""
    patch.rewrite(calls._relay, "not await context.instance.services.presence.is_online(target_id)", "False")


@variant(amber=["CALL-5s"], about=["CALL-5", "CALL-1"])
def calling_oneself_works(patch: Patch) -> None:
    """That one cannot call oneself is a should rule."""
    patch.rewrite(calls._check, "target_id == caller_id", "False")


@variant(amber=["JOIN-3s", "PERM-3"], about=["JOIN-3", "PERM-1", "*-7", "*-6", "*-4"])
def private_is_forbidden(patch: Patch) -> None:
    """That one cannot tell a private conversation from none is a should rule."""
    patch.rewrite(
        permissions.Membership.require, "self.role is None and self.visibility is Visibility.PRIVATE", "False"
    )


@variant(about=["PERM-*", "JOIN-3s"])
def everything_is_not_found(patch: Patch) -> None:
    """With which code somebody without a right is refused is nobody's rule."""
    patch.rewrite(permissions.Membership.require, '"forbidden"', '"not_found"')


@variant(amber=["ATT-3"], about=["ATT-*"])
def attachments_unchecked(patch: Patch) -> None:
    """That odd attachments are refused is a should rule."""
    patch(content_rules, "check_attachments", lambda *_: None)


@variant(about=["HIST-8*", "EDIT-3", "SYNC-*"])
def event_has_finer_instants(patch: Patch) -> None:
    """An event may have more digits than the history: Go's event has ns, its database µs."""
    patch.rewrite(
        messages._new_message,
        "message.created_at,",
        "f'{message.created_at:%Y-%m-%dT%H:%M:%S.%f}789Z',",
    )


@variant(amber=["DEL-4s"], about=["DEL-*", "READ-3", "DLVR-3"])
def deleted_may_be_marked(patch: Patch) -> None:
    """That a deleted message cannot be marked as read or delivered is a should rule."""

    def find(connection, conversation_id, message_id):
        query = stored._IN_CONVERSATION.where(stored._message.id == message_id)
        found = stored._read(connection, query, {"conversation": conversation_id})
        return found[0] if found else stored.find(connection, conversation_id, message_id)

    lend(patch, stored, "find_any", find)
    patch.rewrite(realtime._mark_as_read, "messages.find(", "messages.find_any(")
    patch.rewrite(realtime._deliver, "messages.find(", "messages.find_any(")


@variant(amber=["CALL-10"], about=["CALL-1"])
def other_devices_ring_on(patch: Patch) -> None:
    """That the other devices of who answers or rejects a call learn of it is a should rule."""
    patch.rewrite(calls._relay, "isinstance(request, CallAnswer | CallReject)", "False")


@variant(amber=["CALL-9s"], about=["CALL-9"])
def candidate_keeps_its_id_only(patch: Patch) -> None:
    """That a candidate keeps its index beside its id is a should rule."""
    patch.rewrite(calls.candidate, "request.sdp_mline_index", "None if request.sdp_mid else request.sdp_mline_index")


@variant(amber=["RATE-7"], about=["RATE-*"])
def unreadable_frames_are_free(patch: Patch) -> None:
    """That frames which cannot be read count against a limit is a should rule."""
    patch.rewrite(session._read, "await _keep_within_rate(context, None)", "pass")


@variant(amber=["CONN-19"], about=["CONN-1", "CONN-19"])
def every_origin_is_refused(patch: Patch) -> None:
    """That a page of the server's own host is let in is a should rule."""

    @patch.around(session, "serve")
    async def serve(original, instance, websocket):
        refused = "origin" in websocket.headers
        await (session._deny(websocket, 403, "No pages.") if refused else original(instance, websocket))
