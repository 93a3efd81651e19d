"""Reads the values of switches: `200ms±50`, `1/min`, `5%`, `-2h`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
LONGEST_S = 10 * 366 * 86_400.0
_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
_UNIT = r"(ms|sec|min|s|m|h|d)"
_DURATION = re.compile(rf"([+-]?){_NUMBER}{_UNIT}", re.ASCII)
_LATENCY = re.compile(rf"{_NUMBER}{_UNIT}(?:(?:±|\+-|\+/-){_NUMBER}{_UNIT}?)?", re.ASCII)
_RATE = re.compile(rf"{_NUMBER}/{_UNIT}", re.ASCII)
_SHARE = re.compile(rf"{_NUMBER}%", re.ASCII)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds: between `mean - jitter`, which is at least 0, and `mean + jitter`."""

    mean: float
    jitter: float = 0.0

    def draw(self, random: Random) -> float:
        """Give the latency of one frame."""
        return random.uniform(self.mean - self.jitter, self.mean + self.jitter)


def latency(text: str) -> Latency:
    """Read `200ms`, `200ms±50` or `200ms+-50`; raises ValueError that says how to write it."""
    found = _LATENCY.fullmatch(text)
    mean, unit, jitter, jitter_unit = found.groups() if found else ("0", "s", None, None)
    read = Latency(float(mean) * UNITS[unit], float(jitter or 0) * UNITS[jitter_unit or unit])
    if found is None or read.mean > LONGEST_S:
        raise ValueError("write a time with a unit and, if you like, a spread, as in 200ms, 200ms±50 or 1s+-500ms")
    if read.jitter > read.mean:
        raise ValueError("write a spread that is not larger than the time, as in 200ms±50")
    return read


def rate(text: str) -> float:
    """Read `1/min` as a number per second; raises ValueError that says how to write it."""
    found = _RATE.fullmatch(text)
    if found is None or float(found[1]) == 0:
        raise ValueError("write how often in which time, as in 1/min, 0.5/s or 10/h")
    return float(found[1]) / UNITS[found[2]]


def share(text: str) -> float:
    """Read `5%` as 0.05; raises ValueError that says how to write it."""
    found = _SHARE.fullmatch(text)
    if found is None or float(found[1]) > 100:
        raise ValueError("write a percentage from 0% to 100%, as in 5% or 0.5%")
    return float(found[1]) / 100


def offset(text: str) -> float:
    """Read `5m`, `+5m` or `-2h` as seconds; raises ValueError that says how to write it."""
    found = _DURATION.fullmatch(text)
    seconds = float(found[2]) * UNITS[found[3]] if found else 0.0
    if found is None or seconds > LONGEST_S:
        raise ValueError("write a time with a unit, as in 30s, 5m or -2h, of at most ten years")
    return -seconds if found[1] == "-" else seconds


def duration(text: str) -> float:
    """Read `30s` as seconds, more than 0; raises ValueError that says how to write it."""
    found = _DURATION.fullmatch(text)
    seconds = float(found[2]) * UNITS[found[3]] if found and not found[1] else 0.0
    if not 0 < seconds <= LONGEST_S:
        raise ValueError("write a time with a unit, as in 30s or 5m, of at most ten years")
    return seconds


def on_or_off(text: str) -> bool:
    """Read `on`; raises ValueError that says how to write it."""
    if text not in {"on", "off"}:
        raise ValueError("write on or off")
    return text == "on"
