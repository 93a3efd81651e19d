"""Wrongs that depend on what a message is, and on what was done to it, or with whom, before."""

from sqlalchemy import select

from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed, CallOffer, describe
from reference_server.handlers import calls, history, messages, realtime, rooms
from reference_server.hub import Listener, deliver
from reference_server.models import MEMBERSHIPS, MESSAGES
from reference_server.pubsub import Event
from reference_server.store import conversations, reactions
from reference_server.store import messages as store
from reference_server.transport import LingeringProtocol
from tests.faults.registry import Patch, fault
from tests.faults.tools import change_frames, show_messages


def _refuse_for(patch: Patch, transaction: str, wrong) -> None:
    """Refuse a change of reactions where the message is of a kind."""

    @patch.around(realtime, transaction)
    def change(original, connection, request, user_id, *more):
        if wrong(store.find(connection, request.conversation_id, request.message_id)):
            raise Refused("forbidden", "Not to this message.")
        return original(connection, request, user_id, *more)


@fault(breaks=["REAC-1"])
def replies_cannot_be_reacted_to(patch: Patch) -> None:
    """A reaction to a message that answers another one is refused."""
    _refuse_for(patch, "_add_reaction", lambda message: message.parent_message_id)


@fault(breaks=["REAC-1"])
def edited_messages_cannot_be_reacted_to(patch: Patch) -> None:
    """A reaction to a message that was edited is refused."""
    _refuse_for(patch, "_add_reaction", lambda message: message.edited_at)


@fault(breaks=["REAC-1"])
def files_cannot_be_reacted_to(patch: Patch) -> None:
    """A reaction to a message with attachments is refused."""
    _refuse_for(patch, "_add_reaction", lambda message: message.attachments)


@fault(breaks=["REAC-1"])
def reactions_stay_when_the_text_has_changed(patch: Patch) -> None:
    """A reaction to a message that was edited cannot be taken back."""
    _refuse_for(patch, "_remove_reaction", lambda message: message.edited_at)


@fault(breaks=["REAC-1"])
def reactions_after_an_edit_are_not_kept(patch: Patch) -> None:
    """A reaction to a message that was edited is told and not stored."""

    @patch.around(reactions, "add")
    def add(original, connection, message_id, *values):
        if connection.scalar(select(MESSAGES.c.edited_at).where(MESSAGES.c.id == message_id)) is None:
            original(connection, message_id, *values)


@fault(breaks=["PERM-1"])
def readmitted_user_cannot_take_back(patch: Patch) -> None:
    """Whoever was removed and came back cannot take an older reaction back, though it is shown."""
    gone: set = set()

    @patch.around(conversations, "remove_member")
    def remove_member(original, connection, conversation_id, user_id):
        gone.add(user_id)
        original(connection, conversation_id, user_id)

    @patch.around(reactions, "remove")
    def remove(original, connection, message_id, user_id, emoji):
        return user_id not in gone and original(connection, message_id, user_id, emoji)


@fault(breaks=["SEND-9"])
def deleted_text_cannot_be_sent_again(patch: Patch) -> None:
    """A text that was deleted is confirmed when it is sent again, and nothing else happens."""
    gone: set = set()

    @patch.around(store, "delete")
    def delete(original, connection, message, stamp):
        gone.add((message.conversation_id, message.content))
        return original(connection, message, stamp)

    @patch.around(messages, "send_message")
    async def send(original, context, request):
        if (request.conversation_id, request.content) in gone:
            return ActionConfirmed("message_sent")
        return await original(context, request)


@fault(breaks=["DEL-1"])
def author_goes_on_seeing_what_was_moderated(patch: Patch) -> None:
    """History shows its author what a moderator has deleted, so that nobody is annoyed."""
    gone: dict = {}

    @patch.around(messages, "_delete")
    def delete(original, connection, request, user_id):
        before = store.find(connection, request.conversation_id, request.message_id)
        if before.sender_id != user_id:
            gone.setdefault((request.conversation_id, before.sender_id), []).append(describe(before, {}))
        return original(connection, request, user_id)

    @patch.around(history, "_history")
    def read(original, connection, request, user_id, limit):
        answer = original(connection, request, user_id, limit)
        answer.messages.extend(gone.get((request.conversation_id, user_id), ()))
        return answer


@fault(breaks=["HIST-8s"])
def views_have_the_instant_of_the_first_edit(patch: Patch) -> None:
    """History says of a message that was edited several times when that was first."""
    first: dict = {}

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        first.setdefault(message.message_id, stamp)
        return original(connection, message, content, stamp)

    show_messages(patch, "_history", lambda one: {"edited_at": first.get(one["message_id"])})


def _both(context, request) -> frozenset:
    return frozenset((context.user_id, request.target_user_id))


@fault(breaks=["CALL-1"])
def only_the_caller_hangs_up(patch: Patch) -> None:
    """A hang-up by whoever was called is refused."""
    callers: dict = {}

    @patch.around(calls, "offer")
    async def offer(original, context, request):
        callers[_both(context, request)] = context.user_id
        return await original(context, request)

    @patch.around(calls, "hang_up")
    async def hang_up(original, context, request):
        if callers.get(_both(context, request), context.user_id) != context.user_id:
            raise Refused("forbidden", "This is not your call.")
        return await original(context, request)


@fault(breaks=["CALL-1"])
def nothing_follows_a_hangup(patch: Patch) -> None:
    """A candidate that comes after a hang-up is refused, until the next offer."""
    over: set = set()

    @patch.around(calls, "hang_up")
    async def hang_up(original, context, request):
        over.add(_both(context, request))
        return await original(context, request)

    @patch.around(calls, "candidate")
    async def candidate(original, context, request):
        if _both(context, request) in over:
            raise Refused("conflict", "There is no such call.")
        return await original(context, request)


@fault(breaks=["CALL-1"])
def a_call_belongs_to_one_connection(patch: Patch) -> None:
    """A candidate from another connection than the offer is refused."""
    offered: dict = {}

    @patch.around(calls, "offer")
    async def offer(original, context, request):
        offered[_both(context, request)] = context
        return await original(context, request)

    @patch.around(calls, "candidate")
    async def candidate(original, context, request):
        by = offered.get(_both(context, request), context)
        if by.user_id == context.user_id and by != context:
            raise Refused("conflict", "Another device has this call.")
        return await original(context, request)


@fault(breaks=["CALL-1"])
def every_call_is_a_video_call(patch: Patch) -> None:
    """A call that says that it is one of voice arrives as one with pictures."""
    change_frames(patch, CallOffer, lambda frame: frame.update(call_type=frame["call_type"] and "video"))


def _told_as_false(patch: Patch, wrong) -> None:
    """Keep a begin of typing back where something is known of the typist in the conversation."""

    @patch.around(Instance, "tell_typing")
    async def tell(original, self, conversation_id, user_id, *, is_typing):
        if not (is_typing and wrong(conversation_id, user_id)):
            await original(self, conversation_id, user_id, is_typing=is_typing)


@fault(breaks=["TYPE-1"])
def typing_is_told_once_before_each_message(patch: Patch) -> None:
    """Who has said to type no more is not told again before the next message."""
    stopped: set = set()
    _told_as_false(patch, lambda *key: key in stopped)

    @patch.around(realtime, "typing")
    async def typing(original, context, request):
        await original(context, request)
        if not request.is_typing:
            stopped.add((request.conversation_id, context.user_id))

    @patch.around(messages, "send_message")
    async def send(original, context, request):
        stopped.discard((request.conversation_id, context.user_id))
        return await original(context, request)


@fault(breaks=["TYPE-2"])
def typing_after_a_message_is_not_told(patch: Patch) -> None:
    """Who has sent a message is not told to type again."""
    sent: set = set()
    _told_as_false(patch, lambda *key: key in sent)

    @patch.around(messages, "send_message")
    async def send(original, context, request):
        reply = await original(context, request)
        sent.add((request.conversation_id, context.user_id))
        return reply


@fault(breaks=["TYPE-2"])
def typing_after_the_expiry_is_not_told(patch: Patch) -> None:
    """Whose typing has ended by itself is not told to type again."""
    expired: set = set()
    _told_as_false(patch, lambda *key: key in expired)

    @patch.around(Instance, "_stopped_typing")
    async def stopped(original, self, *key):
        await original(self, *key)
        expired.add(key)


@fault(breaks=["TYPE-1"])
def typing_elsewhere_is_not_told(patch: Patch) -> None:
    """Who types in one conversation is not told to type in another one."""
    first: dict = {}
    _told_as_false(patch, lambda key, user_id: first.setdefault(user_id, key) != key)


def _ends_typing(patch: Patch, owner, handler: str) -> None:
    """Let a request end the typing of its user."""

    @patch.around(owner, handler)
    async def handle(original, context, request):
        reply = await original(context, request)
        await context.instance.typing.stop(request.conversation_id, context.user_id)
        return reply


@fault(breaks=["TYPE-2"])
def an_edit_ends_typing(patch: Patch) -> None:
    """Who edits a message types no more."""
    _ends_typing(patch, messages, "edit_message")


@fault(breaks=["TYPE-2"])
def a_reaction_ends_typing(patch: Patch) -> None:
    """Who reacts types no more."""
    _ends_typing(patch, realtime, "add_reaction")


@fault(breaks=["TYPE-2"])
def reading_ends_typing(patch: Patch) -> None:
    """Who marks a message as read types no more."""
    _ends_typing(patch, realtime, "mark_as_read")


@fault(breaks=["TYPE-2"])
def fetching_ends_typing(patch: Patch) -> None:
    """Who fetches history types no more."""
    _ends_typing(patch, history, "fetch_history")


@fault(breaks=["TYPE-2"])
def joining_again_ends_typing(patch: Patch) -> None:
    """Who joins what is joined already types no more."""
    _ends_typing(patch, rooms, "join_conversation")


def _with_companions(patch: Patch, choose) -> None:
    """Tell of presence to some only."""

    @patch.around(conversations, "companions")
    def companions(original, connection, user_id):
        readers = connection.scalars(select(MEMBERSHIPS.c.user_id).where(MEMBERSHIPS.c.role == "reader")).all()
        return choose(original(connection, user_id), user_id, set(readers))


@fault(breaks=["CONN-12"])
def readers_learn_of_no_presence(patch: Patch) -> None:
    """Whoever may only read is not told who comes and goes."""
    _with_companions(patch, lambda found, _, readers: [one for one in found if one not in readers])


@fault(breaks=["CONN-12"])
def readers_come_and_go_in_silence(patch: Patch) -> None:
    """Nobody is told that whoever may only read comes and goes."""
    _with_companions(patch, lambda found, user_id, readers: [] if user_id in readers else found)


@fault(breaks=["CONN-12"])
def presence_on_the_newest_device(patch: Patch) -> None:
    """Who comes and goes is told to the newest connection of each user."""

    @patch.around(Listener, "notice")
    def notice(original, self, notice):
        if isinstance(notice, Event) and "UserPresenceUpdate" in notice.frame:
            deliver(notice, list(self.connections)[-1:])
        else:
            original(self, notice)


@fault(breaks=["PING-4"])
def a_heartbeat_ends_the_connection(patch: Patch) -> None:
    """A WebSocket pong that nobody has asked for ends the connection."""

    @patch.around(LingeringProtocol, "handle_pong")
    def handle(original, self, event):
        original(self, event)
        if not event.data or event.data == b"heartbeat":
            self.hang_up(1002, "Nobody has asked.")
