"""The HTTP protocol of uvicorn, with bounds on what somebody unknown may ask of the server.

A head has a size, a body has a size, a request has a time, and connections that are not WebSockets yet have a
number. Whatever passes a bound is answered once, then closed. uvicorn alone keeps half a request for ever, holds a
body of any size, and answers every mistake with 400, or with a traceback.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

#: Of a request line or a header line with its end: what the WebSocket library reads.
LINE_BYTES = 8192
HEAD_BYTES = 16 * 1024
HEADERS = 100
#: A conversation with the 10,000 members that it may have needs less.
BODY_BYTES = 1024 * 1024
#: From the first byte of a request to its last one.
REQUEST_S = 10.0
LINGER_S = 1.0
MOST_WAITING = 4096

REASONS = {
    HTTPStatus.BAD_REQUEST: "The request is not HTTP.",
    HTTPStatus.REQUEST_TIMEOUT: f"A request has to arrive within {REQUEST_S:g} seconds.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"A body has at most {BODY_BYTES} bytes.",
    HTTPStatus.REQUEST_URI_TOO_LONG: f"A request line has at most {LINE_BYTES} bytes.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        f"A head has at most {HEAD_BYTES} bytes and {HEADERS} lines of {LINE_BYTES} bytes."
    ),
    HTTPStatus.NOT_IMPLEMENTED: "The transfer coding is not known.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The server cannot take this request now.",
}


def most_waiting() -> int:
    """Give how many connections may be open that are not WebSockets: half of the open files that we may have."""
    try:
        import resource  # noqa: PLC0415 -- Windows does not have it
    except ImportError:
        return MOST_WAITING
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_WAITING if files == resource.RLIM_INFINITY else min(MOST_WAITING, files // 2)


class BoundedRequests(h11.Connection):
    """Refuses requests beyond the bounds, and knows the status to answer the refused one with."""

    refusal = HTTPStatus.BAD_REQUEST
    _body = 0

    def next_event(self) -> Any:
        """Give the next event, or raise `h11.RemoteProtocolError`."""
        try:
            event = super().next_event()
            if isinstance(event, h11.Request):
                self._body = 0
                _check_head(event)
            elif isinstance(event, h11.Data):
                self._body += len(event.data)
                _check_body(self._body)
        except h11.RemoteProtocolError as error:
            self.refusal = HTTPStatus(error.error_status_hint)
            raise
        return event


class BoundedHTTP(H11Protocol):
    """uvicorn's protocol, answering what passes a bound and closing in time.

    `waiting` holds the connections of one server that have not become WebSockets, the oldest first.
    """

    conn: BoundedRequests

    def __init__(self, *arguments: Any, waiting: dict[BoundedHTTP, None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn = BoundedRequests(h11.SERVER, HEAD_BYTES)
        self._waiting = waiting
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection; if there are too many, the oldest that has asked nothing whole has to go."""
        super().connection_made(transport)
        self._waiting[self] = None
        self._watch()
        if len(self._waiting) > most_waiting():
            next(one for one in self._waiting if not one._is_being_answered()).make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._let_go()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read; discard what comes after a refusal."""
        if self._is_over:
            return
        if self._asks_nothing():
            self._stop_timer()  # a new request begins
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over, with what the client has sent already."""
        self._let_go()
        super().handle_websocket_upgrade(event)
        early, _ = self.conn.trailing_data
        if early:
            self.transport.get_protocol().data_received(early)  # type: ignore[attr-defined]

    def send_400_response(self, msg: str) -> None:
        """Answer with the status that says which bound was passed."""
        self._refuse(self.conn.refusal)

    def shutdown(self) -> None:
        """End at once, unless a whole request is being answered."""
        if self._is_over:
            self.transport.abort()
        elif self.cycle is None or self.cycle.response_complete:
            self._let_go()
            self.transport.close()
        elif self.cycle.more_body:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def _watch(self) -> None:
        """Give a request that is to come, or has begun, its time."""
        is_arriving = self.conn.their_state in {h11.IDLE, h11.SEND_BODY}
        if not is_arriving or self._is_over or self.transport.is_closing():
            if not self._is_over:
                self._stop_timer()
        elif self._timer is None:
            self._timer = self.loop.call_later(REQUEST_S, self._time_is_over)

    def make_room(self) -> None:
        """End for another connection: who fills all places with half requests must not keep the others out."""
        self._end(HTTPStatus.SERVICE_UNAVAILABLE)

    def _is_being_answered(self) -> bool:
        return self.cycle is not None and not (self.cycle.response_complete or self.cycle.more_body)

    def _asks_nothing(self) -> bool:
        return self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _time_is_over(self) -> None:
        self._end(HTTPStatus.REQUEST_TIMEOUT)

    def _end(self, status: HTTPStatus) -> None:
        """Close; half a request is answered, and nothing is not."""
        if self._asks_nothing():
            self._let_go()
            self.transport.close()
        else:
            self._refuse(status)

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer if nothing has been answered yet, discard the rest for a moment, and close.

        A socket that is closed with unread input sends a reset, which overtakes the answer.
        """
        self._let_go()
        self._unset_keepalive_if_required()
        is_answered = self.cycle is not None and self.cycle.response_started and not self._awaits_the_next()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.transport.is_closing():
            return
        if not is_answered:
            self.transport.write(_answer(status))
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(LINGER_S, self.transport.abort)

    def _awaits_the_next(self) -> bool:
        """Say whether the last request was answered and the next one has begun or is to come."""
        return self.cycle.response_complete and self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}

    def _let_go(self) -> None:
        self._waiting.pop(self, None)
        self._is_over = True
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _check_head(request: h11.Request) -> None:
    line = len(request.method) + len(request.target) + len(b"  HTTP/1.1\r\n")
    headers = [len(name) + len(value) + len(b": \r\n") for name, value in request.headers]
    if line > LINE_BYTES:
        raise h11.RemoteProtocolError("long request line", HTTPStatus.REQUEST_URI_TOO_LONG)
    if len(headers) > HEADERS or max(headers, default=0) > LINE_BYTES or line + sum(headers) > HEAD_BYTES:
        raise h11.RemoteProtocolError("large head", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    for name, value in request.headers:
        if name == b"content-length":
            _check_body(int(value))


def _check_body(size: int) -> None:
    if size > BODY_BYTES:
        raise h11.RemoteProtocolError("large body", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _answer(status: HTTPStatus) -> bytes:
    body = json.dumps({"detail": REASONS.get(status, status.phrase)}).encode()
    retry = "Retry-After: 1\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{retry}Connection: close\r\n\r\n"
    )
    return head.encode() + body
