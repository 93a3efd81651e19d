"""What a target file may say of its server."""

import json
from collections.abc import Callable

from reference_server import hub
from reference_server.config import Page
from reference_server.context import Instance
from reference_server.events import MessageDelivered
from reference_server.handlers import history
from reference_server.permissions import Membership
from tests.variants.registry import Patch, variant
from tests.variants.tools import acting, change_limits, change_settings, remember_who_acts

LIMITED = ["HIST-4", "HIST-5*", "SEND-7*", "EDIT-5*", "SRCH-4", "SRCH-6", "SYNC-2", "REAC-6", "ATT-3", "RATE-*"]
UNBOUNDED = ["query_max", "emoji_bytes", "reactions_per_user", "attachments_per_message", "attachment_bytes"]


@variant(profile={"options": {"history_order": "oldest_first"}}, about=["HIST-*"])
def oldest_first(patch: Patch) -> None:
    """The order within a page of history is a profile value."""
    patch.rewrite(history._history, "_describe(connection, page),", "_describe(connection, page)[::-1],")


@variant(profile={"options": {"sender_echo": False}}, about=["SEND-*"])
def sender_gets_no_echo(patch: Patch) -> None:
    """Whether the sending connection gets its own message is a profile value."""
    _spare_who_acts(patch, lambda kind: kind == "NewMessage")


@variant(profile={"options": {"sender_echo": False}}, about=["SEND-*", "EDIT-*", "DEL-*", "REAC-*"])
def who_acts_gets_no_echo(patch: Patch) -> None:
    """Who gets no echo of a message gets none of an edit, a deletion or a reaction either: the confirmation says it."""
    _spare_who_acts(patch, lambda kind: True)


@variant(profile={"options": {"delivered_audience": "members"}}, about=["DLVR-*"])
def delivered_is_told_to_members(patch: Patch) -> None:
    """Who is told of a delivery is a profile value."""

    @patch.around(Instance, "tell")
    async def tell(original, instance, conversation_id, event, **whom):
        if isinstance(event, MessageDelivered):
            whom = {"besides": event.user_id}
        await original(instance, conversation_id, event, **whom)


@variant(profile={"options": {"delivered_audience": "members"}}, about=["DLVR-*"])
def delivered_is_told_to_its_recipient_too(patch: Patch) -> None:
    """The recipient is one of the members who are told."""

    @patch.around(Instance, "tell")
    async def tell(original, instance, conversation_id, event, **whom):
        await original(instance, conversation_id, event, **({} if isinstance(event, MessageDelivered) else whom))


@variant(profile={"options": {"public_conversations": False}})
def no_public_conversations(patch: Patch) -> None:
    """Whether there are conversations that anybody may join is a profile value."""
    patch.around(Membership, "may_enter_as_member")(lambda original, membership: False)


@variant(
    profile={
        "limits": {
            "content_max": 2000, "frame_bytes": 32768, "history_default": 20, "history_max": 50, "search_default": 3,
            "search_max": 4, "sync_default": 25, "sync_max": 60, "query_max": 100, "reactions_per_user": 3,
            "attachments_per_message": 4, "attachment_bytes": 10_000_000, "messages_per_window": 40,
        }
    },
    about=[*LIMITED, "CALL-8", "CONN-6*"],
)  # fmt: skip
def smaller_limits(patch: Patch) -> None:
    """The limits are profile values, and may be small."""
    change_limits(
        patch, content=2000, frame_bytes=32768, history=Page(20, 50), search=Page(3, 4), sync=Page(25, 60), query=100,
        reactions=3, attachments=4, attachment_bytes=10_000_000, messages_per_window=40,
    )  # fmt: skip


@variant(
    profile={
        "limits": {
            "content_max": 10_000, "history_default": 100, "history_max": 200, "search_default": 60, "search_max": 150,
            "sync_default": 200, "sync_max": 1000, "query_max": 500, "reactions_per_user": 20,
            "attachments_per_message": 20, "attachment_bytes": 2**31, "messages_per_window": 250,
            "requests_per_window": 400, "connections_per_user": 50,
        }
    },
    about=LIMITED,
)  # fmt: skip
def larger_limits(patch: Patch) -> None:
    """The limits are profile values, and may be large."""
    change_limits(
        patch, content=10_000, history=Page(100, 200), search=Page(60, 150), sync=Page(200, 1000), query=500,
        reactions=20, attachments=20, attachment_bytes=2**31, messages_per_window=250, requests_per_window=400,
        connections=50,
    )  # fmt: skip


@variant(
    profile={"limits": {"history_default": 100, "search_default": 100, "sync_default": 500}},
    about=["HIST-*", "SRCH-4", "SYNC-2"],
)
def default_page_is_the_maximum(patch: Patch) -> None:
    """A page without a limit may be as large as a page can be."""
    change_limits(patch, history=Page(100, 100), search=Page(100, 100), sync=Page(500, 500))


@variant(profile={"timers": {"typing_expiry": 2.0, "rate_window": 5.0}}, about=["TYPE-*", "RATE-*"])
def other_timers(patch: Patch) -> None:
    """The timers are profile values."""
    change_settings(patch, typing_expiry=2.0, rate_window=5.0)


@variant(profile={"limits": {"connections_per_user": 3}}, about=["CONN-8", "RATE-8", "SEND-1"])
def few_connections(patch: Patch) -> None:
    """A user may have three connections only."""
    change_limits(patch, connections=3)


@variant(
    profile={"limits": {"messages_per_window": 12, "requests_per_window": 20}}, about=["RATE-*", "CONN-13", "ACK-2"]
)
def few_requests(patch: Patch) -> None:
    """A user may send twelve messages and twenty other requests in a window."""
    change_limits(patch, messages_per_window=12, requests_per_window=20)


@variant(profile={"limits": {"emoji_bytes": 35}}, about=["REAC-*"])
def emoji_of_35_bytes(patch: Patch) -> None:
    """A server may take nothing longer than the longest emoji of Unicode."""
    change_limits(patch, emoji_bytes=35)


@variant(profile={"limits": dict.fromkeys(UNBOUNDED)}, about=LIMITED)
def hardly_any_limits(patch: Patch) -> None:
    """A server may have no limit for queries, reactions and attachments."""
    change_limits(patch, query=2**31, emoji_bytes=2**31, reactions=2**31, attachments=2**31, attachment_bytes=2**62)


@variant(instances=1)
def one_instance(_: Patch) -> None:
    """A target may have one URL only: what needs two is then not judged."""


def _spare_who_acts(patch: Patch, chosen: Callable[[str], bool]) -> None:
    """Give who acts no event of a conversation that is of a chosen type, where others get it too."""
    remember_who_acts(patch)

    @patch.around(hub, "deliver")
    def deliver(original, event, connections):
        spared = acting.get() if event.only is None and chosen(json.loads(event.frame)["type"]) else None
        original(event, [each for each in connections if each is not spared])
