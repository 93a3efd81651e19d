"""The life of one connection: token, greeting, then one reply per request until it ends."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from reference_server.arrivals import arrive, depart
from reference_server.auth import Identity, InvalidTokenError, authenticate
from reference_server.connection import Connection
from reference_server.context import Context, Instance
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed, Error, encode, refusal
from reference_server.handlers import HANDLERS
from reference_server.messages import Ping, Request, SendMessage, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

#: Any connection of the user may end at any time.
RETRY_AFTER_S = "1"
GREETING = encode(ActionConfirmed("connected"))


async def serve(instance: Instance, websocket: WebSocket) -> None:
    """Serve one WebSocket, from its upgrade to its end."""
    settings = instance.settings
    token = websocket.query_params.get("token")
    try:
        identity = authenticate(token, settings.jwt_secret, settings.token_leeway)
    except InvalidTokenError as error:  # AUTH-1
        await _deny(websocket, 401, str(error))
        return
    if not await arrive(instance, identity.user_id):
        await _deny(websocket, 429, f"A user may have {settings.limits.connections} connections.")
        return
    try:
        await _converse(instance, websocket, identity)
    except WebSocketDisconnect:
        logger.debug("a client was gone before its greeting")
    finally:
        await depart(instance, identity.user_id)


async def answer(context: Context, frame: Mapping[str, Any]) -> str | None:
    """Carry out one frame and return its encoded reply; every failure becomes an `Error`."""
    measured = context.instance.services.metrics.request()
    try:
        request = await _read(context, frame)
        measured.type = request.type
        await _keep_within_rate(context, request)
        reply = await HANDLERS[type(request)](context, request)
        measured.outcome = "ok"
        return None if reply is None else encode(reply)
    except Refused as refused:
        measured.outcome = refused.code
        return encode(refusal(refused))
    except Exception as error:
        cause = context.instance.services.outages.note(error)
        measured.outcome = "internal" if cause is None else "unavailable"
        if cause is not None:
            return encode(Error(f"The server cannot carry this out now: {cause}.", "unavailable"))
        logger.exception("a request has failed")
        return encode(Error("The server has failed to carry this out.", "internal"))
    finally:
        measured.end()


async def _read(context: Context, frame: Mapping[str, Any]) -> Request:
    """Read a frame; one that cannot be read counts as a request, too."""
    try:
        if frame.get("text") is None:
            raise Refused("invalid_message", "A frame must be text.")  # CONN-5
        return parse(frame["text"])
    except Refused:
        await _keep_within_rate(context, None)  # RATE-7
        raise


async def _deny(websocket: WebSocket, status: int, reason: str) -> None:
    instance: Instance = websocket.app.state.instance
    instance.services.metrics.handshake(status)
    logger.warning("A handshake was refused: %d %s", status, reason, extra={"status": status, "reason": reason})
    with suppress(WebSocketDisconnect):  # the client does not wait for its answer
        retry = {"Retry-After": RETRY_AFTER_S} if status == 429 else None
        await websocket.send_denial_response(JSONResponse({"error": reason}, status, retry))


async def _converse(instance: Instance, websocket: WebSocket, identity: Identity) -> None:
    settings, metrics = instance.settings, instance.services.metrics
    connection = Connection(websocket, identity, settings.outbox_frames, settings.outbox_bytes, metrics)
    await websocket.accept()
    metrics.handshake(101)
    connection.send(GREETING)  # CONN-1
    await instance.hub.connect(connection)
    connection.start(settings.token_leeway)
    metrics.connections.inc()
    try:
        context = Context(instance, connection)
        while not connection.hung_up:
            frame = await websocket.receive()
            # What a client sent before it left comes before its end in this queue, and is handled.  CONN-13
            if frame["type"] == "websocket.disconnect" or connection.hung_up:
                break
            reply = await answer(context, frame)
            if reply is not None:
                connection.send(reply)
            await connection.drained()
    finally:
        metrics.connections.dec()
        await connection.stop()
        await instance.typing.disconnect(connection)
        await instance.hub.disconnect(connection)


async def _keep_within_rate(context: Context, request: Request | None) -> None:
    """Count messages and other requests apart, and Ping not at all."""  # RATE-1, RATE-2, RATE-5, PING-3
    if isinstance(request, Ping):
        return
    limits = context.limits
    if isinstance(request, SendMessage):
        kind, limit = "messages", limits.messages_per_window
    else:
        kind, limit = "requests", limits.requests_per_window
    window = context.instance.settings.rate_window
    limiter = context.instance.services.rate_limiter
    if not await limiter.allow(f"{kind}:{context.user_id}", limit, window):
        raise Refused("rate_limited", f"More than {limit} {kind} within {window:g} seconds.")
