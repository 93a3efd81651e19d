"""The driver of servers without membership: any id is a conversation, and everybody belongs to it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from conformance.errors import ProvisioningFailed

if TYPE_CHECKING:
    from collections.abc import Mapping


class Nothing:
    """Provides plain conversations of plain members, and nothing else."""

    def __init__(self, default_role: str) -> None:
        self._default_role = default_role

    async def conversation(self, name: str, visibility: str, members: Mapping[str, str]) -> str:
        """Give a fresh id, if nobody needs more than the default role."""
        for role in members.values():
            if role != self._default_role:
                raise ProvisioningFailed(
                    f"the target's driver `none` cannot make anybody {role} of {name} ({visibility})"
                )
        return str(uuid.uuid4())

    async def give_role(self, conversation: str, user: str, role: str) -> None:
        """Raise: there are no roles."""
        raise ProvisioningFailed(f"the target's driver `none` cannot make {user} {role} of {conversation}")

    async def remove(self, conversation: str, user: str) -> None:
        """Raise: there is no membership."""
        raise ProvisioningFailed(f"the target's driver `none` cannot remove {user} from {conversation}")
