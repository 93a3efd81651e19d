"""The columns that a load adds to the parity table: p50 and p99 of each feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.load.text import size

if TYPE_CHECKING:
    from conformance.results.load.histogram import Latency
    from conformance.results.load.record import FeatureLoad, LoadRecord

HEAD = ("p50 ms", "p99 ms")
NOTHING = ("–", "–")


def latency_of(feature: FeatureLoad | None) -> Latency | None:
    """Give the latency that a feature is shown with: of replies, or of deliveries where it has no replies."""
    return (feature.reply or feature.delivery) if feature is not None else None


def times(feature: FeatureLoad | None) -> tuple[str, str]:
    """Give the cells of a feature."""
    latency = latency_of(feature)
    return (f"{latency.p50:.1f}", f"{latency.p99:.1f}") if latency is not None else NOTHING


def both(features: tuple[FeatureLoad | None, FeatureLoad | None]) -> tuple[str, str]:
    """Give the cells of a feature of two loads, the old one and the new one."""
    (old50, old99), (new50, new99) = map(times, features)
    return f"{old50} → {new50}", f"{old99} → {new99}"


def note(record: LoadRecord, spec: str) -> str:
    """Say which load the columns are of; `spec` is the digest of the run beside it."""
    other = "" if record.spec == spec else ", with another spec than this run"
    cut = "" if record.complete else f", not complete ({record.reason})"
    return (
        f"p50 and p99 are of a load of {record.target} ({size(record)}, {record.started}{other}{cut}): of the replies"
        " to the requests of a feature, or of the delivery of its events where it has no replies"
    )
