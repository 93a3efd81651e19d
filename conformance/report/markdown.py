"""`parity.md`: the parity table, measured, and below it the evidence for each verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report import explored as exploration
from conformance.report.differences import gist
from conformance.report.failures import failures, reason, unjudged
from conformance.report.fences import cell, fence, table
from conformance.report.likely_causes import MOST as MOST_CAUSES
from conformance.report.likely_causes import counted, likely_causes, named_rules
from conformance.report.load.columns import HEAD as LOAD_HEAD
from conformance.report.load.columns import times
from conformance.report.tables import tables
from conformance.report.text import plural
from conformance.report.waived import red_waivers
from conformance.results.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.report.model import Report
    from conformance.report.tables import TableCell
    from conformance.results.runlog import Run
    from conformance.results.verdict import JudgedScenario


EXPLORED = "Differences between this server and another one that invented conversations show. They change no verdict."


def render(report: Report, run: Run, *, failures_only: bool = False) -> str:
    """Give the whole page, or its head and what failed; a line feed at its end."""
    found = list(failures(report, run))
    failed = (
        _fenced("Failures", [failure.text for failure in found if failure.must]),
        _fenced("Failures of should rules", [failure.text for failure in found if not failure.must]),
    )
    waived = _waivers(report, run)
    spoken = _differences(report)
    rest = (
        _unjudged(report),
        _not_applicable(report),
        _flaky(report),
        _tables(report),
        _probes(report),
        spoken,
        explored(report),
    )
    whole = (head(report), features(report), causes(report, run), *failed, waived, *rest)
    sections = (head(report), causes(report, run), *failed, waived, explored(report)) if failures_only else whole
    return "\n".join(text for section in sections for text in section)


def head(report: Report) -> Iterator[str]:
    """Say which target was judged by which spec, and give the result in one line."""
    yield f"# Chat parity: {cell(report.target.name)}\n"
    if not report.complete:
        yield f"> **NOT COMPLETE: {cell(report.reason)}.** What follows is only what was judged until then.\n"
    rows = [("Target", ", ".join(cell(url) for url in report.target.instances) or "–"), ("When", cell(report.started))]
    rows += [("Spec", cell(report.spec_digest)), ("Tool", f"chat-parity {cell(report.tool)}")]
    if report.differences:
        rows.append(("Dialect", gist(report.differences)))
    rows += [("Calibration", cell(calibration(report), 600)), ("Result", _counts(report))]
    if report.selection:
        rows.append(("Selected", cell(report.selection, 400)))
    rows += [("Note", cell(note, 600)) for note in report.notes]
    yield from table(("", ""), rows)


def calibration(report: Report) -> str:
    """Describe the calibration in one line."""
    seen = report.calibration
    if seen is None:
        return "none"
    if seen.skew is None:
        order = "no broadcast arrived"
    elif seen.skew == 0:
        order = "delivers in order"
    else:
        order = f"the latest broadcast came {seen.skew * 1000:.1f} ms after its barrier"
    greeting = "greets" if seen.greets else "greets otherwise" if seen.greets_otherwise else "does not greet"
    barrier = "answers the barrier" if seen.answers_barrier else "does not answer the barrier"
    unknown = f"; does not know {', '.join(seen.unknown_types)}" if seen.unknown_types else ""
    unknown += f"; without {', '.join(seen.unseen)}" if seen.unseen else ""
    unknown += "" if seen.confirms_joins else "; does not confirm joins"
    unknown += (
        f"; does not tell the author's other devices of {', '.join(seen.untold_devices)}" if seen.untold_devices else ""
    )
    unknown += f"; wrong are {', '.join(seen.wrong_fields)}" if seen.wrong_fields else ""
    unknown += f"; does not confirm {', '.join(seen.unconfirmed)}" if seen.unconfirmed else ""
    unknown += f"; sends {', '.join(seen.foreign_types)}, too" if seen.foreign_types else ""
    unknown += "; a join brings earlier messages" if seen.replays else ""
    unknown += "; a join ends the one before" if seen.one_room else ""
    unknown += "; ends connections at what it refuses" if seen.errors_close else ""
    unknown += "; what was sent is in the history" if seen.reads_back else ""
    waits = f"settle {seen.settle * 1000:.0f} ms, patience {seen.patience * 1000:.0f} ms"
    reply = f", a reply takes {seen.round_trip * 1000:.0f} ms" if seen.round_trip is not None else ""
    return f"{greeting}, {barrier}, {order}{reply}; {waits}{unknown}"


def _counts(report: Report) -> str:
    features = ", ".join(f"{count} {word}" for word, count in report.shown_counts.items() if count)
    scenarios = ", ".join(f"{count} {word}" for word, count in report.scenario_counts.items() if count)
    seconds = f" in {report.seconds:.1f} s" if report.seconds is not None else ""
    return f"features: {features or 'none'} · scenarios: {scenarios or 'none'}{seconds} · exit {report.exit_code}"


def features(report: Report) -> Iterator[str]:
    """Give the table of features."""
    yield "## Features\n"
    rows = []
    for row in report.shown:
        amber = " (amber)" if row.judged.amber else ""
        entry = row.judged.entry
        loaded = times(report.load_of(entry.id)) if report.load else ()
        verdict = f"{row.judged.verdict}{amber}"
        rows.append((str(entry.number), cell(entry.title), verdict, *loaded, cell(row.evidence, 400)))
    yield from table(("#", "Feature", "Verdict", *(LOAD_HEAD if report.load else ()), "Evidence"), rows)


def causes(report: Report, run: Run) -> Iterator[str]:
    """Give the table of what probably causes the failures."""
    found = likely_causes(report, run)
    if found:
        yield "## Likely causes\n"
        yield "What failing scenarios have in common, the most direct first, and the shortest scenario that shows it.\n"
        rows = [
            (
                cell(one.headline, 240),
                counted(one),
                cell(named_rules(one.rules)),
                cell(f"{one.title}: {one.example}" if one.title else one.example, 600),
                cell(one.scenario),
            )
            for one in found[:MOST_CAUSES]
        ]
        yield from table(("Cause", "Seen in", "Rules", "For example", "Scenario"), rows)
        if len(found) > MOST_CAUSES:
            yield f"… and {plural(len(found) - MOST_CAUSES, 'more cause')}.\n"


def _fenced(title: str, texts: list[str]) -> Iterator[str]:
    if texts:
        yield f"## {title}\n"
        for text in texts:
            yield fence(text)


def _waivers(report: Report, run: Run) -> Iterator[str]:
    if report.waivers:
        yield "## Waivers\n"
        for _, said in red_waivers(report, run):
            yield f"> **{cell(said, 400)}**\n"
        rows = [
            (
                str(one.state),
                cell(one.entry.scenario),
                cell(one.entry.rule) or "–",
                *(cell(text, 400) for text in (one.entry.reason, one.entry.issue, one.entry.owner, one.entry.expires)),
            )
            for one in report.waivers
        ]
        yield from table(("State", "Scenario", "Rule", "Reason", "Issue", "Owner", "Until"), rows)


def _unjudged(report: Report) -> Iterator[str]:
    scenarios = unjudged(report)
    if scenarios:
        yield "## Could not be judged\n"
        yield from table(("Scenario", "Outcome", "Why"), [(*_named(item), _why(item)) for item in scenarios])


def _not_applicable(report: Report) -> Iterator[str]:
    scenarios = [item for item in report.scenarios if item.status is Status.NOT_APPLICABLE]
    if scenarios:
        yield "## Not applicable\n"
        yield from table(("Scenario", "Why"), [(cell(item.entry.id), _why(item)) for item in scenarios])


def _flaky(report: Report) -> Iterator[str]:
    if report.flaky:
        yield "## Flaky\n"
        rows = [(cell(item.entry.id), ", ".join(result.outcome for result in item.results)) for item in report.flaky]
        yield from table(("Scenario", "Attempts"), rows)


def _tables(report: Report) -> Iterator[str]:
    for drawn in tables(report.scenarios):
        yield f"## {cell(drawn.title)}\n"
        yield f"From {cell(drawn.file)}: what each cell promises, and how it ended where that is not PASS.\n"
        rows = [
            (cell(row), *(_table_cell(drawn.cells.get((row, column))) for column in drawn.columns))
            for row in drawn.rows
        ]
        yield from table(("", *map(cell, drawn.columns)), rows)


def _table_cell(found: TableCell | None) -> str:
    if found is None:
        return ""
    ending = "" if found.status is Status.PASS else f" **{found.status}**"
    return f"{cell(found.value)}{ending}"


def _probes(report: Report) -> Iterator[str]:
    if report.probes:
        yield "## Probes\n"
        count = plural(len(report.probes), "observation")
        yield f"{count} where the protocol leaves a choice. None of it is right or wrong.\n"
        rows = [(cell(probe.id), cell(probe.title, 400), cell(probe.observed, 400)) for probe in report.probes]
        yield from table(("Probe", "Question", "Observed"), rows)


def _differences(report: Report) -> Iterator[str]:
    if report.differences:
        yield "## Differences from the protocol\n"
        yield (
            "This target uses other names than the protocol: the run translated them, and judged everything else by the"
            " protocol.\n"
        )
        rows = [(cell(row.entry), cell(row.protocol), cell(row.wire), row.word) for row in report.differences]
        yield from table(("Entry of `dialect:`", "Protocol", "On the wire", "In this run"), rows)


def explored(report: Report) -> Iterator[str]:
    """Give what `explore` found beside the run: a table of the findings, and each with both transcripts."""
    if report.explored is None:
        return
    yield "## Explored\n"
    yield f"{EXPLORED}\n"
    yield from table(("", ""), [(name, cell(value, 1200)) for name, value in exploration.facts(report.explored)])
    for one in exploration.shown(report.explored):
        yield fence("\n".join(exploration.finding_lines(one, report.explored)))
    more = exploration.left_out(report.explored)
    if more:
        yield f"… and {plural(more, 'more finding')}.\n"


def _named(scenario: JudgedScenario) -> tuple[str, str]:
    return cell(scenario.entry.id), str(scenario.status)


def _why(scenario: JudgedScenario) -> str:
    return cell(reason(scenario), 300) or "–"
