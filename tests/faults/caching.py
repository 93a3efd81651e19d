"""Wrongs of servers that keep answers and roles: for too long, for too many, or for everybody."""

import time

from reference_server.handlers import history
from reference_server.permissions import Right
from reference_server.store import conversations, reactions
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault


def _cached(patch: Patch, view: str, forget=(), key=None) -> None:
    """Keep the answers of a view until one of the named functions of the store is called for the conversation."""
    kept: dict = {}
    homes: dict = {}

    @patch.around(history, view)
    def read(original, connection, request, user_id, *more):
        conversations.require(connection, request.conversation_id, user_id, Right.READ)
        pages = kept.setdefault(request.conversation_id, {})
        name = key(request, more) if key else (request.model_dump_json(), more)
        if name not in pages:
            pages[name] = original(connection, request, user_id, *more)
        return pages[name]

    @patch.around(store, "find")
    def find(original, connection, conversation_id, message_id):
        homes[message_id] = conversation_id
        return original(connection, conversation_id, message_id)

    for owner, name in forget:

        @patch.around(owner, name)
        def change(original, connection, what, *arguments, **named):
            known = what.conversation_id if hasattr(what, "conversation_id") else homes.get(what, what)
            kept.pop(known, None)
            return original(connection, what, *arguments, **named)


ADD, EDIT, DELETE = (store, "add"), (store, "edit"), (store, "delete")
REACT, UNREACT = (reactions, "add"), (reactions, "remove")


@fault(breaks=["EDIT-1"])
def cached_history_knows_no_edits(patch: Patch) -> None:
    """A page of history is kept until something other than an edit happens."""
    _cached(patch, "_history", [ADD, DELETE, REACT, UNREACT])


@fault(breaks=["DEL-1"])
def cached_history_knows_no_deletions(patch: Patch) -> None:
    """A page of history is kept until something other than a deletion happens."""
    _cached(patch, "_history", [ADD, EDIT, REACT, UNREACT])


@fault(breaks=["REAC-1"])
def cached_history_knows_no_reactions(patch: Patch) -> None:
    """A page of history is kept until something other than a new reaction happens."""
    _cached(patch, "_history", [ADD, EDIT, DELETE, UNREACT])


@fault(breaks=["REAC-1"])
def cached_history_knows_no_removals(patch: Patch) -> None:
    """A page of history is kept until something other than the removal of a reaction happens."""
    _cached(patch, "_history", [ADD, EDIT, DELETE, REACT])


@fault(breaks=["EDIT-1"], also=["SRCH-5", "EDIT-3", "SRCH-9"])
def cached_search_knows_no_edits(patch: Patch) -> None:
    """A page of search results is kept until something other than an edit happens."""
    _cached(patch, "_search", [ADD, DELETE, REACT, UNREACT])


@fault(breaks=["DEL-1"], also=["SRCH-5"])
def cached_search_knows_no_deletions(patch: Patch) -> None:
    """A page of search results is kept until something other than a deletion happens."""
    _cached(patch, "_search", [ADD, EDIT, REACT, UNREACT])


@fault(breaks=["REAC-1"])
def cached_search_knows_no_reactions(patch: Patch) -> None:
    """A page of search results is kept until a message is sent, edited or deleted."""
    _cached(patch, "_search", [ADD, EDIT, DELETE])


@fault(breaks=["SRCH-1"])
def cached_search_knows_no_new_messages(patch: Patch) -> None:
    """A page of search results is kept until something other than a new message happens."""
    _cached(patch, "_search", [EDIT, DELETE, REACT, UNREACT])


@fault(breaks=["REAC-1"], also=["SYNC-1s", "SYNC-3"])
def cached_sync_knows_no_reactions(patch: Patch) -> None:
    """A page of a sync is kept until a message is sent, edited or deleted."""
    _cached(patch, "_sync", [ADD, EDIT, DELETE])


@fault(breaks=["HIST-1"])
def cached_page_of_any_size(patch: Patch) -> None:
    """A page of history is kept by its cursor, whatever limit it was read with."""
    _cached(
        patch,
        "_history",
        [ADD, EDIT, DELETE, REACT, UNREACT],
        lambda request, more: (request.conversation_id, request.cursor),
    )


@fault(breaks=["SRCH-4"])
def cached_search_of_any_offset(patch: Patch) -> None:
    """Search results are kept by conversation, query and limit, whatever the offset was."""
    _cached(
        patch,
        "_search",
        [ADD, EDIT, DELETE, REACT, UNREACT],
        lambda request, more: (request.conversation_id, request.query, more[0]),
    )


def _unguarded_cache(patch: Patch, view: str) -> None:
    """Keep the answers of a view until something changes, and look at rights only when one is read anew."""
    kept: dict = {}

    @patch.around(history, view)
    def read(original, connection, request, user_id, *more):
        pages = kept.setdefault(request.conversation_id, {})
        name = request.model_dump_json(), more
        if name not in pages:
            pages[name] = original(connection, request, user_id, *more)
        return pages[name]

    @patch.around(conversations, "advance")
    def advance(original, connection, conversation_id, stamp):
        kept.pop(conversation_id, None)
        original(connection, conversation_id, stamp)


@fault(breaks=["HIST-7"], also=["PERM-1", "PERM-2"])
def cached_history_is_for_everybody(patch: Patch) -> None:
    """A page of history that a member has just read is given to whoever asks for the same page."""
    _unguarded_cache(patch, "_history")


@fault(breaks=["SRCH-7"], also=["PERM-1", "PERM-2"])
def cached_search_is_for_everybody(patch: Patch) -> None:
    """Search results that a member has just got are given to whoever asks for the same."""
    _unguarded_cache(patch, "_search")


@fault(breaks=["SYNC-6"], also=["PERM-1", "PERM-2"])
def cached_sync_is_for_everybody(patch: Patch) -> None:
    """A page of a sync that a member has just got is given to whoever asks for the same."""
    _unguarded_cache(patch, "_sync")


@fault(breaks=["PERM-2"])
def roles_are_kept_for_half_a_second(patch: Patch) -> None:
    """What a user may do is looked up at most every half second."""
    kept: dict = {}

    @patch.around(conversations, "membership")
    def membership(original, connection, conversation_id, user_id):
        name = conversation_id, user_id, int(time.monotonic() * 2)
        if name not in kept:
            kept[name] = original(connection, conversation_id, user_id)
        return kept[name]


@fault(breaks=["PERM-2"])
def kept_roles_outlive_a_removal(patch: Patch) -> None:
    """What a user may do is remembered until the user gets another role; a removal is none."""
    kept: dict = {}

    @patch.around(conversations, "membership")
    def membership(original, connection, conversation_id, user_id):
        found = kept.get((conversation_id, user_id))
        if found is None:
            found = original(connection, conversation_id, user_id)
            if found.role is not None:
                kept[conversation_id, user_id] = found
        return found

    @patch.around(conversations, "set_role")
    def set_role(original, connection, conversation_id, user_id, role):
        kept.pop((conversation_id, user_id), None)
        original(connection, conversation_id, user_id, role)
