"""Permissions: one table of roles and rights, and the one place that applies it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reference_server.errors import Refused, no_such_conversation


class Right(StrEnum):
    """What a request needs permission for."""

    READ = "read"
    SEND = "send"
    JOIN = "join"
    MODERATE = "moderate"


class Role(StrEnum):
    """The role of a member; a user without a role is an outsider."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"
    READER = "reader"
    BANNED = "banned"


class Visibility(StrEnum):
    """Whether outsiders may know of a conversation and join it."""

    PRIVATE = "private"
    PUBLIC = "public"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.MODERATOR: frozenset(Right),
    Role.MEMBER: frozenset({Right.READ, Right.SEND, Right.JOIN}),
    Role.READER: frozenset({Right.READ, Right.JOIN}),
    Role.BANNED: frozenset(),
}

#: The roles that a role may take from others, and give to others instead; None is an outsider's.
ROLE_CHANGES: dict[Role, frozenset[Role | None]] = {
    Role.OWNER: frozenset({*Role, None}),
    Role.MODERATOR: frozenset({Role.MEMBER, Role.READER, Role.BANNED, None}),
    Role.MEMBER: frozenset(),
    Role.READER: frozenset(),
    Role.BANNED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Membership:
    """The role of one user in one conversation, which may not exist."""

    visibility: Visibility | None
    role: Role | None

    def may(self, right: Right) -> bool:
        """Say whether the role includes the right."""
        return self.visibility is not None and self.role is not None and right in RIGHTS[self.role]

    @property
    def may_enter_as_member(self) -> bool:
        """Say whether an outsider may become a member by joining."""  # JOIN-4
        return self.visibility is Visibility.PUBLIC and self.role is None

    def require(self, right: Right) -> None:
        """Refuse unless the role includes the right, without telling more than the user may know."""
        if self.may(right):
            return
        if self.visibility is None or self.role is Role.BANNED:
            raise no_such_conversation()  # PERM-3, JOIN-6
        if self.role is None and self.visibility is Visibility.PRIVATE:
            raise no_such_conversation()  # PERM-3, JOIN-3
        raise Refused("forbidden", f"You may not {right} in this conversation.")

    def require_role_change(self, before: Role | None, after: Role | None, *, is_own: bool) -> None:
        """Refuse unless the role may change such a role of a user; everybody who may read may leave."""
        if is_own and after is None and self.may(Right.READ):
            return
        self.require(Right.MODERATE)
        if self.role is None or not {before, after} <= ROLE_CHANGES[self.role]:
            change = f"from {before or 'no role'} to {after or 'no role'}"
            raise Refused("forbidden", f"With the role {self.role}, you may not change a user's role {change}.")
