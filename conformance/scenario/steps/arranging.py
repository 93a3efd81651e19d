"""The steps that change the server or wait for it: a barrier, a role, a timer, a restart."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.scenario.steps.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync(Step):
    """A barrier at these connections."""

    who: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"sync {', '.join(self.who)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision(Step):
    """Give a user a role in a conversation, or (role None) make it no member.

    `by` is the user who asks for it, None the admin account; `refused` says that the server refuses it.
    """

    conversation: str
    user: str
    role: str | None
    by: str | None = None
    refused: bool = False

    @property
    def label(self) -> str:
        change = f"{self.user} as {self.role}" if self.role else f"{self.user} removed"
        asked = f" by {self.by}" if self.by else ""
        return f"provision {change} in {self.conversation}{asked}{', which is refused' if self.refused else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Step):
    """Wait for a timer of the server, in equal parts with the steps after each of them."""

    timer: str
    parts: int = 1
    steps: tuple[Step, ...] = ()

    @property
    def label(self) -> str:
        return f"pause {self.timer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(Step):
    """Kill the server and start it again."""
