"""The steps that collect frames and pages, and check what they have collected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.scenario.steps.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.scenario.steps.step import Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Step):
    """Request page after page: `follow` maps a reply field to the request field of the next page."""

    frame: str
    by: str
    fields: Raw
    reply: str
    follow: Mapping[str, str]
    going_on: Raw
    collect: Mapping[str, str]
    pattern: Raw

    @property
    def label(self) -> str:
        return f"page {self.frame} by {self.by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect(Step):
    """After a barrier, claim all unclaimed matches and bind the list of them (or of one field of each)."""

    frame: str
    at: str
    into: str
    pattern: Raw
    field: str | None = None
    count: Raw = None
    at_least: Raw = None
    at_most: Raw = None

    @property
    def label(self) -> str:
        return f"collect {self.frame} at {self.at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Step):
    """Match a captured or collected value."""

    value: Raw
    pattern: Raw

    @property
    def label(self) -> str:
        return f"check {self.value}"
