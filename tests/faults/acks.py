"""Wrongs of confirmations and of Ping: how often, where, in which order, and whether they are true."""

import asyncio
import os

from sqlalchemy import delete, make_url, select, update

from reference_server import serving, session
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed, Pong, encode
from reference_server.handlers import messages, realtime, rooms
from reference_server.messages import Ping
from reference_server.models import CONVERSATIONS, DELIVERIES, MEMBERSHIPS, MESSAGES, REACTIONS, READ_MARKS
from reference_server.transport import LingeringProtocol
from tests.faults.registry import Patch, fault
from tests.faults.tools import devices

ANSWER = """reply = await answer(context, frame)
            if reply is not None:
                connection.send(reply)
"""


def _replies(patch: Patch, change) -> None:
    """Change what is sent as the answer to a request: a list of frames for one frame."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        *first, last = await change(context, frame, await original(context, frame)) or [None]
        for each in first:
            context.connection.send(each)
        return last


def _confirms(reply: str | None, action: str) -> bool:
    return reply is not None and f'"action":"{action}"' in reply


@fault(breaks=["ACK-1"], also=["REAC-1", "REAC-5", "CONN-11", "PERM-2", "AUTH-2"])
def reaction_is_confirmed_twice(patch: Patch) -> None:
    """A reaction gets two confirmations, wherever somebody reacts."""

    async def twice(_context, _frame, reply):
        return [reply, reply] if _confirms(reply, "reaction_added") else [reply]

    _replies(patch, twice)


@fault(breaks=["ACK-1"], also=["DEL-1", "MULTI-1", "ACK-4", "HIST-2", "CONN-4", "PERM-1"])
def deletion_is_not_confirmed(patch: Patch) -> None:
    """A deletion gets no confirmation."""
    patch.rewrite(messages.delete_message, 'return ActionConfirmed("message_deleted")', "return None")


@fault(breaks=["ACK-1"], also=["LEAVE-1", "LEAVE-2", "LEAVE-3", "PERM-1", "JOIN-1", "AUTH-2", "MULTI-3"])
def leave_has_the_action_of_join(patch: Patch) -> None:
    """A leave is confirmed with the action of a join, so that whoever leaves waits in vain."""
    patch.rewrite(rooms.leave_conversation, "left_conversation", "joined_conversation")


@fault(breaks=["ACK-1"], also=["REAC-3", "REAC-1", "REAC-2"])
def removal_has_the_action_of_addition(patch: Patch) -> None:
    """The removal of a reaction is confirmed with the action of an addition."""
    patch.rewrite(realtime.remove_reaction, "reaction_removed", "reaction_added")


@fault(breaks=["ACK-1"], also=["READ-1", "PERM-2", "PERM-1", "READ-2", "AUTH-2"])
def mark_succeeds_without_success(patch: Patch) -> None:
    """Marking as read is confirmed with success false."""
    patch.rewrite(
        realtime.mark_as_read, 'ActionConfirmed("marked_as_read")', 'ActionConfirmed("marked_as_read", False)'
    )


@fault(breaks=["ACK-1"], also=["EDIT-1", "EDIT-2", "MULTI-1"])
def edit_is_confirmed_on_every_device(patch: Patch) -> None:
    """The confirmation of an edit goes to every connection of the editor."""

    async def everywhere(context, _frame, reply):
        for device in devices(context.instance, context.user_id):
            if _confirms(reply, "message_edited") and device is not context.connection:
                device.send(reply)
        return [reply]

    _replies(patch, everywhere)


@fault(breaks=["ACK-1"])
def confirmations_are_gathered(patch: Patch) -> None:
    """Several calls that one connection ends within a moment are confirmed once."""
    last: dict = {}

    async def gathered(context, _frame, reply):
        if not _confirms(reply, "call_hung_up"):
            return [reply]
        before = last.get(context.connection, 0.0)
        last[context.connection] = asyncio.get_running_loop().time()
        return [reply] if last[context.connection] - before > 0.05 else [None]

    _replies(patch, gathered)


@fault(breaks=["ACK-1"], also=["DLVR-1", "READ-1", "PERM-2"])
def confirmation_on_the_newest_device(patch: Patch) -> None:
    """A receipt is confirmed on the user's newest connection."""

    async def newest(context, _frame, reply):
        if not (_confirms(reply, "marked_as_read") or _confirms(reply, "marked_as_delivered")):
            return [reply]
        devices(context.instance, context.user_id)[-1].send(reply)
        return [None]

    _replies(patch, newest)


@fault(breaks=["ACK-2"], also=["PING-1", "JOIN-1", "LEAVE-1", "SEND-4", "EDIT-1", "MULTI-2", "CALL-4", "HIST-2"])
def requests_at_the_same_time(patch: Patch) -> None:
    """The requests of one connection are carried out at the same time, and answered as each is done."""
    task = """async def one(frame):
                reply = await answer(context, frame)
                if reply is not None:
                    connection.send(reply)
            __import__("asyncio").ensure_future(one(frame))
"""
    patch.rewrite(session._converse, ANSWER, task)


@fault(breaks=["ACK-2"], also=["PING-1"])
def searches_are_answered_later(patch: Patch) -> None:
    """A search does not hold up the requests behind it, nor the Pong."""

    async def later(context, frame, reply):
        if reply is None or "SearchResults" not in reply[:2000] + reply[-200:]:
            return [reply]
        asyncio.get_running_loop().call_later(0.005, context.connection.send, reply)
        return [None]

    _replies(patch, later)


@fault(breaks=["ACK-2"], also=["PING-1"])
def confirmations_are_sent_later(patch: Patch) -> None:
    """The confirmation of a message waits a moment, and is overtaken by later replies."""

    async def later(context, _frame, reply):
        if not _confirms(reply, "message_sent"):
            return [reply]
        asyncio.get_running_loop().call_later(0.003, context.connection.send, reply)
        return [None]

    _replies(patch, later)


@fault(breaks=["ACK-3"], also=["REAC-6", "REAC-7", "PERM-1", "PERM-2", "PERM-3", "DEL-4s", "AUTH-2", "CONN-2"])
def failed_reaction_is_confirmed(patch: Patch) -> None:
    """A reaction that fails gets Error and a confirmation."""

    async def both(_context, frame, reply):
        failed = '"type":"AddReaction"' in (frame.get("text") or "").replace(" ", "") and '"Error"' in reply
        return [reply, encode(ActionConfirmed("reaction_added"))] if failed else [reply]

    _replies(patch, both)


@fault(breaks=["ACK-3"], also=["EDIT-2", "EDIT-4", "EDIT-5", "DEL-4", "PERM-1", "PERM-2", "PERM-3", "AUTH-2", "CONN-2"])
def failed_edit_is_confirmed_without_success(patch: Patch) -> None:
    """An edit that fails is confirmed with success false instead of Error."""

    async def instead(_context, frame, reply):
        failed = '"type":"EditMessage"' in (frame.get("text") or "").replace(" ", "") and '"Error"' in reply
        return [encode(ActionConfirmed("message_edited", False))] if failed else [reply]

    _replies(patch, instead)


@fault(breaks=["ACK-3"], also=["READ-3", "READ-4", "PERM-1", "PERM-2", "PERM-3", "DEL-4s", "CONN-2", "AUTH-2"])
def failed_mark_is_confirmed(patch: Patch) -> None:
    """Marking as read is confirmed whatever comes of it."""

    @patch.around(realtime, "mark_as_read")
    async def mark_as_read(original, context, request):
        try:
            return await original(context, request)
        except Refused:
            return ActionConfirmed("marked_as_read")


@fault(breaks=["ACK-4"])
def database_of_one_process(patch: Patch) -> None:
    """What is stored is gone when the process is."""

    @patch.around(serving, "open_database")
    def open_database(original, url):
        file = make_url(url)
        return original(file.set(database=f"{file.database}.{os.getpid()}").render_as_string(hide_password=False))


def _after_a_crash(patch: Patch, *statements) -> None:
    """Let a database that is opened again lack something of what it was given."""

    @patch.around(serving.Deployment, "__aenter__")
    async def enter(original, self):
        await self.services.database.prepare()
        for statement in statements:
            await self.services.database.write(lambda connection, wanted=statement: connection.execute(wanted))
        return await original(self)


@fault(breaks=["ACK-4"])
def crash_loses_the_last_message(patch: Patch) -> None:
    """The newest message does not survive a crash."""
    newest = select(MESSAGES.c.id).order_by(MESSAGES.c.created_at.desc()).limit(1)
    _after_a_crash(patch, delete(REACTIONS), delete(DELIVERIES), delete(MESSAGES).where(MESSAGES.c.id.in_(newest)))


@fault(breaks=["ACK-4"])
def crash_loses_reactions(patch: Patch) -> None:
    """Reactions do not survive a crash."""
    _after_a_crash(patch, delete(REACTIONS))


@fault(breaks=["ACK-4"])
def crash_loses_deletions(patch: Patch) -> None:
    """What was deleted is back after a crash."""
    _after_a_crash(patch, update(MESSAGES).values(deleted_at=None))


@fault(breaks=["ACK-4"])
def crash_unlinks_replies(patch: Patch) -> None:
    """Replies answer nothing after a crash."""
    _after_a_crash(patch, update(MESSAGES).values(parent_id=None))


@fault(breaks=["ACK-4"])
def crash_forgets_that_messages_were_edited(patch: Patch) -> None:
    """After a crash no message was ever edited, though the new text is there."""
    _after_a_crash(patch, update(MESSAGES).values(edited_at=None))


@fault(breaks=["ACK-4"])
def crash_loses_attachments(patch: Patch) -> None:
    """Messages have no attachments after a crash."""
    _after_a_crash(patch, update(MESSAGES).values(attachments=[]))


@fault(breaks=["ACK-4"])
def crash_loses_members_of_public(patch: Patch) -> None:
    """Who has joined a public conversation is an outsider after a crash."""
    public = select(CONVERSATIONS.c.id).where(CONVERSATIONS.c.visibility == "public")
    joined = MEMBERSHIPS.c.conversation_id.in_(public) & (MEMBERSHIPS.c.role == "member")
    _after_a_crash(patch, delete(MEMBERSHIPS).where(joined))


@fault(
    breaks=["PING-1"],
    also=["PERM-2", "CONN-3", "JOIN-1", "JOIN-3", "JOIN-6", "LEAVE-2", "LEAVE-3", "DEL-4", "ACK-3", "SEND-7", "EDIT-1"],
)
def pong_on_every_device(patch: Patch) -> None:
    """A Pong goes to every connection of the user."""

    @patch.around(realtime, "ping")
    async def ping(original, context, request):
        for device in devices(context.instance, context.user_id):
            if device is not context.connection:
                device.send(encode(Pong()))
        return await original(context, request)


@fault(breaks=["PING-1"])
def pings_in_a_hurry_get_one_pong(patch: Patch) -> None:
    """Two Pings that one connection sends at once get one Pong."""
    last: dict = {}

    @patch.around(realtime, "ping")
    async def ping(original, context, request):
        now, before = asyncio.get_running_loop().time(), last.get(context.connection, 0.0)
        last[context.connection] = now
        return await original(context, request) if now - before > 0.0002 else None


@fault(breaks=["PING-1"], also=["ACK-2"])
def pong_overtakes(patch: Patch) -> None:
    """A Pong comes before the confirmation of a leave that was asked for earlier."""

    async def later(context, _frame, reply):
        if not _confirms(reply, "left_conversation"):
            return [reply]
        asyncio.get_running_loop().call_later(0.01, context.connection.send, reply)
        return [None]

    _replies(patch, later)


@fault(breaks=["PING-1"], also=["ACK-2"])
def pongs_are_late(patch: Patch) -> None:
    """A Pong comes after replies of later requests."""

    async def later(context, _frame, reply):
        if reply is None or reply != encode(Pong()):
            return [reply]
        asyncio.get_running_loop().call_later(0.01, context.connection.send, reply)
        return [None]

    _replies(patch, later)


@fault(breaks=["PING-2"])
def websocket_ping_is_not_answered(patch: Patch) -> None:
    """A WebSocket ping gets no pong."""

    @patch.around(LingeringProtocol, "handle_ping")
    def handle_ping(original, self):
        self.conn.data_to_send()


@fault(breaks=["PING-2"])
def websocket_pong_is_empty(patch: Patch) -> None:
    """A WebSocket ping gets a pong without its payload."""

    @patch.around(LingeringProtocol, "handle_ping")
    def handle_ping(original, self):
        self.conn.data_to_send()
        self.conn.send_pong(b"")
        self.transport.write(b"".join(self.conn.data_to_send()))


@fault(breaks=["PING-2"])
def websocket_pong_waits_for_the_message(patch: Patch) -> None:
    """A WebSocket ping between two fragments is answered after the last."""

    @patch.around(LingeringProtocol, "handle_ping")
    def handle_ping(original, self):
        if self.frames:
            self.loop.call_later(0.02, lambda: LingeringProtocol.handle_ping(self))
            self.kept = [*getattr(self, "kept", []), *self.conn.data_to_send()]
        else:
            self.transport.write(b"".join(getattr(self, "kept", [])))
            self.kept = []
            original(self)


@fault(breaks=["PING-3"])
def pings_count_as_messages(patch: Patch) -> None:
    """A Ping uses up the limit of messages, but is never refused."""

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        await original(context, request)
        if isinstance(request, Ping):
            limits, services = context.limits, context.instance.services
            await services.rate_limiter.allow(f"messages:{context.user_id}", limits.messages_per_window, 3.0)


def _errors_overtake(patch: Patch, codes: tuple[str, ...]) -> None:
    """Send a confirmation a little later, and an Error with one of these codes before it."""
    late: dict = {}

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        to = context.connection
        is_early = reply is not None and any(f'"code":"{code}"' in reply for code in codes)
        waiting = late.pop(to, None)
        if waiting:
            to.send(reply if is_early else waiting)
            return waiting if is_early else reply
        if reply and '"left_conversation"' in reply:
            late[to] = reply
            asyncio.get_running_loop().call_later(0.05, lambda: late.get(to) is reply and to.send(late.pop(to)))
            return None
        return reply


@fault(breaks=["ACK-2"], also=["PING-1"])
def errors_overtake_the_reply_before(patch: Patch) -> None:
    """An Error for a frame that cannot be read is sent at once, before the reply of the request before it."""
    _errors_overtake(patch, ("invalid_message",))


@fault(breaks=["ACK-4"])
def crash_forgets_bans(patch: Patch) -> None:
    """After a crash the banned are members."""
    _after_a_crash(patch, update(MEMBERSHIPS).where(MEMBERSHIPS.c.role == "banned").values(role="member"))


@fault(breaks=["ACK-4"])
def crash_makes_everybody_a_member(patch: Patch) -> None:
    """After a crash readers and moderators are members."""
    _after_a_crash(
        patch, update(MEMBERSHIPS).where(MEMBERSHIPS.c.role.in_(["reader", "moderator"])).values(role="member")
    )


@fault(breaks=["ACK-4"])
def crash_forgets_deliveries(patch: Patch) -> None:
    """After a crash nothing was delivered."""
    _after_a_crash(patch, delete(DELIVERIES))


@fault(breaks=["READ-2"])
def crash_forgets_what_was_read(patch: Patch) -> None:
    """After a crash nothing was read."""
    _after_a_crash(patch, delete(READ_MARKS))


@fault(breaks=["SYNC-1s"])
def crash_forgets_when_messages_changed(patch: Patch) -> None:
    """After a crash a sync knows only when messages were sent."""
    _after_a_crash(patch, update(MESSAGES).values(changed_at=MESSAGES.c.created_at))
