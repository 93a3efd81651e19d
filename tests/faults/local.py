"""Wrongs of instances that keep for themselves what all of them should know."""

from dataclasses import replace

from reference_server.context import Instance
from reference_server.errors import no_such_message
from reference_server.events import NewMessage
from reference_server.handlers import history, messages, realtime
from tests.faults.registry import Patch, fault


def _homes(patch: Patch) -> dict:
    """Remember by way of which instance each message was sent."""
    homes: dict = {}

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        if isinstance(event, NewMessage):
            homes[event.message_id] = self
        await original(self, conversation_id, event, **how)

    return homes


def _own_only(patch: Patch, handler: str, change) -> None:
    """Show only messages that were sent by way of the same instance."""
    homes = _homes(patch)

    @patch.around(history, handler)
    async def read(original, context, request):
        answer = await original(context, request)
        here = context.instance
        return change(answer, [one for one in answer.messages if homes.get(one["message_id"], here) is here])


@fault(breaks=["SRCH-1"])
def search_is_local(patch: Patch) -> None:
    """Search finds only messages that were sent by way of the same instance."""
    _own_only(patch, "search_messages", lambda answer, kept: replace(answer, messages=kept, total=len(kept)))


@fault(breaks=["SYNC-1"])
def sync_is_local(patch: Patch) -> None:
    """A sync gives only messages that were sent by way of the same instance."""
    _own_only(patch, "sync_messages", lambda answer, kept: replace(answer, messages=kept))


def _found_at_home(patch: Patch, handler: str, field: str = "message_id") -> None:
    """Find a message only on the instance by way of which it was sent."""
    homes = _homes(patch)

    @patch.around(messages, handler)
    async def handle(original, context, request):
        if homes.get(getattr(request, field), context.instance) is not context.instance:
            raise no_such_message()
        return await original(context, request)


@fault(breaks=["EDIT-1"])
def edits_are_made_where_the_message_was_sent(patch: Patch) -> None:
    """A message can be edited only on the instance by way of which it was sent."""
    _found_at_home(patch, "edit_message")


@fault(breaks=["DEL-1"])
def deletions_are_made_where_the_message_was_sent(patch: Patch) -> None:
    """A message can be deleted only on the instance by way of which it was sent."""
    _found_at_home(patch, "delete_message")


@fault(breaks=["SEND-8"])
def answers_are_given_where_the_message_was_sent(patch: Patch) -> None:
    """A message can be answered only on the instance by way of which it was sent."""
    _found_at_home(patch, "send_message", "parent_message_id")


@fault(breaks=["REAC-1"])
def reactions_are_local(patch: Patch) -> None:
    """History shows only reactions that were made by way of the same instance."""
    homes: dict = {}

    @patch.around(realtime, "add_reaction")
    async def add(original, context, request):
        homes[request.message_id, request.emoji] = context.instance
        return await original(context, request)

    @patch.around(history, "fetch_history")
    async def read(original, context, request):
        answer, here = await original(context, request), context.instance
        for one in answer.messages:
            shown = one["reactions"]
            one["reactions"] = [each for each in shown if homes.get((one["message_id"], each["emoji"])) is here]
        return answer
