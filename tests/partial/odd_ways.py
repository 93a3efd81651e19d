"""Servers that have every request, and do one thing of all of them in a way of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reference_server import hub, messages, session
from reference_server.context import Instance
from reference_server.handlers import history

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.faults.patching import Patch

BAD = frozenset({"FAIL", "PARTIAL", "NOT TESTED"})
TOLD = ("message_id", "sender_id", "content", "created_at", "parent_message_id", "attachments")
ACTORS = ("sender_id", "editor_id", "deleted_by", "user_id")


def errors_end_the_connection(patch: Patch) -> None:
    """Hang up behind every Error."""
    _hang_up_at_errors(patch, told=True)


def errors_are_closes(patch: Patch) -> None:
    """Hang up in place of every Error."""
    _hang_up_at_errors(patch, told=False)


def _hang_up_at_errors(patch: Patch, *, told: bool) -> None:
    @patch.around(session, "answer")
    async def answer(original: Any, context: Any, frame: Any) -> str | None:
        reply: str | None = await original(context, frame)
        if reply is None or json.loads(reply)["type"] != "Error":
            return reply
        if told:
            context.connection.send(reply)
        context.connection.hang_up(1008, "error")
        return None


def errors_without_type(patch: Patch) -> None:
    """Refuse as an HTTP API does: with a frame that says only what is wrong."""
    _replies(patch, lambda frame: {"error": frame["message"]} if frame["type"] == "Error" else frame)


def negative_confirmations(patch: Patch) -> None:
    """Refuse with a confirmation that says no."""
    no = {"type": "ActionConfirmed", "action": "error", "success": False}
    _replies(patch, lambda frame: no if frame["type"] == "Error" else frame)


def no_senders(patch: Patch) -> None:
    """Do not say who has sent a message."""
    patch.around(hub, "deliver")(
        lambda original, event, to: original(replace(event, frame=_anonymous(event.frame)), to)
    )


def _anonymous(frame: str | bytes) -> str:
    event = json.loads(frame)
    return json.dumps({key: value for key, value in event.items() if key != "sender_id"})


def no_zones(patch: Patch) -> None:
    """Write an instant without its zone."""
    patch.around(hub, "deliver")(lambda original, event, to: original(replace(event, frame=_unzoned(event.frame)), to))
    _replies(patch, lambda frame: json.loads(_unzoned(json.dumps(frame))))


def _unzoned(frame: str | bytes) -> str:
    return json.dumps(_without_zones(json.loads(frame)))


def _without_zones(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {one: _without_zones(item, one) for one, item in value.items()}
    if isinstance(value, list):
        return [_without_zones(one) for one in value]
    instant = isinstance(value, str) and (key.endswith("_at") or key == "next_since")
    return value.removesuffix("Z").removesuffix("+00:00") if instant else value


def only_others_hear(patch: Patch) -> None:
    """Tell no device of who acts."""

    @patch.around(Instance, "tell")
    async def tell(original: Any, self: Any, place: Any, event: Any, **whom: Any) -> None:
        actor = next((getattr(event, one) for one in ACTORS if hasattr(event, one)), None)
        await original(self, place, event, **({"besides": actor} if whom.get("only") is None else {}) | whom)


def history_without_limit(patch: Patch) -> None:
    """Give a page of history in one size only."""
    patch.around(session, "parse")(
        lambda original, text: (
            request.model_copy(update={"limit": None})
            if isinstance(request := original(text), messages.FetchHistory)
            else request
        )
    )


def search_finds_everything(patch: Patch) -> None:
    """Ignore the query."""
    patch.rewrite(history._search, "request.query, limit", "'', limit")


def history_on_join(patch: Patch) -> None:
    """Tell who joins of the latest messages again."""

    @patch.around(session, "answer")
    async def answer(original: Any, context: Any, frame: Any) -> str | None:
        reply: str | None = await original(context, frame)
        if reply is not None and json.loads(reply).get("action") == "joined_conversation":
            context.connection.send(reply)
            place = {"conversation_id": json.loads(frame["text"])["conversation_id"]}
            page = await original(context, {"text": json.dumps({"type": "FetchHistory", "limit": 10} | place)})
            for one in reversed(json.loads(page).get("messages", ())):
                told = {key: value for key, value in one.items() if key in TOLD}
                context.connection.send(json.dumps({"type": "NewMessage"} | place | told))
            return None
        return reply


def strict_fields(patch: Patch) -> None:
    """Refuse a request with a field that its type does not have."""

    @patch.around(session, "parse")
    def parse(original: Any, text: str) -> Any:
        request = original(text)
        if json.loads(text).keys() - type(request).model_fields.keys():
            raise session.Refused("invalid_message", "unknown field")
        return request


def tells_who_joins(patch: Patch) -> None:
    """Tell the room who joins, by a type of its own."""

    @patch.around(hub.Hub, "join")
    def join(original: Any, self: Any, connection: Any, place: Any) -> None:
        original(self, connection, place)
        notice = {"type": "UserJoined", "conversation_id": str(place), "user_id": str(connection.user_id)}
        for one in tuple(self._rooms[place].connections):
            one.send(json.dumps(notice))


def silent_sends(patch: Patch) -> None:
    """Confirm whatever is asked but that a message is sent."""

    @patch.around(session, "answer")
    async def answer(original: Any, context: Any, frame: Any) -> str | None:
        reply: str | None = await original(context, frame)
        return None if reply is not None and json.loads(reply).get("action") == "message_sent" else reply


def _replies(patch: Patch, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    @patch.around(session, "answer")
    async def answer(original: Any, context: Any, frame: Any) -> str | None:
        reply: str | None = await original(context, frame)
        return None if reply is None else json.dumps(change(json.loads(reply)))


STAMPED = (
    *("send_message", "edit_message", "delete_message", "search_messages", "sync_messages", "read_receipts"),
    *("delivered_status", "reactions", "permissions"),
)
"""The features with rules about instants, which nobody can compare without a zone."""
ERRORS = {"websocket_connection": BAD, "rate_limiting": BAD}
"""The features that are about Errors."""
SEARCHING = ("call_hangup", "call_reject")
"""The features with a rule that only a search can show to be kept."""
OF_ALL_FRAMES = frozenset({"CONN-2", "CONN-3", "CONN-10", "CONN-11", "CONN-15"})
"""The must rules of the connection that are about Errors, or about the form of every frame."""
OF_EXTRA_FIELDS = frozenset({"CONN-4", "CONN-6", "CONN-14"})
"""Those that send fields which a type does not have."""
PARTS: Mapping[str, tuple[Callable[[Patch], None], dict[str, frozenset[str]], frozenset[str]]] = {
    one.__name__: (one, verdicts, OF_ALL_FRAMES if "websocket_connection" in verdicts else frozenset())
    for one, verdicts in (
        (errors_end_the_connection, ERRORS),
        (
            errors_are_closes,
            ERRORS | {"delete_message": frozenset({"OK", "NOT TESTED"})},
        ),  # who is second hears nothing
        (errors_without_type, ERRORS),
        (negative_confirmations, ERRORS | {"action_confirmed": BAD}),
        (no_senders, {"send_message": BAD}),
        (only_others_hear, dict.fromkeys(("send_message", "edit_message", "delete_message", "reactions"), BAD)),
        (history_without_limit, {"fetch_history": BAD, "send_message": frozenset({"OK", "NOT TESTED"})}),
        (search_finds_everything, {"search_messages": BAD} | dict.fromkeys(SEARCHING, frozenset({"OK", "NOT TESTED"}))),
        (history_on_join, {"send_message": BAD, "join_conversation": BAD}),
        (tells_who_joins, {"websocket_connection": BAD}),
        (silent_sends, {"action_confirmed": BAD}),
        (no_zones, {"websocket_connection": BAD} | dict.fromkeys(STAMPED, frozenset({"OK", "NOT TESTED"}))),
    )
} | {"strict_fields": (strict_fields, {"websocket_connection": BAD}, OF_EXTRA_FIELDS)}
"""As in `elsewhere`: what changes the server, the verdicts of the features that it breaks, and the rules of others."""
