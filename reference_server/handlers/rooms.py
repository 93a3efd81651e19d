"""JoinConversation, LeaveConversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.events import ActionConfirmed
from reference_server.permissions import Right, Role
from reference_server.pubsub import RoleChanged, conversation_channel
from reference_server.store import conversations

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.context import Context
    from reference_server.messages import JoinConversation, LeaveConversation


async def join_conversation(context: Context, request: JoinConversation) -> ActionConfirmed:
    """Subscribe this connection; an outsider of a public conversation becomes a member by it."""
    conversation_id = request.conversation_id
    async with context.instance.hub.attending(conversation_id):
        membership = await context.read(conversations.membership, conversation_id, context.user_id)
        if membership.may_enter_as_member:
            await _become_member(context, conversation_id)
        else:
            membership.require(Right.JOIN)
        context.instance.hub.join(context.connection, conversation_id)
    return ActionConfirmed("joined_conversation")


async def leave_conversation(context: Context, request: LeaveConversation) -> ActionConfirmed:
    """Unsubscribe this connection; confirmed whatever it had joined, which tells an outsider nothing."""
    await context.instance.typing.leave(context.connection, request.conversation_id)
    await context.instance.hub.leave(context.connection, request.conversation_id)
    return ActionConfirmed("left_conversation")


async def _become_member(context: Context, conversation_id: UUID) -> None:
    async with context.in_order(conversation_id):
        await context.write(_enter, conversation_id, context.user_id)
        await context.instance.services.pubsub.publish(
            conversation_channel(conversation_id), RoleChanged(context.user_id, may_read=True)
        )


def _enter(connection: Connection, conversation_id: UUID, user_id: UUID) -> None:
    membership, _ = conversations.lock(connection, conversation_id, user_id)
    if membership.may_enter_as_member:  # JOIN-4
        conversations.set_role(connection, conversation_id, user_id, Role.MEMBER)
    else:  # somebody gave the user a role in the meantime
        membership.require(Right.JOIN)
