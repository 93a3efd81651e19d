"""What is known of a scenario or a rule, as one word; of several, the worst."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Standing(StrEnum):
    """What is known of a scenario or a rule: an outcome, or that nothing of it was played. Worst first."""

    FAIL = "FAIL"
    BROKEN = "BROKEN"
    UNTESTABLE = "UNTESTABLE"
    BLOCKED = "BLOCKED"
    WAIVED = "WAIVED"
    """It fails, and a person has written down why that is known."""
    PASS = "PASS"
    NOT_APPLICABLE = "NOT APPLICABLE"
    NOT_RUN = "NOT RUN"


FAILING = frozenset({Standing.FAIL, Standing.WAIVED})
"""The server does not hold it, expected or not."""

UNJUDGED = frozenset({Standing.BROKEN, Standing.UNTESTABLE, Standing.BLOCKED})
"""Played, but says nothing of the server."""


def worst(standings: Iterable[Standing]) -> Standing:
    """Combine: the first of `Standing` that occurs; NOT RUN for none at all."""
    found = frozenset(standings)
    return next((standing for standing in Standing if standing in found), Standing.NOT_RUN)
