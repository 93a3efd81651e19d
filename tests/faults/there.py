"""Wrongs of the second instance alone, as of an older version that is still in use there."""

from contextlib import suppress
from dataclasses import replace

from reference_server import context, session
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed
from reference_server.handlers import calls, history, messages, realtime, rooms
from tests.faults.registry import Patch, fault


def _second(patch: Patch):
    """Tell the second instance from the first, by the order in which they are made."""
    made: list = []

    @patch.around(context.Instance, "__init__")
    def init(original, self, *arguments):
        original(self, *arguments)
        made.append(self)

    return lambda instance: instance in made[1:]


def _there(patch: Patch, owner, handler: str, wrong) -> None:
    """Handle requests that come by the second instance in another way."""
    is_second = _second(patch)

    @patch.around(owner, handler)
    async def handle(original, context, request):
        return await (wrong(original, context, request) if is_second(context.instance) else original(context, request))


def _changed_request(patch: Patch, owner, handler: str, **fields) -> None:
    """Change fields of the requests of one type."""

    async def wrong(original, context, request):
        changed = {name: change(getattr(request, name)) for name, change in fields.items()}
        return await original(context, request.model_copy(update=changed))

    _there(patch, owner, handler, wrong)


def _changed_answer(patch: Patch, owner, handler: str, change) -> None:
    """Change the answers to the requests of one type."""

    async def wrong(original, context, request):
        answer = await original(context, request)
        return replace(answer, **change(answer, request))

    _there(patch, owner, handler, wrong)


@fault(breaks=["SEND-1"])
def content_is_trimmed_there(patch: Patch) -> None:
    """The second instance trims the content of messages."""
    _changed_request(patch, messages, "send_message", content=lambda text: text.strip() or text)


@fault(breaks=["SEND-8"])
def parents_are_lost_there(patch: Patch) -> None:
    """The second instance takes replies for messages that answer nothing."""
    _changed_request(patch, messages, "send_message", parent_message_id=lambda _: None)


@fault(breaks=["EDIT-1"])
def edits_are_trimmed_there(patch: Patch) -> None:
    """The second instance trims the new content of an edit."""
    _changed_request(patch, messages, "edit_message", content=lambda text: text.strip() or text)


@fault(breaks=["CALL-3"])
def offers_are_trimmed_there(patch: Patch) -> None:
    """The second instance trims the sdp of an offer."""
    _changed_request(patch, calls, "offer", sdp=str.rstrip)


@fault(breaks=["REAC-5"])
def emoji_are_cut_there(patch: Patch) -> None:
    """The second instance keeps the first character of an emoji."""
    _changed_request(patch, realtime, "add_reaction", emoji=lambda emoji: emoji[0])


@fault(breaks=["HIST-3"], also=["HIST-2"])
def history_has_one_page_there(patch: Patch) -> None:
    """The second instance has no page of history after the newest."""
    _changed_answer(patch, history, "fetch_history", lambda *_: {"has_more": False, "next_cursor": None})


@fault(breaks=["SRCH-4"])
def total_counts_page_there(patch: Patch) -> None:
    """The second instance gives the size of the page as the total of a search."""
    _changed_answer(patch, history, "search_messages", lambda answer, _: {"total": len(answer.messages)})


@fault(breaks=["SRCH-1"])
def search_is_case_sensitive_there(patch: Patch) -> None:
    """The database of the second instance compares letters with their case."""

    def same_case(answer, request):
        found = [one for one in answer.messages if request.query in one["content"]]
        return {"messages": found, "total": len(found)}

    _changed_answer(patch, history, "search_messages", same_case)


@fault(breaks=["SYNC-1s", "DEL-3"])
def no_tombstones_there(patch: Patch) -> None:
    """The second instance leaves deleted messages out of a sync."""
    _changed_answer(
        patch,
        history,
        "sync_messages",
        lambda answer, _: {"messages": [one for one in answer.messages if one["deleted_at"] is None]},
    )


@fault(breaks=["LEAVE-1"], also=["MULTI-3"])
def leaves_are_only_confirmed_there(patch: Patch) -> None:
    """The second instance confirms leaving, and does nothing."""

    async def wrong(original, context, request):
        return ActionConfirmed("left_conversation")

    _there(patch, rooms, "leave_conversation", wrong)


@fault(breaks=["AUTH-1"])
def expired_accepted_there(patch: Patch) -> None:
    """The second instance accepts tokens that have expired."""
    is_second = _second(patch)

    @patch.around(session, "serve")
    async def serve(original, instance, websocket):
        if is_second(instance):
            instance.settings = replace(instance.settings, token_leeway=1e6)
        await original(instance, websocket)


@fault(breaks=["CALL-8"])
def sdp_is_cut_there(patch: Patch) -> None:
    """The second instance keeps 8 KiB of an SDP."""
    _changed_request(patch, calls, "offer", sdp=lambda text: text[:8192])
    _changed_request(patch, calls, "answer", sdp=lambda text: text[:8192])


@fault(breaks=["DLVR-3"])
def unknown_messages_are_delivered_there(patch: Patch) -> None:
    """The second instance confirms the delivery of a message that does not exist."""

    async def wrong(original, context, request):
        with suppress(Refused):
            return await original(context, request)
        return ActionConfirmed("marked_as_delivered")

    _there(patch, realtime, "delivered", wrong)
