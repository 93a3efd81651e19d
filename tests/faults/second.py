"""Wrongs of the second instance only, which runs an older version or on a machine of another clock."""

import asyncio
from dataclasses import fields, replace
from datetime import datetime, timedelta

from reference_server import session
from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed
from reference_server.handlers import history, messages, rooms
from reference_server.messages import Ping
from tests.faults.registry import Patch, fault

HOUR = timedelta(hours=1)


def _second(patch: Patch):
    """Give a function that says whether an instance is not the first one."""
    instances: list[Instance] = []

    @patch.around(Instance, "__init__")
    def init(original, self, *args):
        instances.append(self)
        original(self, *args)

    return lambda instance: instance is not instances[0]


@fault(breaks=["SEND-12", "EDIT-6", "DEL-7", "READ-6", "DLVR-6"], also=["HIST-8", "HIST-8s", "SRCH-9", "SYNC-1"])
def second_instance_is_an_hour_behind(patch: Patch) -> None:
    """The second instance stamps its events with a clock that is an hour behind."""
    is_second = _second(patch)

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        if is_second(self):
            stamps = {one.name: getattr(event, one.name) for one in fields(event)}
            wrong = {name: stamp - HOUR for name, stamp in stamps.items() if isinstance(stamp, datetime)}
            event = replace(event, **wrong)
        await original(self, conversation_id, event, **how)


@fault(breaks=["JOIN-3"], also=["SEND-3", "PERM-1", "PERM-2", "MULTI-2", "MULTI-3", "JOIN-6"])
def second_instance_lets_anybody_join(patch: Patch) -> None:
    """The second instance asks nobody who joins for membership."""
    is_second = _second(patch)

    @patch.around(rooms, "join_conversation")
    async def join(original, context, request):
        if not is_second(context.instance):
            return await original(context, request)
        async with context.instance.hub.attending(request.conversation_id):
            context.instance.hub.join(context.connection, request.conversation_id)
        return ActionConfirmed("joined_conversation")


@fault(breaks=["DEL-4"], also=["EDIT-3", "EDIT-4", "PERM-1", "PERM-3", "MULTI-3", "ACK-3"])
def second_instance_confirms_every_edit(patch: Patch) -> None:
    """The second instance confirms an edit that it does not make."""
    is_second = _second(patch)

    @patch.around(messages, "edit_message")
    async def edit(original, context, request):
        try:
            return await original(context, request)
        except Refused:
            if is_second(context.instance):
                return ActionConfirmed("message_edited")
            raise


@fault(breaks=["ATT-2"], also=["SEND-1", "MULTI-1", "MULTI-3"])
def second_instance_wants_words(patch: Patch) -> None:
    """The second instance refuses a message that has an attachment and no words."""
    is_second = _second(patch)

    @patch.around(messages, "send_message")
    async def send(original, context, request):
        if is_second(context.instance) and not request.content:
            raise Refused("validation_error", "Say something.")
        return await original(context, request)


@fault(breaks=["SEND-5"], also=["HIST-1", "HIST-2", "HIST-8", "SEND-6", "MULTI-3"])
def second_instance_reads_a_late_replica(patch: Patch) -> None:
    """The history of the second instance has a message 50 ms after its event."""
    is_second = _second(patch)
    told: dict = {}

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        told[getattr(event, "message_id", None)] = asyncio.get_running_loop().time()
        await original(self, conversation_id, event, **how)

    @patch.around(history, "fetch_history")
    async def fetch(original, context, request):
        answer, now = await original(context, request), asyncio.get_running_loop().time()
        if not is_second(context.instance):
            return answer
        return replace(answer, messages=[one for one in answer.messages if now - told.get(one["message_id"], 0) > 0.05])


@fault(breaks=["RATE-3"], also=["RATE-1", "RATE-2"], alone=True)
def second_instance_limits_all_together(patch: Patch) -> None:
    """While one user is over the limit of the second instance, everybody there is."""
    is_second = _second(patch)
    until = [0.0]

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        now = asyncio.get_running_loop().time()
        if is_second(context.instance) and now < until[0] and not isinstance(request, Ping):
            raise Refused("rate_limited", "Too many requests of somebody.")
        try:
            await original(context, request)
        except Refused:
            until[0] = now + 0.5
            raise
