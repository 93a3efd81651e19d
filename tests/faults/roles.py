"""Wrongs of who may give which role."""

from dataclasses import replace

from reference_server import permissions
from reference_server.permissions import Membership, Role
from tests.faults.registry import Patch, fault


def _let_change(patch: Patch, role: Role, *roles: Role | None) -> None:
    """Let a role take these roles from others, and give them."""
    patch(permissions, "ROLE_CHANGES", permissions.ROLE_CHANGES | {role: frozenset(roles)})


@fault(breaks=["PERM-5"])
def moderator_may_become_owner(patch: Patch) -> None:
    """A moderator gives and takes every role, owner too."""
    _let_change(patch, Role.MODERATOR, *Role, None)


@fault(breaks=["PERM-5"])
def member_may_ban(patch: Patch) -> None:
    """A member changes roles as a moderator does."""
    require = Membership.require_role_change

    def willing(self: Membership, before: Role | None, after: Role | None, *, is_own: bool) -> None:
        acting = replace(self, role=Role.MODERATOR) if self.role is Role.MEMBER else self
        require(acting, before, after, is_own=is_own)

    patch(Membership, "require_role_change", willing)


@fault(breaks=["PERM-5"])
def moderator_may_not_let_anybody_in(patch: Patch) -> None:
    """A moderator changes no role."""
    _let_change(patch, Role.MODERATOR)


@fault(breaks=["PERM-5"])
def everybody_chooses_a_role(patch: Patch) -> None:
    """Everybody may give themselves any role, an outsider too."""
    require = Membership.require_role_change

    def willing(self: Membership, before: Role | None, after: Role | None, *, is_own: bool) -> None:
        if not is_own:
            require(self, before, after, is_own=is_own)

    patch(Membership, "require_role_change", willing)


@fault(breaks=["PERM-5"])
def nobody_may_leave(patch: Patch) -> None:
    """Only those leave whom a moderator removes."""
    require = Membership.require_role_change

    def unwilling(self: Membership, before: Role | None, after: Role | None, *, is_own: bool) -> None:
        require(self, before, after, is_own=False)

    patch(Membership, "require_role_change", unwilling)
