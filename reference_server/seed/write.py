"""Writes the data of a seed file, in batches of messages, and empties the database."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain, cycle, islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert
from sqlmodel import SQLModel

from reference_server.folding import fold
from reference_server.models import MESSAGES
from reference_server.new_ids import new_id
from reference_server.permissions import RIGHTS, Right
from reference_server.store import conversations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.seed.model import Seed, SeedConversation

#: The most rows of one statement.
BATCH = 5000
APART = timedelta(minutes=1)
SENTENCES = (
    "Good morning!",
    "Has somebody seen the new designs?",
    "They are in the folder of yesterday.",
    "I am late, begin without me.",
    "Lunch at noon?",
    "The build is green again.",
    "Thanks, that helps a lot.",
    "Let us talk about it tomorrow.",
)


def plant(connection: Connection, seed: Seed) -> int:
    """Create the conversations whose name and first owner do not exist yet; return the number of new messages."""
    return sum(_create(connection, one, seed) for one in seed.conversations)


def reset(connection: Connection) -> None:
    """Remove every row of every table; the tables stay."""
    for table in reversed(SQLModel.metadata.sorted_tables):
        connection.execute(delete(table))


def _create(connection: Connection, one: SeedConversation, seed: Seed) -> int:
    owner = seed.users[one.owner]
    if any(each.name == one.name for each in conversations.conversations_of(connection, owner)):
        return 0
    members = {seed.users[name]: role for name, role in one.members.items()}
    conversation_id = conversations.create(connection, one.name, one.visibility, members)
    rows = _rows(conversation_id, one, seed)
    number, stamp = 0, conversations.now()
    while batch := list(islice(rows, BATCH)):
        connection.execute(insert(MESSAGES), batch)
        number, stamp = number + len(batch), batch[-1]["created_at"]
    conversations.advance(connection, conversation_id, stamp)
    return number


def _rows(conversation_id: UUID, one: SeedConversation, seed: Seed) -> Iterator[dict[str, Any]]:
    """Give the messages, the oldest first: generated ones by the members in turn, then those of the file."""
    writers = cycle(name for name, role in one.members.items() if Right.SEND in RIGHTS[role])
    texts = cycle(SENTENCES)
    generated = ((next(writers), f"{number}: {next(texts)}") for number in range(1, one.generate + 1))
    given = ((message.sender, message.content) for message in one.messages)
    stamp = conversations.now() - APART * (one.generate + len(one.messages))
    for sender, content in chain(generated, given):
        stamp += APART
        yield {
            "id": new_id("message"),
            "conversation_id": conversation_id,
            "sender_id": seed.users[sender],
            "content": content,
            "folded": fold(content),
            "parent_id": None,
            "attachments": [],
            "created_at": stamp,
            "changed_at": stamp,
            "edited_at": None,
            "deleted_at": None,
        }
