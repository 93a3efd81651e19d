"""A bare Starlette fan-out, which validates and stores nothing: the yardstick of `tests.bench delivery`.

With `--hub`, the same is done by the connections, the room and the protocol of the reference server: its fan-out alone.
"""

from __future__ import annotations

import json
import sys
import time
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from reference_server.auth import Identity
from reference_server.config import Settings
from reference_server.connection import Connection
from reference_server.hub import Room
from reference_server.metrics import Metrics
from reference_server.pubsub import Event
from reference_server.serving import listen
from reference_server.transport import LingeringProtocol, line_of

EVERYBODY: set[WebSocket] = set()
ROOM = Room()
METRICS = Metrics()
SETTINGS = Settings("x" * 32)


async def converse(websocket: WebSocket) -> None:
    """Send each frame that somebody sends to everybody."""
    await websocket.accept()
    EVERYBODY.add(websocket)
    try:
        while True:
            frame = await websocket.receive_text()
            for each in tuple(EVERYBODY):
                try:
                    await each.send_text(frame)
                except (WebSocketDisconnect, RuntimeError):  # it has left: the others go on
                    EVERYBODY.discard(each)
    except WebSocketDisconnect:
        EVERYBODY.discard(websocket)


async def converse_by_hub(websocket: WebSocket) -> None:
    """Do the same with the parts of the reference server."""
    identity = Identity(uuid4(), time.time() + 3600)
    line_of(websocket).is_direct = True
    connection = Connection(websocket, identity, SETTINGS.outbox_frames, SETTINGS.outbox_bytes, METRICS)
    await websocket.accept()
    ROOM.connections[connection] = None
    while (frame := await websocket.receive())["type"] != "websocket.disconnect":
        ROOM.notice(Event(frame["text"]))
        await connection.drained()
    del ROOM.connections[connection]
    await connection.stop()


def main() -> None:
    """Serve on a free port, and print where."""
    by_hub = "--hub" in sys.argv
    listener = listen("127.0.0.1", 0)
    listener.listen(2048)
    print(json.dumps({"instances": [f"ws://127.0.0.1:{listener.getsockname()[1]}/ws"]}), flush=True)
    app = Starlette(routes=[WebSocketRoute("/ws", converse_by_hub if by_hub else converse)])
    protocol = LingeringProtocol if by_hub else "websockets-sansio"
    config = uvicorn.Config(
        app, ws=protocol, ws_per_message_deflate=False, log_config=None, access_log=False, lifespan="off"
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
