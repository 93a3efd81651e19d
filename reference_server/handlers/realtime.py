"""Typing, MarkAsRead, Delivered, AddReaction, RemoveReaction, Ping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.content_rules import check_emoji
from reference_server.errors import Refused
from reference_server.events import (
    ActionConfirmed,
    MessageDelivered,
    MessageRead,
    Pong,
    ReactionAdded,
    ReactionRemoved,
)
from reference_server.permissions import Right
from reference_server.store import conversations, messages, reactions, receipts

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.config import Limits
    from reference_server.context import Context
    from reference_server.messages import AddReaction, Delivered, MarkAsRead, Ping, RemoveReaction, Typing


async def ping(_context: Context, _request: Ping) -> Pong:
    """Answer with a Pong."""
    return Pong()


async def typing(context: Context, request: Typing) -> None:
    """Tell the others; nothing is stored, and nothing is answered unless it fails."""
    conversation_id = request.conversation_id
    await context.read(conversations.require, conversation_id, context.user_id, Right.SEND)
    if request.is_typing:
        context.instance.typing.refresh(context.connection, conversation_id)
    else:
        context.instance.typing.forget(conversation_id, context.user_id)
    await context.instance.tell_typing(conversation_id, context.user_id, is_typing=request.is_typing)


async def mark_as_read(context: Context, request: MarkAsRead) -> ActionConfirmed:
    """Move the reader's mark forward and tell the others, once."""
    conversation_id, user_id = request.conversation_id, context.user_id
    async with context.in_order(conversation_id):
        read_at = await context.write(_mark_as_read, request, user_id)
        if read_at is not None:  # READ-2
            event = MessageRead(conversation_id, request.message_id, user_id, read_at)
            await context.instance.tell(conversation_id, event, besides=user_id)
    return ActionConfirmed("marked_as_read")


async def delivered(context: Context, request: Delivered) -> ActionConfirmed:
    """Tell the sender that the message has arrived, once per recipient."""
    conversation_id, user_id = request.conversation_id, context.user_id
    async with context.in_order(conversation_id):
        receipt = await context.write(_deliver, request, user_id)
        if receipt is not None:
            sender_id, delivered_at = receipt
            event = MessageDelivered(conversation_id, request.message_id, user_id, delivered_at)
            await context.instance.tell(conversation_id, event, only=sender_id)  # DLVR-1
    return ActionConfirmed("marked_as_delivered")


async def add_reaction(context: Context, request: AddReaction) -> ActionConfirmed:
    """Add to a message's set of reactions and tell everybody, if it is new."""
    check_emoji(request.emoji, context.limits)
    conversation_id, user_id = request.conversation_id, context.user_id
    async with context.in_order(conversation_id):
        if await context.write(_add_reaction, request, user_id, context.limits):  # REAC-2
            event = ReactionAdded(conversation_id, request.message_id, user_id, request.emoji)
            await context.instance.tell(conversation_id, event)
    return ActionConfirmed("reaction_added")


async def remove_reaction(context: Context, request: RemoveReaction) -> ActionConfirmed:
    """Take from a message's set of reactions and tell everybody, if it was there."""
    check_emoji(request.emoji, context.limits)
    conversation_id, user_id = request.conversation_id, context.user_id
    async with context.in_order(conversation_id):
        if await context.write(_remove_reaction, request, user_id):  # REAC-3
            event = ReactionRemoved(conversation_id, request.message_id, user_id, request.emoji)
            await context.instance.tell(conversation_id, event)
    return ActionConfirmed("reaction_removed")


def _mark_as_read(connection: Connection, request: MarkAsRead, user_id: UUID) -> datetime | None:
    conversation_id = request.conversation_id
    conversations.acquire(connection, conversation_id, user_id, Right.READ)
    message = messages.find(connection, conversation_id, request.message_id)
    if receipts.read_up_to(connection, conversation_id, user_id, message.created_at):
        return conversations.now()
    return None


def _deliver(connection: Connection, request: Delivered, user_id: UUID) -> tuple[UUID, datetime] | None:
    conversations.acquire(connection, request.conversation_id, user_id, Right.READ)
    message = messages.find(connection, request.conversation_id, request.message_id)
    if message.sender_id == user_id:  # DLVR-2
        return None
    if receipts.deliver(connection, message.message_id, user_id):
        return message.sender_id, conversations.now()
    return None


def _add_reaction(connection: Connection, request: AddReaction, user_id: UUID, limits: Limits) -> bool:
    stamp = conversations.acquire(connection, request.conversation_id, user_id, Right.SEND)
    message = messages.find(connection, request.conversation_id, request.message_id)
    if reactions.exists(connection, message.message_id, user_id, request.emoji):
        return False
    if reactions.count(connection, message.message_id, user_id) >= limits.reactions:  # REAC-6
        raise Refused("conflict", f"You have {limits.reactions} reactions to this message already.")
    reactions.add(connection, message.message_id, user_id, request.emoji, stamp)
    messages.touch(connection, message, stamp)
    return True


def _remove_reaction(connection: Connection, request: RemoveReaction, user_id: UUID) -> bool:
    stamp = conversations.acquire(connection, request.conversation_id, user_id, Right.SEND)
    message = messages.find(connection, request.conversation_id, request.message_id)
    if not reactions.remove(connection, message.message_id, user_id, request.emoji):
        return False
    messages.touch(connection, message, stamp)
    return True
