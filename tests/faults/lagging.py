"""Wrongs of servers whose client does not read for a while: frames are lost, or everybody waits for it."""

import asyncio

from reference_server import session
from reference_server.connection import Connection
from reference_server.context import Instance
from tests.faults.registry import Patch, fault
from tests.faults.tools import devices, everybody


def _beyond(patch: Patch, frames: int, then) -> None:
    """Do something with a frame when `frames` others wait to be read."""

    @patch.around(Connection, "send")
    def send(original, self, frame, **how):
        if len(self._outbox) < frames or then(self, frame):
            original(self, frame, **how)


async def _until_read(connections) -> None:
    """Wait until nothing but what is being written waits to be read."""
    while any(one.is_open and len(one._outbox) > 1 for one in connections):  # noqa: ASYNC110 -- it is to be short
        await asyncio.sleep(0.005)


@fault(breaks=["CONN-17"])
def small_queue_drops_the_newest(patch: Patch) -> None:
    """What does not fit into a queue of 16 frames is dropped in silence."""
    _beyond(patch, 16, lambda connection, frame: False)


@fault(breaks=["CONN-17"])
def queue_of_256_drops_the_newest(patch: Patch) -> None:
    """What does not fit into a queue of 256 frames is dropped in silence, as by a `select` with `default` in Go."""
    _beyond(patch, 256, lambda connection, frame: False)


@fault(breaks=["CONN-17"])
def queue_of_1024_drops_the_newest(patch: Patch) -> None:
    """What does not fit into a queue of 1024 frames is dropped in silence."""
    _beyond(patch, 1024, lambda connection, frame: False)


@fault(breaks=["CONN-17"])
def queue_drops_the_oldest(patch: Patch) -> None:
    """A full queue forgets its oldest frame, as a broadcast channel does in Rust."""

    def forget(connection, frame):
        connection._outbox_size -= len(connection._outbox[1][0])
        del connection._outbox[1]  # the first one is being written
        return True

    _beyond(patch, 64, forget)


@fault(breaks=["CONN-17"], also=["SEND-4"])
def lagging_reader_is_written_the_newest_first(patch: Patch) -> None:
    """What waits for a reader that lags is written in the wrong order."""

    def turn(connection, frame):
        connection._outbox.insert(1, (frame, None))
        connection._outbox_size += len(frame)
        return False

    _beyond(patch, 32, turn)


@fault(breaks=["CONN-17"])
def lagging_reader_gets_frames_again(patch: Patch) -> None:
    """What is written to a reader that lags is now and then written twice."""

    def double(connection, frame):
        connection._outbox.append(frame)
        connection._outbox_size += len(frame)
        return True

    _beyond(patch, 60, double)


@fault(breaks=["CONN-16"])
def conversation_waits_for_every_reader(patch: Patch) -> None:
    """A message is told to the next one when it has been written to the one before, and the conversation waits."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **more):
        await original(self, conversation_id, event, **more)
        room = self.hub._rooms.get(conversation_id)
        await _until_read(room.connections if room else ())


@fault(breaks=["CONN-16"], alone=True)
def instance_waits_for_every_reader(patch: Patch) -> None:
    """Whatever is told to anybody waits until everybody has read."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **more):
        await _until_read(everybody(self))
        await original(self, conversation_id, event, **more)


@fault(breaks=["CONN-16"])
def instance_waits_for_readers_of_the_other(patch: Patch) -> None:
    """Whatever one instance tells waits until everybody who is connected to another instance has read."""
    instances: set[Instance] = set()

    @patch.around(Instance, "__init__")
    def init(original, self, *arguments):
        original(self, *arguments)
        instances.add(self)

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **more):
        for other in instances - {self}:
            await _until_read(everybody(other))
        await original(self, conversation_id, event, **more)


@fault(breaks=["CONN-16"])
def requests_wait_for_the_users_other_devices(patch: Patch) -> None:
    """A user's requests wait until all devices of the user have read what was sent to them."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        await _until_read(devices(context.instance, context.user_id))
        return await original(context, frame)


@fault(breaks=["CONN-17"], also=["PING-1"])
def replies_of_a_lagging_reader_are_dropped(patch: Patch) -> None:
    """A reply is dropped in silence when three frames wait already."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        return None if len(context.connection._outbox) > 3 else reply


@fault(breaks=["CONN-17"])
def lagging_reader_is_not_told_of_calls(patch: Patch) -> None:
    """A call frame is dropped in silence when eight frames wait."""
    _beyond(patch, 8, lambda connection, frame: "from_user_id" not in frame)


@fault(breaks=["CONN-17"])
def lagging_reader_is_not_told_of_receipts(patch: Patch) -> None:
    """A receipt or a reaction is dropped in silence when eight frames wait."""
    _beyond(patch, 8, lambda connection, frame: '"type":"Message' not in frame and '"type":"Reaction' not in frame)
