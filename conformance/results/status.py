"""The status of a scenario or a rule, as one word; of several, the worst."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Status(StrEnum):
    """The status of a scenario or a rule: an outcome, FLAKY, WAIVED or NOT RUN. Worst first."""

    FAIL = "FAIL"
    FLAKY = "FLAKY"
    """Some of its attempts fail and some pass; nobody can rely on what does not always hold."""
    BROKEN = "BROKEN"
    UNTESTABLE = "UNTESTABLE"
    BLOCKED = "BLOCKED"
    WAIVED = "WAIVED"
    """It fails, and a person has written down the reason."""
    PASS = "PASS"
    NOT_APPLICABLE = "NOT APPLICABLE"
    NOT_RUN = "NOT RUN"


RED = frozenset({Status.FAIL, Status.FLAKY})
"""The server breaks it, always or sometimes, and nobody has written down a reason."""

FAILING = RED | {Status.WAIVED}
"""The server breaks it, expectedly or not."""

UNJUDGED = frozenset({Status.BROKEN, Status.UNTESTABLE, Status.BLOCKED})
"""It was run, but says nothing about the server."""


def worst(statuses: Iterable[Status]) -> Status:
    """Combine several: give the first of `Status` that occurs, NOT RUN if there is none."""
    found = frozenset(statuses)
    return next((status for status in Status if status in found), Status.NOT_RUN)
