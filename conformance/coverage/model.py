"""The values that coverage is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a run can exercise; `reason` says why it did not, and is empty if it did.

    `excuse` is the spec's reason for a place that no compliant server fills.
    """

    name: str
    reason: str = ""
    excuse: str = ""

    @property
    def covered(self) -> bool:
        """Tell whether the run has exercised it."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Part:
    """All items of one kind. `traced`: transcripts show them."""

    name: str
    items: tuple[Item, ...]
    traced: bool = True

    @property
    def missing(self) -> tuple[Item, ...]:
        """Give what was not exercised."""
        return tuple(item for item in self.items if not item.covered)

    @property
    def lacking(self) -> tuple[Item, ...]:
        """Give what was not exercised and has no excuse."""
        return tuple(item for item in self.missing if not item.excuse)

    @property
    def figures(self) -> str:
        """Give `19 of 20, 95.0 %`, rounded down: only all is 100 %."""
        total, covered = len(self.items), len(self.items) - len(self.missing)
        return f"{covered} of {total}, {covered * 1000 // total / 10:.1f} %" if total else "0 of 0"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The whole coverage. `notes` say what the figures leave out.

    `complete` is False for a run that was cut off; `traced` is False if the log lacks transcripts.
    """

    target: str
    started: str
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
    complete: bool = True
    traced: bool = True

    @property
    def lacking(self) -> tuple[Item, ...]:
        """Give what is missing and has no excuse."""
        return tuple(item for part in self.parts for item in part.lacking)

    @property
    def exit_code(self) -> int:
        """Give 0 when everything is covered or excused, 1 if not, 3 if the log does not contain enough to tell."""
        if not self.lacking:
            return 0
        known = self.complete and any(self.traced or not part.traced for part in self.parts if part.lacking)
        return 1 if known else 3
