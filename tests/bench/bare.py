"""A bare Starlette fan-out, which validates and stores nothing: the yardstick of `tests.bench delivery`."""

from __future__ import annotations

import json
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from reference_server.serving import listen

EVERYBODY: set[WebSocket] = set()


async def converse(websocket: WebSocket) -> None:
    """Send each frame that somebody sends to everybody."""
    await websocket.accept()
    EVERYBODY.add(websocket)
    try:
        while True:
            frame = await websocket.receive_text()
            for each in tuple(EVERYBODY):
                await each.send_text(frame)
    except WebSocketDisconnect:
        EVERYBODY.discard(websocket)


def main() -> None:
    """Serve on a free port, and print where."""
    listener = listen("127.0.0.1", 0)
    listener.listen(2048)
    print(json.dumps({"instances": [f"ws://127.0.0.1:{listener.getsockname()[1]}/ws"]}), flush=True)
    app = Starlette(routes=[WebSocketRoute("/ws", converse)])
    config = uvicorn.Config(
        app, ws="websockets-sansio", ws_per_message_deflate=False, log_config=None, access_log=False, lifespan="off"
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
