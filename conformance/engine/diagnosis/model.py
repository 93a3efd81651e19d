"""The result of one step of a connection to a server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Outlook(StrEnum):
    """The result of a step: after `ODD` a run can still judge the server, but check it; after `BAD` no run can."""

    GOOD = "good"
    ODD = "odd"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One step: its `place` (an address, or the section `provision`), its name, and what was `seen`.

    `advice` says what to do about it; it is empty if there is nothing to do.
    """

    place: str
    step: str
    outlook: Outlook
    seen: str
    advice: str = ""

    def hiding(self, redact: Callable[[str], str]) -> Check:
        """Give the same without what `redact` takes out of a text."""
        return replace(self, place=redact(self.place), seen=redact(self.seen), advice=redact(self.advice))
