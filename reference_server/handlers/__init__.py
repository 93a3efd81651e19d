"""One function per request type, in one module per group of features."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from reference_server import messages as wire
from reference_server.context import Context
from reference_server.events import Outgoing
from reference_server.handlers import calls, history, messages, realtime, rooms

#: Carries a request out and returns its reply, if it has one; raises `Refused` to refuse it.
Handler = Callable[[Context, Any], Awaitable[Outgoing | None]]

HANDLERS: dict[type[wire.Request], Handler] = {
    wire.SendMessage: messages.send_message,
    wire.EditMessage: messages.edit_message,
    wire.DeleteMessage: messages.delete_message,
    wire.JoinConversation: rooms.join_conversation,
    wire.LeaveConversation: rooms.leave_conversation,
    wire.FetchHistory: history.fetch_history,
    wire.SearchMessages: history.search_messages,
    wire.SyncMessages: history.sync_messages,
    wire.Typing: realtime.typing,
    wire.MarkAsRead: realtime.mark_as_read,
    wire.Delivered: realtime.delivered,
    wire.AddReaction: realtime.add_reaction,
    wire.RemoveReaction: realtime.remove_reaction,
    wire.CallOffer: calls.offer,
    wire.CallAnswer: calls.answer,
    wire.ICECandidate: calls.candidate,
    wire.CallHangup: calls.hang_up,
    wire.CallReject: calls.reject,
    wire.Ping: realtime.ping,
}
