"""Wrongs of servers that look a role up once for each type of request, and keep it."""

from reference_server import session
from reference_server.permissions import Role
from reference_server.store import conversations
from tests.faults.registry import Patch, fault


def _keep(patch: Patch, *types: str, only=lambda membership: True) -> None:
    """Keep the first role of a user in a conversation for requests of each of these types."""
    known: dict = {}
    kinds: dict = {}

    @patch.around(session, "_keep_within_rate")
    async def note(original, context, request):
        kinds[context.user_id] = type(request).__name__
        await original(context, request)

    @patch.around(conversations, "_lookup")
    def lookup(original, connection, conversation_id, user_id, *, locked):
        membership, stamp = original(connection, conversation_id, user_id, locked=locked)
        key = kinds.get(user_id), conversation_id, user_id
        if key[0] in types and (key in known or only(membership)):
            membership = known.setdefault(key, membership)
        return membership, stamp


def _may_nothing(membership) -> bool:
    return membership.role in (None, Role.READER)


@fault(breaks=["PERM-2"])
def role_kept_for_history(patch: Patch) -> None:
    """History knows the first role of a user."""
    _keep(patch, "FetchHistory")


@fault(breaks=["PERM-2"])
def role_kept_for_search(patch: Patch) -> None:
    """Search knows the first role of a user."""
    _keep(patch, "SearchMessages")


@fault(breaks=["PERM-2"])
def role_kept_for_sync(patch: Patch) -> None:
    """A sync knows the first role of a user."""
    _keep(patch, "SyncMessages")


@fault(breaks=["PERM-2"])
def role_kept_for_receipts(patch: Patch) -> None:
    """Receipts know the first role of a user."""
    _keep(patch, "MarkAsRead", "Delivered")


@fault(breaks=["PERM-2"])
def role_kept_for_typing(patch: Patch) -> None:
    """Typing knows the first role of a user."""
    _keep(patch, "Typing")


@fault(breaks=["PERM-2"])
def role_kept_for_reactions(patch: Patch) -> None:
    """Reactions know the first role of a user."""
    _keep(patch, "AddReaction", "RemoveReaction")


@fault(breaks=["PERM-2"])
def role_kept_for_edits(patch: Patch) -> None:
    """Edits know the first role of a user."""
    _keep(patch, "EditMessage")


@fault(breaks=["PERM-2"])
def role_kept_for_deletions(patch: Patch) -> None:
    """Deletions know the first role of a user."""
    _keep(patch, "DeleteMessage")


@fault(breaks=["PERM-2"])
def role_kept_for_calls(patch: Patch) -> None:
    """Offers know the first role of a user."""
    _keep(patch, "CallOffer")


@fault(breaks=["PERM-2"])
def role_kept_for_candidates(patch: Patch) -> None:
    """Candidates know the first role of a user."""
    _keep(patch, "ICECandidate")


@fault(breaks=["PERM-2"])
def refusal_kept_for_views(patch: Patch) -> None:
    """Whom history, search or a sync has refused once, it refuses for ever."""
    _keep(patch, "FetchHistory", "SearchMessages", "SyncMessages", only=_may_nothing)


@fault(breaks=["PERM-2"])
def refusal_kept_for_receipts(patch: Patch) -> None:
    """Whose receipts were refused once, may give none for ever."""
    _keep(patch, "MarkAsRead", "Delivered", only=_may_nothing)


@fault(breaks=["PERM-2"])
def refusal_kept_for_typing(patch: Patch) -> None:
    """Who might not type once, may not for ever."""
    _keep(patch, "Typing", only=_may_nothing)


@fault(breaks=["PERM-2"])
def refusal_kept_for_candidates(patch: Patch) -> None:
    """Whose candidate was refused once, may send none for ever."""
    _keep(patch, "ICECandidate", only=_may_nothing)
