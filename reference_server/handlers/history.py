"""FetchHistory, SearchMessages, SyncMessages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reference_server import cursor
from reference_server.content_rules import check_query, page_size
from reference_server.errors import Refused
from reference_server.events import HistoryChunk, SearchResults, SyncChunk, describe
from reference_server.permissions import Right
from reference_server.store import conversations, messages, reactions

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.context import Context
    from reference_server.messages import FetchHistory, SearchMessages, SyncMessages
    from reference_server.store.messages import StoredMessage

MAX_OFFSET = 2**31 - 1


async def fetch_history(context: Context, request: FetchHistory) -> HistoryChunk:
    """Give a page of visible messages, newest first, and the cursor of the next."""
    limit = page_size(request.limit, context.limits.history)
    return await context.read(_history, request, context.user_id, limit)


async def search_messages(context: Context, request: SearchMessages) -> SearchResults:
    """Give a page of the messages that contain the query, newest first."""
    check_query(request.query, context.limits)
    limit = page_size(request.limit, context.limits.search)
    offset = request.offset or 0
    if offset < 0:
        raise Refused("invalid_message", "The offset must not be negative.")
    return await context.read(_search, request, context.user_id, limit, min(offset, MAX_OFFSET))


async def sync_messages(context: Context, request: SyncMessages) -> SyncChunk:
    """Give a page of what has changed since an instant, in the order of the changes."""
    limit = page_size(request.limit, context.limits.sync)
    return await context.read(_sync, request, context.user_id, limit)


def _history(connection: Connection, request: FetchHistory, user_id: UUID, limit: int) -> HistoryChunk:
    conversation_id = request.conversation_id
    conversations.require(connection, conversation_id, user_id, Right.READ)
    before = None if request.cursor is None else cursor.decode(request.cursor, conversation_id)
    found = messages.history(connection, conversation_id, before, limit + 1)
    page, has_more = found[:limit], len(found) > limit  # HIST-3
    return HistoryChunk(
        conversation_id,
        _describe(connection, page),
        has_more,
        cursor.encode(conversation_id, page[-1].created_at) if has_more else None,
    )


def _search(connection: Connection, request: SearchMessages, user_id: UUID, limit: int, offset: int) -> SearchResults:
    conversation_id = request.conversation_id
    conversations.require(connection, conversation_id, user_id, Right.READ)
    page, total = messages.search(connection, conversation_id, request.query, limit, offset)
    return SearchResults(conversation_id, request.query, _describe(connection, page), total)


def _sync(connection: Connection, request: SyncMessages, user_id: UUID, limit: int) -> SyncChunk:
    conversation_id = request.conversation_id
    conversations.require(connection, conversation_id, user_id, Right.READ)
    found = messages.changes(connection, conversation_id, request.since, limit + 1)
    page, has_more = found[:limit], len(found) > limit
    next_since: datetime = page[-1].changed_at if page else request.since  # SYNC-2, SYNC-4
    return SyncChunk(conversation_id, _describe(connection, page), has_more, next_since)


def _describe(connection: Connection, page: list[StoredMessage]) -> list[dict[str, Any]]:
    found = reactions.of_messages(connection, [message.message_id for message in page])
    return [describe(message, found.get(message.message_id, {})) for message in page]
