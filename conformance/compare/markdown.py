"""A comparison as a page of Markdown: the parity table, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.compare import explorations, text
from conformance.report.fences import cell, fence, table
from conformance.report.load.columns import HEAD as LOAD_HEAD
from conformance.report.load.columns import both
from conformance.report.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.compare.align import Alignment
    from conformance.compare.model import Comparison

_LONGEST = 400


def render(comparison: Comparison, alignment: Alignment | None = None) -> str:
    """Give the whole page, a line feed at its end."""
    return "\n".join(_lines(comparison, alignment)) + "\n"


def _lines(comparison: Comparison, alignment: Alignment | None) -> Iterator[str]:
    yield from _head(comparison)
    yield from _features(comparison)
    yield from _rules(comparison)
    yield from _probes(comparison)
    if comparison.explored is not None:
        yield from _explored(comparison.explored)
    if alignment:
        yield f"## {cell(alignment.scenario)}\n"
        yield fence(text.aligned(alignment))


def _head(comparison: Comparison) -> Iterator[str]:
    yield f"# Chat parity: {cell(comparison.old.name)} and {cell(comparison.new.name)}\n"
    rows = [("OLD", cell(text.ident(comparison.old), _LONGEST)), ("NEW", cell(text.ident(comparison.new), _LONGEST))]
    rows += [("Features", text.counts(one.change for one in comparison.features))]
    rows += [("Scenarios", text.counts(one.change for one in comparison.scenarios))]
    yield from table(("", ""), rows)
    for note in comparison.notes:
        yield f"> {cell(note, _LONGEST)}\n"


def _features(comparison: Comparison) -> Iterator[str]:
    yield "## Features\n"
    rows = [
        (
            str(one.number),
            cell(one.title),
            *(str(side.verdict) if side else "–" for side in (one.old, one.new)),
            *(both(comparison.loads_of(one.id)) if comparison.loaded else ()),
            f"**{one.change}**" if one.change == "REGRESSED" else str(one.change),
            cell(one.why),
        )
        for one in comparison.features
    ]
    yield from table(("#", "Feature", "Old", "New", *(LOAD_HEAD if comparison.loaded else ()), "Status", ""), rows)


def _rules(comparison: Comparison) -> Iterator[str]:
    rows = [
        (
            str(one.change),
            cell(one.id),
            "must" if one.must else "should",
            cell(one.sentence, _LONGEST),
            cell(text.named(one, comparison), _LONGEST),
        )
        for one in comparison.changed_rules
    ]
    if rows:
        yield "## Rules that changed\n"
        yield from table(("Status", "Rule", "Level", "Sentence", "Scenarios"), rows)


def _probes(comparison: Comparison) -> Iterator[str]:
    rows = [
        (
            cell(one.title, _LONGEST),
            *(cell(seen.observed, _LONGEST) if seen else "–" for seen in (one.old, one.new)),
            cell(one.why, _LONGEST),
        )
        for one in comparison.probes
        if one.differs
    ]
    if rows:
        yield "## Probes that differ\n"
        yield from table(("Question", "Old", "New", "Why it matters"), rows)
    same = len(comparison.probes) - len(rows)
    if same:
        yield f"{plural(same, 'probe')} observed the same, or on one side only.\n"


def _explored(found: explorations.Explorations) -> Iterator[str]:
    yield "## Explored\n"
    yield f"Findings of `chat-parity explore`: {explorations.counts(found)}.\n"
    if found.note:
        yield f"> {cell(found.note, _LONGEST)}\n"
    rows = [
        (
            f"**{one.seen}**" if one.seen is explorations.Seen.NEW else str(one.seen),
            cell(f"explored.{one.finding.id}"),
            cell(one.finding.rule),
            cell(one.finding.explanation, _LONGEST),
        )
        for one in found.shown
    ]
    yield from table(("Status", "Finding", "Rule", "Difference"), rows)
    if found.left_out:
        yield f"… and {plural(found.left_out, 'more finding')}.\n"
