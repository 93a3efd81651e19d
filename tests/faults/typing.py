"""Wrongs of Typing."""

from dataclasses import replace
from uuid import UUID

from reference_server import session
from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import UserTyping, describe, encode
from reference_server.handlers import calls, history, messages, realtime, rooms
from reference_server.messages import SendMessage
from reference_server.store import conversations
from reference_server.store.messages import StoredMessage
from reference_server.typing_indicator import TypingIndicator
from tests.faults import audience
from tests.faults.registry import Patch, fault
from tests.faults.tools import change_frames, devices

REQUIRE = "await context.read(conversations.require, conversation_id, context.user_id, Right.SEND)"
EVENTS = ["JOIN-1", "MULTI-1", "PERM-1", "PERM-2", "AUTH-2", "CONN-4", "CONN-11"]
OPENED = ["PERM-1", "PERM-2", "PERM-3", "AUTH-2", "ACK-3"]


@fault(breaks=["TYPE-1"], also=EVENTS)
def typing_reaches_typist(patch: Patch) -> None:
    """The typist is told that the typist types, wherever somebody does."""
    patch.rewrite(Instance.tell_typing, "besides=user_id, ", "")


@fault(breaks=["TYPE-1"])
def typing_reaches_typists_other_devices(patch: Patch) -> None:
    """The other devices of the typist are told."""

    @patch.around(realtime, "typing")
    async def typing(original, context, request):
        reply = await original(context, request)
        for device in devices(context.instance, context.user_id):
            if device is not context.connection and request.conversation_id in device.joined:
                device.send(encode(UserTyping(request.conversation_id, context.user_id, request.is_typing)))
        return reply


@fault(breaks=["TYPE-1"], also=["TYPE-2", *EVENTS, "LEAVE-1"])
def typing_reaches_nobody(patch: Patch) -> None:
    """Nobody learns who types, wherever that is watched."""
    audience.told_to_nobody(patch, UserTyping)


@fault(breaks=["TYPE-1"], also=["MULTI-1"])
def typing_never_ends(patch: Patch) -> None:
    """Typing with is_typing false is told as true."""
    change_frames(patch, UserTyping, lambda frame: frame.update(is_typing=True))


@fault(breaks=["TYPE-1"], also=["MULTI-1"])
def typing_end_is_kept(patch: Patch) -> None:
    """Typing with is_typing false is told to nobody."""

    @patch.around(realtime, "typing")
    async def typing(original, context, request):
        return await original(context, request) if request.is_typing else None


@fault(breaks=["TYPE-1"], also=["MULTI-1", "CONN-8"])
def typing_reaches_one_device(patch: Patch) -> None:
    """One connection of each user learns who types."""
    audience.told_to_one_device(patch, UserTyping)


@fault(breaks=["TYPE-1"], also=["PERM-1", "PERM-2"])
def typing_kept_from_readers(patch: Patch) -> None:
    """Members who may only read do not learn who types."""
    audience.not_told_to_readers(patch, UserTyping)


@fault(breaks=["TYPE-1"], also=EVENTS)
def typing_reaches_those_who_have_not_joined(patch: Patch) -> None:
    """Members learn who types without joining, wherever one watches silence."""
    audience.told_to_those_who_have_not_joined(patch, UserTyping)


@fault(breaks=["TYPE-1"], also=["TYPE-2", *EVENTS])
def typing_told_twice(patch: Patch) -> None:
    """Whoever learns that somebody types learns it twice, wherever that is watched."""
    audience.told_twice(patch, UserTyping)


@fault(breaks=["TYPE-1"], also=["TYPE-2", "MULTI-1"])
def one_typist_at_a_time(patch: Patch) -> None:
    """Only the first typist of a conversation is told."""
    first: dict = {}

    @patch.around(Instance, "tell_typing")
    async def tell_typing(original, self, conversation_id, user_id, *, is_typing):
        if first.setdefault(conversation_id, user_id) == user_id:
            await original(self, conversation_id, user_id, is_typing=is_typing)


@fault(breaks=["TYPE-1"], also=["TYPE-2", "MULTI-1"])
def everybody_is_the_first_typist(patch: Patch) -> None:
    """All typing is told in the name of whoever typed first in the conversation."""
    first: dict = {}

    @patch.around(Instance, "tell_typing")
    async def tell_typing(original, self, conversation_id, user_id, *, is_typing):
        await original(self, conversation_id, first.setdefault(conversation_id, user_id), is_typing=is_typing)


@fault(breaks=["TYPE-2"])
def typing_never_expires(patch: Patch) -> None:
    """Typing does not end by itself."""
    patch.rewrite(TypingIndicator._expire, "self._expiry", "self._expiry + 3600")


@fault(breaks=["TYPE-2"], also=["TYPE-1", *EVENTS])
def typing_expires_at_once(patch: Patch) -> None:
    """Typing ends at once, wherever one types."""
    patch.rewrite(TypingIndicator._expire, "self._expiry", "0")


@fault(breaks=["TYPE-2"])
def typing_refresh_starts_another_timer(patch: Patch) -> None:
    """Each refresh of typing ends by itself."""
    patch.rewrite(TypingIndicator.refresh, "self.forget(conversation_id, connection.user_id)", "pass")
    patch.rewrite(TypingIndicator._expire, "del self._typists[key]", "self._typists.pop(key, None)")


@fault(breaks=["TYPE-2"])
def typing_refresh_stops_the_timer(patch: Patch) -> None:
    """Typing that has been refreshed does not end by itself."""

    @patch.around(TypingIndicator, "refresh")
    def refresh(original, self, connection, conversation_id):
        _, timer = self._typists.get((conversation_id, connection.user_id), (None, None))
        if timer is None:
            original(self, connection, conversation_id)
        else:
            timer.cancel()


@fault(breaks=["TYPE-2"], also=["MULTI-1"])
def message_does_not_end_typing(patch: Patch) -> None:
    """Typing goes on after the message."""
    patch.rewrite(messages.send_message, "await context.instance.typing.stop(conversation_id, context.user_id)", "pass")


@fault(breaks=["TYPE-2"])
def leaving_does_not_end_typing(patch: Patch) -> None:
    """Typing goes on after leaving."""
    stop = "await context.instance.typing.leave(context.connection, request.conversation_id)"
    patch.rewrite(rooms.leave_conversation, stop, "pass")


@fault(breaks=["TYPE-2"], also=["MULTI-1"])
def disconnecting_does_not_end_typing(patch: Patch) -> None:
    """Typing goes on without a connection."""

    @patch.around(TypingIndicator, "disconnect")
    async def disconnect(original, self, connection):
        pass


@fault(breaks=["TYPE-2"])
def typing_ends_for_the_typist_too(patch: Patch) -> None:
    """The typist is told when typing has ended by itself."""

    @patch.around(Instance, "_stopped_typing")
    async def stopped_typing(original, self, conversation_id, user_id):
        await self.tell(conversation_id, UserTyping(conversation_id, user_id, False))


def _remember(patch: Patch, view: str) -> None:
    """Show typing as a message in one of the three ways to read them."""
    typed: dict = {}

    @patch.around(realtime, "typing")
    async def typing(original, context, request):
        typed[request.conversation_id] = context.user_id
        return await original(context, request)

    @patch.around(history, view)
    def read(original, connection, request, *arguments):
        answer = original(connection, request, *arguments)
        shown = [_as_message(request.conversation_id, typed)] if request.conversation_id in typed else []
        return replace(answer, messages=answer.messages + shown)


def _as_message(conversation_id, typed):
    message_id = UUID(int=conversation_id.int ^ 1)
    sender_id, now = typed[conversation_id], conversations.now()
    stored = StoredMessage(message_id, conversation_id, sender_id, "typing", None, [], now, now)
    return describe(stored, {})


@fault(breaks=["TYPE-3"], also=["TYPE-4", "PERM-1", "PERM-2", "ACK-3"])
def typing_in_history(patch: Patch) -> None:
    """Typing appears in history."""
    _remember(patch, "_history")


@fault(breaks=["TYPE-3"], also=["PERM-2"])
def typing_in_search(patch: Patch) -> None:
    """Typing is found by search."""
    _remember(patch, "_search")


@fault(breaks=["TYPE-3"], also=["PERM-2"])
def typing_in_sync(patch: Patch) -> None:
    """Typing comes with a sync."""
    _remember(patch, "_sync")


@fault(breaks=["TYPE-3"], also=["TYPE-4", "PERM-1", "PERM-2", "AUTH-2", "CONN-4", "CONN-11", "MULTI-1"])
def typing_stored(patch: Patch) -> None:
    """Typing is stored as a message without a word, and read like one."""

    @patch.around(realtime, "typing")
    async def typing(original, context, request):
        reply = await original(context, request)
        words = SendMessage(type="SendMessage", conversation_id=request.conversation_id, content="")
        await context.write(messages._send, words, context.user_id)
        return reply


@fault(breaks=["TYPE-4"], also=OPENED)
def outsiders_type(patch: Patch) -> None:
    """Everybody may type: a right too many."""
    patch.rewrite(realtime.typing, REQUIRE, "pass")


@fault(breaks=["TYPE-4"], also=OPENED)
def outsiders_stop_typing(patch: Patch) -> None:
    """Everybody may stop typing."""
    patch.rewrite(realtime.typing, REQUIRE, f"if request.is_typing: {REQUIRE}")


@fault(breaks=["TYPE-4"], also=OPENED)
def outsiders_type_in_silence(patch: Patch) -> None:
    """Whoever may not type gets no answer."""

    @patch.around(realtime, "typing")
    async def typing(original, context, request):
        try:
            return await original(context, request)
        except Refused:
            return None


@fault(breaks=["TYPE-4"], also=OPENED)
def refused_typing_is_told(patch: Patch) -> None:
    """Whoever may not type is refused, and the members are told."""

    @patch.around(realtime, "typing")
    async def typing(original, context, request):
        try:
            return await original(context, request)
        except Refused:
            event = UserTyping(request.conversation_id, context.user_id, request.is_typing)
            await context.instance.tell(request.conversation_id, event)
            raise


@fault(breaks=["TYPE-2"])
def typing_ends_with_a_message_of_the_same_device_only(patch: Patch) -> None:
    """Typing goes on after the message, where that was sent from another device."""
    patch.rewrite(
        messages.send_message,
        "await context.instance.typing.stop(conversation_id, context.user_id)",
        "await context.instance.typing.leave(context.connection, conversation_id)",
    )


@fault(breaks=["TYPE-2"])
def typing_is_known_to_its_instance_only(patch: Patch) -> None:
    """Another instance does not know who types, so that its message does not end it, and its stop is told twice."""

    @patch.around(TypingIndicator, "__init__")
    def begin(original, self, expiry, stopped, typists=None):
        original(self, expiry, stopped)


@fault(breaks=["TYPE-2"])
def typing_is_forgotten_by_its_own_device_only(patch: Patch) -> None:
    """Typing that was stopped on another device ends once more by itself."""
    patch.rewrite(
        realtime.typing,
        "context.instance.typing.forget(conversation_id, context.user_id)",
        "context.instance.typing._typists.get((conversation_id, context.user_id), (None,))[0] is context.connection"
        " and context.instance.typing.forget(conversation_id, context.user_id)",
    )


@fault(breaks=["TYPE-2"])
def refresh_does_not_prolong(patch: Patch) -> None:
    """The timer of a typing indicator runs from the first Typing, whatever follows."""

    @patch.around(TypingIndicator, "refresh")
    def refresh(original, self, connection, conversation_id):
        if (conversation_id, connection.user_id) not in self._typists:
            original(self, connection, conversation_id)


@fault(breaks=["TYPE-2"])
def a_user_types_in_one_conversation(patch: Patch) -> None:
    """Who begins to type somewhere else has stopped before, in silence."""

    @patch.around(TypingIndicator, "refresh")
    def refresh(original, self, connection, conversation_id):
        for other, user in [*self._typists]:
            if user == connection.user_id and other != conversation_id:
                self.forget(other, user)
        original(self, connection, conversation_id)


@fault(breaks=["TYPE-2"])
def a_message_ends_all_typing_of_its_sender(patch: Patch) -> None:
    """A message ends what its sender types in other conversations, too."""

    @patch.around(TypingIndicator, "stop")
    async def stop(original, self, conversation_id, user_id):
        for other, user in [*self._typists]:
            if user == user_id:
                await original(self, other, user)


@fault(breaks=["TYPE-2"])
def others_messages_end_typing(patch: Patch) -> None:
    """A message of anybody ends the typing of everybody."""

    @patch.around(TypingIndicator, "stop")
    async def stop(original, self, conversation_id, user_id):
        for other, user in [*self._typists]:
            if other == conversation_id:
                await original(self, other, user)


@fault(breaks=["TYPE-2"])
def reply_does_not_end_typing(patch: Patch) -> None:
    """Typing goes on after a message that answers another."""

    @patch.around(messages, "send_message")
    async def send(original, context, request):
        kept = context.instance.typing._typists.get((request.conversation_id, context.user_id))
        reply = request.parent_message_id and kept
        if reply:
            del context.instance.typing._typists[request.conversation_id, context.user_id]
        answer = await original(context, request)
        if reply:
            context.instance.typing._typists[request.conversation_id, context.user_id] = kept
        return answer


@fault(breaks=["TYPE-2"])
def typing_ends_again_after_the_connection(patch: Patch) -> None:
    """Typing that ended with the connection ends once more by itself."""

    @patch.around(TypingIndicator, "disconnect")
    async def disconnect(original, self, connection):
        ended = [key for key, (typist, _) in self._typists.items() if typist is connection]
        await original(self, connection)
        for conversation_id, _ in ended:
            self.refresh(connection, conversation_id)


def _end_all(patch: Patch, owner, handler: str) -> None:
    """End what a user types anywhere when a request of the user is carried out."""

    @patch.around(owner, handler)
    async def handle(original, context, request):
        typing = context.instance.typing
        for conversation_id, user_id in list(typing._typists):
            if user_id == context.user_id:
                await typing.stop(conversation_id, user_id)
        return await original(context, request)


@fault(breaks=["TYPE-2"])
def a_refused_message_ends_typing(patch: Patch) -> None:
    """A message ends typing before it is looked at, also when it is refused."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        await context.instance.typing.stop(request.conversation_id, context.user_id)
        return await original(context, request)


@fault(breaks=["TYPE-2"])
def an_error_ends_typing(patch: Patch) -> None:
    """Whoever has made a mistake types no more, anywhere."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        if reply and '"type":"Error"' in reply:
            for conversation_id, user_id in list(context.instance.typing._typists):
                if user_id == context.user_id:
                    await context.instance.typing.stop(conversation_id, user_id)
        return reply


@fault(breaks=["TYPE-2"])
def calling_ends_typing(patch: Patch) -> None:
    """Who calls types no more."""
    _end_all(patch, calls, "offer")


@fault(breaks=["TYPE-2"])
def syncing_ends_typing(patch: Patch) -> None:
    """Who syncs types no more."""
    _end_all(patch, history, "sync_messages")


@fault(breaks=["TYPE-2"])
def taking_a_reaction_back_ends_typing(patch: Patch) -> None:
    """Who takes a reaction back types no more."""
    _end_all(patch, realtime, "remove_reaction")


@fault(breaks=["TYPE-2"])
def typing_ends_with_any_connection(patch: Patch) -> None:
    """Typing ends when any connection of the typist does."""

    @patch.around(TypingIndicator, "disconnect")
    async def disconnect(original, self, connection):
        for conversation_id, user_id in list(self._typists):
            if user_id == connection.user_id:
                await self.stop(conversation_id, user_id)
