"""Wrongs of the connection itself: greeting, frames, JSON, ids and instants, devices, presence."""

import asyncio
import json
import re
from collections.abc import Callable
from functools import partial
from uuid import UUID

from reference_server import arrivals, events, messages, serving, session
from reference_server.connection import Connection
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed, encode
from reference_server.hub import Hub, Listener, Room, deliver
from reference_server.pubsub import Event
from reference_server.store import conversations
from reference_server.transport import LingeringProtocol, line_of
from tests.faults.registry import Patch, fault
from tests.faults.tools import change_frames


def _loads(text: str) -> object:
    """Read JSON as Python does; what it cannot read has no value."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return Ellipsis


def _is_unknown(text: str) -> bool:
    try:
        messages.parse(text)
    except Refused as refused:
        return refused.code == "unknown_type"
    return False


def _instead(patch: Patch, unwanted: Callable[[str], bool], then: Callable[[Connection], object]) -> None:
    """Do something else than answering an unwanted text frame; the reply is what `then` gives."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        if frame.get("text") is not None and unwanted(frame["text"]):
            return then(context.connection)
        return await original(context, frame)


def _kill(patch: Patch, hostile: Callable[[str], bool]) -> None:
    """Let hostile text end the connection, as an exception does that nobody expects."""
    _instead(patch, hostile, lambda connection: line_of(connection._websocket).transport.abort())


@fault(breaks=["CONN-1"])
def no_greeting(patch: Patch) -> None:
    """A new connection is not greeted."""
    patch.rewrite(session._converse, "connection.send(GREETING)", "pass")


@fault(breaks=["CONN-1"])
def other_greeting(patch: Patch) -> None:
    """The greeting has another action."""
    patch(session, "GREETING", encode(ActionConfirmed("welcome")))


@fault(breaks=["CONN-1"])
def greeting_of_failure(patch: Patch) -> None:
    """The greeting says that it has not succeeded."""
    patch(session, "GREETING", encode(ActionConfirmed("connected", success=False)))


@fault(breaks=["CONN-1"], also=["CONN-11"])
def greeting_of_another_type(patch: Patch) -> None:
    """The greeting is of a type that the protocol does not have."""
    patch(session, "GREETING", '{"type":"Welcome"}')


@fault(breaks=["CONN-1"])
def greeting_after_live_events(patch: Patch) -> None:
    """A connection hears what concerns its user before it is greeted."""
    first, second = "connection.send(GREETING)  # CONN-1", "await instance.hub.connect(connection)"
    pause = "await __import__('asyncio').sleep(0.02)"
    patch.rewrite(session._converse, f"{first}\n    {second}", f"{second}\n    {pause}\n    {first}")


@fault(breaks=["CONN-1"], also=["AUTH-2", "ACK-1", "SYNC-3"])
def second_device_not_greeted(patch: Patch) -> None:
    """Only the first connection of a user is greeted."""
    greet = "if connection.user_id not in instance.hub._users: connection.send(GREETING)"
    patch.rewrite(session._converse, "connection.send(GREETING)", greet)


@fault(breaks=["CONN-2"])
def not_json_is_ignored(patch: Patch) -> None:
    """A frame that is not JSON gets no answer."""
    _instead(patch, lambda text: _loads(text) is Ellipsis, lambda _: None)


@fault(breaks=["CONN-2"])
def not_an_object_ends_the_connection(patch: Patch) -> None:
    """A JSON value that is no object ends the connection."""
    _instead(
        patch,
        lambda text: not isinstance(_loads(text), dict | type(...)),
        lambda connection: connection.hang_up(1003, "No object."),
    )


@fault(breaks=["CONN-2"], also=["AUTH-5"])
def no_type_is_a_ping(patch: Patch) -> None:
    """An object without a type is answered with Pong."""
    _instead(
        patch,
        lambda text: isinstance(_loads(text), dict) and "type" not in _loads(text),
        lambda _: encode(events.Pong()),
    )


@fault(breaks=["CONN-2"])
def missing_field_is_zero(patch: Patch) -> None:
    """A missing field has the zero value of its type, as in Go."""

    @patch.around(messages, "parse")
    def parse(original, text):
        value = _loads(text)
        if isinstance(value, dict) and value.get("type") == "Typing":
            value.setdefault("is_typing", False)
            return original(json.dumps(value))
        return original(text)


@fault(breaks=["CONN-2"])
def badly_typed_is_converted(patch: Patch) -> None:
    """A value of another type is converted where it can be."""
    patch.rewrite(messages.parse, "validate_json(text)", "validate_json(text, strict=False)")


@fault(breaks=["CONN-3"])
def unknown_type_is_ignored(patch: Patch) -> None:
    """A request of an unknown type gets no answer."""
    _instead(patch, _is_unknown, lambda _: None)


@fault(breaks=["CONN-3"])
def unknown_type_is_confirmed(patch: Patch) -> None:
    """A request of an unknown type is confirmed."""
    _instead(patch, _is_unknown, lambda _: encode(ActionConfirmed("ok")))


@fault(breaks=["CONN-3"])
def unknown_type_ends_the_connection(patch: Patch) -> None:
    """A request of an unknown type ends the connection."""
    _instead(patch, _is_unknown, lambda connection: connection.hang_up(1003, "Unknown type."))


@fault(breaks=["CONN-3"])
def types_in_any_case(patch: Patch) -> None:
    """The case of the letters of a type does not matter."""
    names = {kind.__name__.lower(): kind.__name__ for kind in session.HANDLERS}

    @patch.around(messages, "parse")
    def parse(original, text):
        value = _loads(text)
        name = value.get("type") if isinstance(value, dict) else None
        known = names.get(name.lower()) if isinstance(name, str) else None
        return original(json.dumps(value | {"type": known}) if known and known != name else text)


@fault(breaks=["CONN-3"], also=["HIST-1", "DEL-1", "EDIT-1", "READ-1"])
def unknown_type_is_relayed(patch: Patch) -> None:
    """A request of an unknown type goes to everybody who shares a conversation with its sender."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        if frame.get("text") is not None and _is_unknown(frame["text"]):
            for room in context.instance.hub._rooms.values():
                if context.connection in room.connections:
                    for connection in room.connections:
                        connection.send(frame["text"])
        return await original(context, frame)


@fault(breaks=["CONN-4"], also=["AUTH-2", "CALL-2"])
def extra_fields_are_refused(patch: Patch) -> None:
    """A request with a field too many is refused, also one that claims to come from somebody else."""

    @patch.around(messages, "parse")
    def parse(original, text):
        request = original(text)
        if json.loads(text).keys() - type(request).model_fields.keys():
            raise Refused("invalid_message", "There is a field too many.")
        return request


@fault(breaks=["CONN-4"], also=["AUTH-2"])
def extra_fields_are_relayed(patch: Patch) -> None:
    """The extra fields of a message travel along in its event, also those that belong to the server."""
    extra: dict = {}  # by content: others send meanwhile

    @patch.around(messages, "parse")
    def parse(original, text):
        request = original(text)
        sent = json.loads(text)
        extra[sent.get("content")] = {key: sent[key] for key in sent.keys() - type(request).model_fields}
        return request

    change_frames(patch, events.NewMessage, lambda frame: frame.update(extra.get(frame["content"], {})))


@fault(breaks=["CONN-5"])
def binary_frame_cuts_the_connection(patch: Patch) -> None:
    """A binary frame ends the connection without a close frame."""
    cut = "context.connection._websocket.scope['extensions']['reference_server.line'].transport.abort()"
    patch.rewrite(session._read, 'raise Refused("invalid_message", "A frame must be text.")', f"return {cut}")


@fault(breaks=["CONN-6", "CONN-6s"])
def big_frames_are_ignored(patch: Patch) -> None:
    """A message over the frame limit gets no answer."""
    patch.rewrite(serving.build_server, "settings.limits.frame_bytes", "2**24")
    _instead(patch, lambda text: len(text.encode()) > 65_536, lambda _: None)


@fault(breaks=["CONN-6", "CONN-6s"])
def big_frames_are_accepted(patch: Patch) -> None:
    """There is no frame limit."""
    patch.rewrite(serving.build_server, "settings.limits.frame_bytes", "2**24")


@fault(breaks=["CONN-6"])
def frame_limit_is_one_byte_less(patch: Patch) -> None:
    """A message of exactly the frame limit is too big."""
    patch.rewrite(serving.build_server, "settings.limits.frame_bytes", "settings.limits.frame_bytes - 1")


@fault(breaks=["CONN-6"])
def big_frame_ends_other_connections(patch: Patch) -> None:
    """A message over the frame limit ends the user's other connections too."""

    @patch.around(LingeringProtocol, "handle_parser_exception")
    def handle(original, self):
        original(self)
        for listener in self.config.app.state.instance.hub._users.values():
            lines = [line_of(connection._websocket) for connection in listener.connections]
            for line in lines if self in lines else ():
                line.transport.abort()


def _cut(patch: Patch, codes: set[int]) -> None:
    """Cut the connection instead of closing it with one of these codes."""

    @patch.around(LingeringProtocol, "handle_parser_exception")
    def handle(original, self):
        if self.conn.close_sent.code in codes:
            self.transport.abort()
        else:
            original(self)


@fault(breaks=["CONN-6s"])
def big_frame_cuts_the_connection(patch: Patch) -> None:
    """A message over the frame limit ends the connection without a close code."""
    _cut(patch, {1009})


@fault(breaks=["CONN-7"])
def invalid_utf8_cuts_the_connection(patch: Patch) -> None:
    """Invalid UTF-8 ends the connection without a close code."""
    _cut(patch, {1007})


@fault(breaks=["CONN-7"])
def invalid_utf8_is_mended(patch: Patch) -> None:
    """Invalid UTF-8 is replaced by question marks and handled."""
    function = LingeringProtocol.send_receive_event_to_app
    patch.rewrite(function, "data.decode()", 'data.decode(errors="replace")')


@fault(breaks=["CONN-8"], also=["LEAVE-3", "AUTH-4", "JOIN-1", "JOIN-6", "PERM-1", "SYNC-3", "ACK-1"])
def newer_device_replaces_older(patch: Patch) -> None:
    """A new connection ends the user's other connections, so that no scenario keeps two."""

    @patch.around(Hub, "connect")
    async def connect(original, self, connection):
        await original(self, connection)
        for other in self._users[connection.user_id].connections:
            if other is not connection:
                other.hang_up(4409, "Replaced.")


@fault(breaks=["CONN-8"], also=["LEAVE-3", "AUTH-4"])
def one_device_ends_all(patch: Patch) -> None:
    """When one connection of a user ends, however it ends, the others end too."""

    @patch.around(Hub, "disconnect")
    async def disconnect(original, self, connection):
        for other in self._users[connection.user_id].connections:
            if other is not connection:
                other.hang_up(4409, "The user is gone.")
        await original(self, connection)


@fault(breaks=["CONN-8", "CALL-1"], also=["MULTI-1"])
def calls_ring_on_the_newest_device(patch: Patch) -> None:
    """What concerns a user alone reaches the newest connection only, on each instance."""
    patch.rewrite(Listener.notice, "tuple(self.connections)", "tuple(self.connections)[-1:]")


@fault(breaks=["CONN-8", "SEND-1"], also=["JOIN-1", "LEAVE-3", "EDIT-1", "DEL-1", "MULTI-1", "PERM-2", "DLVR-1"])
def events_on_the_newest_device(patch: Patch) -> None:
    """Of a user's connections that have joined, only the last to join gets the conversation's events of any kind."""

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        newest = {connection.user_id: connection for connection in self.connections}
        if isinstance(notice, Event):
            deliver(notice, [one for one in newest.values() if one.user_id not in self.barred])
        else:
            original(self, notice)


@fault(breaks=["CONN-9"], also=["PING-2"])
def fragments_are_messages(patch: Patch) -> None:
    """Each fragment is handled as a message of its own."""
    for name in ("handle_text", "handle_cont"):

        @patch.around(LingeringProtocol, name)
        def handle(original, self, event):
            self.curr_msg_data_type, self.frames = "text", [event.data]
            self.send_receive_event_to_app()


@fault(breaks=["CONN-9"], also=["PING-2"])
def first_fragment_is_the_message(patch: Patch) -> None:
    """What follows the first fragment of a message is lost."""

    @patch.around(LingeringProtocol, "handle_cont")
    def handle(original, self, event):
        if event.fin:
            self.send_receive_event_to_app()


@fault(breaks=["CONN-9"])
def half_a_message_holds_up_events(patch: Patch) -> None:
    """While a message has not arrived whole, its sender gets no event."""

    @patch.around(Connection, "send")
    def send(original, self, frame, **how):
        if line_of(self._websocket).frames:
            asyncio.get_running_loop().call_later(0.01, partial(self.send, frame, **how))
        else:
            original(self, frame, **how)


@fault(breaks=["CONN-10"])
def deep_json_kills(patch: Patch) -> None:
    """JSON that is nested deeply ends the connection."""
    _kill(patch, lambda text: text.count("[") + text.count("{") > 5000)


@fault(breaks=["CONN-10"])
def deep_objects_kill(patch: Patch) -> None:
    """Objects that are nested deeply end the connection; lists do not."""
    _kill(patch, lambda text: text.count("{") > 1000)


@fault(breaks=["CONN-10"])
def long_number_kills(patch: Patch) -> None:
    """A number of thousands of digits ends the connection."""
    _kill(patch, lambda text: re.search(r"\d{5000}", text) is not None)


@fault(breaks=["CONN-10"])
def duplicate_key_kills(patch: Patch) -> None:
    """A duplicate key ends the connection."""

    def has_duplicates(text: str) -> bool:
        found = []
        try:
            json.loads(text, object_pairs_hook=lambda pairs: found.append(len(pairs) - len(dict(pairs))))
        except (ValueError, RecursionError):
            return False
        return any(found)

    _kill(patch, has_duplicates)


@fault(breaks=["CONN-10"])
def nul_kills(patch: Patch) -> None:
    """A NUL character ends the connection."""
    _kill(patch, lambda text: "\\u0000" in text)


@fault(breaks=["CONN-10"])
def lone_surrogate_kills(patch: Patch) -> None:
    """A lone surrogate ends the connection."""
    _kill(patch, lambda text: re.search("[\ud800-\udfff]", json.dumps(_loads(text), ensure_ascii=False, default=str)))


@fault(breaks=["CONN-10"])
def nul_in_a_call_kills_the_target(patch: Patch) -> None:
    """A NUL character in a relayed text ends the connections that it is relayed to."""

    @patch.around(Listener, "notice")
    def notice(original, self, notice):
        original(self, notice)
        if "\\u0000" in getattr(notice, "frame", ""):
            for connection in self.connections:
                connection.hang_up(1011, "NUL.")


@fault(breaks=["CONN-11"], also=["HIST-8", "SRCH-1", "SYNC-1"])
def upper_case_ids_in_lists(patch: Patch) -> None:
    """The conversation of a message in a list has an upper-case id."""
    old = '"conversation_id": message.conversation_id'
    patch.rewrite(events.describe, old, '"conversation_id": str(message.conversation_id).upper()')


def _without_hyphens(frame: dict) -> None:
    frame["conversation_id"] = UUID(frame["conversation_id"]).hex


@fault(breaks=["CONN-11"], also=["REAC-1", "AUTH-2"])
def ids_without_hyphens_in_events(patch: Patch) -> None:
    """The conversation of a new reaction has an id without hyphens."""
    change_frames(patch, events.ReactionAdded, _without_hyphens)


@fault(breaks=["CONN-11"])
def ids_as_they_were_given(patch: Patch) -> None:
    """A reply repeats the id of a conversation in the form in which it was asked for."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        value = _loads(frame.get("text") or "")
        given = value.get("conversation_id") if isinstance(value, dict) else None
        known = reply and isinstance(given, str) and re.search(r'"conversation_id":"([^"]*)"', reply)
        return reply.replace(known[1], given) if known else reply


@fault(breaks=["CONN-11"], also=["EDIT-1", "EDIT-6", "DEL-7"])
def naive_instants_in_events(patch: Patch) -> None:
    """Instants in events carry no zone."""
    for kind, name in ((events.MessageEdited, "edited_at"), (events.MessageDeleted, "deleted_at")):
        change_frames(patch, kind, lambda frame, name=name: frame.update({name: frame[name].rstrip("Z")}))


@fault(breaks=["CONN-11"], also=["EDIT-1"])
def naive_instants_in_lists(patch: Patch) -> None:
    """The instant of an edit carries no zone in lists."""
    new = '"edited_at": message.edited_at and message.edited_at.isoformat()[:26]'
    patch.rewrite(events.describe, '"edited_at": message.edited_at', new)


@fault(breaks=["CONN-11"])
def null_attachments_in_events(patch: Patch) -> None:
    """A message without attachments has null for them in its event."""
    change_frames(patch, events.NewMessage, lambda frame: frame.update(attachments=frame["attachments"] or None))


@fault(breaks=["CONN-11"], also=["PERM-1", "PERM-2", "REAC-1", "ACK-3", "HIST-8", "SRCH-9", "SYNC-7"])
def null_reactions_in_lists(patch: Patch) -> None:
    """A message without reactions has null for them in lists."""
    patch.rewrite(events.describe, '"reactions": [] if gone', '"reactions": None if gone or not reactions')


@fault(breaks=["CONN-11"], also=["CALL-6", "DEL-3", "SRCH-5"])
def null_results(patch: Patch) -> None:
    """A search or a sync that finds nothing gives null."""
    for kind in (events.SearchResults, events.SyncChunk):
        change_frames(patch, kind, lambda frame: frame.update(messages=frame["messages"] or None))


@fault(breaks=["CONN-12"])
def arrival_is_not_told(patch: Patch) -> None:
    """Nobody learns that a user is online."""
    patch.rewrite(arrivals.arrive, "count == 1", "False")


@fault(breaks=["CONN-12"])
def departure_is_not_told(patch: Patch) -> None:
    """Nobody learns that a user is offline."""
    patch.rewrite(arrivals.depart, "== 0", "< 0")


@fault(breaks=["CONN-12"])
def departure_is_told_too_early(patch: Patch) -> None:
    """A user is said to be offline when the last but one of several connections ends, and not when the last does."""
    patch.rewrite(arrivals.depart, "== 0", "== 1")


@fault(breaks=["CONN-12"])
def return_is_not_told(patch: Patch) -> None:
    """A user is said to be online at the first arrival only."""
    seen: set[UUID] = set()

    @patch.around(arrivals, "_announce")
    async def announce(original, instance, user_id, status):
        if status == "offline" or user_id not in seen:
            await original(instance, user_id, status)
        seen.add(user_id)


@fault(breaks=["CONN-12"])
def companions_are_known_from_the_first_arrival(patch: Patch) -> None:
    """Who shares a conversation with a user is looked up once."""
    kept: dict = {}

    @patch.around(conversations, "companions")
    def companions(original, connection, user_id):
        return kept.setdefault(user_id, original(connection, user_id))
