"""Reads the instants that servers send (RFC 3339)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any


def instant(text: Any) -> datetime | None:
    """Read an RFC 3339 instant with zone and any number of digits; None: it is something else.

    Instants are compared to the microsecond, as databases keep them; further digits are cut off.
    """
    found = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    fraction = (found["fraction"] or ".0")[1:]
    zone = "+00:00" if found["zone"] in "Zz" else found["zone"]
    try:
        whole = datetime.fromisoformat(f"{found['day']}T{found['time']}{zone}")
    except ValueError:
        return None
    return whole + timedelta(microseconds=int(f"{fraction:0<6}"[:6]))


_INSTANT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt](?P<time>\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?(?P<zone>[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
