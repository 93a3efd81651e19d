"""Reads the instants that servers send (RFC 3339), and compares all digits of a second that two of them have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

FEWEST_DIGITS = 6
"""Digits of a second that every server keeps: an instant that is written with fewer has zeros there."""
MOST_DIGITS = 12
"""Digits of a second that are read; all further ones are cut off."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment: its whole second with zone, and the digits of the second that are written."""

    second: datetime
    digits: str

    def since(self, other: Instant) -> Fraction:
        """Give the seconds from the other one to this one, by the digits that both have."""
        common = _common(self, other)
        return self._cut(common) - other._cut(common) + _seconds(self, other)

    def apart(self, other: Instant) -> Fraction:
        """Give the seconds between the two: 0 also where one is the other with fewer digits, cut or rounded.

        A server may tell an event to the nanosecond and keep the message in a column of microseconds.
        """
        common = _common(self, other)
        exact = abs(self._cut(MOST_DIGITS) - other._cut(MOST_DIGITS) + _seconds(self, other))
        shorter = max(len(self.digits), len(other.digits)) > common
        return Fraction(0) if shorter and exact < Fraction(1, 10**common) else exact

    def _cut(self, digits: int) -> Fraction:
        kept = f"{self.digits:0<{digits}}"[:digits]
        return Fraction(int(kept), 10**digits)


def instant(text: Any) -> Instant | None:
    """Read an RFC 3339 instant with zone and any number of digits; None: it is something else."""
    found = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    zone = "+00:00" if found["zone"] in "Zz" else found["zone"]
    try:
        second = datetime.fromisoformat(f"{found['day']}T{found['time']}{zone}")
    except ValueError:
        return None
    return Instant(second, (found["digits"] or "")[:MOST_DIGITS])


def _common(one: Instant, other: Instant) -> int:
    return max(FEWEST_DIGITS, min(len(one.digits), len(other.digits)))


def _seconds(one: Instant, other: Instant) -> int:
    between = one.second - other.second
    return between.days * 86400 + between.seconds


_INSTANT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt](?P<time>\d\d:\d\d:\d\d)(\.(?P<digits>\d+))?(?P<zone>[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
