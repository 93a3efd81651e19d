"""Wrong audiences of events that cross to another instance."""

import json
import re
from dataclasses import replace

from reference_server import arrivals, events
from reference_server.context import Instance
from reference_server.events import MessageDelivered, NewMessage, UserTyping, encode
from reference_server.handlers import calls
from reference_server.hub import Listener, Room
from reference_server.pubsub import Event
from tests.faults.registry import Patch, fault
from tests.faults.tools import devices, everybody, members


def _elsewhere(patch: Patch):
    """Give a function that names the other instances of one."""
    instances: list[Instance] = []

    @patch.around(Instance, "__init__")
    def begin(original, self, *args, **kwargs):
        original(self, *args, **kwargs)
        instances.append(self)

    return lambda one: [other for other in instances if other is not one]


def _also_elsewhere(patch: Patch, kinds, chosen) -> None:
    """Tell events of some types on other instances also to chosen connections."""
    elsewhere = _elsewhere(patch)

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        await original(self, conversation_id, event, **how)
        if isinstance(event, kinds):
            users = await members(self, conversation_id)
            for other in elsewhere(self):
                for connection in chosen(other, conversation_id, users, how):
                    connection.send(encode(event))


def _own(other, conversation_id, _users, how) -> list:
    return [one for one in devices(other, how["besides"]) if conversation_id in one.joined] if "besides" in how else []


def _unjoined(other, conversation_id, users, _how) -> list:
    return [one for user in users for one in devices(other, user) if conversation_id not in one.joined]


def _strangers(other, _conversation_id, users, _how) -> list:
    return [one for one in everybody(other) if one.user_id not in users]


@fault(breaks=["TYPE-1"])
def typist_is_told_elsewhere(patch: Patch) -> None:
    """The typist's own device on another instance is told who types."""
    _also_elsewhere(patch, UserTyping, _own)


@fault(breaks=["SEND-3"], also=["MULTI-1", "MULTI-2", "MULTI-3"])
def unjoined_member_is_told_elsewhere(patch: Patch) -> None:
    """A message reaches the members on another instance who have not joined."""
    _also_elsewhere(patch, NewMessage, _unjoined)


@fault(breaks=["REAC-1"], also=["MULTI-1"])
def stranger_is_told_of_reactions_elsewhere(patch: Patch) -> None:
    """A reaction reaches everybody on another instance, members or not."""
    _also_elsewhere(patch, events.ReactionAdded, _strangers)


@fault(breaks=["READ-1"], also=["MULTI-1"])
def unjoined_member_is_told_of_readings_elsewhere(patch: Patch) -> None:
    """A read receipt reaches the members on another instance who have not joined."""
    _also_elsewhere(patch, events.MessageRead, _unjoined)


@fault(breaks=["CALL-1"], also=["MULTI-1"])
def caller_is_told_elsewhere(patch: Patch) -> None:
    """The caller's own device on another instance rings."""
    elsewhere = _elsewhere(patch)

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        await original(context, request, event)
        for other in elsewhere(context.instance):
            for device in devices(other, context.user_id):
                device.send(encode(event))


@fault(breaks=["MULTI-1"], also=["CALL-1", "CALL-6s"])
def callee_elsewhere_is_unavailable(patch: Patch) -> None:
    """A callee who is connected to another instance only is called unavailable."""
    patch.rewrite(
        calls._relay,
        "await context.instance.services.presence.is_online(target_id)",
        "target_id in context.instance.hub._users",
    )


@fault(breaks=["MULTI-1"], also=["MULTI-2", "MULTI-3"])
def nothing_crosses_while_nobody_else_is_here(patch: Patch) -> None:
    """An event is not passed on where nobody but the user who acts has joined on the own instance."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        room = self.hub._rooms.get(conversation_id)
        if room is None or len({connection.user_id for connection in room.connections}) > 1:
            await original(self, conversation_id, event, **how)
        else:
            room.notice(Event(encode(event), **how))


def _without(room: Room, users: set, notify) -> None:
    """Let a room handle a notice as if some users had not joined it."""
    everyone = room.connections
    room.connections = {one: None for one in everyone if one.user_id not in users}
    notify()
    room.connections = everyone


@fault(breaks=["MULTI-1"], also=["MULTI-2", "MULTI-3"])
def user_here_is_not_told_elsewhere(patch: Patch) -> None:
    """A user who has a connection to the own instance is told there, and on no other."""
    elsewhere = _elsewhere(patch)
    here: dict = {}

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        for other in elsewhere(self):
            here[id(other.hub._rooms.get(conversation_id))] = set(self.hub._users)
        await original(self, conversation_id, event, **how)

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        told = here.pop(id(self), set()) if isinstance(notice, Event) else set()
        _without(self, told, lambda: original(self, notice))


@fault(breaks=["MULTI-3"], also=["PERM-2"])
def banned_still_hears_of_all_but_messages(patch: Patch) -> None:
    """On the second instance a ban holds for new messages only."""
    elsewhere = _elsewhere(patch)

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        second = any(self in one.hub._rooms.values() for one in elsewhere(None)[1:])
        barred = self.barred
        if second and isinstance(notice, Event) and '"NewMessage"' not in notice.frame:
            self.barred = set()
        original(self, notice)
        self.barred = barred


@fault(breaks=["MULTI-1"], also=["DLVR-1"])
def delivery_is_told_where_it_happens(patch: Patch) -> None:
    """An author who is on another instance only is not told of a delivery."""
    elsewhere = _elsewhere(patch)

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, *, only=None, **how):
        absent = only not in self.hub._users and any(only in other.hub._users for other in elsewhere(self))
        if not (isinstance(event, MessageDelivered) and absent):
            await original(self, conversation_id, event, only=only, **how)


@fault(breaks=["CALL-5"], also=["PERM-1", "PERM-2"])
def banned_user_is_called(patch: Patch) -> None:
    """Whoever is banned from the conversation can still be called in it."""
    patch.rewrite(
        calls._check,
        "not conversations.membership(connection, conversation_id, target_id).may(Right.READ)",
        "conversations.membership(connection, conversation_id, target_id).role is None",
    )


@fault(breaks=["CONN-12"])
def presence_stays_on_its_instance(patch: Patch) -> None:
    """Who comes and goes is announced on the own instance only."""

    @patch.around(Instance, "tell_user")
    async def tell_user(original, self, user_id, event, **how):
        if not isinstance(event, events.UserPresenceUpdate):
            await original(self, user_id, event, **how)
        for device in devices(self, user_id) if isinstance(event, events.UserPresenceUpdate) else ():
            device.send(encode(event))


@fault(breaks=["CONN-12"])
def connection_elsewhere_makes_nobody_offline(patch: Patch) -> None:
    """A user who also had a connection to another instance is never announced as offline."""
    met: dict = {}

    @patch.around(arrivals, "arrive")
    async def arrive(original, instance, user_id):
        met.setdefault(user_id, set()).add(id(instance))
        return await original(instance, user_id)

    @patch.around(arrivals, "_announce")
    async def announce(original, instance, user_id, status):
        if status == "online" or len(met[user_id]) == 1:
            await original(instance, user_id, status)


def _crossing_frames(patch: Patch, change) -> None:
    """Change what crosses to other instances."""
    publisher: dict = {}

    for name in ("tell", "tell_user"):

        @patch.around(Instance, name)
        async def tell(original, self, to, event, **how):
            publisher[encode(event)] = self.hub
            await original(self, to, event, **how)

    for owner in (Room, Listener):

        @patch.around(owner, "notice")
        def notice(original, self, notice, owner=owner):
            origin = publisher.get(notice.frame) if isinstance(notice, Event) else None
            if origin and all(self is not one for one in (*origin._rooms.values(), *origin._users.values())):
                frame = change(notice.frame)
                if frame is None:
                    return
                notice = replace(notice, frame=frame)
            original(self, notice)


@fault(breaks=["MULTI-1"])
def long_events_do_not_cross(patch: Patch) -> None:
    """An event of 8,000 bytes or more does not cross, as by NOTIFY of PostgreSQL."""
    _crossing_frames(patch, lambda frame: frame if len(frame.encode()) < 8000 else None)


@fault(breaks=["MULTI-1"], also=["REAC-1"])
def only_latin_crosses(patch: Patch) -> None:
    """Characters beyond Latin-1 become question marks between instances."""
    _crossing_frames(patch, lambda frame: frame.encode("latin-1", "replace").decode("latin-1"))


@fault(breaks=["MULTI-1"])
def attachments_do_not_cross(patch: Patch) -> None:
    """A message loses its attachments on the way to another instance."""

    def change(frame):
        event = json.loads(frame)
        return json.dumps(event | {"attachments": []}) if "attachments" in event else frame

    _crossing_frames(patch, change)


@fault(breaks=["MULTI-1"])
def parents_do_not_cross(patch: Patch) -> None:
    """A reply answers nothing on other instances."""

    def change(frame):
        event = json.loads(frame)
        return json.dumps(event | {"parent_message_id": None}) if "parent_message_id" in event else frame

    _crossing_frames(patch, change)


@fault(breaks=["MULTI-1"], also=["HIST-8s"])
def instants_cross_in_seconds(patch: Patch) -> None:
    """Instants of events have whole seconds on other instances."""
    _crossing_frames(patch, lambda frame: re.sub(r"(T\d\d:\d\d:\d\d)\.\d+Z", r"\1Z", frame))
