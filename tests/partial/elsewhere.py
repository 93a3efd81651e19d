"""Parts that are no request: what a server may lack across all its requests."""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from reference_server import auth, hub, messages, session
from reference_server.rate_limiter import InMemoryRateLimiter
from reference_server.store import conversations
from tests.partial.lacking import lack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.pubsub import Event
    from tests.faults.patching import Patch

BAD = frozenset({"FAIL", "PARTIAL", "NOT TESTED"})
ALIVE = (
    *("send_message", "edit_message", "delete_message", "join_conversation", "leave_conversation"),
    *("typing_indicators", "read_receipts", "delivered_status", "reactions", "permissions"),
    *("call_offer", "call_answer", "ice_candidate", "call_hangup", "call_reject", "multi_instance"),
    "message_attachments",
)
"""The features that are about live events, too."""


def no_rate_limits(patch: Patch) -> None:
    """Let everybody send as much as they like."""

    async def allow(*_: Any) -> bool:
        return True

    patch(InMemoryRateLimiter, "allow", allow)


def no_presence(patch: Patch) -> None:
    """Tell nobody who comes and goes."""
    _silence(patch, "UserPresenceUpdate")


def no_attachments(patch: Patch) -> None:
    """Ignore what is attached."""
    patch.around(session, "parse")(
        lambda original, text: (
            request.model_copy(update={"attachments": None})
            if isinstance(request := original(text), messages.SendMessage)
            else request
        )
    )


def refused_attachments(patch: Patch) -> None:
    """Refuse what is attached."""

    @patch.around(session, "parse")
    def parse(original: Any, text: str) -> Any:
        request = original(text)
        if getattr(request, "attachments", None):
            raise session.Refused("invalid_message", "There are no attachments.")
        return request


def no_confirmations(patch: Patch) -> None:
    """Confirm nothing but the connection."""
    _reply(patch, lambda frame: None if frame["type"] == "ActionConfirmed" else frame)


def no_greeting(patch: Patch) -> None:
    """Begin with nothing."""
    patch.rewrite(session._converse, "connection.send(GREETING)", "pass")


def no_authentication(patch: Patch) -> None:
    """Believe every token that can be read."""
    patch.rewrite(auth.authenticate, '{"require": ["exp", "sub"]}', '{"verify_signature": False}')
    patch.rewrite(auth.authenticate, 'claims["exp"]', 'claims.get("exp", 2**33)')


def no_joins(patch: Patch) -> None:
    """Know no request to join: whoever connects hears the conversations of which they are a member."""
    lack(patch, ["JoinConversation"], "serde")
    serving: ContextVar[Any] = ContextVar("serving")

    @patch.around(session, "_converse")
    async def converse(original: Any, instance: Any, websocket: Any, identity: Any) -> None:
        serving.set(instance)
        await original(instance, websocket, identity)

    @patch.around(hub.Hub, "connect")
    async def connect(original: Any, self: Any, connection: Any) -> None:
        await original(self, connection)
        for one in await serving.get().services.database.read(conversations.conversations_of, connection.user_id):
            async with self.attending(one.conversation_id):
                self.join(connection, one.conversation_id)


def no_live_events(patch: Patch) -> None:
    """Tell nobody of anything: what others have done is in the history."""
    patch(hub, "deliver", lambda *_: None)


def no_errors(patch: Patch) -> None:
    """Do not answer what is refused."""
    _reply(patch, lambda frame: None if frame["type"] == "Error" else frame)


def no_error_codes(patch: Patch) -> None:
    """Refuse in words only."""
    _reply(patch, lambda frame: {key: value for key, value in frame.items() if key != "code"})


def no_cursor(patch: Patch) -> None:
    """Give the newest page of a history and no way to another."""
    last = {"has_more": False, "next_cursor": None}
    _reply(patch, lambda frame: {**frame, **last} if frame["type"] == "HistoryChunk" else frame)


def ignored_cursor(patch: Patch) -> None:
    """Give the newest page of a history whatever page is asked for."""
    patch.around(session, "parse")(
        lambda original, text: (
            request.model_copy(update={"cursor": None})
            if isinstance(request := original(text), messages.FetchHistory)
            else request
        )
    )


def no_removal_of_reactions(patch: Patch) -> None:
    """Confirm that a reaction is removed, and leave it."""
    lack(patch, ["RemoveReaction"], "confirmed")


def _silence(patch: Patch, kind: str) -> None:
    @patch.around(hub, "deliver")
    def deliver(original: Any, event: Event, connections: Any) -> None:
        if json.loads(event.frame)["type"] != kind:
            original(event, connections)


def _reply(patch: Patch, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    @patch.around(session, "answer")
    async def answer(original: Any, context: Any, frame: Any) -> str | None:
        reply = await original(context, frame)
        changed = None if reply is None else change(json.loads(reply))
        return None if changed is None else json.dumps(changed)


PARTS: Mapping[str, tuple[Callable[[Patch], None], dict[str, frozenset[str]], frozenset[str]]] = {
    "no_rate_limits": (no_rate_limits, {"rate_limiting": BAD}, frozenset()),
    "no_presence": (no_presence, {}, frozenset()),
    "no_attachments": (no_attachments, {"message_attachments": BAD}, frozenset()),
    "refused_attachments": (refused_attachments, {"message_attachments": BAD | {"MISSING"}}, frozenset()),
    "no_confirmations": (no_confirmations, {"action_confirmed": BAD}, frozenset()),
    "no_joins": (no_joins, {"join_conversation": frozenset({"MISSING"})}, frozenset()),
    "no_live_events": (no_live_events, dict.fromkeys(ALIVE, BAD), frozenset()),
    "no_errors": (no_errors, {"websocket_connection": BAD, "rate_limiting": BAD}, frozenset()),
    "no_error_codes": (no_error_codes, {}, frozenset()),
    "no_cursor": (no_cursor, {"fetch_history": BAD}, frozenset()),
    "ignored_cursor": (ignored_cursor, {"fetch_history": BAD}, frozenset()),
    "no_removal_of_reactions": (no_removal_of_reactions, {"reactions": BAD}, frozenset()),
    "no_greeting": (no_greeting, {"websocket_connection": BAD}, frozenset({"CONN-1"})),
    "no_authentication": (no_authentication, {"jwt_authentication": BAD}, frozenset()),
}
"""What takes the part away, the verdicts that each feature in it may have, and the must rules of others that break."""
