from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from reference_server.misbehaviour import values
from reference_server.misbehaviour.values import Latency

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (values.latency, "200ms", Latency(0.2)),
        (values.latency, "200ms±50", Latency(0.2, 0.05)),
        (values.latency, "200ms+-50", Latency(0.2, 0.05)),
        (values.latency, "1.5s±500ms", Latency(1.5, 0.5)),
        (values.rate, "1/min", 1 / 60),
        (values.rate, "0.5/s", 0.5),
        (values.share, "5%", 0.05),
        (values.share, "0.5%", 0.005),
        (values.share, "100%", 1.0),
        (values.offset, "5m", 300.0),
        (values.offset, "+5min", 300.0),
        (values.offset, "-2h", -7200.0),
        (values.duration, "30s", 30.0),
        (values.on_or_off, "on", True),
    ],
)
def test_are_read(read: Callable[[str], object], text: str, value: object):
    found = read(text)
    assert found == (value if isinstance(value, Latency) else pytest.approx(value))


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *(
            (values.latency, text)
            for text in ("", "200", "ms", "200ms±", "-200ms", "200 ms", "1e3ms", "99999d", "1s±2", "٣ms")
        ),
        *((values.rate, text) for text in ("", "1", "0/min", "1/", "-1/s", "1/year")),
        *((values.share, text) for text in ("", "5", "101%", "-5%", "%", "0.05")),
        *((values.offset, text) for text in ("", "5", "--5m", "9999999d")),
        *((values.duration, text) for text in ("", "0s", "-30s", "+30s", "30", "99999d")),
        *((values.on_or_off, text) for text in ("", "yes", "On")),
    ],
)
def test_say_how_they_are_written(read: Callable[[str], object], text: str):
    with pytest.raises(ValueError, match=r"^write "):
        read(text)


def test_a_latency_stays_within_its_spread():
    drawn = [Latency(0.2, 0.05).draw(Random(seed)) for seed in range(200)]
    assert 0.15 <= min(drawn) < 0.2 < max(drawn) <= 0.25
