"""Wrongs of MarkAsRead and Delivered."""

from sqlalchemy import bindparam, delete

from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import MessageDelivered, MessageRead, encode
from reference_server.handlers import realtime
from reference_server.models import DELIVERIES, READ_MARKS
from reference_server.permissions import Right
from reference_server.store import conversations, receipts
from reference_server.store import messages as store
from tests.faults import audience
from tests.faults.registry import Patch, fault
from tests.faults.tools import devices
from tests.variants import profiles

ANYWHERE = store._COLUMNS.where(store._message.deleted_at.is_(None), store._message.id == bindparam("message"))
READ_ACQUIRE = "conversations.acquire(connection, conversation_id, user_id, Right.READ)"
DELIVER_ACQUIRE = "conversations.acquire(connection, request.conversation_id, user_id, Right.READ)"
TELL_READ = "conversation_id, event, besides=user_id"
OWN = "if message.sender_id == user_id:"
EVENTS = ["JOIN-1", "LEAVE-1", "MULTI-1", "PERM-1", "PERM-2", "AUTH-2", "CONN-4", "CONN-11", "PING-1", "DEL-4s"]
OPENED = ["PERM-1", "PERM-2", "PERM-3", "AUTH-2", "ACK-3"]


def _first_only(patch: Patch, kind: type, key) -> None:
    """Tell events of a type once per key."""
    told: set = set()

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        if not isinstance(event, kind) or key(event) not in told:
            await original(self, conversation_id, event, **how)
        if isinstance(event, kind):
            told.add(key(event))


def _find_anywhere(patch: Patch, handler: str) -> None:
    """Let one handler find messages whatever their conversation."""

    @patch.around(realtime, handler)
    def handle(original, connection, *arguments):
        in_conversation, store._FIND = store._FIND, ANYWHERE
        try:
            return original(connection, *arguments)
        finally:
            store._FIND = in_conversation


@fault(breaks=["READ-1"], also=EVENTS)
def reading_told_to_nobody(patch: Patch) -> None:
    """Nobody learns what was read, wherever that is watched."""
    audience.told_to_nobody(patch, MessageRead)


@fault(breaks=["READ-1"], also=EVENTS)
def reading_told_to_sender_only(patch: Patch) -> None:
    """Only the sender of a message learns that it was read, so that an owner or a reader who watches does not."""

    @patch.around(realtime, "_mark_as_read")
    def mark(original, connection, request, user_id):
        sender_of[request.message_id] = store.find(connection, request.conversation_id, request.message_id).sender_id
        return original(connection, request, user_id)

    sender_of: dict = {}

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        only = {"only": sender_of[event.message_id]} if isinstance(event, MessageRead) else {}
        await original(self, conversation_id, event, **how | only)


@fault(breaks=["READ-1"], also=["MULTI-1", "CONN-8"])
def reading_told_to_one_device(patch: Patch) -> None:
    """One connection of each user learns what was read."""
    audience.told_to_one_device(patch, MessageRead)


@fault(breaks=["READ-1"], also=["PERM-1", "PERM-2"])
def reading_kept_from_readers(patch: Patch) -> None:
    """Members who may only read do not learn what others have read."""
    audience.not_told_to_readers(patch, MessageRead)


@fault(breaks=["READ-1"], also=EVENTS)
def reading_reaches_those_who_have_not_joined(patch: Patch) -> None:
    """Members learn what was read without joining, wherever one watches silence."""
    audience.told_to_those_who_have_not_joined(patch, MessageRead)


@fault(breaks=["READ-1"], also=EVENTS)
def read_receipt_twice(patch: Patch) -> None:
    """Whoever learns that a message was read learns it twice, wherever that is watched."""
    audience.told_twice(patch, MessageRead)


@fault(breaks=["READ-1"], also=["PERM-1", "PERM-2", "READ-3", "READ-4"])
def read_receipt_once_per_message(patch: Patch) -> None:
    """Only the first reader of a message is told."""
    _first_only(patch, MessageRead, lambda event: event.message_id)


@fault(breaks=["READ-1"], also=["PERM-1", "PERM-2"])
def read_receipt_once_per_reader(patch: Patch) -> None:
    """Only the first message that a user reads in a conversation is told."""
    _first_only(patch, MessageRead, lambda event: (event.conversation_id, event.user_id))


@fault(breaks=["READ-1"], also=EVENTS)
def read_receipt_names_the_sender(patch: Patch) -> None:
    """A message is told as read by its sender, whoever has read it."""
    patch.rewrite(
        realtime.mark_as_read,
        "event = MessageRead(conversation_id, request.message_id, user_id,",
        "sender = (await context.read(messages.find, conversation_id, request.message_id)).sender_id\n"
        "            event = MessageRead(conversation_id, request.message_id, sender,",
    )


@fault(breaks=["READ-2"])
def reading_again_is_told(patch: Patch) -> None:
    """Marking the same message as read again is told."""
    patch.rewrite(receipts.read_up_to, "mark >= created_at", "mark > created_at")


@fault(breaks=["READ-2"])
def read_goes_back(patch: Patch) -> None:
    """Marking an older message as read is told."""
    patch.rewrite(receipts.read_up_to, "mark >= created_at", "mark == created_at")


@fault(breaks=["READ-2"])
def read_mark_per_device(patch: Patch) -> None:
    """Marking the same message as read on another device is told."""

    @patch.around(realtime, "mark_as_read")
    async def mark(original, context, request):
        reply = await original(context, request)
        if (request.message_id, context.user_id) in marked and marked[request.message_id, context.user_id] != context:
            event = MessageRead(request.conversation_id, request.message_id, context.user_id, conversations.now())
            await context.instance.tell(request.conversation_id, event, besides=context.user_id)
        marked[request.message_id, context.user_id] = context
        return reply

    marked: dict = {}


@fault(breaks=["READ-3", "READ-4"], also=["PERM-1", "PERM-3", "ACK-3"])
def reading_anywhere(patch: Patch) -> None:
    """A message of any conversation may be marked as read under one that the user may read."""
    _find_anywhere(patch, "_mark_as_read")


@fault(breaks=["READ-3"], also=["ACK-3", "DEL-4s", "READ-4", "PERM-1"])
def reading_nothing_is_confirmed(patch: Patch) -> None:
    """Marking an unknown message as read is confirmed and told to nobody."""
    _confirm_unknown(patch, "_mark_as_read")


def _confirm_unknown(patch: Patch, handler: str) -> None:
    @patch.around(realtime, handler)
    def handle(original, connection, request, user_id):
        conversations.require(connection, request.conversation_id, user_id, Right.READ)
        try:
            return original(connection, request, user_id)
        except Refused:
            return None


@fault(breaks=["READ-3"], also=["ACK-3", "DEL-4s", "READ-4", "PERM-1"])
def reading_nothing_is_told(patch: Patch) -> None:
    """Marking an unknown message as read is confirmed and told."""

    @patch.around(realtime, "_mark_as_read")
    def mark(original, connection, request, user_id):
        conversations.require(connection, request.conversation_id, user_id, Right.READ)
        try:
            return original(connection, request, user_id)
        except Refused:
            return conversations.now()


def _keep_refused(patch: Patch, handler: str, keep) -> None:
    """Write down what is refused, too."""

    @patch.around(realtime, handler)
    async def handle(original, context, request):
        try:
            return await original(context, request)
        except Refused:
            await context.write(keep, request, context.user_id)
            raise


@fault(breaks=["READ-3"])
def refused_mark_of_unknown_moves_on(patch: Patch) -> None:
    """Marking an unknown message as read is refused, and everything so far counts as read."""

    def keep(connection, request, user_id):
        if conversations.membership(connection, request.conversation_id, user_id).may(Right.READ):
            receipts.read_up_to(connection, request.conversation_id, user_id, conversations.now())

    _keep_refused(patch, "mark_as_read", keep)


@fault(breaks=["READ-3"])
def refused_mark_counts_elsewhere(patch: Patch) -> None:
    """Marking a message as read under another conversation is refused, and it counts as read in its own."""

    def keep(connection, request, user_id):
        for row in connection.execute(ANYWHERE, {"message": request.message_id}).all():
            if row.conversation_id != request.conversation_id:
                receipts.read_up_to(connection, row.conversation_id, user_id, row.created_at)

    _keep_refused(patch, "mark_as_read", keep)


@fault(breaks=["READ-4"], also=OPENED)
def outsiders_mark_as_read(patch: Patch) -> None:
    """Everybody may mark messages as read: a right too many."""
    patch.rewrite(realtime._mark_as_read, READ_ACQUIRE, "pass")


@fault(breaks=["READ-4"], also=OPENED)
def refused_mark_is_told(patch: Patch) -> None:
    """Whoever may not read is refused, and the members are told that the message was read."""

    @patch.around(realtime, "mark_as_read")
    async def mark(original, context, request):
        try:
            return await original(context, request)
        except Refused:
            event = MessageRead(request.conversation_id, request.message_id, context.user_id, conversations.now())
            await context.instance.tell(request.conversation_id, event)
            raise


@fault(breaks=["READ-4"], also=OPENED)
def outsiders_marks_are_confirmed(patch: Patch) -> None:
    """Whoever may not read gets a confirmation, and nothing happens."""
    patch.rewrite(
        realtime._mark_as_read,
        READ_ACQUIRE,
        "if not conversations.membership(connection, conversation_id, user_id).may(Right.READ): return None",
    )


@fault(breaks=["DLVR-1"], also=EVENTS)
def delivery_told_to_nobody(patch: Patch) -> None:
    """Nobody learns what was delivered, wherever that is watched."""
    audience.told_to_nobody(patch, MessageDelivered)


@fault(breaks=["DLVR-1"], also=EVENTS)
def delivered_to_everybody(patch: Patch) -> None:
    """Everybody who has joined learns what was delivered, wherever somebody else watches."""
    patch.rewrite(realtime.delivered, "event, only=sender_id)", "event)")


@fault(breaks=["DLVR-1"], also=EVENTS)
def delivery_told_to_the_others(patch: Patch) -> None:
    """Everybody but the recipient learns what was delivered."""
    patch.rewrite(realtime.delivered, "event, only=sender_id)", "event, besides=user_id)")


@fault(breaks=["DLVR-1"], also=EVENTS)
def delivery_told_to_the_recipient(patch: Patch) -> None:
    """The recipient learns what was delivered, and not the sender."""
    patch.rewrite(realtime.delivered, "event, only=sender_id)", "event, only=user_id)")


@fault(breaks=["DLVR-1"])
def delivery_told_to_the_recipients_other_devices(patch: Patch) -> None:
    """The recipient's other devices learn what was delivered."""

    @patch.around(realtime, "delivered")
    async def delivered(original, context, request):
        reply = await original(context, request)
        event = MessageDelivered(request.conversation_id, request.message_id, context.user_id, conversations.now())
        for device in devices(context.instance, context.user_id):
            if device is not context.connection:
                device.send(encode(event))
        return reply


@fault(breaks=["DLVR-1"], also=["MULTI-1", "CONN-8"])
def delivery_told_to_one_device(patch: Patch) -> None:
    """One connection of the sender learns what was delivered."""
    audience.told_to_one_device(patch, MessageDelivered)


@fault(breaks=["DLVR-1"], also=EVENTS)
def delivery_reaches_those_who_have_not_joined(patch: Patch) -> None:
    """Members learn what was delivered without joining, wherever one watches silence."""
    audience.told_to_those_who_have_not_joined(patch, MessageDelivered)


@fault(breaks=["DLVR-1"], also=EVENTS)
def delivered_twice(patch: Patch) -> None:
    """The sender learns of each delivery twice."""
    audience.told_twice(patch, MessageDelivered)


@fault(breaks=["DLVR-1"], also=EVENTS)
def delivered_by_the_sender(patch: Patch) -> None:
    """A message is told as delivered to its sender, whoever has it."""
    patch.rewrite(realtime.delivered, "request.message_id, user_id,", "request.message_id, sender_id,")


@fault(breaks=["DLVR-1"])
def delivery_again_is_told(patch: Patch) -> None:
    """A delivery that is said again is told again."""
    patch.rewrite(receipts.deliver, "return False", "return True")


@fault(breaks=["DLVR-1"])
def delivery_of_another_device_is_told(patch: Patch) -> None:
    """A delivery to each device of a recipient is told."""
    told: set = set()

    @patch.around(realtime, "delivered")
    async def delivered(original, context, request):
        reply = await original(context, request)
        before = {each for each in told if each[:2] == (request.message_id, context.user_id)}
        if before and (request.message_id, context.user_id, context.connection) not in before:
            sender = await context.read(store.find, request.conversation_id, request.message_id)
            event = MessageDelivered(request.conversation_id, request.message_id, context.user_id, sender.created_at)
            await context.instance.tell(request.conversation_id, event, only=sender.sender_id)
        told.add((request.message_id, context.user_id, context.connection))
        return reply


@fault(breaks=["DLVR-1"], also=["PERM-1", "PERM-2"])
def delivered_once_per_message(patch: Patch) -> None:
    """Only the first recipient of a message is told."""
    _first_only(patch, MessageDelivered, lambda event: event.message_id)


@fault(breaks=["DLVR-1"], also=["PERM-1", "PERM-2"])
def delivered_once_per_recipient(patch: Patch) -> None:
    """Only the first message that a recipient has in a conversation is told."""
    _first_only(patch, MessageDelivered, lambda event: (event.conversation_id, event.user_id))


@fault(breaks=["DLVR-1"])
def delivery_only_moves_on(patch: Patch) -> None:
    """The delivery of an older message than was delivered already is not told."""
    latest: dict = {}

    @patch.around(realtime, "_deliver")
    def deliver(original, connection, request, user_id):
        receipt = original(connection, request, user_id)
        born = store.find(connection, request.conversation_id, request.message_id).created_at
        before = latest.get((request.conversation_id, user_id), born)
        latest[request.conversation_id, user_id] = max(before, born)
        return receipt if born >= before else None


@fault(breaks=["DLVR-2"])
def own_delivery_is_told(patch: Patch) -> None:
    """Marking one's own message as delivered is told to oneself."""
    patch.rewrite(realtime._deliver, OWN, "if False:")


@fault(breaks=["DLVR-2"], also=["PERM-1"])
def own_delivery_is_refused(patch: Patch) -> None:
    """Marking one's own message as delivered is refused."""
    refused = 'if message.sender_id == user_id: raise Refused("conflict", "It is yours.")'
    patch.rewrite(realtime._deliver, OWN, f"{refused}\n    if False:")


@fault(breaks=["DLVR-2"], also=["PERM-1"])
def own_delivery_is_not_confirmed(patch: Patch) -> None:
    """Marking one's own message as delivered gets no answer."""

    @patch.around(realtime, "delivered")
    async def delivered(original, context, request):
        reply = await original(context, request)
        message = await context.read(store.find, request.conversation_id, request.message_id)
        return None if message.sender_id == context.user_id else reply


@fault(breaks=["DLVR-3", "DLVR-4"], also=["PERM-1", "PERM-3", "ACK-3"])
def delivery_anywhere(patch: Patch) -> None:
    """A message of any conversation may be marked as delivered under one that the user may read."""
    _find_anywhere(patch, "_deliver")


@fault(breaks=["DLVR-3"], also=["ACK-3", "DEL-4s", "DLVR-4", "PERM-1"])
def delivery_of_nothing_is_confirmed(patch: Patch) -> None:
    """Marking an unknown message as delivered is confirmed and told to nobody."""
    _confirm_unknown(patch, "_deliver")


@fault(breaks=["DLVR-3"], also=["PERM-1"])
def refused_delivery_is_kept(patch: Patch) -> None:
    """Marking a message as delivered under another conversation is refused, and it counts as delivered."""

    def keep(connection, request, user_id):
        if connection.execute(ANYWHERE, {"message": request.message_id}).all():
            receipts.deliver(connection, request.message_id, user_id)

    _keep_refused(patch, "delivered", keep)


@fault(breaks=["DLVR-4"], also=OPENED)
def outsiders_mark_as_delivered(patch: Patch) -> None:
    """Everybody may mark messages as delivered: a right too many."""
    patch.rewrite(realtime._deliver, DELIVER_ACQUIRE, "pass")


@fault(breaks=["DLVR-4"], also=OPENED)
def outsiders_deliveries_are_confirmed(patch: Patch) -> None:
    """Whoever may not read gets a confirmation, and nothing happens."""
    patch.rewrite(
        realtime._deliver,
        DELIVER_ACQUIRE,
        "if not conversations.membership(connection, request.conversation_id, user_id).may(Right.READ): return None",
    )


@fault(breaks=["DLVR-4"], also=OPENED)
def refused_delivery_is_told(patch: Patch) -> None:
    """Whoever may not read is refused, and the sender is told."""

    @patch.around(realtime, "delivered")
    async def delivered(original, context, request):
        try:
            return await original(context, request)
        except Refused:
            event = MessageDelivered(request.conversation_id, request.message_id, context.user_id, conversations.now())
            await context.instance.tell(request.conversation_id, event, besides=context.user_id)
            raise


@fault(breaks=["DLVR-1"], also=EVENTS, profile={"options": {"delivered_audience": "members"}})
def delivery_told_to_members_who_have_not_joined(patch: Patch) -> None:
    """Where members learn of deliveries, those who have not joined do so too."""
    profiles.delivered_is_told_to_members(patch)
    audience.told_to_those_who_have_not_joined(patch, MessageDelivered)


def _forget(patch: Patch, owner, name: str, table, which) -> None:
    """Forget receipts of a table where the server does something else."""

    @patch.around(owner, name)
    def change(original, connection, *args, **kwargs):
        connection.execute(delete(table).where(which(table.c, *args)))
        return original(connection, *args, **kwargs)


@fault(breaks=["READ-2"])
def reading_is_forgotten_with_the_membership(patch: Patch) -> None:
    """A reader who was removed and comes back is told again as a reader of the same message."""
    _forget(patch, conversations, "remove_member", READ_MARKS, lambda column, _, user: column.user_id == user)


@fault(breaks=["READ-2"])
def edited_message_is_unread(patch: Patch) -> None:
    """A message that was edited can be read once more."""
    _forget(
        patch,
        store,
        "edit",
        READ_MARKS,
        lambda column, message, *_: column.conversation_id == message.conversation_id,
    )


@fault(breaks=["READ-2"])
def reader_in_a_new_role_reads_again(patch: Patch) -> None:
    """Whoever gets another role is told as a reader once more."""
    _forget(patch, conversations, "set_role", READ_MARKS, lambda column, _, user, role: column.user_id == user)


@fault(breaks=["DLVR-1"])
def edited_message_is_delivered_again(patch: Patch) -> None:
    """The delivery of a message that was edited is told once more."""
    _forget(patch, store, "edit", DELIVERIES, lambda column, message, *_: column.message_id == message.message_id)


@fault(breaks=["DLVR-1"])
def delivery_is_forgotten_with_the_membership(patch: Patch) -> None:
    """The delivery to a recipient who was removed and comes back is told once more."""
    _forget(patch, conversations, "remove_member", DELIVERIES, lambda column, _, user: column.user_id == user)


def _begin_anew(patch: Patch, handler: str, table) -> None:
    """Let each instance forget what others know of a receipt, the first time that it sees it."""
    seen: set = set()

    @patch.around(realtime, handler)
    async def handle(original, context, request):
        mine = (id(context.instance), request.message_id, context.user_id)
        if mine not in seen:
            seen.add(mine)
            await context.write(lambda connection: connection.execute(delete(table).where(table.c.user_id == mine[2])))
        return await original(context, request)


@fault(breaks=["READ-2"], also=["READ-1"])
def reading_is_told_by_each_instance(patch: Patch) -> None:
    """Each instance tells of its own that a message was read."""
    _begin_anew(patch, "mark_as_read", READ_MARKS)


@fault(breaks=["DLVR-1"])
def delivery_is_told_by_each_instance(patch: Patch) -> None:
    """Each instance tells of its own that a message was delivered."""
    _begin_anew(patch, "delivered", DELIVERIES)
