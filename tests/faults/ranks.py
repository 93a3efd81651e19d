"""Wrongs that depend on the role of an author, or on a conversation that is public."""

from reference_server.errors import Refused
from reference_server.handlers import messages, realtime
from reference_server.permissions import Role, Visibility
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault

ABOVE = {Role.OWNER, Role.MODERATOR}


def _of_somebody_above(connection, request, user_id) -> bool:
    message = store.find(connection, request.conversation_id, request.message_id)
    author = conversations.membership(connection, request.conversation_id, message.sender_id)
    return message.sender_id != user_id and author.role in ABOVE


def _of_an_owner(connection, request, user_id) -> bool:
    message = store.find(connection, request.conversation_id, request.message_id)
    author = conversations.membership(connection, request.conversation_id, message.sender_id)
    return message.sender_id != user_id and author.role is Role.OWNER


def _in_public(connection, request, user_id) -> bool:
    membership = conversations.membership(connection, request.conversation_id, user_id)
    return membership.visibility is Visibility.PUBLIC


def _refuse(patch: Patch, owner, transaction: str, when) -> None:
    """Refuse some requests of users who have the right."""

    @patch.around(owner, transaction)
    def carry_out(original, connection, request, user_id, *more):
        if when(connection, request, user_id):
            raise Refused("forbidden", "You may not do this here.")
        return original(connection, request, user_id, *more)


@fault(breaks=["PERM-1"])
def owners_and_moderators_get_no_reactions(patch: Patch) -> None:
    """The messages of owners and moderators get no reactions from others."""
    _refuse(patch, realtime, "_add_reaction", _of_somebody_above)


@fault(breaks=["PERM-1"])
def owners_and_moderators_are_not_read(patch: Patch) -> None:
    """Others cannot mark the messages of owners and moderators as read."""
    _refuse(patch, realtime, "_mark_as_read", _of_somebody_above)


@fault(breaks=["PERM-1"])
def owners_and_moderators_have_no_deliveries(patch: Patch) -> None:
    """Others cannot mark the messages of owners and moderators as delivered."""
    _refuse(patch, realtime, "_deliver", _of_somebody_above)


@fault(breaks=["PERM-1"])
def owners_are_not_moderated(patch: Patch) -> None:
    """Nobody may delete the message of an owner but its author."""
    _refuse(patch, messages, "_delete", _of_an_owner)


@fault(breaks=["PERM-1"])
def no_edits_in_public(patch: Patch) -> None:
    """In a public conversation nobody may edit messages."""
    _refuse(patch, messages, "_edit", _in_public)


@fault(breaks=["PERM-1"])
def no_reactions_in_public(patch: Patch) -> None:
    """In a public conversation nobody may react."""
    _refuse(patch, realtime, "_add_reaction", _in_public)


@fault(breaks=["PERM-1"])
def no_receipts_in_public(patch: Patch) -> None:
    """In a public conversation nobody may mark messages as read."""
    _refuse(patch, realtime, "_mark_as_read", _in_public)


@fault(breaks=["PERM-1"])
def no_own_deletions_in_public(patch: Patch) -> None:
    """In a public conversation nobody may delete messages."""
    _refuse(patch, messages, "_delete", _in_public)
