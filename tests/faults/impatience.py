"""Wrongs of a server that loses patience with a client, or is more patient than it says."""

from collections import Counter

from reference_server import session
from reference_server.errors import Refused
from tests.faults.registry import Patch, fault


def _unreadable(patch: Patch, then) -> None:
    """Do something more when a frame cannot be read."""

    @patch.around(session, "_read")
    async def read(original, context, frame):
        try:
            return await original(context, frame)
        except Refused:
            await then(context)
            raise


@fault(breaks=["CONN-2"])
def fifth_mistake_ends_the_connection(patch: Patch) -> None:
    """The fifth frame that cannot be read ends its connection."""
    mistakes = Counter()

    async def count(context):
        mistakes[context.connection.id] += 1
        if mistakes[context.connection.id] == 5:
            context.connection.hang_up(1008, "Too many mistakes.")

    _unreadable(patch, count)


@fault(breaks=["CONN-2"])
def mistake_leaves_the_conversations(patch: Patch) -> None:
    """A frame that cannot be read makes its connection leave all conversations."""

    async def leave(context):
        for conversation_id in tuple(context.connection.joined):
            await context.instance.hub.leave(context.connection, conversation_id)

    _unreadable(patch, leave)


@fault(breaks=["RATE-1"], also=["RATE-1s", "RATE-2", "MULTI-3"])
def twice_as_many_messages(patch: Patch) -> None:
    """A user may send twice as many messages in a window as the limit says."""
    limit = "limits.messages_per_window"
    patch.rewrite(session._keep_within_rate, f'"messages", {limit}', f'"messages", 2 * {limit}')
