"""SendMessage, EditMessage, DeleteMessage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.content_rules import check_attachments, check_content
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed, MessageDeleted, MessageEdited, NewMessage
from reference_server.permissions import Right
from reference_server.store import conversations, messages

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.config import Limits
    from reference_server.context import Context
    from reference_server.messages import DeleteMessage, EditMessage, SendMessage
    from reference_server.store.messages import StoredMessage


async def send_message(context: Context, request: SendMessage) -> ActionConfirmed:
    """Store a message, tell everybody who has joined, confirm."""
    attachments = request.attachments or []
    check_attachments(attachments, context.limits)
    check_content(request.content, has_attachments=bool(attachments), limits=context.limits)
    conversation_id = request.conversation_id
    async with context.in_order(conversation_id):
        message = await context.write(_send, request, context.user_id)
        await context.instance.tell(conversation_id, _new_message(message))
    await context.instance.typing.stop(conversation_id, context.user_id)  # TYPE-2
    return ActionConfirmed("message_sent")


async def edit_message(context: Context, request: EditMessage) -> ActionConfirmed:
    """Replace the content of one's own message."""
    async with context.in_order(request.conversation_id):
        message = await context.write(_edit, request, context.user_id, context.limits)
        assert message.edited_at is not None
        event = MessageEdited(
            message.conversation_id, message.message_id, context.user_id, message.content, message.edited_at
        )
        await context.instance.tell(message.conversation_id, event)
    return ActionConfirmed("message_edited")


async def delete_message(context: Context, request: DeleteMessage) -> ActionConfirmed:
    """Hide a message: one's own, or anybody's for a moderator."""
    async with context.in_order(request.conversation_id):
        message = await context.write(_delete, request, context.user_id)
        assert message.deleted_at is not None
        event = MessageDeleted(message.conversation_id, message.message_id, context.user_id, message.deleted_at)
        await context.instance.tell(message.conversation_id, event)
    return ActionConfirmed("message_deleted")


def _send(connection: Connection, request: SendMessage, user_id: UUID) -> StoredMessage:
    stamp = conversations.acquire(connection, request.conversation_id, user_id, Right.SEND)
    return messages.add(
        connection,
        request.conversation_id,
        user_id,
        stamp,
        content=request.content,
        parent_id=request.parent_message_id,
        attachments=[attachment.model_dump() for attachment in request.attachments or ()],
    )


def _edit(connection: Connection, request: EditMessage, user_id: UUID, limits: Limits) -> StoredMessage:
    stamp = conversations.acquire(connection, request.conversation_id, user_id, Right.SEND)
    message = messages.find(connection, request.conversation_id, request.message_id)
    if message.sender_id != user_id:
        raise Refused("forbidden", "Only the author may edit a message.")  # EDIT-2
    check_content(request.content, has_attachments=bool(message.attachments), limits=limits)  # EDIT-5
    return messages.edit(connection, message, request.content, stamp)


def _delete(connection: Connection, request: DeleteMessage, user_id: UUID) -> StoredMessage:
    membership, stamp = conversations.lock(connection, request.conversation_id, user_id)
    membership.require(Right.READ)
    message = messages.find(connection, request.conversation_id, request.message_id)  # DEL-5
    if message.sender_id != user_id:
        membership.require(Right.MODERATE)  # DEL-2
    return messages.delete(connection, message, stamp)


def _new_message(message: StoredMessage) -> NewMessage:
    return NewMessage(
        message.conversation_id,
        message.message_id,
        message.sender_id,
        message.content,
        message.created_at,
        message.parent_message_id,
        message.attachments,
    )
