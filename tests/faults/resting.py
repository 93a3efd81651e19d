"""Wrongs that only a connection meets that is open for a while."""

import asyncio

from reference_server import serving, session
from reference_server.connection import Connection
from reference_server.transport import LingeringProtocol
from tests.faults.registry import Patch, fault

GOING_AWAY = 1001


@fault(breaks=["PING-4", "PING-5"])
def every_connection_ends_after_a_while(patch: Patch) -> None:
    """A deadline that is set when a connection opens is never moved."""

    @patch.around(Connection, "start")
    def start(original, self, leeway):
        original(self, leeway)
        asyncio.get_running_loop().call_later(22, self.hang_up, GOING_AWAY, "Time is over.")


@fault(breaks=["PING-5"])
def silent_connections_end(patch: Patch) -> None:
    """A connection ends when its client has sent no request for 20 seconds, whatever else it answers."""

    due = {}

    def expect(connection):
        if connection in due:
            due[connection].cancel()
        due[connection] = asyncio.get_running_loop().call_later(20, connection.hang_up, GOING_AWAY, "Idle.")

    @patch.around(Connection, "start")
    def start(original, self, leeway):
        original(self, leeway)
        expect(self)

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        expect(context.connection)
        return await original(context, frame)


@fault(breaks=["PING-4", "PING-5"])
def pongs_are_not_heard(patch: Patch) -> None:
    """The server ends a connection because it overhears the answers to its own pings."""
    patch.rewrite(serving.build_server, "lifespan=", "ws_ping_interval=10, ws_ping_timeout=10, lifespan=")
    patch.around(LingeringProtocol, "handle_pong")(lambda original, self, event: None)
