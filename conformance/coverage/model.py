"""The values that coverage is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a run can exercise; `reason` says why it did not, and is empty where it did."""

    name: str
    reason: str = ""

    @property
    def covered(self) -> bool:
        """Tell whether the run has exercised it."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Part:
    """Things of one kind. `required`: `--require` wants all of them; `traced`: they are known from transcripts."""

    name: str
    items: tuple[Item, ...]
    required: bool = False
    traced: bool = True

    @property
    def missing(self) -> tuple[Item, ...]:
        """Give what was not exercised."""
        return tuple(item for item in self.items if not item.covered)

    @property
    def figures(self) -> str:
        """Give `19 of 20, 95.0 %`, rounded down: only all is 100 %."""
        total, covered = len(self.items), len(self.items) - len(self.missing)
        return f"{covered} of {total}, {covered * 1000 // total / 10:.1f} %" if total else "0 of 0"


@dataclass(frozen=True, slots=True)
class Coverage:
    """All of it. `notes` say what the figures do not know.

    `complete` is False for a run that was cut off, `traced` where the log lacks transcripts.
    """

    target: str
    started: str
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
    complete: bool = True
    traced: bool = True

    @property
    def required_missing(self) -> tuple[Item, ...]:
        """Give what is missing and must not be."""
        return tuple(item for part in self.parts if part.required for item in part.missing)

    @property
    def exit_code(self) -> int:
        """Give 0 when all that is required is covered, 1 when not, 3 when the log does not hold enough to say so."""
        if not self.required_missing:
            return 0
        lacking = [part for part in self.parts if part.required and part.missing]
        known = self.complete and any(self.traced or not part.traced for part in lacking)
        return 1 if known else 3
