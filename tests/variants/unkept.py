"""More servers that keep every must rule and not every should rule, and one that keeps hardly any of these."""

import asyncio

from sqlalchemy import delete, select

from reference_server import arrivals, auth, connection, events, session
from reference_server.errors import Refused
from reference_server.handlers import calls, history, realtime
from reference_server.messages import CallHangup, CallOffer, CallReject
from reference_server.models import MESSAGES, REACTIONS
from reference_server.permissions import Role
from reference_server.store import conversations, messages
from tests.variants.registry import Patch, variant
from tests.variants.tools import lend


@variant(amber=["PING-3", "RATE-5"], about=["PING-*", "RATE-*"])
def pings_count_as_requests(patch: Patch) -> None:
    """That a Ping is free is a should rule: it may count as any request does, and be refused."""
    patch.rewrite(session._keep_within_rate, "isinstance(request, Ping)", "False")


@variant(amber=["PING-3", "RATE-5"], about=["PING-*", "RATE-*"])
def pings_count_as_messages(patch: Patch) -> None:
    """A Ping may count against the smallest of the limits."""
    patch.rewrite(session._keep_within_rate, "isinstance(request, Ping)", "False")
    patch.rewrite(
        session._keep_within_rate, "isinstance(request, SendMessage)", "isinstance(request, SendMessage | Ping)"
    )


@variant(amber=["RATE-5"], about=["PING-*", "RATE-*"])
def over_the_limit_nothing_is_answered_but_errors(patch: Patch) -> None:
    """That a user over a limit still gets Pong is a should rule."""
    over = {}

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        now = asyncio.get_running_loop().time()
        if isinstance(request, session.Ping) and over.get(context.user_id, 0) > now:
            raise Refused("rate_limited", "Too many requests.")
        try:
            await original(context, request)
        except Refused:
            over[context.user_id] = now + context.instance.settings.rate_window
            raise


@variant(amber=["RATE-7"], about=["RATE-*"])
def refused_requests_are_free(patch: Patch) -> None:
    """That requests which are refused count against a limit is a should rule."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        if reply and '"Error"' in reply:
            kind = "messages" if "SendMessage" in (frame.get("text") or "") else "requests"
            uses = context.instance.services.rate_limiter._uses.get(f"{kind}:{context.user_id}")
            if uses and "More than" not in reply:
                uses.pop()
        return reply


@variant(amber=["CONN-5"], about=["CONN-5"])
def binary_frame_cuts_the_line(patch: Patch) -> None:
    """That a connection ends with a close code after a binary frame is a should rule."""
    cut = "context.connection._websocket.scope['extensions']['reference_server.line'].transport.abort()"
    patch.rewrite(session._read, 'raise Refused("invalid_message", "A frame must be text.")', f"return {cut}")


@variant(amber=["CONN-12"], about=["CONN-12"])
def presence_is_told_to_nobody(patch: Patch) -> None:
    """That presence is told is a should rule."""
    patch.rewrite(arrivals.arrive, "count == 1", "False")
    patch.rewrite(arrivals.depart, "== 0", "< 0")


@variant(amber=["AUTH-3"], about=["AUTH-3"])
def nobody_in_the_token_is_somebody(patch: Patch) -> None:
    """That a token without a subject is refused is a should rule; it may be let in as somebody new."""
    patch.rewrite(auth.authenticate, '["exp", "sub"]', '["exp"]')
    patch.rewrite(auth.authenticate, 'UUID(claims["sub"])', 'UUID(claims.get("sub") or UUID(int=1).hex)')


@variant(amber=["PING-5"], about=["PING-*"])
def silent_connections_end(patch: Patch) -> None:
    """That a connection lives on which sends nothing for a while is a should rule."""
    due = {}

    def expect(one):
        if one in due:
            due[one].cancel()
        due[one] = asyncio.get_running_loop().call_later(20, one.hang_up, 1001, "Idle.")

    patch.around(connection.Connection, "start")(lambda original, self, leeway: (original(self, leeway), expect(self)))

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        expect(context.connection)
        return await original(context, frame)


@variant(amber=["HIST-8s"], about=["HIST-*", "SRCH-*", "SYNC-*"])
def lists_have_whole_seconds(patch: Patch) -> None:
    """That an instant has in lists the digits of its event is a should rule; the column may have none."""
    patch.rewrite(
        events.describe, '"created_at": message.created_at', '"created_at": message.created_at.replace(microsecond=0)'
    )


@variant(amber=["HIST-9"], about=["HIST-*"])
def a_cursor_is_used_once(patch: Patch) -> None:
    """That a cursor leads on as often as one follows it is a should rule."""
    used = set()

    @patch.around(history, "fetch_history")
    async def fetch(original, context, request):
        if request.cursor in used:
            raise Refused("invalid_message", "The cursor is used up.")
        reply = await original(context, request)
        used.update({request.cursor} - {None})
        return reply


@variant(amber=["SYNC-1s"], about=["SYNC-*"])
def a_chunk_is_in_order_of_birth(patch: Patch) -> None:
    """That changes come in the order in which they were made is a should rule, if pages miss none."""
    patch.rewrite(
        history._sync, "_describe(connection, page)", "_describe(connection, sorted(page, key=lambda m: m.created_at))"
    )


@variant(amber=["CALL-11"], about=["CALL-*"])
def one_call_at_a_time(patch: Patch) -> None:
    """That offers are relayed to and from users who have a call with somebody else is a should rule."""
    others = {}

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        one, other = context.user_id, request.target_user_id
        if isinstance(request, CallOffer) and (others.get(one, other), others.get(other, one)) != (other, one):
            raise Refused("conflict", "Busy.")
        await original(context, request, event)
        for each, peer in ((one, other), (other, one)):
            others[each] = peer
            if isinstance(request, CallHangup | CallReject):
                del others[each]


@variant(amber=["PERM-4s"], about=["PERM-4*"])
def reactions_leave_with_their_user(patch: Patch) -> None:
    """That the reactions of a removed or banned user stay is a should rule."""

    def forget(original, database, conversation_id, user_id, *role):
        original(database, conversation_id, user_id, *role)
        if role in {(), (Role.BANNED,)}:
            there = select(MESSAGES.c.id).where(MESSAGES.c.conversation_id == conversation_id)
            theirs = (REACTIONS.c.user_id == user_id) & REACTIONS.c.message_id.in_(there)
            database.execute(delete(REACTIONS).where(theirs))

    patch.around(conversations, "set_role")(forget)
    patch.around(conversations, "remove_member")(forget)


@variant(amber=["DEL-4s"], about=["DEL-*"])
def deleted_may_be_reacted_to(patch: Patch) -> None:
    """That a reaction to a deleted message is refused is a should rule; it may be told and kept."""

    def find(connection, conversation_id, message_id):
        query = messages._IN_CONVERSATION.where(messages._message.id == message_id)
        found = messages._read(connection, query, {"conversation": conversation_id})
        return found[0] if found else messages.find(connection, conversation_id, message_id)

    lend(patch, messages, "find_whatever", find)
    patch.rewrite(realtime._add_reaction, "messages.find(", "messages.find_whatever(")


KEEPS_NO_SHOULD_RULE = "+".join(
    (
        *("length_in_bytes", "blank_content_accepted", "any_parent_accepted", "deleted_may_be_marked"),
        *("deleted_may_be_reacted_to", "private_is_forbidden", "small_limit_clamped", "bad_cursor_is_no_cursor"),
        *(
            "a_cursor_is_used_once",
            "lists_have_whole_seconds",
            "a_chunk_is_in_order_of_birth",
            "search_folds_ascii_only",
        ),
        *("search_with_wildcards", "any_query_accepted", "typing_never_expires", "older_reading_is_told"),
        *(
            "own_delivery_is_told",
            "same_reaction_is_told_again",
            "no_reaction_is_told_as_removed",
            "any_emoji_accepted",
        ),
        *("reactions_leave_with_their_user", "calling_oneself_works", "nobody_there_is_confirmed"),
        *("candidate_keeps_its_id_only", "other_devices_ring_on", "one_call_at_a_time", "attachments_unchecked"),
        *("no_error_codes", "unreadable_frames_are_free", "pings_count_as_requests", "silent_connections_end"),
        *("presence_is_told_to_nobody", "every_origin_is_refused", "no_end_needed", "token_checked_once"),
        *("binary_frame_cuts_the_line", "too_big_is_dropped"),
    )
)
"""A server that does as little as it may."""
KEEPS_FEW_SHOULD_RULES = "+".join(
    (
        *("length_in_utf_16", "blank_content_accepted", "any_parent_accepted", "huge_limit_refused"),
        *("own_receipts_are_refused", "other_error_codes", "refused_requests_are_free", "pings_count_as_messages"),
        *("over_the_limit_nothing_is_answered_but_errors", "too_big_is_an_error", "nobody_in_the_token_is_somebody"),
        *("lists_have_whole_seconds", "removing_nothing_is_refused", "same_reaction_is_refused"),
        *("second_join_is_refused", "everything_is_not_found"),
    )
)
"""One that does otherwise where there are two ways."""
