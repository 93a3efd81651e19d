"""Wrongs of JoinConversation and LeaveConversation."""

import asyncio
from collections import Counter

from reference_server import permissions
from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import (
    ActionConfirmed,
    NewMessage,
    encode,
)
from reference_server.handlers import rooms
from reference_server.hub import Hub, Room, deliver
from reference_server.permissions import Membership, Right, Role, Visibility
from reference_server.pubsub import Event
from reference_server.store import conversations
from tests.faults.registry import Patch, fault
from tests.faults.tools import LATE, devices

JOIN = "context.instance.hub.join(context.connection, conversation_id)"


@fault(breaks=["JOIN-1"], also=["LEAVE-1", "LEAVE-3", "SEND-2", "MULTI-1"])
def one_conversation_at_a_time(patch: Patch) -> None:
    """Joining a conversation is leaving the one before, so that nobody follows two."""

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        for other in tuple(connection.joined - {conversation_id}):
            self._rooms[other].connections.pop(connection, None)
        original(self, connection, conversation_id)


@fault(
    breaks=["JOIN-1"],
    also=["SEND-1", "EDIT-1", "DEL-1", "TYPE-1", "READ-1", "REAC-1", "ACK-1", "ACK-3", "AUTH-2", "CONN-2", "RATE-1"],
)
def join_on_one_device_is_join_on_all(patch: Patch) -> None:
    """A join subscribes every connection of the user, so that no device of a member stays out."""

    @patch.around(rooms, "join_conversation")
    async def join_conversation(original, context, request):
        async with context.instance.hub.attending(request.conversation_id):
            reply = await original(context, request)
            for device in devices(context.instance, context.user_id):
                context.instance.hub.join(device, request.conversation_id)
            return reply


@fault(breaks=["JOIN-1"], also=["MULTI-1", "TYPE-1", "DEL-5", "SEND-1", "CONN-8"])
def second_device_joins_in_vain(patch: Patch) -> None:
    """Of a user's devices only the one that joined first gets events; the join of another one is confirmed."""

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        there = {one.user_id for one in self._rooms[conversation_id].connections if one is not connection}
        if connection.user_id not in there:
            original(self, connection, conversation_id)


def _remember_who_has_left(patch: Patch) -> set:
    """Give the pairs of a connection, or its user, and a conversation that it has left."""
    left: set = set()

    @patch.around(rooms, "leave_conversation")
    async def leave_conversation(original, context, request):
        left.update((who, request.conversation_id) for who in (context.connection, context.user_id))
        return await original(context, request)

    return left


@fault(breaks=["JOIN-1"], also=["LEAVE-4", "JOIN-6"])
def no_second_join(patch: Patch) -> None:
    """Whoever has left a conversation does not get its events again; the join is confirmed."""
    left = _remember_who_has_left(patch)

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        if (connection, conversation_id) not in left:
            original(self, connection, conversation_id)


@fault(breaks=["JOIN-1", "PERM-1"], also=["LEAVE-4", "JOIN-6", "ACK-2"])
def who_has_left_stays_out(patch: Patch) -> None:
    """Whoever has left a conversation may not join it again: a right too few."""
    left = _remember_who_has_left(patch)

    @patch.around(rooms, "join_conversation")
    async def join_conversation(original, context, request):
        if (context.user_id, request.conversation_id) in left:
            raise Refused("conflict", "You have left this conversation.")
        return await original(context, request)


@fault(breaks=["JOIN-1"], also=["PERM-2", "SYNC-3"])
def late_join_is_for_messages_only(patch: Patch) -> None:
    """Whoever joins after the first message gets new messages and nothing else, also when the right comes back."""
    spoken: dict = {}
    late: set = set()

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        late.update([connection] if id(self._rooms[conversation_id]) in spoken else [])
        original(self, connection, conversation_id)

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        new = '"NewMessage"' in getattr(notice, "frame", "")
        spoken.update({id(self): self} if new else {})
        original(Room({one: None for one in self.connections if new or one not in late}, self.barred), notice)


@fault(breaks=["JOIN-1"])
def join_is_for_every_conversation(patch: Patch) -> None:
    """Whoever joins one conversation gets the events of every other one that it belongs to."""

    @patch.around(rooms, "join_conversation")
    async def join_conversation(original, context, request):
        reply = await original(context, request)
        for each in await context.read(conversations.conversations_of, context.user_id):
            async with context.instance.hub.attending(each.conversation_id):
                context.instance.hub.join(context.connection, each.conversation_id)
        return reply


@fault(breaks=["JOIN-2"])
def joined_twice_told_twice(patch: Patch) -> None:
    """Whoever joins twice gets every event twice."""
    times: Counter = Counter()

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        times[connection, conversation_id] += 1
        original(self, connection, conversation_id)

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        original(self, notice)
        for (connection, conversation_id), count in times.items():
            if isinstance(notice, Event) and connection in self.connections and str(conversation_id) in notice.frame:
                deliver(notice, [connection] * (count - 1))


@fault(breaks=["JOIN-2"])
def joined_twice_must_leave_twice(patch: Patch) -> None:
    """Whoever joins twice has to leave twice."""
    times: Counter = Counter()

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        times[connection, conversation_id] += 1
        original(self, connection, conversation_id)

    @patch.around(rooms, "leave_conversation")
    async def leave_conversation(original, context, request):
        times[context.connection, request.conversation_id] -= 1
        if times[context.connection, request.conversation_id] > 0:
            return ActionConfirmed("left_conversation")
        return await original(context, request)


@fault(breaks=["JOIN-3"], also=["PERM-1", "PERM-2", "PERM-3", "ACK-3", "AUTH-2", "MULTI-3"])
def outsiders_join_private(patch: Patch) -> None:
    """An outsider may join a private conversation and becomes a member, so that nothing private is refused for long."""
    enter = property(lambda self: self.visibility is not None and self.role is None)
    patch(Membership, "may_enter_as_member", enter)


@fault(breaks=["JOIN-3"], also=["PERM-1", "PERM-2", "JOIN-6", "MULTI-3", "LEAVE-1"])
def refused_join_subscribes(patch: Patch) -> None:
    """A join is refused, and the connection gets the events."""
    old = f"        else:\n            membership.require(Right.JOIN)\n        {JOIN}"
    patch.rewrite(
        rooms.join_conversation,
        old,
        f"        {JOIN}\n        if not membership.may_enter_as_member: membership.require(Right.JOIN)",
    )


@fault(breaks=["JOIN-3"], also=["PERM-1"])
def refused_join_makes_a_member(patch: Patch) -> None:
    """A join of a private conversation is refused, and the outsider is a member afterwards."""

    @patch.around(rooms, "join_conversation")
    async def join_conversation(original, context, request):
        try:
            return await original(context, request)
        except Refused:
            ids = request.conversation_id, context.user_id
            membership = await context.read(conversations.membership, *ids)
            if membership.visibility is Visibility.PRIVATE and membership.role is None:
                await context.write(conversations.set_role, *ids, Role.MEMBER)
            raise


@fault(breaks=["JOIN-3s", "PERM-3"])
def private_is_forbidden(patch: Patch) -> None:
    """An outsider is told that a private conversation exists."""
    private = "self.role is None and self.visibility is Visibility.PRIVATE"
    patch.rewrite(Membership.require, f"if {private}:", "if False:")


@fault(breaks=["JOIN-4", "PERM-1"], also=["ACK-1", "ACK-4"])
def public_is_closed(patch: Patch) -> None:
    """An outsider may not join a public conversation: a right too few."""
    patch(Membership, "may_enter_as_member", property(lambda self: False))


@fault(breaks=["JOIN-4"], also=["PERM-1", "ACK-4"])
def public_join_makes_no_member(patch: Patch) -> None:
    """An outsider who joins a public conversation gets its events and stays an outsider, so that nothing is kept."""
    patch.rewrite(rooms._enter, "conversations.set_role(connection, conversation_id, user_id, Role.MEMBER)", "pass")


@fault(breaks=["JOIN-4"], also=["PERM-1", "ACK-4"])
def public_join_makes_a_reader(patch: Patch) -> None:
    """An outsider who joins a public conversation may not speak there: a right too few."""
    patch.rewrite(rooms._enter, "Role.MEMBER", "Role.READER")


@fault(breaks=["JOIN-4"], also=["PERM-1", "PERM-3", "DEL-2"])
def public_join_makes_a_moderator(patch: Patch) -> None:
    """An outsider who joins a public conversation may delete what others have said: a right too many."""
    patch.rewrite(rooms._enter, "Role.MEMBER", "Role.MODERATOR")


@fault(breaks=["JOIN-5"], also=["PERM-2", "JOIN-1", "LEAVE-1", "MULTI-1"])
def join_takes_effect_later(patch: Patch) -> None:
    """A second join of a connection is confirmed 100 ms before events arrive."""
    before: set = set()

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        def now():
            if conversation_id in self._rooms and connection.is_open:
                original(self, connection, conversation_id)

        self._rooms[conversation_id].holders += 1
        asyncio.get_running_loop().call_later(LATE if connection in before else 0, now)
        before.add(connection)


@fault(breaks=["JOIN-5"], also=["PERM-2", "JOIN-1", "LEAVE-1", "MULTI-1", "SYNC-3"])
def join_of_a_busy_conversation_takes_effect_later(patch: Patch) -> None:
    """A join of a conversation in which somebody speaks is confirmed 0.2 s before events arrive."""
    spoken: dict = {}

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        spoken.update({id(self): self} if '"NewMessage"' in getattr(notice, "frame", "") else {})
        original(self, notice)

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        self._rooms[conversation_id].holders += 1
        late = id(self._rooms[conversation_id]) in spoken
        arguments = self, connection, conversation_id
        asyncio.get_running_loop().call_later(0.2, original, *arguments) if late else original(*arguments)


@fault(breaks=["JOIN-5"], also=["PERM-2", "MULTI-1"])
def join_loses_what_is_sent_meanwhile(patch: Patch) -> None:
    """What is sent within 100 ms of a second join reaches nobody who has just joined."""
    joined: dict = {}

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        joined[connection] = asyncio.get_running_loop().time() if connection in joined else 0
        original(self, connection, conversation_id)

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        now = asyncio.get_running_loop().time()
        old = {one: None for one in self.connections if now - joined[one] > LATE or "NewMessage" not in str(notice)}
        original(Room(old, self.barred) if isinstance(notice, Event) else self, notice)


@fault(breaks=["JOIN-6", "PERM-1"], also=["PERM-2", "MULTI-3"])
def banned_join(patch: Patch) -> None:
    """A banned user may join and gets the events: a right too many."""
    patch(permissions, "RIGHTS", permissions.RIGHTS | {Role.BANNED: frozenset({Right.JOIN})})
    patch.rewrite(Room.notice, "if each.user_id not in self.barred", "")


@fault(breaks=["JOIN-6"], also=["PERM-1", "PERM-2", "MULTI-3"])
def banned_join_public(patch: Patch) -> None:
    """A banned user who joins a public conversation is a member again: a ban that is none."""
    enter = property(lambda self: self.visibility is Visibility.PUBLIC and self.role in {None, Role.BANNED})
    patch(Membership, "may_enter_as_member", enter)


@fault(breaks=["LEAVE-1"], also=["JOIN-1", "JOIN-2", "MULTI-3", "AUTH-2"])
def leave_is_only_confirmed(patch: Patch) -> None:
    """Whoever leaves goes on getting events."""
    patch.rewrite(
        rooms.leave_conversation,
        "await context.instance.hub.leave(context.connection, request.conversation_id)",
        "pass",
    )


@fault(breaks=["LEAVE-1"])
def leave_is_for_new_messages_only(patch: Patch) -> None:
    """Whoever has left goes on getting edits and reactions."""
    left: dict = {}

    @patch.around(rooms, "leave_conversation")
    async def leave_conversation(original, context, request):
        left.setdefault(request.conversation_id, set()).add(context.connection)
        return await original(context, request)

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        await original(self, conversation_id, event, **how)
        if not isinstance(event, NewMessage):
            for connection in left.get(conversation_id, ()):
                connection.send(encode(event))


@fault(breaks=["LEAVE-1"], also=["JOIN-1", "JOIN-2", "MULTI-3", "AUTH-2"])
def leave_takes_effect_later(patch: Patch) -> None:
    """A leave is confirmed 100 ms before the last event arrives."""

    @patch.around(rooms, "leave_conversation")
    async def leave_conversation(original, context, request):
        leaving = original(context, request)
        asyncio.get_running_loop().call_later(LATE, lambda: asyncio.ensure_future(leaving))
        return ActionConfirmed("left_conversation")


@fault(breaks=["LEAVE-2"], also=["PERM-1", "PERM-3", "AUTH-2", "ACK-1"])
def leave_needs_a_join(patch: Patch) -> None:
    """Leaving what one has not joined is refused: a request too few that everybody may make."""

    @patch.around(rooms, "leave_conversation")
    async def leave_conversation(original, context, request):
        if request.conversation_id not in context.connection.joined:
            raise Refused("conflict", "You have not joined.")
        return await original(context, request)


@fault(breaks=["LEAVE-2"], also=["PERM-1", "AUTH-2", "ACK-1"])
def leave_needs_a_join_to_be_confirmed(patch: Patch) -> None:
    """Leaving what one has not joined gets no answer, whoever does it."""

    @patch.around(rooms, "leave_conversation")
    async def leave_conversation(original, context, request):
        joined = request.conversation_id in context.connection.joined
        reply = await original(context, request)
        return reply if joined else None


@fault(breaks=["LEAVE-3"], also=["MULTI-3", "JOIN-1", "CONN-8"])
def leave_on_one_device_is_leave_on_all(patch: Patch) -> None:
    """Leaving on one connection leaves on all of the user's."""

    @patch.around(rooms, "leave_conversation")
    async def leave_conversation(original, context, request):
        for device in devices(context.instance, context.user_id):
            await context.instance.hub.leave(device, request.conversation_id)
        return await original(context, request)


@fault(breaks=["LEAVE-3"])
def leave_is_for_every_conversation(patch: Patch) -> None:
    """Leaving one conversation leaves all that the connection has joined."""

    @patch.around(rooms, "leave_conversation")
    async def leave_conversation(original, context, request):
        for conversation_id in tuple(context.connection.joined):
            await context.instance.hub.leave(context.connection, conversation_id)
        return await original(context, request)


@fault(breaks=["LEAVE-3"], also=["LEAVE-1", "MULTI-3", "AUTH-2", "PERM-1", "JOIN-1", "JOIN-2", "JOIN-6"])
def leave_is_for_everybody(patch: Patch) -> None:
    """When one leaves, everybody on that instance has left, whoever it was."""

    @patch.around(rooms, "leave_conversation")
    async def leave_conversation(original, context, request):
        room = context.instance.hub._rooms.get(request.conversation_id)
        for connection in tuple(room.connections) if room else ():
            await context.instance.hub.leave(connection, request.conversation_id)
        return await original(context, request)


@fault(breaks=["LEAVE-4"], also=["JOIN-1"])
def returning_is_joining(patch: Patch) -> None:
    """A connection joins by itself what the user's last connection had joined."""
    last: dict = {}

    @patch.around(Hub, "disconnect")
    async def disconnect(original, self, connection):
        last[connection.user_id] = set(connection.joined)
        await original(self, connection)

    @patch.around(Hub, "connect")
    async def connect(original, self, connection):
        await original(self, connection)
        for conversation_id in last.pop(connection.user_id, ()):
            async with self.attending(conversation_id):
                self.join(connection, conversation_id)


@fault(breaks=["LEAVE-4"], also=["JOIN-4", "CALL-6", "SYNC-3"])
def closing_ends_membership(patch: Patch) -> None:
    """Who goes away, with the last connection, is no member any more of what it had joined."""

    @patch.around(Hub, "disconnect")
    async def disconnect(original, self, connection):
        joined = tuple(connection.joined)
        await original(self, connection)
        if connection.user_id not in self._users:
            database = connection._websocket.app.state.instance.services.database
            for conversation_id in joined:
                await database.write(conversations.remove_member, conversation_id, connection.user_id)


@fault(breaks=["LEAVE-3", "LEAVE-4"], also=["CONN-8"])
def closing_one_device_leaves_on_all(patch: Patch) -> None:
    """When one connection of a user ends, the others have left what it had joined."""

    @patch.around(Hub, "disconnect")
    async def disconnect(original, self, connection):
        for device in tuple(self._users[connection.user_id].connections):
            for conversation_id in tuple(connection.joined):
                if device is not connection:
                    await self.leave(device, conversation_id)
        await original(self, connection)


@fault(
    breaks=["JOIN-1"],
    also=[
        "JOIN-5",
        "SEND-1",
        "EDIT-1",
        "DEL-1",
        "TYPE-1",
        "READ-1",
        "REAC-1",
        "ACK-1",
        "ATT-1",
        "AUTH-2",
        "MULTI-1",
        "CONN-7",
    ],
)
def join_takes_effect_late(patch: Patch) -> None:
    """A join is confirmed at once, and events come only 100 ms later."""
    running = set()

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        async def later():
            async with self.attending(conversation_id):
                await asyncio.sleep(LATE)
                original(self, connection, conversation_id)

        task = asyncio.get_running_loop().create_task(later())
        running.add(task)
        task.add_done_callback(running.discard)


@fault(breaks=["JOIN-1"])
def twenty_conversations_at_a_time(patch: Patch) -> None:
    """A connection follows the last twenty conversations that it has joined."""
    followed: dict = {}

    @patch.around(rooms, "join_conversation")
    async def join_conversation(original, context, request):
        reply = await original(context, request)
        mine = followed.setdefault(context.connection.id, [])
        mine.append(request.conversation_id)
        if len(mine) > 20:
            await context.instance.hub.leave(context.connection, mine.pop(0))
        return reply
