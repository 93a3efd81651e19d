"""A comparison as lines of text: the table of features, what changed below it, and a scenario line by line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from conformance.compare import explorations
from conformance.compare.model import Change
from conformance.report.explored import headline
from conformance.report.load.columns import HEAD as LOAD_HEAD
from conformance.report.load.columns import both
from conformance.report.text import fit, line, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.compare.align import AlignedClient, Alignment
    from conformance.compare.model import Comparison, ProbePair, RulePair, Side

MOST_NAMED = 8
"""Scenarios named beside a rule; the rest is only counted."""

_STYLES = {
    Change.OK: "green",
    Change.IMPROVED: "bold green",
    Change.REGRESSED: "bold red",
    Change.BOTH_FAIL: "yellow",
    Change.NOT_COMPARABLE: "dim",
    Change.NEW: "cyan",
    Change.GONE: "cyan",
}
_WIDEST_TITLE = 36
_LONGEST = 400


def render(comparison: Comparison, alignment: Alignment | None = None) -> str:
    """Give the whole view as plain text, a line feed at its end."""
    return "".join(f"{text.plain}\n" for text in lines(comparison, alignment))


def lines(comparison: Comparison, alignment: Alignment | None = None) -> Iterator[Text]:
    """Give the view line by line, styled."""
    yield Text(f"OLD  {ident(comparison.old)}")
    yield Text(f"NEW  {ident(comparison.new)}")
    for note in comparison.notes:
        yield Text(f"  ! {line(note, _LONGEST)}", style="yellow")
    yield Text()
    yield from _table(comparison)
    yield Text()
    yield from _rules(comparison)
    yield from _probes([probe for probe in comparison.probes if probe.differs])
    yield from _explored(comparison)
    if alignment:
        yield from _alignment(alignment)
    yield from _counts(comparison)


def ident(side: Side) -> str:
    """Say which run a side is: its target, when it was recorded."""
    header = side.run.header
    return f"{line(header.target.name)} · {line(header.started)} · {line(header.target.place or 'started by the run')}"


def aligned(alignment: Alignment) -> str:
    """Give the two transcripts as plain text."""
    return "\n".join(text.plain for text in _alignment(alignment)).rstrip()


def counts(words: Iterable[Change]) -> str:
    """Give `3 OK, 1 REGRESSED`, in the order of the statuses."""
    found = Counter(words)
    return ", ".join(f"{found[word]} {word}" for word in Change if found[word]) or "none"


def named(pair: RulePair, comparison: Comparison) -> str:
    """Name the scenarios of a rule that share its status, and those with a finding against it."""
    ids = {one.entry.id for side in (pair.old, pair.new) if side for one in side.scenarios}
    alike = [one.id for one in comparison.scenarios if one.id in ids and one.change is pair.change]
    side = pair.new if pair.change is Change.REGRESSED else pair.old
    if not alike and side:
        alike = [f"found in {name}" for name in dict.fromkeys(charge.result.scenario for charge in side.charges)]
    more = [f"… {len(alike) - MOST_NAMED} more"] if len(alike) > MOST_NAMED else []
    return ", ".join([*map(line, alike[:MOST_NAMED]), *more])


def _table(comparison: Comparison) -> Iterator[Text]:
    features = comparison.features
    width = min(_WIDEST_TITLE, max([7, *(cell_len(line(one.title)) for one in features)]))
    yield Text(
        f"{'#':>3}  {'Feature':<{width}}  {'Old':<10}  {'New':<10}  {_measured(LOAD_HEAD, comparison)}Status",
        style="bold",
    )
    for one in features:
        title = set_cell_size(fit(line(one.title), width), width)
        old, new = (str(side.verdict) if side else "–" for side in (one.old, one.new))
        measured = _measured(both(comparison.loads_of(one.id)), comparison)
        text = Text(f"{one.number:>3}  {title}  {old:<10}  {new:<10}  {measured}")
        text.append(str(one.change), style=_STYLES[one.change])
        yield text.append(f"  {line(one.why)}" if one.why else "")


def _measured(cells: tuple[str, str], comparison: Comparison) -> str:
    """Give the columns of the two loads; empty: there are none."""
    return "".join(f"{cell:<17}  " for cell in cells) if comparison.loaded else ""


def _rules(comparison: Comparison) -> Iterator[Text]:
    changed = sorted(comparison.changed_rules, key=lambda one: (one.change is not Change.REGRESSED, not one.must))
    if changed:
        yield Text("Rules that changed", style="bold")
        for one in changed:
            text = Text("  ").append(f"{one.change:<9}", style=_STYLES[one.change])
            level = "must" if one.must else "should"
            yield text.append(f"  {level:<6}  {line(one.id)} ({line(one.feature)})  “{line(one.sentence, _LONGEST)}”")
            yield Text(f"             {named(one, comparison)}")
        yield Text()


def _probes(probes: list[ProbePair]) -> Iterator[Text]:
    if probes:
        yield Text("Probes that differ", style="bold")
        for one in probes:
            yield Text(f"  {line(one.id)}  {line(one.title, _LONGEST)}")
            for name, seen in (("OLD", one.old), ("NEW", one.new)):
                yield Text(f"    {name}  {line(seen.observed if seen else '', _LONGEST)}")
            yield Text(f"    {line(one.why, _LONGEST)}", style="italic")
        yield Text()


def _explored(comparison: Comparison) -> Iterator[Text]:
    """List the findings of the two explorations."""
    found = comparison.explored
    if found is None:
        return
    yield Text(f"Explored: {explorations.counts(found)}", style="bold")
    if found.note:
        yield Text(f"  ! {found.note}", style="yellow")
    for one in found.shown:
        text = Text("  ").append(f"{one.seen:<14}", style="bold red" if one.seen is explorations.Seen.NEW else "")
        yield text.append(f"  {headline(one.finding)}", style="default")
    if found.left_out:
        yield Text(f"  … and {plural(found.left_out, 'more finding')}")
    yield Text()


def _alignment(alignment: Alignment) -> Iterator[Text]:
    yield Text(f"{line(alignment.scenario)}  (- OLD only, + NEW only)", style="bold")
    if alignment.why:
        yield Text(f"  {alignment.why}")
    for client in alignment.clients:
        yield Text(f"  {line(client.who)}")
        yield from _client(client)
    yield Text()


def _client(client: AlignedClient) -> Iterator[Text]:
    for one in client.lines:
        if one.same:
            yield Text(f"      {one.new}")
            continue
        if one.old is not None:
            yield Text(f"    - {one.old}", style="red")
        if one.new is not None:
            yield Text(f"    + {one.new}", style="green")
    if client.left_out:
        yield Text(f"      … {client.left_out} more lines")


def _counts(comparison: Comparison) -> Iterator[Text]:
    yield Text(f"{plural(len(comparison.features), 'feature')}: {counts(one.change for one in comparison.features)}")
    yield Text(f"{plural(len(comparison.scenarios), 'scenario')}: {counts(one.change for one in comparison.scenarios)}")
