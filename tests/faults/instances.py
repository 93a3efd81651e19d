"""Wrongs between instances."""

import asyncio

from reference_server import api
from reference_server.context import Context, Instance
from reference_server.events import MessageDeleted, MessageDelivered, MessageEdited, NewMessage, UserTyping, encode
from reference_server.handlers import rooms
from reference_server.pubsub import Event
from reference_server.store import conversations
from tests.faults.calls import CALL
from tests.faults.registry import Patch, fault


def _remember_roles(patch: Patch) -> None:
    """Let lookups believe the cache of their transaction, if it has one."""

    @patch.around(conversations, "_lookup")
    def lookup(original, connection, *key, locked):
        membership, stamp = original(connection, *key, locked=locked)
        cache = connection.info.get("roles")
        return (membership if cache is None else cache.setdefault(key, membership)), stamp


def _remembering(transaction, cache: dict | None):
    """Let a transaction see the roles that a cache knows; the transaction has its thread to itself."""

    def run(connection, *args, **kwargs):
        connection.info["roles"] = cache
        try:
            return transaction(connection, *args, **kwargs)
        finally:
            connection.info.pop("roles")

    return run


def _stay(patch: Patch, kinds: type | tuple[type, ...] = object) -> None:
    """Keep some events of a conversation on the instance where they happen."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        if not isinstance(event, kinds):
            await original(self, conversation_id, event, **how)
        elif conversation_id in self.hub._rooms:
            self.hub._rooms[conversation_id].notice(Event(encode(event), **how))


@fault(breaks=["MULTI-1", "MULTI-2"], also=["MULTI-3"])
def events_stay_on_their_instance(patch: Patch) -> None:
    """No event of a conversation crosses."""
    _stay(patch)


@fault(breaks=["MULTI-1"])
def deletions_stay_on_their_instance(patch: Patch) -> None:
    """A deletion does not cross."""
    _stay(patch, MessageDeleted)


@fault(breaks=["MULTI-1"])
def deliveries_stay_on_their_instance(patch: Patch) -> None:
    """A delivery does not cross."""
    _stay(patch, MessageDelivered)


@fault(breaks=["MULTI-1"])
def typing_stays_on_its_instance(patch: Patch) -> None:
    """Typing does not cross, neither its begin nor its end."""
    _stay(patch, UserTyping)


@fault(breaks=["MULTI-1"])
def end_of_typing_stays_on_its_instance(patch: Patch) -> None:
    """The begin of typing crosses, its end does not."""

    @patch.around(Instance, "tell_typing")
    async def tell_typing(original, self, conversation_id, user_id, *, is_typing):
        if is_typing:
            await original(self, conversation_id, user_id, is_typing=is_typing)
        elif conversation_id in self.hub._rooms:
            event = Event(encode(UserTyping(conversation_id, user_id, is_typing)), besides=user_id, fleeting=True)
            self.hub._rooms[conversation_id].notice(event)


@fault(breaks=["MULTI-1"], also=["CALL-1"])
def calls_stay_on_their_instance(patch: Patch) -> None:
    """No call frame of any type crosses, so that it does not reach every connection of the target."""

    @patch.around(Instance, "tell_user")
    async def tell_user(original, self, user_id, event, **how):
        if not isinstance(event, CALL):
            await original(self, user_id, event, **how)
        elif user_id in self.hub._users:
            self.hub._users[user_id].notice(Event(encode(event), **how))


@fault(breaks=["MULTI-1"])
def events_cross_twice(patch: Patch) -> None:
    """What happens on one instance is told twice on the other."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        await original(self, conversation_id, event, **how)
        notice = Event(encode(event), **how)
        for subscriber in self.services.pubsub._subscribers.get(f"conversation:{conversation_id}", ()):
            if subscriber.__self__ is not self.hub._rooms.get(conversation_id):
                subscriber(notice)


@fault(breaks=["MULTI-2"], also=["MULTI-1"])
def order_is_lost_between_instances(patch: Patch) -> None:
    """Each message takes a time of its own to the other instance."""
    odd = [0]

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        here = self.hub._rooms.get(conversation_id)
        odd[0] += 1
        for subscriber in tuple(self.services.pubsub._subscribers.get(f"conversation:{conversation_id}", ())):
            wait = 0.004 * (odd[0] % 2) if subscriber.__self__ is not here and isinstance(event, NewMessage) else 0
            if wait:
                asyncio.get_running_loop().call_later(wait, subscriber, Event(encode(event), **how))
            else:
                subscriber(Event(encode(event), **how))


@fault(breaks=["MULTI-2"])
def own_instance_first(patch: Patch) -> None:
    """Each instance tells its own messages at once and those of the other a moment later, in order."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        here = self.hub._rooms.get(conversation_id)
        for subscriber in tuple(self.services.pubsub._subscribers.get(f"conversation:{conversation_id}", ())):
            if subscriber.__self__ is here:
                subscriber(Event(encode(event), **how))
            else:
                asyncio.get_running_loop().call_later(0.002, subscriber, Event(encode(event), **how))


@fault(breaks=["MULTI-2"], also=["MULTI-1"])
def edits_cross_late(patch: Patch) -> None:
    """An edit takes longer to the other instance than what is said after it."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        here = self.hub._rooms.get(conversation_id)
        for subscriber in tuple(self.services.pubsub._subscribers.get(f"conversation:{conversation_id}", ())):
            if subscriber.__self__ is not here and isinstance(event, MessageEdited):
                asyncio.get_running_loop().call_later(0.05, subscriber, Event(encode(event), **how))
            else:
                subscriber(Event(encode(event), **how))


@fault(breaks=["MULTI-3"])
def bans_stay_on_their_instance(patch: Patch) -> None:
    """Who loses the right to read goes on getting events on the other instances."""
    told = "await here.services.pubsub.publish(conversation_channel(conversation_id), RoleChanged(member_id, may_read))"
    here = "here.hub._rooms[conversation_id].notice(RoleChanged(member_id, may_read))"
    patch.rewrite(api._moderate, told, f"if conversation_id in here.hub._rooms: {here}")


@fault(breaks=["MULTI-3"], also=["PERM-1", "PERM-2"])
def roles_are_cached(patch: Patch) -> None:
    """A user's role is remembered by every instance but the first, whatever is changed there."""
    _remember_roles(patch)
    instances: list = []
    known: dict = {}

    @patch.around(Instance, "__init__")
    def init(original, self, *args):
        instances.append(self)
        original(self, *args)

    for name in ("read", "write"):

        @patch.around(Context, name)
        async def run(original, context, transaction, *args, **kwargs):
            cache = known if context.instance is not instances[0] else None
            return await original(context, _remembering(transaction, cache), *args, **kwargs)


@fault(breaks=["MULTI-3"], also=["LEAVE-3"])
def leave_is_for_every_instance(patch: Patch) -> None:
    """Leaving on one instance leaves on the user's connections to the others."""

    @patch.around(rooms, "leave_conversation")
    async def leave_conversation(original, context, request):
        channel = f"conversation:{request.conversation_id}"
        here = context.instance.hub._rooms.get(request.conversation_id)
        for subscriber in tuple(context.instance.services.pubsub._subscribers.get(channel, ())):
            room = subscriber.__self__
            for connection in tuple(room.connections if room is not here else ()):
                if connection.user_id == context.user_id:
                    del room.connections[connection]
        return await original(context, request)
