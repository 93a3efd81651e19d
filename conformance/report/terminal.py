"""The view on a terminal: 25 rows, a line of counts, and each failure with its transcript.

One layout for all: on a terminal rich adds the colours (and honours NO_COLOR), elsewhere the same lines come plain.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from conformance.report.explored import section_lines
from conformance.report.failures import failures, reason, unjudged
from conformance.report.likely_causes import MOST as MOST_CAUSES
from conformance.report.likely_causes import counted, likely_causes, named_rules
from conformance.report.load.columns import HEAD as LOAD_HEAD
from conformance.report.load.columns import times
from conformance.report.text import line, plural
from conformance.report.waived import red_waivers
from conformance.results.verdict import Status
from conformance.results.verdict.model import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.report.model import FeatureRow, Report
    from conformance.results.model import Result
    from conformance.results.runlog import Run

NARROWEST = 40
"""Columns below which the table does not shrink any further."""

NARROW = 60
"""Columns below which the evidence has lines of its own."""

PLAIN_WIDTH = 120
"""Columns if there is no terminal."""

MOST_SILENT = 20
"""The most unjudged scenarios that are listed; a target that is down has hundreds."""

_STYLES = {
    "OK": "green",
    "PARTIAL": "yellow",
    "FAIL": "bold red",
    "FLAKY": "bold red",
    "MISSING": "bold red",
    "OBSERVED": "cyan",
    "NOT TESTED": "dim",
    "WAIVED": "yellow",
    "PASS": "green",
    "BROKEN": "bold magenta",
    "UNTESTABLE": "yellow",
    "BLOCKED": "yellow",
    "NOT APPLICABLE": "dim",
    "NOT RUN": "dim",
}
_VERDICT_WIDTH = 11
_LOAD_WIDTH = 20


def show(report: Report, run: Run, console: Console | None = None, *, failures_only: bool = False) -> None:
    """Print the whole view on a console (standard output, if none is given)."""
    console = console or Console(highlight=False)
    width = console.width if is_live(console) else PLAIN_WIDTH
    for text in lines(report, run, width, failures_only=failures_only):
        console.print(text, soft_wrap=True, highlight=False)


def is_live(console: Console) -> bool:
    """Tell whether the output is a terminal: FORCE_COLOR adds colours, but a file is no terminal."""
    isatty = getattr(console.file, "isatty", None)
    return console.is_interactive and isatty is not None and bool(isatty())


def render(report: Report, run: Run, width: int = PLAIN_WIDTH, *, failures_only: bool = False) -> str:
    """Give the view as plain text, a line feed at its end."""
    return "".join(f"{text.plain}\n" for text in lines(report, run, width, failures_only=failures_only))


def lines(report: Report, run: Run, width: int, *, failures_only: bool = False) -> Iterator[Text]:
    """Give the view line by line, styled."""
    if not failures_only:
        yield Text(_head(report))
        yield Text()
        yield from _table(report, max(width, NARROWEST))
        yield Text()
    yield from _causes(report, run)
    for failure in failures(report, run):
        yield from _styled(failure.text)
        yield Text()
    if not failures_only:
        yield from _silent(report)
    yield from _waivers(report, run)
    yield from _explored(report)
    yield from _counts(report)


def result_line(result: Result) -> Text:
    """Give one line for a result as it comes in: `PASS        edit.non-owner-refused  12 ms`."""
    text = Text()
    text.append(f"{result.outcome:<14}", style=_STYLES[result.outcome])
    attempt = f"  attempt {result.attempt}" if result.attempt > 1 else ""
    text.append(f"  {line(result.scenario)}  {result.seconds * 1000:.0f} ms{attempt}")
    return text.append(f"  {line(result.problems[0].message)}") if result.problems else text


def _head(report: Report) -> str:
    where = ", ".join(line(url) for url in report.target.instances)
    return f"{line(report.target.name)}{f' · {where}' if where else ''} · {line(report.started)}"


def _table(report: Report, width: int) -> Iterator[Text]:
    title_width = max([7, *(cell_len(row.judged.entry.title) for row in report.shown)])
    # The evidence needs 24 columns to be readable beside the verdict; the title gives way first, down to 20. Where
    # there is still no room, the evidence goes below.
    loaded = report.load is not None and width >= NARROW
    taken = _VERDICT_WIDTH + 6 + (_LOAD_WIDTH if loaded else 0)
    room = width - _VERDICT_WIDTH - 7 if width < NARROW else max(20, width - taken - 24)
    title_width = min(title_width, room)
    times_head = _cells(LOAD_HEAD) if loaded else ""
    evidence = "" if width < NARROW else f"{times_head}  Evidence"
    yield Text(f"{'#':>3}  {'Feature':<{title_width}}  {'Verdict':<{_VERDICT_WIDTH}}{evidence}".rstrip(), style="bold")
    for row in report.shown:
        measured = _cells(times(report.load_of(row.judged.entry.id))) if loaded else ""
        yield from _row(row, title_width, width, measured)


def _cells(some: tuple[str, str]) -> str:
    """Give the two columns of a load, `_LOAD_WIDTH` wide."""
    return "".join(f"  {one:>8}" for one in some)


def _row(row: FeatureRow, title_width: int, width: int, measured: str = "") -> Iterator[Text]:
    feature = row.judged
    title = line(feature.entry.title)
    if cell_len(title) > title_width:
        title = set_cell_size(title, title_width - 1) + "…"
    text = Text(f"{feature.entry.number:>3}  {set_cell_size(title, title_width)}  ")
    text.append(f"{feature.verdict:<{_VERDICT_WIDTH}}", style=_STYLES[feature.verdict])
    text.append(measured)
    below = width < NARROW
    indent = 5 if below else cell_len(text.plain) + 2
    parts = _wrap(row.evidence, width - indent)
    if not below:
        text.append(f"  {parts.pop(0)}", style="yellow" if feature.amber else "")
    text.rstrip()
    yield text
    for part in parts:
        yield Text(f"{' ' * indent}{part}", style="yellow" if feature.amber and below else "")


def _wrap(text: str, width: int) -> list[str]:
    """Break between words; a single word that is too long stays whole."""
    parts, current = [], ""
    for word in text.split(" "):
        if current and cell_len(f"{current} {word}") > width:
            parts.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return [*parts, current]


def _styled(failure: str) -> Iterator[Text]:
    for text in failure.split("\n"):
        styled = Text(text)
        if not text.startswith(" "):
            word = next((word for word in _STYLES if text.startswith(f"{word}  ")), "")
            styled.stylize(_STYLES.get(word, ""), 0, len(word))
        if text.endswith(("← not allowed", "← here")):
            styled.stylize("red")
        yield styled


def _causes(report: Report, run: Run) -> Iterator[Text]:
    """List what probably causes the failures, each with the shortest scenario that shows it."""
    causes = likely_causes(report, run)
    if not causes:
        return
    yield Text("Likely causes, the most direct first", style="bold")
    for cause in causes[:MOST_CAUSES]:
        text = Text(f"  {cause.headline}: ", style="bold red" if cause.must else "yellow")
        yield text.append(f"{counted(cause)} ({named_rules(cause.rules)})", style="default")
        if cause.title:
            yield Text(f"      {cause.title}")
        yield Text(f"      {cause.example} · {line(cause.scenario)}")
    if len(causes) > MOST_CAUSES:
        yield Text(f"  … and {plural(len(causes) - MOST_CAUSES, 'more cause')}")
    yield Text()


def _silent(report: Report) -> Iterator[Text]:
    """List the scenarios that were run and say nothing about the server, with their reasons."""
    scenarios = unjudged(report)
    for scenario in scenarios[:MOST_SILENT]:
        text = Text(f"{scenario.status:<10}", style=_STYLES[scenario.status])
        text.append(f"  {line(scenario.entry.id)}  {line(reason(scenario))}", style="default")
        yield text
    if len(scenarios) > MOST_SILENT:
        yield Text(f"… and {len(scenarios) - MOST_SILENT} more that could not be judged")
    if scenarios:
        yield Text()


def _waivers(report: Report, run: Run) -> Iterator[Text]:
    """List the waivers that somebody has to look at, and how many are as they should be."""
    for _, said in red_waivers(report, run):
        yield Text(said, style="bold red")
    if report.waivers:
        counts = Counter(waiver.state for waiver in report.waivers)
        words = ", ".join(f"{counts[state]} {state}" for state in State if counts[state])
        yield Text(f"{plural(len(report.waivers), 'waiver')}: {words}")


def _explored(report: Report) -> Iterator[Text]:
    """List what `explore` found beside the run."""
    if report.explored is not None:
        yield Text("Explored", style="bold")
        for text in section_lines(report.explored):
            yield Text(text, style="red" if text.startswith("  ≠") else "")
        yield Text()


def _counts(report: Report) -> Iterator[Text]:
    features = [f"{count} {word}" for word, count in report.shown_counts.items() if count]
    counts = [f"{count} {word}" for word, count in report.scenario_counts.items() if count and word != Status.NOT_RUN]
    yield Text(f"{plural(len(report.shown), 'feature')}: {', '.join(features) or 'none'}")
    if report.selection:
        yield Text(f"Selected: {line(report.selection, 400)}")
    scenarios = sum(count for word, count in report.scenario_counts.items() if word != Status.NOT_RUN)
    seconds = f" in {report.seconds:.1f} s" if report.seconds is not None else ""
    noun = "observed check" if report.observed else "scenario"
    yield Text(f"{plural(scenarios, noun)}{seconds}: {', '.join(counts) or 'none'}")
    beside = [row.entry.id for row in report.rules if any(not charge.waived for charge in row.charges)]
    if beside and not report.observed:
        yield Text(line(f"Besides, frames that no scenario asked for break {', '.join(beside)}", 400), style="red")
    if report.flaky:
        names = ", ".join(line(item.entry.id) for item in report.flaky)
        yield Text(f"{len(report.flaky)} flaky: {names}", style="yellow")
    if report.weakness:
        yield Text(report.weakness, style="yellow")
    if not report.complete:
        yield Text(f"NOT COMPLETE: {line(report.reason)}", style="bold red")
