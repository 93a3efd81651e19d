"""What every step has, whatever its family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Raw = Any
"""Data of a scenario in which `${…}` and generated values are still to be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What all steps share: its line (from 1) in the scenario's file."""

    line: int

    @property
    def label(self) -> str:
        """Describe the step in a few words, for problems and transcripts."""
        return type(self).__name__.lower()
