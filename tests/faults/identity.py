"""Servers that believe what a request says of their own fields, or in another case."""

import json
from contextvars import ContextVar, copy_context
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from reference_server import events, messages, session
from reference_server.context import Context
from reference_server.handlers import history, rooms
from reference_server.store import conversations
from reference_server.store import messages as stored
from tests.faults.registry import Patch, fault

SAID: ContextVar[dict] = ContextVar("SAID")


def _listen(patch: Patch) -> None:
    """Keep what the request in hand says, fields that its type does not have included."""

    @patch.around(messages, "parse")
    def parse(original, text):
        request = original(text)
        SAID.set(json.loads(text))
        return request

    @patch.around(Context, "write")
    async def write(original, self, transaction, *args, **kwargs):
        return await original(self, partial(copy_context().run, transaction), *args, **kwargs)


def _believe(patch: Patch, kind: type, *fields: str) -> None:
    """Fill in fields of an event or reply as the request says."""
    _listen(patch)

    @patch.around(events, "encode")
    def encode(original, outgoing):
        text = original(outgoing)
        said = SAID.get({}) if isinstance(outgoing, kind) else {}
        given = {name: said[name] for name in fields if name in said}
        return json.dumps(json.loads(text) | given) if given else text


@fault(breaks=["CONN-14"])
def id_of_a_message_is_believed(patch: Patch) -> None:
    """The client chooses the id of its message."""
    _listen(patch)

    @patch.around(stored, "add")
    def add(original, *args, **kwargs):
        given, before = SAID.get({}).get("message_id"), stored.new_id
        stored.new_id = (lambda _: UUID(given)) if given else before
        try:
            return original(*args, **kwargs)
        finally:
            stored.new_id = before


@fault(breaks=["CONN-14"])
def instant_of_a_message_is_believed(patch: Patch) -> None:
    """The client says when it wrote its message."""
    _believe(patch, events.NewMessage, "created_at")


@fault(breaks=["CONN-14"])
def stored_instant_of_a_message_is_believed(patch: Patch) -> None:
    """History says that a message was written when the client says, the live event does not."""
    _listen(patch)

    @patch.around(stored, "add")
    def add(original, connection, conversation_id, sender_id, stamp, **how):
        given = SAID.get({}).get("created_at")
        at = datetime.fromisoformat(given.replace("Z", "+00:00")) if given else stamp
        return replace(original(connection, conversation_id, sender_id, at, **how), created_at=stamp)


@fault(breaks=["CONN-14"])
def instant_of_an_edit_is_believed(patch: Patch) -> None:
    """The client says when it edited."""
    _believe(patch, events.MessageEdited, "edited_at")


@fault(breaks=["CONN-14"])
def editor_is_believed(patch: Patch) -> None:
    """The client says who edited."""
    _believe(patch, events.MessageEdited, "editor_id")


@fault(breaks=["CONN-14"])
def edit_takes_a_parent_and_attachments(patch: Patch) -> None:
    """An edit may change the parent and the attachments, too."""
    _listen(patch)
    given: dict = {}

    @patch.around(stored, "edit")
    def edit(original, connection, message, content, stamp):
        said = SAID.get({})
        given[message.message_id] = {key: said[key] for key in ("parent_message_id", "attachments") if key in said}
        return original(connection, message, content, stamp)

    @patch.around(events, "describe")
    def describe(original, message, reactions):
        return original(message, reactions) | given.get(message.message_id, {})


@fault(breaks=["CONN-14"])
def deletion_is_believed(patch: Patch) -> None:
    """The client says who deleted, and when."""
    _believe(patch, events.MessageDeleted, "deleted_by", "deleted_at")


@fault(breaks=["CONN-14"])
def instant_of_reading_is_believed(patch: Patch) -> None:
    """The client says when it read."""
    _believe(patch, events.MessageRead, "read_at")


@fault(breaks=["CONN-14"])
def instant_of_delivery_is_believed(patch: Patch) -> None:
    """The client says when it got the message."""
    _believe(patch, events.MessageDelivered, "delivered_at")


@fault(breaks=["CONN-14"])
def confirmation_repeats_the_request(patch: Patch) -> None:
    """The confirmation has the action and the success that the request names."""
    _believe(patch, events.ActionConfirmed, "action", "success")


@fault(breaks=["CONN-14"])
def answer_gets_a_call_type(patch: Patch) -> None:
    """A field of the offer is relayed in an answer, too."""
    _believe(patch, events.CallAnswer, "call_type")


@fault(breaks=["CONN-14"])
def message_comes_with_reactions(patch: Patch) -> None:
    """A message may bring the reactions of others with it."""
    _listen(patch)
    given: dict = {}

    @patch.around(stored, "add")
    def add(original, *args, **kwargs):
        message = original(*args, **kwargs)
        given[message.message_id] = {key: SAID.get({})[key] for key in ("reactions",) if key in SAID.get({})}
        return message

    @patch.around(events, "describe")
    def describe(original, message, reactions):
        return original(message, reactions) | given.get(message.message_id, {})


@fault(breaks=["CONN-14"], also=["AUTH-2"])
def role_is_believed_at_a_join(patch: Patch) -> None:
    """Whoever joins names the own role."""
    _listen(patch)

    @patch.around(rooms, "join_conversation")
    async def join(original, context, request):
        reply = await original(context, request)
        if "role" in SAID.get({}):
            await context.write(conversations.set_role, request.conversation_id, context.user_id, SAID.get()["role"])
        return reply


@fault(breaks=["CONN-14"], also=["AUTH-2"])
def history_is_filtered_by_a_sender(patch: Patch) -> None:
    """History leaves out whoever is not the sender that the request names."""
    _listen(patch)

    @patch.around(history, "fetch_history")
    async def fetch(original, context, request):
        page, wanted = await original(context, request), SAID.get().get("sender_id")
        kept = [one for one in page.messages if wanted in (None, str(one["sender_id"]))]
        return replace(page, messages=kept)


def _fold(text: str, instead: bool) -> str:
    """Give every key the spelling of a known field, the last one first or, `instead`, only where that is missing."""
    value = json.loads(text)
    folded = {key.lower(): item for key, item in value.items()} if isinstance(value, dict) else value
    kept = folded | value if instead and isinstance(value, dict) else folded
    return json.dumps(kept)


@fault(breaks=["CONN-4"], also=["CONN-2", "CONN-10"])
def names_are_read_in_any_case(patch: Patch) -> None:
    """The names of fields are read without regard to case, and the last one of them counts."""

    @patch.around(messages, "parse")
    def parse(original, text):
        original(text)
        return original(_fold(text, instead=False))


@fault(breaks=["CONN-2"])
def missing_field_is_found_in_another_case(patch: Patch) -> None:
    """A required field that is missing is taken from one with another case."""

    @patch.around(messages, "parse")
    def parse(original, text):
        try:
            return original(text)
        except session.Refused:
            if '"content":' in text or not text.startswith('{"type":') or "\\u" in text:
                raise
            return original(_fold(text, instead=True))
