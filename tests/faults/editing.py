"""Wrongs of EditMessage."""

from reference_server.handlers import messages
from tests.faults.registry import Patch, fault


@fault(breaks=["EDIT-2"], also=["PERM-1", "ACK-3", "AUTH-2"])
def anybody_edits(patch: Patch) -> None:
    """Whoever may send may edit any message: a right too many, a request that does not fail, an author denied."""
    patch.rewrite(messages._edit, "message.sender_id != user_id", "False")
