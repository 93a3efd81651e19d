"""`load.csv`: one line for each request type and each event type of a load."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from conformance.results.load.ratio import DELIVERY, REPLY

if TYPE_CHECKING:
    from conformance.results.load.histogram import Latency
    from conformance.results.load.record import LoadRecord

HEAD = (
    "kind",
    "type",
    "sent",
    "refused",
    "rate_limited",
    "doubled",
    "per_second",
    "measured",
    "mean_ms",
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "p999_ms",
    "max_ms",
)


def render(record: LoadRecord) -> str:
    """Give the file, with a line of names; what does not apply is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for row in record.requests:
        rate = round(record.per_second(row.sent), 3)
        counts = (row.sent, row.refused, row.rate_limited, "", rate)
        writer.writerow((REPLY, row.type, *counts, *_times(row.latency)))
    for event in record.deliveries:
        rate = round(record.per_second(event.latency.count if event.latency else 0), 3)
        writer.writerow((DELIVERY, event.type, "", "", "", event.doubled, rate, *_times(event.latency)))
    return text.getvalue()


def _times(one: Latency | None) -> tuple[object, ...]:
    if one is None:
        return (0, *[""] * 7)
    return (one.count, one.mean, one.p50, one.p90, one.p95, one.p99, one.p999, one.max)
