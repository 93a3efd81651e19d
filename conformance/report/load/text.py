"""The table of a load for a terminal, and of two loads side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.text import line, plural
from conformance.results.load.ratio import FEWEST, FLOOR, nothing_compared, pairs, say, slower, unclear, why_unclear
from conformance.results.load.tally import FailureKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.results.load.histogram import Latency
    from conformance.results.load.record import LoadRecord

MOST_FAILURES = 10
MOST_REASONS = 3

_TIMES = ("p50", "p90", "p99", "max")


def render(record: LoadRecord) -> str:
    """Give one load as lines of text: what was sent, how long it took, what failed."""
    return "".join(
        f"{text}\n" for text in (*_head(record), "", *_requests(record), *_deliveries(record), *_end(record))
    )


def render_pair(old: LoadRecord, new: LoadRecord, limit: float | None) -> str:
    """Give two loads side by side, and what exceeds a limit of the ratio of 99th percentiles."""
    return "".join(f"{text}\n" for text in _side_by_side(old, new, limit))


def size(record: LoadRecord) -> str:
    """Say how much load it was, and for how long."""
    rate, users = record.options["rate"], record.options["users"]
    how = f"{rate:g} scenarios a second" if rate is not None else plural(users, "user")
    return f"{how}, {record.seconds:.0f} s"


def _head(record: LoadRecord) -> Iterator[str]:
    if not record.complete:
        yield f"NOT COMPLETE: {line(record.reason, 400)}"
    yield f"{line(record.target)} · {size(record)} · {plural(record.options['workers'], 'worker')}"


def _requests(record: LoadRecord) -> Iterator[str]:
    rows = [
        (
            row.type,
            str(row.sent),
            f"{record.per_second(row.sent):.1f}",
            str(row.refused - row.rate_limited),
            str(row.rate_limited),
            *_shown(row.latency),
        )
        for row in record.requests
    ]
    yield from _table(("Request", "Sent", "a second", "Refused", "Limited", *(f"{one} ms" for one in _TIMES)), rows)
    yield ""


def _deliveries(record: LoadRecord) -> Iterator[str]:
    rows = [
        (row.type, str(row.latency.count if row.latency else 0), str(row.doubled), *_shown(row.latency))
        for row in record.deliveries
    ]
    if rows:
        yield from _table(("Delivery to others", "Measured", "Doubled", *(f"{one} ms" for one in _TIMES)), rows)
        yield ""


def _end(record: LoadRecord) -> Iterator[str]:
    for row in record.failures[:MOST_FAILURES]:
        yield f"{row.kind.upper():<10}  {row.count} times  {line(row.scenario)}  {line(row.message, 240)}"
    if len(record.failures) > MOST_FAILURES:
        yield f"… and {plural(len(record.failures) - MOST_FAILURES, 'other failure')} by scenario and kind"
    counts = record.scenarios
    ended = counts.passed + counts.failed + counts.rate_limited + counts.not_judged
    yield (
        f"{plural(ended, 'scenario')}: {counts.passed} passed, {counts.failed} failed, {counts.rate_limited} rate"
        f" limited, {counts.not_judged} not judged; {record.per_second(ended):.1f} a second"
    )
    yield (
        f"{plural(record.sent, 'request')} ({record.per_second(record.sent):.0f} a second), {record.delivered}"
        f" deliveries; lost {record.failed(FailureKind.LOST)}, unexpected {record.failed(FailureKind.UNEXPECTED)},"
        f" wrong {record.failed(FailureKind.WRONG)}, doubled {sum(row.doubled for row in record.deliveries)}"
    )
    yield (
        f"per second of one core here: {record.per_cpu_second(ended):.0f} scenarios,"
        f" {record.per_cpu_second(record.sent):.0f} requests"
    )
    for reason, count in list(record.not_judged.items())[:MOST_REASONS]:
        yield f"not judged: {count} times: {line(reason, 240)}"
    for note in record.notes:
        yield f"Note: {line(note, 400)}"


def _side_by_side(old: LoadRecord, new: LoadRecord, limit: float | None) -> Iterator[str]:
    rows = []
    for pair in pairs(old, new):
        ratio = f"{pair.ratio:.2f}" if pair.ratio is not None else "–"
        mark = " !" if limit is not None and pair.surely_exceeds(limit) else ""
        rows.append((f"{pair.kind} {pair.type}", *_both(pair.old), *_both(pair.new), f"{ratio}{mark}"))
    head = ("", "old p50 ms", "old p99 ms", "new p50 ms", "new p99 ms", "p99 ratio")
    yield from _table(head, rows)
    if any(row[-1] == "–" for row in rows):
        yield f"–: fewer than {FEWEST} were measured on either side, which is too few to tell."
    if limit is not None:
        found = slower(old, new, limit)
        for pair in found:
            yield f"SLOWER: {say(pair)}; at most {limit:g} times is allowed"
        doubtful = unclear(old, new, limit)
        if doubtful:
            yield f"NOT JUDGED: {why_unclear(doubtful)}"
        if nothing_compared(old, new):
            yield "Too little was measured to compare any 99th percentile."
        elif not found and not doubtful:
            yield f"No 99th percentile is more than {limit:g} times the old one and more than {FLOOR:g} ms longer."


def _both(latency: Latency | None) -> tuple[str, str]:
    return (f"{latency.p50:.1f}", f"{latency.p99:.1f}") if latency else ("–", "–")


def _shown(latency: Latency | None) -> tuple[str, ...]:
    return tuple(f"{getattr(latency, name):.1f}" if latency else "–" for name in _TIMES)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Give a table: the first column to the left, all others to the right."""
    shown = [head, *([line(cell) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in shown) for index in range(len(head))]
    for row in shown:
        first, *rest = (
            cell.ljust(width) if not index else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join((first, *rest)).rstrip()
