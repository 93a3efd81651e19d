"""CallOffer, CallAnswer, ICECandidate, CallHangup, CallReject: relayed to one user, never stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server import events
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed, Outgoing
from reference_server.messages import CallAnswer, CallHangup, CallOffer, CallReject, ICECandidate
from reference_server.permissions import Right
from reference_server.store import conversations

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.context import Context

Call = CallOffer | CallAnswer | ICECandidate | CallHangup | CallReject


async def offer(context: Context, request: CallOffer) -> ActionConfirmed:
    """Relay an offer."""
    await _relay(
        context,
        request,
        events.CallOffer(request.conversation_id, context.user_id, request.sdp, request.call_type),
    )
    return ActionConfirmed("call_offered")


async def answer(context: Context, request: CallAnswer) -> ActionConfirmed:
    """Relay an answer."""
    await _relay(context, request, events.CallAnswer(request.conversation_id, context.user_id, request.sdp))
    return ActionConfirmed("call_answered")


async def candidate(context: Context, request: ICECandidate) -> None:
    """Relay a candidate; nothing is answered unless it fails."""
    await _relay(
        context,
        request,
        events.ICECandidate(
            request.conversation_id,
            context.user_id,
            request.candidate,
            request.sdp_mid,
            request.sdp_mline_index,
        ),
    )


async def hang_up(context: Context, request: CallHangup) -> ActionConfirmed:
    """Relay the end of a call."""
    await _relay(context, request, events.CallHangup(request.conversation_id, context.user_id))
    return ActionConfirmed("call_hung_up")


async def reject(context: Context, request: CallReject) -> ActionConfirmed:
    """Relay a refusal."""
    await _relay(context, request, events.CallReject(request.conversation_id, context.user_id))
    return ActionConfirmed("call_rejected")


async def _relay(context: Context, request: Call, event: Outgoing) -> None:
    """Hand the frame to every connection of the target, or refuse."""  # CALL-1
    target_id = request.target_user_id
    await context.read(_check, request.conversation_id, context.user_id, target_id)
    if not await context.instance.services.presence.is_online(target_id):
        raise Refused("unavailable", "The user is not connected.")  # CALL-6
    await context.instance.tell_user(target_id, event)
    if isinstance(request, CallAnswer | CallReject):  # CALL-10
        await context.instance.tell_user(context.user_id, event, besides=context.connection.id)


def _check(connection: Connection, conversation_id: UUID, caller_id: UUID, target_id: UUID) -> None:
    conversations.require(connection, conversation_id, caller_id, Right.SEND)
    if target_id == caller_id:
        raise Refused("invalid_message", "One cannot call oneself.")  # CALL-5
    if not conversations.membership(connection, conversation_id, target_id).may(Right.READ):
        raise Refused("not_found", "No such member of this conversation.")  # CALL-5
