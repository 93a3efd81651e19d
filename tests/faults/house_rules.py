"""Wrongs of servers with rules of their own, of which the protocol knows nothing."""

from reference_server import auth, permissions, session
from reference_server import messages as wire
from reference_server.connection import Connection
from reference_server.errors import Refused, no_such_message
from reference_server.handlers import calls, realtime, rooms
from reference_server.hub import Hub, Room
from reference_server.permissions import Role
from reference_server.pubsub import RoleChanged
from reference_server.store import conversations, reactions
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault


@fault(breaks=["SEND-8"])
def a_message_has_one_reply(patch: Patch) -> None:
    """The second reply to a message answers nothing."""
    answered = set()

    @patch.around(store, "add")
    def add(original, connection, conversation_id, user_id, stamp, **named):
        if named["parent_id"] in answered:
            named["parent_id"] = None
        answered.add(named["parent_id"])
        answered.discard(None)
        return original(connection, conversation_id, user_id, stamp, **named)


@fault(breaks=["SEND-8"])
def nobody_answers_themselves(patch: Patch) -> None:
    """A reply to one's own message is refused."""

    @patch.around(store, "add")
    def add(original, connection, conversation_id, user_id, stamp, **named):
        if named["parent_id"] and store.find(connection, conversation_id, named["parent_id"]).sender_id == user_id:
            raise Refused("conflict", "It is your own.")
        return original(connection, conversation_id, user_id, stamp, **named)


@fault(breaks=["SEND-8"])
def an_edited_message_cannot_be_answered(patch: Patch) -> None:
    """A reply to a message that was edited is refused."""

    @patch.around(store, "add")
    def add(original, connection, conversation_id, user_id, stamp, **named):
        if named["parent_id"] and store.find(connection, conversation_id, named["parent_id"]).edited_at:
            raise Refused("conflict", "It is edited.")
        return original(connection, conversation_id, user_id, stamp, **named)


@fault(breaks=["SEND-8"])
def an_attachment_is_no_reply(patch: Patch) -> None:
    """A message with attachments answers nothing."""

    @patch.around(store, "add")
    def add(original, *arguments, **named):
        return original(*arguments, **(named | ({"parent_id": None} if named["attachments"] else {})))


@fault(breaks=["EDIT-1"])
def an_edit_back_is_refused(patch: Patch) -> None:
    """An edit to a text that the message has had before is refused."""
    had: dict = {}

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        texts = had.setdefault(message.message_id, set())
        if content in texts and content != message.content:
            raise Refused("conflict", "Known.")
        texts.add(message.content)
        return original(connection, message, content, stamp)


@fault(breaks=["EDIT-1"])
def only_the_last_message_can_be_edited(patch: Patch) -> None:
    """Only the author's last message can be edited."""

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        newest = [
            one
            for one in store.history(connection, message.conversation_id, None, 50)
            if one.sender_id == message.sender_id
        ]
        if newest and newest[0].message_id != message.message_id:
            raise Refused("conflict", "Too old.")
        return original(connection, message, content, stamp)


@fault(breaks=["EDIT-1"])
def answered_messages_cannot_be_edited(patch: Patch) -> None:
    """A message that was answered cannot be edited any more."""

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        if any(
            one.parent_message_id == message.message_id
            for one in store.history(connection, message.conversation_id, None, 50)
        ):
            raise Refused("conflict", "Answered.")
        return original(connection, message, content, stamp)


@fault(breaks=["DEL-2"])
def answered_messages_cannot_be_deleted(patch: Patch) -> None:
    """A message that was answered cannot be deleted any more."""

    @patch.around(store, "delete")
    def delete(original, connection, message, stamp):
        if any(
            one.parent_message_id == message.message_id
            for one in store.history(connection, message.conversation_id, None, 50)
        ):
            raise Refused("conflict", "Answered.")
        return original(connection, message, stamp)


@fault(breaks=["DEL-2"])
def reacted_messages_cannot_be_deleted(patch: Patch) -> None:
    """A foreign key keeps a message that has reactions."""

    @patch.around(store, "delete")
    def delete(original, connection, message, stamp):
        if reactions.of_messages(connection, [message.message_id]):
            raise Refused("conflict", "Reactions.")
        return original(connection, message, stamp)


@fault(breaks=["DEL-2"])
def read_messages_cannot_be_deleted(patch: Patch) -> None:
    """A foreign key keeps a message that is marked as read."""
    read: set = set()

    @patch.around(realtime, "_mark_as_read")
    def mark(original, connection, request, user_id):
        read.add(request.message_id)
        return original(connection, request, user_id)

    @patch.around(store, "delete")
    def delete(original, connection, message, stamp):
        if message.message_id in read:
            raise Refused("conflict", "Read.")
        return original(connection, message, stamp)


@fault(breaks=["CALL-11"])
def who_is_called_is_busy(patch: Patch) -> None:
    """A user whom somebody has called is busy for everybody else, until the call is hung up or rejected."""
    calling: dict = {}

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        pair = {context.user_id, request.target_user_id}
        is_offer = isinstance(request, wire.CallOffer)
        if is_offer and calling.setdefault(request.target_user_id, context.user_id) != context.user_id:
            raise Refused("conflict", "Busy.")
        if isinstance(request, wire.CallHangup | wire.CallReject):
            for one in pair:
                calling.pop(one, None)
        await original(context, request, event)


@fault(breaks=["CALL-4"])
def a_second_offer_is_refused(patch: Patch) -> None:
    """In a call, no offer is relayed any more, so that it cannot be negotiated anew."""
    calling = set()

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        pair = request.conversation_id, frozenset({context.user_id, request.target_user_id})
        if isinstance(request, wire.CallOffer) and pair in calling:
            raise Refused("conflict", "There is a call.")
        if isinstance(request, wire.CallAnswer):
            calling.add(pair)
        if isinstance(request, wire.CallHangup | wire.CallReject):
            calling.discard(pair)
        await original(context, request, event)


@fault(breaks=["CALL-4"])
def callers_at_the_same_time_are_refused(patch: Patch) -> None:
    """Whoever is called cannot call the caller before the call has ended."""
    calling = set()

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        way = request.conversation_id, context.user_id, request.target_user_id
        if isinstance(request, wire.CallOffer):
            if (way[0], way[2], way[1]) in calling:
                raise Refused("conflict", "You are called.")
            calling.add(way)
        if isinstance(request, wire.CallHangup | wire.CallReject):
            calling.discard(way)
            calling.discard((way[0], way[2], way[1]))
        await original(context, request, event)


@fault(breaks=["AUTH-6"])
def a_token_opens_one_connection(patch: Patch) -> None:
    """A token lets in once."""
    used: set = set()

    @patch.around(auth, "authenticate")
    def authenticate(original, token, *more):
        found = original(token, *more)
        if token in used:
            raise auth.InvalidTokenError("used")
        used.add(token)
        return found


@fault(breaks=["AUTH-6"])
def the_same_token_replaces_its_connection(patch: Patch) -> None:
    """A connection ends when its token opens another one."""
    held: dict = {}

    @patch.around(session, "_converse")
    async def converse(original, instance, websocket, identity):
        websocket.state.token = websocket.query_params.get("token")
        await original(instance, websocket, identity)

    @patch.around(Connection, "__init__")
    def init(original, self, websocket, *more):
        original(self, websocket, *more)
        before = held.get(websocket.state.token)
        held[websocket.state.token] = self
        if before is not None and before.is_open:
            before.hang_up(4409, "Replaced.")


@fault(breaks=["AUTH-6"])
def a_token_ends_with_its_connection(patch: Patch) -> None:
    """A token lets nobody in any more when a connection that it has opened has ended."""
    ended: set = set()

    @patch.around(session, "serve")
    async def serve(original, instance, websocket):
        token = websocket.query_params.get("token")
        if token in ended:
            await session._deny(websocket, 401, "The session has ended.")
            return
        await original(instance, websocket)
        ended.add(token)


@fault(breaks=["JOIN-1"])
def five_conversations_at_a_time(patch: Patch) -> None:
    """A connection follows the last five conversations that it has joined."""
    order_of: dict = {}

    @patch.around(Hub, "join")
    def join(original, self, connection, conversation_id):
        original(self, connection, conversation_id)
        order = order_of.setdefault(connection, [])
        if conversation_id not in order:
            order.append(conversation_id)
        if len(order) > 5:
            room = self._rooms.get(order.pop(0))
            if room:
                room.connections.pop(connection, None)


@fault(breaks=["JOIN-4"])
def joining_public_makes_everybody_a_member(patch: Patch) -> None:
    """Whoever joins a public conversation is a member from then on, also a moderator and a reader."""

    @patch.around(rooms, "join_conversation")
    async def join(original, context, request):
        reply = await original(context, request)

        def make(connection):
            found = conversations.membership(connection, request.conversation_id, context.user_id)
            if found.visibility is permissions.Visibility.PUBLIC:
                conversations.set_role(connection, request.conversation_id, context.user_id, Role.MEMBER)

        await context.instance.services.database.write(make)
        return reply


@fault(breaks=["PERM-1"])
def a_ban_ends_all_that_was_joined(patch: Patch) -> None:
    """Whoever loses the right to read one conversation hears nothing of the others either."""
    hubs = []

    @patch.around(Hub, "__init__")
    def init(original, self, *arguments):
        original(self, *arguments)
        hubs.append(self)

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        original(self, notice)
        if isinstance(notice, RoleChanged) and not notice.may_read:
            for one in hubs:
                for room in one._rooms.values():
                    room.barred.add(notice.user_id)


def _gone(connection, message) -> bool:
    return conversations.membership(connection, message.conversation_id, message.sender_id).role is None


@fault(breaks=["PERM-4"])
def messages_of_the_removed_are_not_found(patch: Patch) -> None:
    """Nothing can be done with the messages of a user who was removed, which only history shows."""

    @patch.around(store, "find")
    def find(original, connection, conversation_id, message_id):
        message = original(connection, conversation_id, message_id)
        if _gone(connection, message):
            raise no_such_message()
        return message


@fault(breaks=["PERM-4"])
def messages_of_the_removed_are_not_searched(patch: Patch) -> None:
    """Search finds no messages of a user who was removed."""

    @patch.around(store, "search")
    def search(original, connection, *more):
        found, total = original(connection, *more)
        kept = [one for one in found if not _gone(connection, one)]
        return kept, total - len(found) + len(kept)


def _removed(patch: Patch) -> set:
    removed: set = set()

    @patch.around(conversations, "remove_member")
    def remove(original, connection, conversation_id, user_id):
        removed.add((conversation_id, user_id, conversations.now()))
        original(connection, conversation_id, user_id)

    return removed


def _older(removed, message) -> bool:
    return any(
        (message.conversation_id, message.sender_id) == (c, u) and message.created_at < at for c, u, at in removed
    )


@fault(breaks=["PERM-1"])
def readmitted_author_cannot_edit(patch: Patch) -> None:
    """Whoever was removed and came back may not edit older messages."""
    removed = _removed(patch)

    @patch.around(store, "edit")
    def edit(original, connection, message, content, stamp):
        if _older(removed, message):
            raise Refused("forbidden", "Another author.")
        return original(connection, message, content, stamp)


@fault(breaks=["PERM-1"])
def readmitted_author_cannot_delete(patch: Patch) -> None:
    """Whoever was removed and came back may not delete older messages."""
    removed = _removed(patch)

    @patch.around(store, "delete")
    def delete_(original, connection, message, stamp):
        if _older(removed, message):
            raise Refused("forbidden", "Another author.")
        return original(connection, message, stamp)
