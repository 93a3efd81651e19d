"""What the grammar needs from the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Roles(Protocol):
    """The roles and visibilities that a scenario may name."""

    @property
    def roles(self) -> Collection[str]:
        """Every role that a member may have."""
        ...

    @property
    def default_role(self) -> str:
        """The role of a member if the scenario names none."""
        ...

    @property
    def no_member(self) -> str:
        """The word for a user who is no member."""
        ...

    @property
    def visibilities(self) -> Sequence[str]:
        """The kinds of conversations, the usual one first."""
        ...
