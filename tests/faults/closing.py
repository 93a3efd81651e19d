"""Wrongs that a client meets when it closes its connection right after it has sent something."""

import asyncio

from reference_server import session
from reference_server.transport import LingeringProtocol, line_of
from tests.faults.registry import Patch, fault


@fault(breaks=["CONN-13"])
def requests_of_the_gone_are_forgotten(patch: Patch) -> None:
    """A reply that cannot be sent any more ends the handling of what was sent before the close."""
    patch.rewrite(session._converse, "while not connection.hung_up", "while connection.is_open")


@fault(breaks=["CONN-13"])
def close_empties_the_queue(patch: Patch) -> None:
    """The close frame of a client throws away the requests that wait."""

    @patch.around(LingeringProtocol, "handle_close")
    def handle_close(original, self, event):
        while not self.queue.empty():
            self.queue.get_nowait()
        original(self, event)


@fault(breaks=["CONN-13"])
def close_cancels_the_request(patch: Patch) -> None:
    """The close frame of a client cancels the request that is being carried out, as a request's context is in Go."""
    running: dict[LingeringProtocol, asyncio.Task] = {}

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        line = line_of(context.connection._websocket)
        task = running[line] = asyncio.create_task(original(context, frame))
        await asyncio.wait([task])
        return None if task.cancelled() else task.result()

    @patch.around(LingeringProtocol, "handle_close")
    def handle_close(original, self, event):
        if self in running:
            running[self].cancel()
        original(self, event)


def _empties_the_queue(patch: Patch, code: int) -> None:
    """Throw away the requests that wait when a close frame has this code."""

    @patch.around(LingeringProtocol, "handle_close")
    def handle_close(original, self, event):
        while self.conn.close_rcvd.code == code and not self.queue.empty():
            self.queue.get_nowait()
        original(self, event)


@fault(breaks=["CONN-13"])
def leaving_the_page_empties_the_queue(patch: Patch) -> None:
    """The close frame of a browser that leaves the page, with 1001, throws away the requests that wait."""
    _empties_the_queue(patch, 1001)


@fault(breaks=["CONN-13"])
def close_without_a_code_empties_the_queue(patch: Patch) -> None:
    """A close frame without a code, as of a page that calls close(), throws away the requests that wait."""
    _empties_the_queue(patch, 1005)
