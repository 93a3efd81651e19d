"""Wrongs of servers that say so before they have done it: for a short time, nobody sees what is confirmed."""

import asyncio
import time
from contextlib import nullcontext

from reference_server import session
from reference_server.context import Context
from reference_server.database import SqliteDatabase
from reference_server.handlers import history, messages, realtime, rooms
from tests.faults.registry import Patch, fault

LATE_S = 0.05


def _commit_late(patch: Patch, wanted) -> None:
    """Go on as soon as a transaction has run, and commit it a little later; each in a transaction of its own."""
    patch(Context, "in_order", lambda *_: nullcontext())

    @patch.around(SqliteDatabase, "write")
    async def write(original, self, transaction, *arguments, **more):
        loop = asyncio.get_running_loop()
        early = loop.create_future()

        def slow(*given, **named):
            result = transaction(*given, **named)
            if transaction is wanted:
                loop.call_soon_threadsafe(early.set_result, result)
                time.sleep(LATE_S)
            return result

        done = asyncio.ensure_future(original(self, slow, *arguments, **more))
        await asyncio.wait([early, done], return_when=asyncio.FIRST_COMPLETED)
        return early.result() if early.done() else await done


@fault(breaks=["SEND-5", "SEND-6"])
def message_is_committed_late(patch: Patch) -> None:
    """A message is told and confirmed 50 ms before it is committed."""
    _commit_late(patch, messages._send)


@fault(breaks=["EDIT-1"])
def edit_is_committed_late(patch: Patch) -> None:
    """An edit is told and confirmed 50 ms before it is committed."""
    _commit_late(patch, messages._edit)


@fault(breaks=["DEL-1"])
def deletion_is_committed_late(patch: Patch) -> None:
    """A deletion is told and confirmed 50 ms before it is committed."""
    _commit_late(patch, messages._delete)


@fault(breaks=["REAC-1"])
def reaction_is_committed_late(patch: Patch) -> None:
    """A reaction is told and confirmed 50 ms before it is committed."""
    _commit_late(patch, realtime._add_reaction)


@fault(breaks=["REAC-1"])
def reaction_is_taken_back_late(patch: Patch) -> None:
    """The removal of a reaction is told and confirmed 50 ms before it is committed."""
    _commit_late(patch, realtime._remove_reaction)


@fault(breaks=["JOIN-4"])
def membership_is_committed_late(patch: Patch) -> None:
    """Who joins a public conversation is confirmed 50 ms before the membership is committed."""
    _commit_late(patch, rooms._enter)


@fault(breaks=["SEND-6"], also=["SEND-5", "MULTI-1", "MULTI-2", "MULTI-3", "HIST-1", "HIST-3"], alone=True)
def history_of_the_other_instance_is_old(patch: Patch) -> None:
    """An instance keeps the history that it has sent for a second, and only its own clients' requests refresh it."""
    kept = {}

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        if "FetchHistory" not in (frame.get("text") or ""):
            kept.pop(context.instance, None)
        return await original(context, frame)

    @patch.around(history, "fetch_history")
    async def fetch(original, context, request):
        pages = kept.setdefault(context.instance, {})
        key = context.user_id, request.conversation_id, request.cursor, request.limit, int(time.monotonic())
        if key not in pages:
            pages[key] = await original(context, request)
        return pages[key]
