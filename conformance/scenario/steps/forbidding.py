"""The steps that forbid: a frame that must not come, a URL that nobody may fetch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.scenario.steps.step import Step

if TYPE_CHECKING:
    from conformance.scenario.steps.step import Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Never(Step):
    """None of the connections gets a matching frame; `*` is any frame."""

    frame: str
    at: tuple[str, ...]
    pattern: Raw

    @property
    def label(self) -> str:
        return f"never {self.frame} at {', '.join(self.at)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverFetched(Step):
    """Nobody requests this honeypot URL."""

    honeypot: str

    @property
    def label(self) -> str:
        return f"never_fetched {self.honeypot}"
