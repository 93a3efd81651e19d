"""Wrongs of servers that read a message, change it, and write all of it back, whatever others have done meanwhile."""

import asyncio
import time

from sqlalchemy import select, update

from reference_server.handlers import messages, realtime
from reference_server.models import MESSAGES
from reference_server.store import reactions
from tests.faults.registry import Patch, fault

TEXT = (MESSAGES.c.content, MESSAGES.c.folded, MESSAGES.c.edited_at)
MEANWHILE = 0.01


async def _row(context, message_id, columns):
    query = select(*columns).where(MESSAGES.c.id == message_id)
    return await context.read(lambda connection: connection.execute(query).mappings().one_or_none())


def _save_text(patch: Patch, handler: str) -> None:
    """Write the text of a message back as it was before a request for it."""

    @patch.around(realtime, handler)
    async def handle(original, context, request):
        before = await _row(context, request.message_id, TEXT)
        await asyncio.sleep(MEANWHILE)
        reply = await original(context, request)
        back = update(MESSAGES).where(MESSAGES.c.id == request.message_id).values(**before)
        await context.write(lambda connection: connection.execute(back))
        return reply


@fault(breaks=["REAC-8"])
def reaction_undoes_an_edit_in_a_race(patch: Patch) -> None:
    """A reaction saves the whole message, so that an edit at the same time is lost."""
    _save_text(patch, "add_reaction")


@fault(breaks=["READ-5"])
def reading_undoes_an_edit_in_a_race(patch: Patch) -> None:
    """A read mark saves the whole message, so that an edit at the same time is lost."""
    _save_text(patch, "mark_as_read")


@fault(breaks=["DLVR-5"])
def delivery_undoes_an_edit_in_a_race(patch: Patch) -> None:
    """A delivery saves the whole message, so that an edit at the same time is lost."""
    _save_text(patch, "delivered")


@fault(breaks=["EDIT-3"])
def edit_undoes_reactions_in_a_race(patch: Patch) -> None:
    """An edit saves the message with its reactions as they were, so that one at the same time is lost."""

    @patch.around(messages, "edit_message")
    async def edit(original, context, request):
        before = await context.read(reactions.of_messages, [request.message_id])
        await asyncio.sleep(MEANWHILE)
        reply = await original(context, request)
        now = await context.read(reactions.of_messages, [request.message_id])
        for emoji, users in now.get(request.message_id, {}).items():
            for user in set(users) - set(before.get(request.message_id, {}).get(emoji, ())):
                await context.write(reactions.remove, request.message_id, user, emoji)
        return reply


@fault(breaks=["EDIT-3"])
def edit_undoes_a_reaction_just_before(patch: Patch) -> None:
    """An edit saves the message with its reactions as they were a moment ago."""
    added: dict = {}

    @patch.around(realtime, "add_reaction")
    async def add(original, context, request):
        added[request.message_id] = (time.monotonic(), context.user_id, request.emoji)
        return await original(context, request)

    @patch.around(messages, "edit_message")
    async def edit(original, context, request):
        when, user, emoji = added.get(request.message_id, (0.0, None, None))
        recent = time.monotonic() - when < MEANWHILE
        reply = await original(context, request)
        if recent:
            await context.write(reactions.remove, request.message_id, user, emoji)
        return reply


def _brings_back(patch: Patch, module, handler: str) -> None:
    """Carry a request out for a message that was there a moment ago, and save it as one that is not deleted."""

    @patch.around(module, handler)
    async def handle(original, context, request):
        found = await _row(context, request.message_id, (MESSAGES.c.deleted_at,))
        await asyncio.sleep(MEANWHILE)
        back = update(MESSAGES).where(MESSAGES.c.id == request.message_id).values(deleted_at=None)
        if found is not None and found["deleted_at"] is None:
            await context.write(lambda connection: connection.execute(back))
        return await original(context, request)


@fault(breaks=["DEL-1"])
def edit_undoes_a_deletion_in_a_race(patch: Patch) -> None:
    """An edit saves the whole message, so that a deletion at the same time is lost."""
    _brings_back(patch, messages, "edit_message")


@fault(breaks=["DEL-1"])
def reaction_undoes_a_deletion_in_a_race(patch: Patch) -> None:
    """A reaction saves the whole message, so that a deletion at the same time is lost."""
    _brings_back(patch, realtime, "add_reaction")


@fault(breaks=["REAC-1"])
def reactions_undo_each_other_in_a_race(patch: Patch) -> None:
    """Reactions are a column of the message, so that of two at the same time only one stays."""
    busy: dict = {}

    @patch.around(realtime, "add_reaction")
    async def react(original, context, request):
        mine = busy[request.message_id] = object()
        await asyncio.sleep(MEANWHILE)
        reply = await original(context, request)
        if busy[request.message_id] is not mine:
            await context.write(reactions.remove, request.message_id, context.user_id, request.emoji)
        return reply
