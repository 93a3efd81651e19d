"""Wrongs of who may do what."""

import json
from dataclasses import replace

from reference_server import permissions
from reference_server.errors import Refused
from reference_server.events import NewMessage
from reference_server.handlers import calls, history, messages, realtime, rooms
from reference_server.hub import Room
from reference_server.permissions import Membership, Right, Role, Visibility
from reference_server.pubsub import Event, RoleChanged
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault

ACQUIRE_SEND = "conversations.acquire(connection, request.conversation_id, user_id, Right.SEND)"
ACQUIRE_READ = "conversations.acquire(connection, request.conversation_id, user_id, Right.READ)"
READ = "conversations.require(connection, conversation_id, user_id, Right.READ)"
TYPE = "conversations.require, conversation_id, context.user_id, Right.SEND"
NOT_AUTHOR = 'raise Refused("forbidden", "Only the author may edit a message.")'
MESSAGE = store.bindparam("message")
OPENED = ["PERM-2", "PERM-3", "AUTH-2", "ACK-3", "JOIN-3", "JOIN-6", "MULTI-3"]
CLOSED = ["PERM-2", "JOIN-1", "JOIN-4", "ACK-1", "MULTI-3", "AUTH-2"]
EVERYWHERE = [
    *["CONN-2", "AUTH-2", "SEND-4", "EDIT-1", "DEL-1", "JOIN-4", "LEAVE-1", "HIST-1", "SRCH-1", "SYNC-1", "TYPE-1"],
    *["READ-1", "DLVR-1", "REAC-1", "CALL-1", "PING-1", "RATE-1", "MULTI-1", "ATT-1", "ACK-1"],
]
FORGOTTEN = ["PERM-1", "AUTH-2", "MULTI-3", "JOIN-3", "JOIN-4", "JOIN-6", "CALL-5", "ACK-3"]


def _grant(patch: Patch, role: Role, *rights: Right) -> None:
    """Give a role these rights and no others."""
    patch(permissions, "RIGHTS", permissions.RIGHTS | {role: frozenset(rights)})


@fault(breaks=["PERM-1"], also=OPENED)
def reader_may_send(patch: Patch) -> None:
    """A reader may do all that a member may."""
    _grant(patch, Role.READER, Right.READ, Right.JOIN, Right.SEND)


@fault(breaks=["PERM-1"], also=OPENED)
def reader_may_moderate(patch: Patch) -> None:
    """A reader may delete others' messages."""
    _grant(patch, Role.READER, Right.READ, Right.JOIN, Right.MODERATE)


@fault(breaks=["PERM-1"], also=[*CLOSED, "TYPE-1", "READ-1", "REAC-1", "HIST-1", "DEL-2"])
def reader_may_not_read(patch: Patch) -> None:
    """A reader may join, and read nothing."""
    _grant(patch, Role.READER, Right.JOIN)


@fault(breaks=["PERM-1"], also=[*CLOSED, "TYPE-1", "READ-1", "REAC-1"])
def reader_may_not_join(patch: Patch) -> None:
    """A reader may read, and not join, wherever a reader watches."""
    _grant(patch, Role.READER, Right.READ)


@fault(breaks=["PERM-1"], also=[*OPENED, "DEL-2"])
def member_may_moderate(patch: Patch) -> None:
    """A member may delete others' messages."""
    _grant(patch, Role.MEMBER, *Right)


@fault(breaks=["PERM-1"], also=[*CLOSED, "DEL-2"])
def moderator_may_not_moderate(patch: Patch) -> None:
    """A moderator may not delete others' messages."""
    _grant(patch, Role.MODERATOR, Right.READ, Right.SEND, Right.JOIN)


@fault(breaks=["PERM-1"], also=[*CLOSED, "DEL-2"])
def moderator_may_not_send(patch: Patch) -> None:
    """A moderator may read, join and moderate only."""
    _grant(patch, Role.MODERATOR, Right.READ, Right.JOIN, Right.MODERATE)


@fault(breaks=["PERM-1"], also=[*OPENED, "CALL-5"])
def banned_may_read(patch: Patch) -> None:
    """A banned user may read."""
    _grant(patch, Role.BANNED, Right.READ)


@fault(breaks=["PERM-1"], also=OPENED)
def banned_may_send(patch: Patch) -> None:
    """A banned user may send."""
    _grant(patch, Role.BANNED, Right.SEND)


@fault(breaks=["PERM-1"], also=[*OPENED, "DEL-2"])
def banned_may_delete(patch: Patch) -> None:
    """A banned user may delete own messages."""
    patch.rewrite(
        messages._delete,
        "membership.require(Right.READ)",
        "membership.role == 'banned' or membership.require(Right.READ)",
    )


def _open_public(patch: Patch, right: Right) -> None:
    """Give outsiders of a public conversation a right."""

    @patch.around(Membership, "may")
    def may(original, self, asked):
        opened = self.visibility is Visibility.PUBLIC and self.role is None and asked is right
        return opened or original(self, asked)


@fault(breaks=["PERM-1"], also=["JOIN-4", "ACK-3"])
def outsider_reads_public(patch: Patch) -> None:
    """An outsider may read a public conversation."""
    _open_public(patch, Right.READ)


@fault(breaks=["PERM-1"], also=["JOIN-4", "ACK-3"])
def outsider_sends_to_public(patch: Patch) -> None:
    """An outsider may send to a public conversation."""
    _open_public(patch, Right.SEND)


@fault(breaks=["PERM-1"], also=["JOIN-4", "ACK-3"])
def outsider_moderates_public(patch: Patch) -> None:
    """An outsider may delete messages of a public conversation."""
    _open_public(patch, Right.MODERATE)
    patch.rewrite(
        messages._delete,
        "membership.require(Right.READ)",
        "membership.may(Right.MODERATE) or membership.require(Right.READ)",
    )


@fault(breaks=["PERM-1"], also=["PERM-2"])
def reader_may_type(patch: Patch) -> None:
    """A reader may type."""
    patch.rewrite(realtime.typing, TYPE, TYPE.replace("SEND", "READ"))


@fault(breaks=["PERM-1"], also=["PERM-2"])
def reader_may_react(patch: Patch) -> None:
    """A reader may add a reaction."""
    patch.rewrite(realtime._add_reaction, ACQUIRE_SEND, ACQUIRE_READ)


@fault(breaks=["PERM-1"], also=["PERM-2"])
def reader_may_remove_reaction(patch: Patch) -> None:
    """Who is a reader now may remove a reaction made as a member."""
    patch.rewrite(realtime._remove_reaction, ACQUIRE_SEND, ACQUIRE_READ)


@fault(breaks=["PERM-1"], also=["PERM-2"])
def reader_may_edit(patch: Patch) -> None:
    """Who is a reader now may edit a message sent as a member."""
    patch.rewrite(messages._edit, ACQUIRE_SEND, ACQUIRE_READ)


@fault(breaks=["PERM-1"], also=["PERM-2"])
def reader_may_call(patch: Patch) -> None:
    """A reader may call."""
    patch.rewrite(calls._check, "Right.SEND", "Right.READ")


@fault(breaks=["PERM-1"], also=["LEAVE-2"])
def reader_may_not_leave(patch: Patch) -> None:
    """A reader may not leave."""

    @patch.around(rooms, "leave_conversation")
    async def leave(original, context, request):
        membership = await context.read(conversations.membership, request.conversation_id, context.user_id)
        if membership.role is Role.READER:
            raise Refused("forbidden", "Readers stay.")
        return await original(context, request)


@fault(breaks=["PERM-1"])
def reader_may_not_mark_as_read(patch: Patch) -> None:
    """A reader may not mark messages as read."""
    patch.rewrite(realtime._mark_as_read, "Right.READ", "Right.SEND")


@fault(breaks=["PERM-1"])
def reader_may_not_mark_as_delivered(patch: Patch) -> None:
    """A reader may not mark messages as delivered."""
    patch.rewrite(realtime._deliver, "Right.READ", "Right.SEND")


@fault(breaks=["PERM-1"], also=["MULTI-3"])
def reader_may_not_fetch(patch: Patch) -> None:
    """A reader may not fetch history."""
    patch.rewrite(history._history, "Right.READ", "Right.SEND")


@fault(breaks=["PERM-1"])
def reader_may_not_search(patch: Patch) -> None:
    """A reader may not search."""
    patch.rewrite(history._search, "Right.READ", "Right.SEND")


@fault(breaks=["PERM-1"])
def reader_may_not_sync(patch: Patch) -> None:
    """A reader may not sync."""
    patch.rewrite(history._sync, "Right.READ", "Right.SEND")


@fault(breaks=["PERM-1"])
def reader_may_not_delete_own(patch: Patch) -> None:
    """Who is a reader now may not delete a message sent as a member."""
    patch.rewrite(messages._delete, "require(Right.READ)", "require(Right.SEND)")


@fault(breaks=["PERM-1"], also=["EDIT-2"])
def moderator_may_edit_others(patch: Patch) -> None:
    """A moderator may edit others' messages."""
    patch.rewrite(
        messages._edit, NOT_AUTHOR, "asked(connection, request.conversation_id, user_id).require(Right.MODERATE)"
    )
    messages.__dict__["asked"] = conversations.membership


@fault(breaks=["PERM-1"], also=["PERM-2", "PERM-3", "DEL-2"])
def author_may_always_delete(patch: Patch) -> None:
    """An author may delete own messages as a banned user or an outsider."""
    patch.rewrite(messages._delete, "membership.require(Right.READ)", "pass")


@fault(breaks=["PERM-1"], also=["PERM-2", "PERM-3", "EDIT-2", "AUTH-2", "ACK-3"])
def author_may_always_edit(patch: Patch) -> None:
    """An author may edit own messages as a banned user or an outsider."""
    lock = "conversations.lock(connection, request.conversation_id, user_id)[1]"
    patch.rewrite(messages._edit, ACQUIRE_SEND, lock)


@fault(breaks=["PERM-1"], also=["LEAVE-2", "PERM-3", "ACK-1", "AUTH-2"])
def leaving_needs_membership(patch: Patch) -> None:
    """An outsider or a banned user may not leave."""

    @patch.around(rooms, "leave_conversation")
    async def leave(original, context, request):
        await context.read(conversations.require, request.conversation_id, context.user_id, Right.JOIN)
        return await original(context, request)


def _touch_any(patch: Patch, handler: str) -> None:
    """Let a handler find messages whatever their conversation."""
    anywhere = store._COLUMNS.where(store._message.id == store.bindparam("message"))

    @patch.around(messages, handler)
    def handle(original, *arguments):
        in_conversation, store._FIND = store._FIND, anywhere
        try:
            return original(*arguments)
        finally:
            store._FIND = in_conversation


@fault(breaks=["PERM-1"], also=["PERM-3", "DEL-2", "DEL-5", "ACK-3"])
def owner_deletes_anywhere(patch: Patch) -> None:
    """The owner of one conversation may delete messages of any."""
    _touch_any(patch, "_delete")


@fault(breaks=["PERM-1", "REAC-7"], also=["PERM-3", "ACK-3", "EDIT-2", "DEL-2", "READ-3", "DLVR-3", "SEND-8"])
def rights_in_one_conversation_count_in_all(patch: Patch) -> None:
    """A message is found by its id alone, and what one may do with it is what one may do where one says it is."""
    patch(store, "_FIND", store._COLUMNS.where(store._message.deleted_at.is_(None), store._message.id == MESSAGE))
    moderates = "asked(connection, request.conversation_id, user_id).require(Right.MODERATE)"
    patch.rewrite(messages._edit, NOT_AUTHOR, moderates)
    messages.__dict__["asked"] = conversations.membership


@fault(breaks=["PERM-1"], also=[*OPENED, "SEND-6"])
def refused_message_is_saved(patch: Patch) -> None:
    """A message of whoever may not send is refused, and stored."""
    lock = "_, stamp = conversations.lock(connection, request.conversation_id, user_id)"
    patch.rewrite(messages._send, f"stamp = {ACQUIRE_SEND}", lock)

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        ids = request.conversation_id, context.user_id
        membership = await context.read(conversations.membership, *ids)
        if membership.visibility is not None and not membership.may(Right.SEND):
            await context.write(messages._send, request, context.user_id)
        membership.require(Right.SEND)
        return await original(context, request)


@fault(breaks=["PERM-1"], also=OPENED)
def refused_message_is_told(patch: Patch) -> None:
    """A message of whoever may not send is refused, and told."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code in {"forbidden", "not_found"}:
                ids = request.conversation_id, store.new_id("message"), context.user_id
                event = NewMessage(*ids, request.content, conversations.now(), None, [])
                await context.instance.tell(request.conversation_id, event)
            raise


@fault(breaks=["PERM-1"], also=["PERM-2", "DEL-2", "ACK-3", "PERM-3", "AUTH-2"])
def refused_deletion_is_done(patch: Patch) -> None:
    """Deleting another's message is refused to a member, and the message is gone."""

    @patch.around(messages, "delete_message")
    async def delete_message(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code == "forbidden":
                await context.write(_delete, request)
            raise


def _delete(connection, request):
    message = store.find(connection, request.conversation_id, request.message_id)
    store.delete(connection, message, conversations.now())


def _keep_from(patch: Patch, role: Role) -> None:
    """Refuse a role everything but to send, to join and to react, with which a scenario begins."""
    spoken = {messages: ["edit_message", "delete_message"], rooms: ["leave_conversation"]}
    asked = {history: ["fetch_history", "search_messages", "sync_messages"]}
    noted = {realtime: ["typing", "mark_as_read", "delivered", "remove_reaction"]}
    called = {calls: ["offer", "answer", "hang_up", "reject", "candidate"]}
    for module, names in (spoken | asked | noted | called).items():
        for name in names:

            @patch.around(module, name)
            async def handle(original, context, request):
                membership = await context.read(conversations.membership, request.conversation_id, context.user_id)
                if membership.role is role:
                    raise Refused("forbidden", "Not with this role.")
                return await original(context, request)


@fault(breaks=["PERM-1", "DEL-2"], also=["DEL-3", "EDIT-2", "EDIT-4", "LEAVE-2"])
def owners_may_only_send(patch: Patch) -> None:
    """The owner of a conversation may send, join and react there, and nothing else: many rights too few."""
    _keep_from(patch, Role.OWNER)


@fault(breaks=["PERM-1"], also=EVERYWHERE)
def members_may_only_send(patch: Patch) -> None:
    """A member may send, join and react, and nothing else, wherever a member does: many rights too few."""
    _keep_from(patch, Role.MEMBER)


@fault(breaks=["PERM-1", "DEL-2"], also=["MULTI-3", "DEL-5"])
def moderators_may_only_send(patch: Patch) -> None:
    """Who moderates a conversation may send, join and react there, and nothing else: many rights too few."""
    _keep_from(patch, Role.MODERATOR)


@fault(
    breaks=["PERM-1"], also=[*OPENED, "DLVR-4", "READ-4", "CALL-5", "HIST-7", "TYPE-4", "REAC-7", "SRCH-7", "SYNC-6"]
)
def outsiders_may_all_that_members_may(patch: Patch) -> None:
    """Whoever knows the id of a conversation has the rights of a member in it."""

    @patch.around(Membership, "may")
    def may(original, membership, right):
        return original(replace(membership, role=membership.role or Role.MEMBER), right)


@fault(breaks=["PERM-1"], also=["TYPE-1", "READ-1", "REAC-1", "PERM-2", "JOIN-1"])
def readers_hear_nothing(patch: Patch) -> None:
    """A reader may join and hears no events."""

    @patch.around(rooms, "join_conversation")
    async def join(original, context, request):
        reply = await original(context, request)
        membership = await context.read(conversations.membership, request.conversation_id, context.user_id)
        if membership.role is Role.READER:
            await context.instance.hub.leave(context.connection, request.conversation_id)
        return reply


@fault(breaks=["PERM-1"])
def moderators_hear_messages_only(patch: Patch) -> None:
    """Whoever moderates a conversation hears new messages there, and no other events."""
    moderating: set = set()

    @patch.around(rooms, "join_conversation")
    async def join(original, context, request):
        membership = await context.read(conversations.membership, request.conversation_id, context.user_id)
        moderating.update([context.connection] if membership.role is Role.MODERATOR else [])
        return await original(context, request)

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        everything = '"NewMessage"' in getattr(notice, "frame", '"NewMessage"')
        kept = self.connections if everything else {one: None for one in self.connections if one not in moderating}
        original(Room(kept, self.barred), notice)


@fault(breaks=["PERM-2"], also=FORGOTTEN)
def role_cached_for_reading(patch: Patch) -> None:
    """What a user may read is remembered from the first request on, which keeps out who is let in later, too."""
    known: dict = {}

    @patch.around(conversations, "membership")
    def membership(original, connection, *key):
        return known.setdefault(key, original(connection, *key))


@fault(breaks=["PERM-2"], also=[*FORGOTTEN, "TYPE-4"])
def role_cached_for_writing(patch: Patch) -> None:
    """What a user may change is remembered from the first request on."""
    known: dict = {}

    @patch.around(conversations, "lock")
    def lock(original, connection, *key):
        membership, stamp = original(connection, *key)
        return known.setdefault(key, membership), stamp


@fault(breaks=["PERM-2"], also=FORGOTTEN)
def role_cached_per_connection(patch: Patch) -> None:
    """Who has joined with a connection may do there what the role of that moment allowed."""
    roles: dict = {}

    @patch.around(rooms, "join_conversation")
    async def join(original, context, request):
        reply = await original(context, request)
        key = request.conversation_id, context.user_id
        roles[key] = await context.read(conversations.membership, *key)
        return reply

    @patch.around(conversations, "_lookup")
    def lookup(original, connection, *key, locked):
        membership, stamp = original(connection, *key, locked=locked)
        return roles.get(key, membership), stamp


@fault(breaks=["PERM-2"], also=["MULTI-3", "JOIN-6"])
def banned_still_hears(patch: Patch) -> None:
    """Who loses the right to read goes on hearing events."""
    patch.rewrite(Room.notice, "each.user_id not in self.barred", "True")


@fault(breaks=["PERM-2"], also=["MULTI-3"])
def banned_hears_one_more(patch: Patch) -> None:
    """The first event after a ban still reaches the banned."""

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        barred = self.barred.copy()
        original(self, notice)
        if isinstance(notice, RoleChanged) and not notice.may_read:
            self.barred = Late(barred | {notice.user_id}, notice.user_id)


class Late(set):
    """A set that does not know its newest member when it is first asked."""

    def __init__(self, users, late) -> None:
        super().__init__(users)
        self._late = late

    def __contains__(self, user) -> bool:
        if user == self._late:
            self._late = None
            return False
        return super().__contains__(user)


def _tell_banned(patch: Patch, *names: str) -> None:
    """Tell some types of events to the banned, too."""

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        barred = self.barred
        told = isinstance(notice, Event) and json.loads(notice.frame)["type"]
        self.barred = set() if told in names else barred
        original(self, notice)
        self.barred = barred


@fault(breaks=["PERM-2"], also=["MULTI-3"])
def banned_hears_all_but_messages(patch: Patch) -> None:
    """Who is banned gets no messages any more, and all other events."""
    _tell_banned(patch, "MessageEdited", "MessageDeleted", "MessageRead", "ReactionAdded", "ReactionRemoved")


@fault(breaks=["PERM-2"], also=["MULTI-3"])
def banned_hears_messages_only(patch: Patch) -> None:
    """Who is banned gets new messages, and no other events."""
    _tell_banned(patch, "NewMessage")


@fault(breaks=["PERM-2"], also=["MULTI-3"])
def banned_hears_typing(patch: Patch) -> None:
    """Who is banned learns who types, and nothing else."""
    _tell_banned(patch, "UserTyping")


@fault(breaks=["PERM-2"], also=["MULTI-3"])
def ban_reaches_one_connection(patch: Patch) -> None:
    """Only the newest connection of a banned user hears nothing any more."""

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        newest = {connection.user_id: connection for connection in self.connections}
        if not isinstance(notice, RoleChanged):
            deaf = [each for each in self.connections if each.user_id in self.barred and newest[each.user_id] is each]
            heard = {each: None for each in self.connections if each not in deaf}
            original(Room(heard), notice)
        else:
            original(self, notice)


@fault(breaks=["PERM-2"], also=["MULTI-3", "JOIN-4"])
def readmitted_stays_deaf(patch: Patch) -> None:
    """Who was banned, and is a member again, joins and hears nothing."""
    patch.rewrite(Room.notice, "self.barred.discard(notice.user_id)", "pass")


@fault(breaks=["PERM-2"], also=["MULTI-3", "JOIN-4"])
def demoted_hears_nothing(patch: Patch) -> None:
    """Who may only read from now on hears no events any more."""

    @patch.around(conversations, "set_role")
    def set_role(original, connection, conversation_id, user_id, role):
        original(connection, conversation_id, user_id, role)
        demoted.discard(user_id)
        demoted.update([user_id] if role is Role.READER else [])

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        deaf = isinstance(notice, RoleChanged) and notice.user_id in demoted
        original(self, replace(notice, may_read=False) if deaf else notice)

    demoted: set = set()


@fault(breaks=["PERM-2"], also=["MULTI-3"])
def banned_author_hears_receipts(patch: Patch) -> None:
    """A banned author is told who has read or received the own messages."""
    _tell_banned(patch, "MessageRead", "MessageDelivered")


@fault(breaks=["PERM-2"], also=["MULTI-3"])
def removed_still_hears(patch: Patch) -> None:
    """Who is removed goes on hearing events, and who is banned does not."""
    removed: set = set()

    @patch.around(conversations, "remove_member")
    def remove(original, connection, conversation_id, user_id):
        original(connection, conversation_id, user_id)
        removed.add(user_id)

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        if not isinstance(notice, RoleChanged) or notice.user_id not in removed:
            original(self, notice)


@fault(breaks=["PERM-3"], also=["JOIN-3s"])
def outsider_gets_forbidden(patch: Patch) -> None:
    """An outsider is forbidden to do what is not found in a conversation that does not exist."""
    private = "self.role is None and self.visibility is Visibility.PRIVATE"
    patch.rewrite(Membership.require, private, "False")


@fault(breaks=["PERM-3"], also=["JOIN-3s"])
def outsider_gets_other_words(patch: Patch) -> None:
    """A private conversation is not found in other words than one that does not exist."""
    private = "if self.role is None and self.visibility is Visibility.PRIVATE:"
    patch.rewrite(
        Membership.require, private, f'{private}\n        raise Refused("not_found", "It is private.")\n    if False:'
    )


def _tell_private(patch: Patch, module, handler: str) -> None:
    """Answer an outsider's request differently where the conversation exists."""

    @patch.around(module, handler)
    async def handle(original, context, request):
        membership = await context.read(conversations.membership, request.conversation_id, context.user_id)
        if membership.visibility is Visibility.PRIVATE and membership.role is None:
            raise Refused("forbidden", "This conversation is private.")
        return await original(context, request)


@fault(breaks=["PERM-3"], also=["LEAVE-2", "PERM-1"])
def leaving_tells_of_private(patch: Patch) -> None:
    """An outsider may leave what does not exist, and not what is private."""
    _tell_private(patch, rooms, "leave_conversation")


@fault(breaks=["PERM-3"])
def typing_tells_of_private(patch: Patch) -> None:
    """Typing in a private conversation is forbidden, and in one that does not exist not found."""
    _tell_private(patch, realtime, "typing")


@fault(breaks=["PERM-3"])
def calling_tells_of_private(patch: Patch) -> None:
    """A hang-up in a private conversation is forbidden, and in one that does not exist not found."""
    _tell_private(patch, calls, "hang_up")


@fault(breaks=["PERM-3"])
def syncing_tells_of_private(patch: Patch) -> None:
    """A sync of a private conversation is forbidden, and of one that does not exist not found."""
    _tell_private(patch, history, "sync_messages")


@fault(breaks=["PERM-3"])
def deleting_tells_of_private(patch: Patch) -> None:
    """Whether a message is in a private conversation is looked up before the user's right."""

    @patch.around(messages, "_delete")
    def delete(original, connection, request, user_id):
        if not conversations.membership(connection, request.conversation_id, user_id).may(Right.READ):
            store.find(connection, request.conversation_id, request.message_id)
        return original(connection, request, user_id)


@fault(breaks=["PERM-3"])
def reacting_tells_of_private(patch: Patch) -> None:
    """A reaction to a message of a private conversation is forbidden, and to any other not found."""
    _tell_private(patch, realtime, "add_reaction")
