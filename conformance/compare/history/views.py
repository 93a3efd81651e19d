"""A history as text, JSON and one page with a chart that loads nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from conformance.report.html.page import ICONS, fill_plain
from conformance.report.text import as_json, fit, plural
from conformance.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.compare.history.model import History, ScenarioRecord

MOST_SHOWN = 40
"""Runs of a trend that a line or the chart shows, the latest."""

MOST_RECORDS = 50
"""Scenarios that the text lists; the page has up to ten times as many."""

_TITLE = 32
_BAR, _GAP, _HEIGHT = 14, 4, 160


class Bar(NamedTuple):
    """One part of a bar of the chart: the features of one verdict in one run."""

    word: str
    x: int
    y: float
    height: float
    title: str


def render_text(history: History) -> str:
    """Give the trend of each feature, then each scenario that fails or failed; a line feed at the end."""
    return "".join(f"{one.rstrip()}\n" for one in _lines(history))


def _lines(history: History) -> Iterator[str]:
    runs = history.runs[-MOST_SHOWN:]
    yield f"{history.target} · {plural(len(history.runs), 'run')}, {_span(history)}"
    yield ""
    width = max(len("Trend"), len(runs))
    yield "  ".join(["  #", "Feature".ljust(_TITLE), "Trend".ljust(width), "Now"])
    for one in history.features:
        trend = "".join(ICONS.get(word, "·") for word in one.verdicts[-MOST_SHOWN:])
        yield "  ".join(
            [f"{one.number:3}", fit(one.title, _TITLE).ljust(_TITLE), trend.ljust(width), one.verdicts[-1] or "–"]
        )
    yield ""
    if not history.scenarios:
        yield "No scenario has failed in these runs."
        return
    yield "Scenarios that fail or have failed: runs failed of runs judged, first and last failure, changes"
    for record in history.scenarios[:MOST_RECORDS]:
        first, last = record.first[:10] or "–", record.last[:10] or "–"
        flaky = f"  flaky {record.flakiness:.0%}" if record.flaky else ""
        share = f"{record.failed} of {record.judged}"
        yield f"  {record.now or '–':<14}  {share:>10}  {first}  {last}  {record.changes:3}  {record.id}{flaky}"
    if len(history.scenarios) > MOST_RECORDS:
        yield f"  … and {len(history.scenarios) - MOST_RECORDS} more"


def _span(history: History) -> str:
    days = [run.started[:10] for run in history.runs]
    if not days:
        return "none"
    return f"{days[0]} to {days[-1]}" if days[0] != days[-1] else days[0]


def render_json(history: History) -> str:
    """Give the history as indented JSON, without the outcomes of each run; a line feed at the end."""
    runs = [
        {"run": one.id, "started": one.started, "spec": one.spec, "tool": one.tool, "complete": one.complete}
        | {"exit_code": one.exit_code, "verdicts": dict(one.verdicts)}
        for one in history.runs
    ]
    document = {
        "format": 1,
        "target": history.target,
        "runs": runs,
        "features": [asdict(one) for one in history.features],
        "scenarios": [_record(one) for one in history.scenarios],
    }
    return as_json(document, indent=1)


def _record(one: ScenarioRecord) -> dict[str, object]:
    return asdict(one) | {"flaky": one.flaky, "flakiness": round(one.flakiness, 3)}


def render_html(history: History) -> str:
    """Give one page; it is inert whatever the history contains."""
    runs = history.runs[-MOST_SHOWN:]
    return fill_plain(
        "history.html",
        page=history,
        span=_span(history),
        bars=list(_bars(history)),
        width=max(1, len(runs)) * (_BAR + _GAP),
        height=_HEIGHT,
        bar=_BAR,
        shown=MOST_SHOWN,
        records=history.scenarios[: 10 * MOST_RECORDS],
    )


def _bars(history: History) -> Iterator[Bar]:
    for index, run in enumerate(history.runs[-MOST_SHOWN:]):
        counts = Counter(run.verdicts.values())
        total, top = max(1, sum(counts.values())), float(_HEIGHT)
        for word in map(str, Verdict):
            if counts[word]:
                height = _HEIGHT * counts[word] / total
                top -= height
                said = f"{run.started}: {counts[word]} {word}"
                yield Bar(word, index * (_BAR + _GAP), round(top, 2), round(height, 2), said)


VIEWS: dict[str, Callable[[History], str]] = {"text": render_text, "json": render_json, "html": render_html}
"""What `--format` takes."""
