"""Wrongs of tombstones, and of who has done something last."""

from dataclasses import replace
from datetime import timedelta

from reference_server import events, hub
from reference_server.handlers import messages, realtime
from tests.faults.registry import Patch, fault
from tests.faults.tools import show_messages


@fault(breaks=["SYNC-7"], also=["DEL-3"])
def tombstone_names_who_deleted(patch: Patch) -> None:
    """A tombstone has as sender who has deleted the message."""
    deleters = {}

    @patch.around(messages, "_delete")
    def delete(original, connection, request, user_id):
        deleted = original(connection, request, user_id)
        deleters[deleted.message_id] = user_id
        return deleted

    show_messages(patch, "_sync", lambda one: {"sender_id": deleters.get(one["message_id"], one["sender_id"])})


@fault(breaks=["SYNC-7"])
def tombstone_is_a_day_older(patch: Patch) -> None:
    """The created_at of a tombstone is a day off."""
    day = timedelta(days=1)
    show_messages(patch, "_sync", lambda one: {"created_at": one["created_at"] - day} if one["deleted_at"] else {})


@fault(breaks=["DEL-7"])
def tombstone_is_an_hour_late(patch: Patch) -> None:
    """The deleted_at of a tombstone is an hour off."""
    hour = timedelta(hours=1)
    show_messages(patch, "_sync", lambda one: {"deleted_at": one["deleted_at"] + hour} if one["deleted_at"] else {})


@fault(breaks=["REAC-4"], also=["REAC-1"])
def removal_names_who_reacted_first(patch: Patch) -> None:
    """The removal of a reaction is told as one of the user who reacted first with that emoji."""
    first = {}

    @patch.around(realtime, "_add_reaction")
    def add(original, connection, request, user_id, limits):
        first.setdefault((request.message_id, request.emoji), user_id)
        return original(connection, request, user_id, limits)

    @patch.around(events, "encode")
    def encode(original, outgoing):
        if isinstance(outgoing, events.ReactionRemoved):
            outgoing = replace(outgoing, user_id=first[outgoing.message_id, outgoing.emoji])
        return original(outgoing)


@fault(breaks=["CONN-8"], also=["TYPE-1"])
def typing_reaches_two_devices_of_a_user(patch: Patch) -> None:
    """The typing of others reaches the two oldest connections of a user."""

    @patch.around(hub.Room, "notice")
    def notice(original, self, notice):
        if not isinstance(notice, hub.Event) or notice.typist is None:
            return original(self, notice)
        everybody = [one for one in self.connections if one.user_id not in self.barred]
        oldest = {one: [each for each in everybody if each.user_id == one.user_id][:2] for one in everybody}
        return hub.deliver(notice, [one for one in everybody if one in oldest[one]])
