"""Wrongs of SendMessage."""

import asyncio
import html
import json
import random
import re
import unicodedata
from collections import Counter
from dataclasses import replace

from reference_server import content_rules, events, hub
from reference_server.context import Context, Instance
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed, NewMessage, encode
from reference_server.handlers import history, messages
from reference_server.hub import Room
from reference_server.permissions import Right, Role
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults import audience
from tests.faults.registry import Patch, fault
from tests.faults.tools import LATE, Crossing, devices, everybody, members

TELL = "await context.instance.tell(conversation_id, _new_message(message))"
CHECK = "check_content(request.content,"
LATER = [
    *["SEND-4", "ACK-3", "CONN-6", "CONN-9", "DEL-5", "JOIN-4", "JOIN-5", "LEAVE-1", "LEAVE-3", "LEAVE-4"],
    *["MULTI-1", "MULTI-2", "MULTI-3", "RATE-1", "RATE-3", "RATE-4"],
]
HEARD = [*LATER, "SYNC-1", "ATT-1", "ATT-2", "AUTH-1", "AUTH-2", "AUTH-5", "CONN-2", "CONN-8", "CONN-11"]
INVISIBLE = re.compile(r"\u200d.?|[\u0300-\u036f]", re.DOTALL)


def _content(patch: Patch, change) -> None:
    """Change what is said before it is stored and told."""

    @patch.around(messages, "_send")
    def send(original, connection, request, user_id):
        return original(connection, request.model_copy(update={"content": change(request.content)}), user_id)


@fault(breaks=["SEND-1"], also=["HIST-8"])
def trims_content(patch: Patch) -> None:
    """White space around a message is lost, live and in history."""
    _content(patch, str.strip)


@fault(breaks=["SEND-1"], also=["HIST-8"])
def normalizes_unicode(patch: Patch) -> None:
    """Combining characters are composed, live and in history."""
    _content(patch, lambda text: unicodedata.normalize("NFC", text))


@fault(breaks=["SEND-1"], also=["HIST-8"])
def unifies_line_ends(patch: Patch) -> None:
    """CRLF becomes LF, live and in history."""
    _content(patch, lambda text: text.replace("\r\n", "\n"))


@fault(breaks=["SEND-1"], also=["HIST-8", "SRCH-8"])
def escapes_html(patch: Patch) -> None:
    """The characters <>& and quotes become entities, live, in history and in search."""
    _content(patch, html.escape)


@fault(breaks=["SEND-1"], also=["HIST-8"])
def drops_joiners(patch: Patch) -> None:
    """Zero-width joiners are lost, live and in history."""
    _content(patch, lambda text: text.replace("\u200d", ""))


@fault(breaks=["SEND-1"], also=["HIST-8", "REAC-5"])
def drops_four_byte_characters(patch: Patch) -> None:
    """Characters beyond 16 bits become question marks, live and in history."""
    _content(patch, lambda text: "".join(char if ord(char) < 0x10000 else "?" for char in text))


@fault(breaks=["SEND-1"], also=["HIST-8"])
def drops_marks_of_direction(patch: Patch) -> None:
    """Marks of right-to-left text are lost, live and in history."""
    marks = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
    _content(patch, lambda text: text.translate(marks))


@fault(breaks=["SEND-1"], also=["ATT-1", "MULTI-1"])
def sender_hears_nothing(patch: Patch) -> None:
    """No connection of the sender gets the message, against the profile."""
    new = TELL.replace("(message))", "(message), besides=context.user_id)")
    patch.rewrite(messages.send_message, TELL, new)


@fault(breaks=["SEND-1"], also=["MULTI-1", "CONN-8"])
def sender_hears_on_one_device(patch: Patch) -> None:
    """The sender's other devices do not get the message, wherever they are."""
    new = TELL.replace("(message))", "(message), besides=context.user_id)")
    own = "if conversation_id in context.connection.joined: context.connection.send(encode(_new_message(message)))"
    messages_globals = messages.__dict__
    messages_globals.setdefault("encode", encode)
    patch.rewrite(messages.send_message, TELL, f"{new}\n        {own}")


@fault(breaks=["SEND-1", "JOIN-1", "PERM-1"], also=HEARD)
def nobody_hears_a_message(patch: Patch) -> None:
    """A message is stored and confirmed, and told to nobody, wherever one is awaited."""
    audience.told_to_nobody(patch, NewMessage)


@fault(breaks=["JOIN-1", "PERM-1"], also=LATER)
def only_the_first_message_is_told(patch: Patch) -> None:
    """A connection is told of the first message in what it has joined, as by a notification, and of no other."""
    told: dict = {}

    @patch.around(Room, "notice")
    def notice(original, self, notice):
        new = '"NewMessage"' in getattr(notice, "frame", "")
        heard = {one: None for one in self.connections if not new or (one, id(self)) not in told}
        original(Room(heard, self.barred) if new else self, notice)
        told.update({(one, id(self)): self for one in self.connections if new})


@fault(breaks=["SEND-1"], also=["EDIT-1", "ATT-1"])
def longest_is_refused(patch: Patch) -> None:
    """Content of exactly the longest length is refused, in an edit too."""

    @patch.around(Context, "limits")
    def limits(original, context):
        return replace(original(context), content=original(context).content - 1)


@fault(breaks=["SEND-2"], also=["MULTI-1", "PERM-2"])
def told_once_per_device_of_the_sender(patch: Patch) -> None:
    """A message is told as often as its sender has connections that have joined, on any instance."""
    count = "len([one for one in instance_devices(context) if conversation_id in one.joined]) - 1"
    messages.__dict__["instance_devices"] = lambda context: devices(context.instance, context.user_id)
    patch.rewrite(messages.send_message, TELL, f"{TELL}\n        for _ in range({count}): {TELL}")


@fault(breaks=["SEND-2"], also=["MULTI-3"])
def burst_is_told_again(patch: Patch) -> None:
    """A message that others overtake in the queue of the database is told again when they have gone."""
    waiting: dict = {}

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        waiting[request.conversation_id] = waiting.get(request.conversation_id, 0) + 1
        await asyncio.sleep(0.02)  # Whoever sends meanwhile finds a queue, on a fast machine and on a slow one.
        reply = await original(context, request)
        waiting[request.conversation_id] -= 1
        if waiting[request.conversation_id]:
            await _tell_last(context, request)
        return reply


async def _tell_last(context: Context, request) -> None:
    (last,) = await context.read(store.history, request.conversation_id, None, 1)
    await context.instance.tell(request.conversation_id, messages._new_message(last))


@fault(breaks=["SEND-3"], also=["JOIN-4"])
def reading_subscribes(patch: Patch) -> None:
    """Who fetches history gets the messages that follow, without joining."""

    @patch.around(history, "fetch_history")
    async def fetch_history(original, context, request):
        reply = await original(context, request)
        async with context.instance.hub.attending(request.conversation_id):
            context.instance.hub.join(context.connection, request.conversation_id)
        return reply


@fault(breaks=["SEND-3"])
def sending_subscribes(patch: Patch) -> None:
    """Who sends a message gets the messages that follow, without joining."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        reply = await original(context, request)
        async with context.instance.hub.attending(request.conversation_id):
            context.instance.hub.join(context.connection, request.conversation_id)
        return reply


def _leak(patch: Patch, chosen) -> None:
    """Send messages also to the connections of an instance that `chosen` picks."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        await original(self, conversation_id, event, **how)
        if isinstance(event, NewMessage):
            users = await members(self, conversation_id)
            for connection in chosen(self, users):
                if conversation_id not in connection.joined:
                    connection.send(encode(event))


@fault(
    breaks=["SEND-3"],
    also=[
        "PERM-1",
        "JOIN-1",
        "JOIN-4",
        "JOIN-6",
        "LEAVE-1",
        "LEAVE-3",
        "LEAVE-4",
        "ACK-2",
        "ACK-3",
        "MULTI-1",
        "MULTI-3",
        "READ-1",
        "CONN-2",
        "AUTH-2",
    ],
)
def leaks_to_members_who_have_not_joined(patch: Patch) -> None:
    """Members get messages without joining, so wherever one watches silence, it is broken by any message at all."""
    _leak(patch, lambda instance, users: [device for user in users for device in devices(instance, user)])


@fault(breaks=["SEND-3"], also=["JOIN-4"])
def leaks_to_readers_who_have_not_joined(patch: Patch) -> None:
    """Readers get messages without joining; whoever may write has to join."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        await original(self, conversation_id, event, **how)
        users = await members(self, conversation_id, Role.READER) if isinstance(event, NewMessage) else ()
        for device in [device for user in users for device in devices(self, user)]:
            if conversation_id not in device.joined:
                device.send(encode(event))


@fault(
    breaks=["SEND-3"],
    also=[
        "PERM-1",
        "JOIN-1",
        "LEAVE-3",
        "HIST-7",
        "EDIT-4",
        "EDIT-5",
        "REAC-1",
        "REAC-7",
        "ACK-3",
        "READ-1",
        "READ-3",
        "READ-4",
        "AUTH-2",
        "MULTI-1",
    ],
    alone=True,
)
def leaks_to_outsiders(patch: Patch) -> None:
    """Outsiders get messages, so wherever one watches silence, it is broken by any message at all."""
    _leak(patch, lambda instance, users: [one for one in everybody(instance) if one.user_id not in users])


@fault(breaks=["SEND-4"], also=["MULTI-2"])
def told_in_another_order_than_stored(patch: Patch) -> None:
    """Of two messages at about the same time, the later one is told first."""
    messages.__dict__["crossing"] = Crossing()
    wait = "await crossing.wait(conversation_id)"
    patch.rewrite(messages.send_message, f"        {TELL}\n", f"    {wait}\n    {TELL}\n")


@fault(breaks=["SEND-4"], also=["MULTI-2"])
def each_sender_has_a_way_of_its_own(patch: Patch) -> None:
    """What one user sends reaches each connection in order, by a way that takes its own time, up to 20 ms."""
    ways: dict = {}

    @patch.around(hub, "deliver")
    def deliver(original, event, connections):
        sender = json.loads(event.frame).get("sender_id")
        for connection in tuple(connections):
            slow = ways.setdefault((sender, connection), random.random() / 50) if sender else 0
            asyncio.get_running_loop().call_later(slow, original, event, [connection])


@fault(breaks=["SEND-4"], also=["MULTI-2"])
def told_in_any_order(patch: Patch) -> None:
    """The messages of one sender are told by tasks that overtake each other."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        if isinstance(event, NewMessage) and random.random() < 0.5:
            telling = original(self, conversation_id, event, **how)
            asyncio.get_running_loop().call_later(0.01, lambda: asyncio.ensure_future(telling))
        else:
            await original(self, conversation_id, event, **how)


@fault(breaks=["SEND-4", "HIST-1"], also=["SRCH-4", "EDIT-3", "DEL-1", "AUTH-2", "ACK-3", "MULTI-2", "CONN-2"])
def history_in_order_of_ids(patch: Patch) -> None:
    """History is sorted by message id, so that its newest message is any."""
    order = store._VISIBLE.order_by(store._message.id).limit(store._limit)
    patch(store, "_NEWEST", order)


@fault(
    breaks=["SEND-5"],
    also=["EDIT-1", "HIST-2", "HIST-8", "CONN-8", "JOIN-1", "MULTI-1", "ATT-1", "PERM-1", "AUTH-2", "DEL-6", "SRCH-8"],
)
def told_before_it_can_be_fetched(patch: Patch) -> None:
    """A message is told 100 ms before history has it; it is confirmed after that."""
    hidden: set = set()

    @patch.around(messages, "_new_message")
    def new_message(original, message):
        hidden.add(message.message_id)
        asyncio.get_running_loop().call_later(LATE, hidden.discard, message.message_id)
        return original(message)

    told = "await context.instance.typing.stop(conversation_id, context.user_id)"
    patch.rewrite(messages.send_message, told, f"await __import__('asyncio').sleep({LATE * 1.2}); {told}")

    @patch.around(store, "history")
    def read(original, *arguments):
        return [message for message in original(*arguments) if message.message_id not in hidden]


@fault(breaks=["SEND-6"], also=["ACK-3", "JOIN-4", "HIST-3", "HIST-1", "EDIT-1"])
def confirmed_before_commit(patch: Patch) -> None:
    """Who may send gets the confirmation first, and the message is stored 100 ms later, if nothing is wrong with it."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        await context.read(conversations.require, request.conversation_id, context.user_id, Right.SEND)
        sending = original(context, request)
        asyncio.get_running_loop().call_later(LATE, lambda: asyncio.ensure_future(sending))
        return ActionConfirmed("message_sent")


@fault(breaks=["SEND-6", "ACK-1"], also=["CONN-2", "JOIN-4", "EDIT-1", "EDIT-5"])
def confirmed_on_every_device(patch: Patch) -> None:
    """The confirmation of a message goes to every connection of the sender."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        reply = await original(context, request)
        for other in devices(context.instance, context.user_id):
            if other is not context.connection:
                other.send(encode(reply))
        return reply


@fault(breaks=["SEND-6", "ACK-1"], also=["CONN-9", "DEL-5", "ATT-4"])
def message_is_not_confirmed(patch: Patch) -> None:
    """A message gets no confirmation."""
    patch.rewrite(messages.send_message, 'return ActionConfirmed("message_sent")', "return None")


@fault(breaks=["SEND-7"])
def length_limit_is_ignored(patch: Patch) -> None:
    """A message may be of any length."""
    patch.rewrite(messages.send_message, CHECK, "check_content(request.content[: context.limits.content],")


@fault(breaks=["SEND-7", "EDIT-5"], also=["SEND-7s", "EDIT-5s"])
def length_limit_is_one_more(patch: Patch) -> None:
    """A message, or a new text, may be longer by one than the limit."""
    patch.rewrite(content_rules.check_content, "len(content) > limits.content", "len(content) > limits.content + 1")


@fault(breaks=["SEND-7"])
def too_long_is_cut(patch: Patch) -> None:
    """A message over the limit is stored up to the limit."""
    patch.rewrite(messages.send_message, CHECK, "check_content(request.content[: context.limits.content],")
    _content(patch, lambda text: text[:4000])


@fault(breaks=["SEND-7"])
def too_long_is_refused_but_saved(patch: Patch) -> None:
    """A message over the limit is refused, and stored."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code == "too_large":
                await context.write(messages._send, request, context.user_id)
            raise


@fault(breaks=["SEND-7"])
def too_long_is_refused_but_told(patch: Patch) -> None:
    """A message over the limit is refused, and everybody is told."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code == "too_large":
                message = await context.write(messages._send, request, context.user_id)
                await context.instance.tell(request.conversation_id, messages._new_message(message))
            raise


@fault(breaks=["SEND-7s"])
def counts_bytes(patch: Patch) -> None:
    """The length of a message is counted in bytes."""
    patch.rewrite(messages.send_message, CHECK, "check_content(request.content.encode().decode('latin-1'),")


@fault(breaks=["SEND-7s"])
def counts_utf16(patch: Patch) -> None:
    """The length of a message is counted in UTF-16 units."""
    halves = "request.content + ''.join(char for char in request.content if ord(char) > 0xffff)"
    patch.rewrite(messages.send_message, CHECK, f"check_content({halves},")


@fault(breaks=["SEND-7s"])
def counts_what_is_seen(patch: Patch) -> None:
    """The length of a message is counted after composing its characters."""
    composed = "__import__('unicodedata').normalize('NFC', request.content)"
    patch.rewrite(messages.send_message, CHECK, f"check_content({composed},")


@fault(breaks=["SEND-7s", "EDIT-5s"])
def counts_what_is_drawn(patch: Patch) -> None:
    """The length of a text is counted in what is drawn: accents and joined emoji count for nothing."""

    @patch.around(content_rules, "check_content")
    def check(original, content, **how):
        original(INVISIBLE.sub("", content) or content, **how)


@fault(breaks=["SEND-7s"])
def counts_without_white_space(patch: Patch) -> None:
    """The length of a message is counted without the white space around it."""
    patch.rewrite(messages.send_message, CHECK, "check_content(request.content.strip(),")


@fault(breaks=["SEND-7s"])
def blank_is_accepted(patch: Patch) -> None:
    """A message may be blank."""
    patch.rewrite(messages.send_message, CHECK, "check_content(request.content or 'blank',")
    patch.rewrite(messages.send_message, "has_attachments=bool(attachments)", "has_attachments=True")


@fault(breaks=["SEND-7s"])
def only_ascii_is_blank(patch: Patch) -> None:
    """White space beyond ASCII is something to say."""
    patch.rewrite(
        messages.send_message,
        "has_attachments=bool(attachments)",
        "has_attachments=not request.content.isascii() or bool(attachments)",
    )


@fault(breaks=["SEND-8"], also=["SEND-8s", "DEL-4s"])
def parent_is_forgotten(patch: Patch) -> None:
    """A reply is stored without its parent, and the parent is not looked at."""
    patch.rewrite(messages._send, "parent_id=request.parent_message_id", "parent_id=None")


@fault(breaks=["SEND-8"], also=["SYNC-1", "SRCH-1", "ACK-4"])
def parent_is_forgotten_in_lists(patch: Patch) -> None:
    """A reply has no parent in history, search and sync."""
    patch.rewrite(events.describe, '"parent_message_id": message.parent_message_id', '"parent_message_id": None')


@fault(breaks=["SEND-8"])
def parent_is_forgotten_live(patch: Patch) -> None:
    """A reply has no parent in its event."""
    patch.rewrite(messages._new_message, "message.parent_message_id", "None")


@fault(breaks=["SEND-8"], also=["SYNC-1"])
def everything_is_a_reply(patch: Patch) -> None:
    """A message without a parent answers the last one of its conversation."""
    last = "(messages.history(connection, request.conversation_id, None, 1) or [request])[0]"
    new = f"parent_id=request.parent_message_id or getattr({last}, 'message_id', None)"
    patch.rewrite(messages._send, "parent_id=request.parent_message_id", new)


@fault(breaks=["SEND-8"])
def parent_may_be_anywhere(patch: Patch) -> None:
    """A reply may answer a message of any conversation."""
    anywhere = "_read(connection, _COLUMNS.where(_message.id == parent_id, _message.deleted_at.is_(None)), {})"
    patch.rewrite(
        store.add,
        "find(connection, conversation_id, parent_id)",
        f"{anywhere} or find(connection, conversation_id, parent_id)",
    )


@fault(breaks=["SEND-8s"])
def parent_may_be_unknown(patch: Patch) -> None:
    """A reply may answer a message that there has never been."""
    known = "_read(connection, _COLUMNS.where(_message.id == parent_id), {})"
    patch.rewrite(
        store.add,
        "find(connection, conversation_id, parent_id)",
        f"{known} and find(connection, conversation_id, parent_id)",
    )


@fault(breaks=["SEND-8s", "DEL-4s"], also=["DEL-6"])
def parent_may_be_deleted(patch: Patch) -> None:
    """A reply may answer a message that has been deleted."""
    here = "_read(connection, _IN_CONVERSATION.where(_message.id == parent_id), {'conversation': conversation_id})"
    patch.rewrite(
        store.add,
        "find(connection, conversation_id, parent_id)",
        f"{here} or find(connection, conversation_id, parent_id)",
    )


@fault(breaks=["SEND-9"])
def repeated_message_is_dropped(patch: Patch) -> None:
    """Saying the same again is confirmed, and nothing else happens."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        last = await context.read(store.history, request.conversation_id, None, 1)
        if last and (last[0].content, last[0].sender_id) == (request.content, context.user_id):
            return ActionConfirmed("message_sent")
        return await original(context, request)


@fault(breaks=["SEND-9"])
def repeated_message_has_the_same_id(patch: Patch) -> None:
    """Saying what was said last, by whomever, tells that message again."""

    @patch.around(messages, "_send")
    def send(original, connection, request, user_id):
        last = store.history(connection, request.conversation_id, None, 1)
        if last and last[0].content == request.content:
            return last[0]
        return original(connection, request, user_id)


@fault(breaks=["SEND-10"], also=["PERM-3", "ACK-3"])
def unknown_conversation_is_confirmed(patch: Patch) -> None:
    """A message to no conversation is confirmed, unlike one to a private conversation: a failure that looks well."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        membership = await context.read(conversations.membership, request.conversation_id, context.user_id)
        if membership.visibility is None:
            return ActionConfirmed("message_sent")
        return await original(context, request)


@fault(breaks=["SEND-10"], also=["PERM-3", "ACK-3", "PING-1", "AUTH-5"])
def unknown_conversation_is_made(patch: Patch) -> None:
    """A message to no conversation makes one, unlike one to a private conversation: what should fail does not."""

    @patch.around(messages, "_send")
    def send(original, connection, request, user_id):
        if conversations.membership(connection, request.conversation_id, user_id).visibility is None:
            made = {"id": request.conversation_id, "name": None, "visibility": "private"}
            connection.execute(conversations._CREATE, made | {"last_stamp": conversations.now()})
            conversations.set_role(connection, request.conversation_id, user_id, Role.OWNER)
        return original(connection, request, user_id)


@fault(breaks=["SEND-1"], also=["ATT-1", "MULTI-1"], profile={"options": {"sender_echo": False}})
def no_echo_on_any_device(patch: Patch) -> None:
    """Where the sending connection gets no echo of its message, the sender's other devices get none either."""
    new = TELL.replace("(message))", "(message), besides=context.user_id)")
    patch.rewrite(messages.send_message, TELL, new)


@fault(breaks=["SEND-1"])
def a_crowd_is_told_in_part(patch: Patch) -> None:
    """An event goes to the first eight connections of a conversation."""

    @patch.around(hub, "deliver")
    def deliver(original, event, connections):
        original(event, [*connections][:8])


@fault(breaks=["SEND-1"])
def three_devices_are_enough(patch: Patch) -> None:
    """An event goes to three connections of each user."""

    @patch.around(hub, "deliver")
    def deliver(original, event, connections):
        told = Counter()
        chosen = []
        for one in connections:
            told[one.user_id] += 1
            chosen += [one] * (told[one.user_id] <= 3)
        original(event, chosen)


@fault(breaks=["SEND-9"])
def same_text_in_another_conversation_is_dropped(patch: Patch) -> None:
    """A text that its sender has just sent to another conversation is taken for a repetition, and dropped."""
    last: dict = {}

    @patch.around(messages, "send_message")
    async def send(original, context, request):
        before = last.get((context.user_id, request.content))
        last[context.user_id, request.content] = request.conversation_id
        if before not in (None, request.conversation_id):
            return ActionConfirmed("message_sent")
        return await original(context, request)
