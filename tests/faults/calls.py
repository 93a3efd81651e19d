"""Wrongs of CallOffer, CallAnswer, ICECandidate, CallHangup and CallReject."""

import asyncio
import html
import json
import random
import re
from dataclasses import replace
from uuid import UUID

from starlette.websockets import WebSocket

from reference_server import messages as wire
from reference_server import session
from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import CallAnswer, CallHangup, CallOffer, CallReject, ICECandidate, encode
from reference_server.handlers import calls, history, messages
from reference_server.hub import Hub, Listener, deliver
from reference_server.permissions import Visibility
from reference_server.presence import InMemoryPresence
from reference_server.pubsub import Event
from reference_server.store import conversations
from tests.faults.registry import Patch, fault
from tests.faults.tools import LATE, change_frames, devices

RELAY = "await context.instance.tell_user(target_id, event)"
STOP = "await context.instance.tell_user(context.user_id, event, besides=context.connection.id)"
CALLER = "conversations.require(connection, conversation_id, caller_id, Right.SEND)"
TARGET = "not conversations.membership(connection, conversation_id, target_id).may(Right.READ)"
OFFLINE = 'raise Refused("unavailable", "The user is not connected.")'
CALL = CallOffer | CallAnswer | ICECandidate | CallHangup | CallReject
CALLS = wire.CallOffer | wire.CallAnswer | wire.ICECandidate | wire.CallHangup | wire.CallReject
HEARD = ["CONN-8", "CONN-11", "CONN-4", "CONN-1", "AUTH-2", "MULTI-1", "PERM-1", "PERM-2", "ACK-1"]
OPENED = ["PERM-1", "PERM-2", "PERM-3", "AUTH-2", "ACK-3"]


def _change(patch: Patch, change) -> None:
    """Relay other call frames than were sent."""

    @patch.around(Instance, "tell_user")
    async def tell_user(original, self, user_id, event, **how):
        await original(self, user_id, change(event) if isinstance(event, CALL) else event, **how)


def _change_sdp(patch: Patch, kind: type, change) -> None:
    """Relay another SDP than was sent."""
    _change(patch, lambda event: replace(event, sdp=change(event.sdp)) if isinstance(event, kind) else event)


def _change_candidate(patch: Patch, change) -> None:
    """Relay another candidate than was sent."""
    _change(
        patch,
        lambda event: replace(event, candidate=change(event.candidate)) if isinstance(event, ICECandidate) else event,
    )


def _delay(patch: Patch, kind: type, seconds) -> None:
    """Relay frames of a type some time after they were answered."""

    @patch.around(Instance, "tell_user")
    async def tell_user(original, self, user_id, event, **how):
        telling = original(self, user_id, event, **how)
        if isinstance(event, kind):
            asyncio.get_running_loop().call_later(seconds(), lambda: asyncio.ensure_future(telling))
        else:
            await telling


def _hear(patch: Patch, chosen) -> None:
    """Let only chosen connections of a user hear call frames."""

    @patch.around(Listener, "notice")
    def notice(original, self, notice):
        connections = chosen(list(self.connections)) if "Presence" not in str(notice) else tuple(self.connections)
        if isinstance(notice, Event):
            deliver(notice, connections)


@fault(breaks=["CALL-1"], also=["CONN-8", "CALL-4", "CALL-8"])
def call_to_first_connection_only(patch: Patch) -> None:
    """Only the first of the target's connections hears a call."""
    _hear(patch, lambda connections: connections[:1])


@fault(breaks=["CALL-1"], also=["CONN-8", "CALL-4", "CALL-8"])
def call_to_last_connection_only(patch: Patch) -> None:
    """Only the last of the target's connections hears a call."""
    _hear(patch, lambda connections: connections[-1:])


@fault(breaks=["CALL-1"], also=["CONN-8", "MULTI-1"])
def call_to_joined_connections_only(patch: Patch) -> None:
    """Only connections that have joined a conversation hear a call."""
    _hear(patch, lambda connections: [connection for connection in connections if connection.joined])


@fault(breaks=["CALL-1"], also=[*HEARD, "CALL-7"])
def call_to_whole_conversation(patch: Patch) -> None:
    """Everybody who has joined the conversation hears a call, wherever one calls."""
    patch.rewrite(calls._relay, RELAY, "await context.instance.tell(request.conversation_id, event)")


@fault(breaks=["CALL-1"], also=[*HEARD, "CALL-7"])
def call_echoes(patch: Patch) -> None:
    """The caller gets the own call frame, too, wherever one calls."""
    patch.rewrite(calls._relay, RELAY, f"{RELAY}; await context.instance.tell_user(context.user_id, event)")


@fault(breaks=["CALL-1"], also=["AUTH-5", "ACK-1", "CONN-8"])
def call_told_to_callers_other_devices(patch: Patch) -> None:
    """The caller's other connections hear the call, wherever they watch."""

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        await original(context, request, event)
        for device in devices(context.instance, context.user_id):
            if device is not context.connection:
                device.send(encode(event))


def _drop(patch: Patch, kind: type) -> None:
    @patch.around(Instance, "tell_user")
    async def tell_user(original, self, user_id, event, **how):
        if not isinstance(event, kind):
            await original(self, user_id, event, **how)


@fault(breaks=["CALL-1"], also=HEARD)
def hangup_dropped(patch: Patch) -> None:
    """A hang-up is confirmed, and reaches nobody, wherever one is watched."""
    _drop(patch, CallHangup)


@fault(breaks=["CALL-1"], also=HEARD)
def reject_dropped(patch: Patch) -> None:
    """A rejection is confirmed, and reaches nobody, wherever one is watched."""
    _drop(patch, CallReject)


@fault(breaks=["CALL-1"], also=HEARD)
def reject_becomes_hangup(patch: Patch) -> None:
    """A rejection arrives as a hang-up."""
    _change(
        patch,
        lambda event: CallHangup(event.conversation_id, event.from_user_id) if isinstance(event, CallReject) else event,
    )


def _believe(patch: Patch, field: str) -> None:
    """Take the caller from a field of the request."""
    named: dict = {}

    @patch.around(wire, "parse")
    def parse(original, frame):
        request = original(frame)
        if isinstance(request, CALLS):
            named[id(request)] = json.loads(frame).get(field)
        return request

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        caller_id = named.pop(id(request))
        await original(context, request, replace(event, from_user_id=caller_id or context.user_id))


@fault(breaks=["CALL-2"], also=["AUTH-2"])
def from_user_from_body(patch: Patch) -> None:
    """A call frame comes from the from_user_id of the request."""
    _believe(patch, "from_user_id")


@fault(breaks=["CALL-2"], also=["AUTH-2"])
def sender_of_a_call_from_body(patch: Patch) -> None:
    """A call frame comes from the sender_id of the request."""
    _believe(patch, "sender_id")


@fault(breaks=["CALL-2"], also=HEARD)
def call_comes_from_its_target(patch: Patch) -> None:
    """A hang-up comes from the user that it is sent to."""
    patch.rewrite(calls.hang_up, "context.user_id", "request.target_user_id")


@fault(breaks=["CALL-3"], also=["CALL-8"])
def sdp_stripped(patch: Patch) -> None:
    """White space around the SDP of an offer is lost."""
    _change_sdp(patch, CallOffer, str.strip)


@fault(breaks=["CALL-3"], also=["CALL-8"])
def sdp_of_answer_stripped(patch: Patch) -> None:
    """White space around the SDP of an answer is lost."""
    _change_sdp(patch, CallAnswer, str.strip)


@fault(breaks=["CALL-3"], also=["CALL-8"])
def sdp_lines_end_with_lf(patch: Patch) -> None:
    """The line ends of an SDP become LF."""
    _change_sdp(patch, CallOffer | CallAnswer, lambda sdp: sdp.replace("\r\n", "\n"))


@fault(breaks=["CALL-3"])
def sdp_lines_end_with_crlf(patch: Patch) -> None:
    """The line ends of an SDP become CRLF."""
    _change_sdp(patch, CallOffer | CallAnswer, lambda sdp: "\r\n".join(sdp.replace("\r\n", "\n").split("\n")))


@fault(breaks=["CALL-3"])
def sdp_escaped(patch: Patch) -> None:
    """The characters <>& of an SDP become entities."""
    _change_sdp(patch, CallOffer | CallAnswer, lambda sdp: html.escape(sdp, quote=False))


@fault(breaks=["CALL-3"])
def sdp_ascii_only(patch: Patch) -> None:
    """Characters of an SDP beyond ASCII become question marks."""
    _change_sdp(patch, CallOffer | CallAnswer, lambda sdp: sdp.encode("ascii", "replace").decode())


@fault(breaks=["CALL-3"], also=HEARD)
def empty_candidate_dropped(patch: Patch) -> None:
    """An empty candidate is not relayed."""

    @patch.around(calls, "candidate")
    async def candidate(original, context, request):
        return await original(context, request) if request.candidate else None


@fault(breaks=["CALL-3"], also=["CONN-4"])
def empty_candidate_refused(patch: Patch) -> None:
    """An empty candidate is refused, whatever other fields come with it."""

    @patch.around(calls, "candidate")
    async def candidate(original, context, request):
        if not request.candidate:
            raise Refused("invalid_message", "The candidate is empty.")
        return await original(context, request)


@fault(breaks=["CALL-3"])
def candidate_stripped(patch: Patch) -> None:
    """White space around a candidate is lost."""
    _change_candidate(patch, str.strip)


@fault(breaks=["CALL-3"])
def candidate_loses_crlf(patch: Patch) -> None:
    """A CRLF at the end of a candidate is lost."""
    _change_candidate(patch, lambda candidate: candidate.removesuffix("\r\n"))


@fault(breaks=["CALL-3"])
def candidate_escaped(patch: Patch) -> None:
    """The characters <>& of a candidate become entities."""
    _change_candidate(patch, lambda candidate: html.escape(candidate, quote=False))


@fault(breaks=["CALL-3"])
def candidate_ascii_only(patch: Patch) -> None:
    """Characters of a candidate beyond ASCII become question marks."""
    _change_candidate(patch, lambda candidate: candidate.encode("ascii", "replace").decode())


@fault(breaks=["CALL-3"], also=HEARD)
def candidate_hides_addresses(patch: Patch) -> None:
    """The IPv4 addresses of a candidate are hidden from whoever is called."""
    _change_candidate(patch, lambda candidate: re.sub(r"\d+(\.\d+){3}", "0.0.0.0", candidate))


@fault(breaks=["CALL-4"])
def candidates_overtaken(patch: Patch) -> None:
    """Candidates arrive 100 ms late, behind what was sent after them."""
    _delay(patch, ICECandidate, lambda: LATE)


@fault(breaks=["CALL-4"])
def hangup_overtaken(patch: Patch) -> None:
    """A hang-up arrives 100 ms late, behind what was sent after it."""
    _delay(patch, CallHangup, lambda: LATE)


@fault(breaks=["CALL-4"])
def offer_overtaken(patch: Patch) -> None:
    """An offer arrives 100 ms late, behind its candidates."""
    _delay(patch, CallOffer, lambda: LATE)


@fault(breaks=["CALL-4"])
def candidates_shuffled(patch: Patch) -> None:
    """Candidates overtake each other."""
    _delay(patch, ICECandidate, lambda: random.random() / 50)


@fault(breaks=["CALL-4"], also=["CALL-1", *HEARD])
def candidate_relayed_twice(patch: Patch) -> None:
    """A candidate arrives twice, wherever one is watched."""
    twice = f"{RELAY}\n    if isinstance(event, events.ICECandidate): {RELAY}"
    patch.rewrite(calls._relay, RELAY, twice)


@fault(breaks=["CALL-4"])
def same_call_frame_relayed_once(patch: Patch) -> None:
    """A call frame that is the same as the one before is taken for a repetition and dropped."""
    last: dict = {}

    @patch.around(Instance, "tell_user")
    async def tell_user(original, self, user_id, event, **how):
        if not isinstance(event, CALL) or last.get(user_id) != event:
            await original(self, user_id, event, **how)
        if isinstance(event, CALL):
            last[user_id] = event


@fault(breaks=["CALL-4"])
def candidates_lost_in_a_burst(patch: Patch) -> None:
    """Of more than ten candidates for one user, the others are lost."""
    count: dict = {}

    @patch.around(Instance, "tell_user")
    async def tell_user(original, self, user_id, event, **how):
        count[user_id] = count.get(user_id, 0) + isinstance(event, ICECandidate)
        if count[user_id] <= 10:
            await original(self, user_id, event, **how)


@fault(breaks=["CALL-5"], also=OPENED)
def anybody_is_called(patch: Patch) -> None:
    """A call frame may be for anybody who is connected: a right too many."""
    patch.rewrite(calls._check, TARGET, "False")


@fault(breaks=["CALL-5"], also=OPENED)
def anybody_calls(patch: Patch) -> None:
    """A call frame may come from anybody: a right too many."""
    patch.rewrite(calls._check, CALLER, "pass")


@fault(breaks=["CALL-5"])
def members_of_another_conversation_are_called(patch: Patch) -> None:
    """A call frame may be for a member of any conversation of the caller."""
    mine = "conversations.conversations_of(connection, caller_id)"
    elsewhere = (
        f"any(conversations.membership(connection, c.conversation_id, target_id).may(Right.READ) for c in {mine})"
    )
    patch.rewrite(calls._check, TARGET, f"not {elsewhere}")


@fault(breaks=["CALL-5"], also=["ACK-3"])
def refused_call_is_confirmed(patch: Patch) -> None:
    """A call frame for a user who is not a member is confirmed and dropped."""

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        try:
            await original(context, request, event)
        except Refused as refused:
            if "member" not in refused.message:
                raise


@fault(breaks=["CALL-5"], also=OPENED)
def refused_call_is_relayed(patch: Patch) -> None:
    """A call frame for or from a user who is not a member is refused, and arrives."""

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        try:
            await original(context, request, event)
        except Refused as refused:
            if refused.code != "unavailable":
                await context.instance.tell_user(request.target_user_id, event)
            raise


@fault(breaks=["CALL-5"])
def members_once_are_called(patch: Patch) -> None:
    """A user who was called as a member is called after leaving the conversation for good."""
    known: set = set()

    @patch.around(calls, "_check")
    def check(original, connection, conversation_id, caller_id, target_id):
        calls.conversations.require(connection, conversation_id, caller_id, calls.Right.SEND)
        if (conversation_id, target_id) not in known:
            original(connection, conversation_id, caller_id, target_id)
        known.add((conversation_id, target_id))


@fault(breaks=["CALL-5s"], also=["ACK-3"])
def self_call_allowed(patch: Patch) -> None:
    """One may call oneself."""
    patch.rewrite(calls._check, "target_id == caller_id", "False")


@fault(breaks=["CALL-5s"], also=["ACK-3"])
def self_call_confirmed(patch: Patch) -> None:
    """A call frame to oneself is confirmed and dropped."""

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        if request.target_user_id != context.user_id:
            await original(context, request, event)


def _keep(patch: Patch, kind=CALL) -> None:
    """Keep frames for a user who is offline, until the user comes."""
    kept: dict = {}

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        try:
            await original(context, request, event)
        except Refused as refused:
            if refused.code == "unavailable" and isinstance(event, kind):
                kept.setdefault(request.target_user_id, []).append(encode(event))
            raise

    @patch.around(Hub, "connect")
    async def connect(original, self, connection):
        await original(self, connection)
        for frame in kept.pop(connection.user_id, ()):
            connection.send(frame)


@fault(breaks=["CALL-6"])
def call_stored_and_replayed(patch: Patch) -> None:
    """A call frame for a user who is offline is refused, and arrives when the user comes."""
    _keep(patch)


@fault(breaks=["CALL-6"], also=["CALL-6s", "ACK-3"])
def call_confirmed_and_replayed(patch: Patch) -> None:
    """A call frame for a user who is offline is confirmed, and arrives when the user comes."""
    _keep(patch)

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        try:
            await original(context, request, event)
        except Refused as refused:
            if refused.code != "unavailable":
                raise


@fault(breaks=["CALL-6"])
def candidates_replayed(patch: Patch) -> None:
    """Only candidates are kept for a user who is offline."""
    _keep(patch, ICECandidate)


@fault(breaks=["CALL-6"], also=["CALL-1", *HEARD])
def last_call_replayed(patch: Patch) -> None:
    """The last call frame of any type that a user has heard is heard again on every new connection."""
    last: dict = {}

    @patch.around(Instance, "tell_user")
    async def tell_user(original, self, user_id, event, **how):
        last.update({user_id: event} if isinstance(event, CALL) else {})
        await original(self, user_id, event, **how)

    @patch.around(Hub, "connect")
    async def connect(original, self, connection):
        await original(self, connection)
        if connection.user_id in last:
            connection.send(encode(last[connection.user_id]))


@fault(breaks=["CALL-6s"], also=["ACK-3"])
def offline_target_confirmed(patch: Patch) -> None:
    """A call frame for a user who is offline is confirmed and dropped."""
    patch.rewrite(calls._relay, OFFLINE, "return")


@fault(breaks=["CALL-6s"], also=["ACK-3"])
def offline_target_not_found(patch: Patch) -> None:
    """A call frame for a user who is offline is refused with another code."""
    patch.rewrite(calls._relay, OFFLINE, OFFLINE.replace("unavailable", "not_found"))


@fault(breaks=["CALL-6s"], also=["ACK-1", "ACK-3"])
def offline_target_unanswered(patch: Patch) -> None:
    """A call frame for a user who is offline gets no answer."""
    for handler in ("offer", "answer", "candidate", "hang_up", "reject"):

        @patch.around(calls, handler)
        async def handle(original, context, request):
            try:
                return await original(context, request)
            except Refused as refused:
                if refused.code == "unavailable":
                    return None
                raise


def _log(patch: Patch, kind: type, words: str) -> None:
    """Store a message about a call frame."""

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        await original(context, request, event)
        if isinstance(event, kind):
            body = wire.SendMessage(type="SendMessage", conversation_id=request.conversation_id, content=words)
            await context.write(messages._send, body, context.user_id)


@fault(breaks=["CALL-7"], also=["AUTH-2"])
def call_stored_as_message(patch: Patch) -> None:
    """The end of a call is stored as a message."""
    _log(patch, CallHangup, "A call has ended.")


@fault(breaks=["CALL-7"], also=["AUTH-2"])
def missed_call_stored_as_message(patch: Patch) -> None:
    """A rejected call is stored as a message."""
    _log(patch, CallReject, "A missed call.")


def _show(patch: Patch, view: str) -> None:
    """Show the last offer of a conversation as a message in one of the three ways to read them."""
    called: dict = {}

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        await original(context, request, event)
        called[request.conversation_id] = context.user_id

    @patch.around(history, view)
    def read(original, connection, request, *arguments):
        answer = original(connection, request, *arguments)
        if request.conversation_id not in called:
            return answer
        now, caller_id = calls.conversations.now(), called[request.conversation_id]
        ids = UUID(int=request.conversation_id.int ^ 1), request.conversation_id, caller_id
        shown = history.describe(history.messages.StoredMessage(*ids, "A call.", None, [], now, now), {})
        return replace(answer, messages=[shown, *answer.messages])


@fault(breaks=["CALL-7"], also=["AUTH-2", "PERM-2"])
def call_in_history(patch: Patch) -> None:
    """A call appears in history."""
    _show(patch, "_history")


@fault(breaks=["CALL-7"], also=["AUTH-2", "PERM-2"])
def call_in_search(patch: Patch) -> None:
    """A call is found by search."""
    _show(patch, "_search")


@fault(breaks=["CALL-7"], also=["AUTH-2", "PERM-2", "CALL-6"])
def call_in_sync(patch: Patch) -> None:
    """A call comes with a sync."""
    _show(patch, "_sync")


@fault(breaks=["CALL-8"])
def sdp_cut_at_8k(patch: Patch) -> None:
    """An SDP is cut after 8 KiB."""
    _change_sdp(patch, CallOffer | CallAnswer, lambda sdp: sdp[:8192])


@fault(breaks=["CALL-8"])
def sdp_cut_just_below_16k(patch: Patch) -> None:
    """An SDP is cut one character before 16 KiB."""
    _change_sdp(patch, CallOffer | CallAnswer, lambda sdp: sdp[: 16 * 1024 - 1])


@fault(breaks=["CALL-8"])
def long_sdp_refused(patch: Patch) -> None:
    """An answer with an SDP of more than 8 KiB is refused."""

    @patch.around(calls, "answer")
    async def answer(original, context, request):
        if len(request.sdp) > 8192:
            raise Refused("too_large", "The SDP is too long.")
        return await original(context, request)


@fault(breaks=["CALL-9"], also=["CALL-9s", "CALL-4"])
def candidate_loses_its_place(patch: Patch) -> None:
    """A candidate arrives without the media section that it belongs to."""
    patch.rewrite(calls.candidate, "request.sdp_mid,\n            request.sdp_mline_index", "None,\n            None")


@fault(breaks=["CALL-9"])
def candidate_loses_the_first_place(patch: Patch) -> None:
    """The index 0 of a candidate is taken for none."""
    patch.rewrite(calls.candidate, "request.sdp_mline_index", "request.sdp_mline_index or None")


@fault(breaks=["CALL-9"], also=["CALL-9s"])
def candidate_loses_the_id_of_its_place(patch: Patch) -> None:
    """A candidate keeps the index of its media section only."""
    patch.rewrite(calls.candidate, "request.sdp_mid", "None")


@fault(breaks=["CALL-9s"])
def candidate_loses_an_index_beside_an_id(patch: Patch) -> None:
    """A candidate with an id and an index arrives with the id."""
    patch.rewrite(calls.candidate, "request.sdp_mline_index", "None if request.sdp_mid else request.sdp_mline_index")


@fault(breaks=["CALL-10"])
def other_devices_ring_on(patch: Patch) -> None:
    """The other devices of who answers or rejects a call learn nothing of it."""
    patch.rewrite(calls._relay, "isinstance(request, CallAnswer | CallReject)", "False")


@fault(breaks=["CALL-10"])
def other_devices_ring_on_after_a_rejection(patch: Patch) -> None:
    """The other devices of who rejects a call learn nothing of it."""
    patch.rewrite(calls._relay, "isinstance(request, CallAnswer | CallReject)", "isinstance(request, CallAnswer)")


@fault(breaks=["CALL-10"])
def other_devices_elsewhere_ring_on(patch: Patch) -> None:
    """The devices of who answers learn of it on the same instance only."""
    patch.rewrite(
        calls._relay,
        STOP,
        "[one.send(events.encode(event)) for one in"
        " context.instance.hub._users[context.user_id].connections if one is not context.connection]",
    )


@fault(breaks=["CALL-10"], also=["CALL-1", *HEARD])
def answering_device_is_told_too(patch: Patch) -> None:
    """Whoever answers or rejects a call gets the own frame back."""
    patch.rewrite(calls._relay, STOP, "await context.instance.tell_user(context.user_id, event)")


@fault(breaks=["CALL-6s"], also=["CONN-12"])
def dropped_target_stays_available(patch: Patch) -> None:
    """A target whose connection was dropped, and not closed, counts as there."""
    codes: dict = {}

    @patch.around(WebSocket, "receive")
    async def receive(original, self):
        frame = await original(self)
        codes[asyncio.current_task()] = frame.get("code")
        return frame

    @patch.around(session, "depart")
    async def depart(original, instance, user_id):
        if codes.pop(asyncio.current_task(), None) == 1000:
            await original(instance, user_id)


@fault(breaks=["CALL-6s"])
def target_is_available_a_minute_longer(patch: Patch) -> None:
    """A target whose last connection has ended is called for a while as if it were there."""
    seen: set = set()

    @patch.around(InMemoryPresence, "is_online")
    async def is_online(original, self, user_id):
        online = await original(self, user_id)
        seen.update([user_id] if online else [])
        return online or user_id in seen


@fault(breaks=["CALL-1"])
def a_call_names_any_common_conversation(patch: Patch) -> None:
    """A call frame names the conversation in which the caller called first."""
    first: dict = {}

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        pair = context.user_id, request.target_user_id
        named = first.setdefault(pair, request.conversation_id)
        await original(context, request, replace(event, conversation_id=named))


@fault(breaks=["CALL-9"], also=["CALL-9s"])
def candidate_index_is_a_byte(patch: Patch) -> None:
    """The index of the media section of a candidate wraps at 256."""
    change_frames(
        patch,
        ICECandidate,
        lambda frame: frame.update(
            sdp_mline_index=None if frame["sdp_mline_index"] is None else frame["sdp_mline_index"] % 256
        ),
    )


@fault(breaks=["CALL-3"])
def candidates_have_255_characters(patch: Patch) -> None:
    """A candidate is cut after 255 characters."""
    _change_candidate(patch, lambda candidate: candidate[:255])


@fault(breaks=["CALL-1"])
def nobody_is_called_in_public(patch: Patch) -> None:
    """A call frame in a public conversation is refused."""

    @patch.around(calls, "_check")
    def check(original, connection, conversation_id, *users):
        original(connection, conversation_id, *users)
        if conversations.membership(connection, conversation_id, users[0]).visibility is Visibility.PUBLIC:
            raise Refused("forbidden", "Call in private.")
