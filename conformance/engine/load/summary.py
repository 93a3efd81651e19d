"""Makes the record of a load from what its processes have counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.results.load.histogram import Histogram, Latency
from conformance.results.load.record import DeliveryRow, FailureRow, FeatureLoad, RequestRow, Scenarios
from conformance.results.load.tally import Ending
from conformance.results.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.results.load.tally import Tally
    from conformance.spec import Spec
    from conformance.target import Target

MUCH_LATE = 0.05
"""Seconds by which the generator may be late before the record says that its latencies are too high."""
MOST_NOTED = 5


def scenarios_of(tally: Tally) -> Scenarios:
    """Count scenarios by how they ended."""
    return Scenarios(
        passed=tally.ended(Ending.PASSED),
        failed=tally.ended(Ending.FAILED),
        rate_limited=tally.ended(Ending.LIMITED),
        not_judged=tally.ended(Ending.NOT_JUDGED),
        dropped=tally.dropped,
    )


def request_rows(tally: Tally) -> tuple[RequestRow, ...]:
    """Give a row for each request type that was sent."""
    return tuple(
        RequestRow(kind, tally.sent[kind], tally.refused[kind], tally.limited[kind], _latency(tally.replies, kind))
        for kind in sorted(tally.sent)
    )


def delivery_rows(tally: Tally) -> tuple[DeliveryRow, ...]:
    """Give a row for each event type that reached others, or came twice."""
    kinds = sorted({*tally.deliveries, *tally.doubled})
    return tuple(DeliveryRow(kind, tally.doubled[kind], _latency(tally.deliveries, kind)) for kind in kinds)


def feature_rows(tally: Tally, spec: Spec) -> tuple[FeatureLoad, ...]:
    """Give a row for each feature that was run, or whose own requests were sent."""
    rows = []
    for one in spec.features.values():
        reply, delivery = _merged(tally.replies, one.incoming), _merged(tally.deliveries, one.outgoing)
        counts = {ending: tally.endings[one.id, ending] for ending in Ending}
        if any(counts.values()) or reply is not None or delivery is not None:
            passed, failed, limited, left = (counts[ending] for ending in Ending)
            rows.append(FeatureLoad(one.number, one.id, one.title, passed, failed, limited, left, reply, delivery))
    return tuple(rows)


def failure_rows(tally: Tally) -> tuple[FailureRow, ...]:
    """Give the failures, the most frequent first."""
    found = sorted(tally.failures.items(), key=lambda item: (-item[1], item[0].kind, item[0].scenario, item[0].cause))
    return tuple(FailureRow(one.kind, one.scenario, tally.examples.get(one, ""), count) for one, count in found)


def notes_of(tally: Tally, target: Target, left_out: Mapping[str, str]) -> Iterator[str]:
    """Give notes that a reader of the latencies must know."""
    if tally.late >= MUCH_LATE:
        yield (
            f"the load generator itself was late by up to {tally.late * 1000:.0f} ms: the latencies are too high; take"
            " fewer users, or more workers"
        )
    if tally.dropped:
        yield (
            f"the rate was not reached: {tally.dropped} times a scenario was due when as many as --users allows were"
            " still under way"
        )
    limited = tally.limited.total()
    if limited:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in tally.limited.most_common(MOST_NOTED))
        yield f"the target's rate limit refused requests, and is what bounds this load: {kinds}"
    bounds = [
        f"{name} {value:g}"
        for name in ("requests_per_second", "account_requests_per_second", "connections_per_second", "open_connections")
        if (value := getattr(target.throttle.limits, name)) is not None
    ]
    if bounds:
        yield f"the load keeps to the throttle of the target file ({', '.join(bounds)}), which may be what bounds it"
    wrong = [id_ for id_, why in left_out.items() if not why.startswith(Outcome.NOT_APPLICABLE)]
    if wrong:
        more = f" and {len(wrong) - MOST_NOTED} more" if len(wrong) > MOST_NOTED else ""
        yield (
            "scenarios that do not pass without load either are left out:"
            f" {', '.join(wrong[:MOST_NOTED])}{more} (`left_out` in load.json says why)"
        )


def _latency(found: Mapping[str, Histogram], kind: str) -> Latency | None:
    return found[kind].latency() if kind in found else None


def _merged(found: Mapping[str, Histogram], kinds: Iterable[str]) -> Latency | None:
    whole = Histogram()
    for kind in kinds:
        if kind in found:
            whole.merge(found[kind])
    return whole.latency()
