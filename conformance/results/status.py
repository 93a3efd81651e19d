"""The status of a scenario or a rule, as one word; of several, the worst."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Status(StrEnum):
    """The status of a scenario or a rule: an outcome, or NOT RUN. Worst first."""

    FAIL = "FAIL"
    BROKEN = "BROKEN"
    UNTESTABLE = "UNTESTABLE"
    BLOCKED = "BLOCKED"
    WAIVED = "WAIVED"
    """It fails, and a person has written down the reason."""
    PASS = "PASS"
    NOT_APPLICABLE = "NOT APPLICABLE"
    NOT_RUN = "NOT RUN"


FAILING = frozenset({Status.FAIL, Status.WAIVED})
"""The server breaks it, expectedly or not."""

UNJUDGED = frozenset({Status.BROKEN, Status.UNTESTABLE, Status.BLOCKED})
"""It was run, but says nothing about the server."""


def worst(statuses: Iterable[Status]) -> Status:
    """Combine several: give the first of `Status` that occurs, NOT RUN if there is none."""
    found = frozenset(statuses)
    return next((status for status in Status if status in found), Status.NOT_RUN)
