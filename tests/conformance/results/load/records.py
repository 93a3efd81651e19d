"""A recorded load of toy values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.results.load.histogram import Latency
from conformance.results.load.record import (
    DeliveryRow,
    FailureRow,
    FeatureLoad,
    Generator,
    LoadRecord,
    RequestRow,
    Scenarios,
)


def latency(p99: float, count: int = 1000) -> Latency:
    return Latency(count, p99 / 4, p99 / 5, p99 / 3, p99 / 2, p99, p99 * 2, p99 * 3)


def a_record(p99: float = 20.0, count: int = 1000, **changes: Any) -> LoadRecord:
    """Make a load in which replies and deliveries have this 99th percentile, in milliseconds."""
    times = latency(p99, count)
    record = LoadRecord(
        load="0b9c1d5e-3c4b-4a67-9d1e-2f3a4b5c6d7e",
        target="toy",
        place="toy.yaml",
        started="2026-01-01T12:00:00Z",
        tool="0.1.0",
        spec="sha256:0",
        command="chat-parity load toy.yaml",
        complete=True,
        reason="",
        seconds=60.0,
        options={
            "users": 10,
            "rate": None,
            "ramp": 10.0,
            "duration": 60.0,
            "mix": {"send_message": 1.0},
            "per_feature": 10,
            "seed": 1,
            "workers": 2,
            "bystanders": False,
            "time_scale": 1.0,
        },
        scenarios=Scenarios(590, 4, 3, 2, 1),
        requests=(
            RequestRow("SendMessage", 1200, 12, 3, times),
            RequestRow("Typing", 40, 0, 0, None),
        ),
        deliveries=(DeliveryRow("NewMessage", 1, times),),
        features=(
            FeatureLoad(3, "send_message", "SendMessage", 590, 4, 3, 2, times, times),
            FeatureLoad(21, "rate_limiting", "Rate limiting", 1, 0, 0, 0, None, None),
        ),
        failures=(
            FailureRow("lost", "toy.told", "no NewMessage at bob", 3),
            FailureRow("unexpected", "toy.told", "bob got NewMessage, which nothing in this scenario explains", 1),
        ),
        not_judged={"it was too slow": 2},
        left_out={"toy.other": "FAIL without load: no reply"},
        generator=Generator(2, 30.0, 0.001),
        notes=("the wind was strong",),
    )
    return replace(record, **changes)
