"""Runs of every kind, made of toys: what any view must be able to show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.results.model import Observation, Outcome
from conformance.results.runlog import CellEntry, Footer
from conformance.results.runlog.records import DialectEntry, SourceEntry
from conformance.results.waivers import Waiver, Waivers
from tests.conformance.report import toys

if TYPE_CHECKING:
    from conformance.results.runlog import Run

RULES = (
    toys.rule("EDIT-1"),
    toys.rule("EDIT-2"),
    toys.rule("EDIT-3", "should"),
    toys.rule("DROP-1", features=("drop",)),
    toys.rule("FORM-1", features=("edit", "drop")),
)
OUTCOMES = {
    "edit.passes": ("EDIT-1", Outcome.PASS),
    "edit.fails": ("EDIT-2", Outcome.FAIL),
    "edit.amber": ("EDIT-3", Outcome.FAIL),
    "edit.blocked": ("EDIT-1", Outcome.BLOCKED),
    "edit.untestable[a.b]": ("EDIT-1", Outcome.UNTESTABLE),
    "drop.broken": ("DROP-1", Outcome.BROKEN),
    "drop.none": ("DROP-1", Outcome.NOT_APPLICABLE),
}


def mixed() -> Run:
    """Give a run with every outcome, a flaky scenario, a finding, a table and probes."""
    cell = CellEntry("spec/who-may.yaml", "edit", "owner", "allowed", 0, 0)
    entries = [toys.scenario(name, (rule,), name.partition(".")[0]) for name, (rule, _) in OUTCOMES.items()]
    entries[0] = replace(entries[0], cell=cell)
    entries[1] = replace(entries[1], cell=replace(cell, column="reader", value="refused", column_at=1))
    failed = toys.forged().results[0]
    results = []
    for entry, (_, outcome) in zip(entries, OUTCOMES.values(), strict=True):
        more = {"transcript": failed.transcript, "names": failed.names} if outcome is Outcome.FAIL else {}
        results.append(toys.result(entry, outcome, **more))
    results[1] = replace(results[1], problems=failed.problems)
    results.append(toys.result(entries[1], attempt=2))
    finding = toys.problem("no zone in it", rule="FORM-1", step="expect Edited", entry=0)
    results[0] = replace(results[0], findings=(finding,), transcript=failed.transcript)
    never = toys.scenario("drop.never-run", ("DROP-1",), "drop")
    header = toys.header(RULES, (*entries, never), selected=tuple(entry.id for entry in entries))
    probes = (Observation("echo", "Does it echo?", "It shows twice.", "yes", failed.transcript, failed.names),)
    return toys.run(header, *results, probes=probes)


def translated() -> Run:
    """Give a run through a dialect, one entry of which was used."""
    run = mixed()
    dialect = (
        DialectEntry("types.Edited", "Edited", "message_changed"),
        DialectEntry("envelope", "no envelope", "data"),
    )
    failed = run.results[1]
    entries = (*failed.transcript[:2], replace(failed.transcript[2], wire='{"t": "message_changed"}'))
    results = (run.results[0], replace(failed, transcript=entries), *run.results[2:])
    footer = Footer(complete=True, seconds=1.5, dialect_used=("types.Edited",))
    return replace(run, header=replace(run.header, dialect=dialect), results=results, footer=footer)


def with_source() -> Run:
    """Give a run whose log has the file of its failing scenario."""
    run = mixed()
    text = "\n".join(f"title: Line {n}" if n != 27 else "- never: Edited" for n in range(20, 40))
    sources = {"spec/scenarios/edit.no.yaml": SourceEntry(20, text)}
    return replace(run, footer=Footer(complete=True, seconds=1.5, sources=sources))


def many(count: int) -> Run:
    """Give a run of many cases that all pass."""
    entries = tuple(toys.scenario(f"edit.s{n // 20}[{n % 20}]", ("EDIT-1",)) for n in range(count))
    return toys.run(toys.header(RULES[:1], entries), *map(toys.result, entries))


def good() -> Run:
    """Give a run where all is well."""
    entry = toys.scenario("edit.passes", ("EDIT-1",))
    return toys.run(toys.header(RULES[:1], (entry,)), toys.result(entry))


def narrowed(outcome: Outcome = Outcome.PASS, selected: str = "edit.passes") -> Run:
    """Give a run for which one scenario was selected: the only one of a feature, or one of two of another."""
    entries = (
        toys.scenario("edit.passes", ("EDIT-1",)),
        toys.scenario("drop.passes", ("DROP-1",), "drop"),
        toys.scenario("drop.also", ("DROP-1",), "drop"),
    )
    chosen = next(entry for entry in entries if entry.id == selected)
    rules = (toys.rule("EDIT-1"), toys.rule("DROP-1", features=("drop",)))
    return toys.run(toys.header(rules, entries, selected=(selected,)), toys.result(chosen, outcome))


def cut_off() -> Run:
    """Give a run that ended in the middle, without calibration."""
    run = mixed()
    return replace(run, results=run.results[:1], probes=(), footer=None, calibration=None)


def stopped() -> Run:
    """Give a run that says why it ended early."""
    return replace(mixed(), results=(), footer=Footer(complete=False, reason="interrupted"))


def waived() -> Run:
    """Give a run with a waiver of every state."""
    run = mixed()
    entries = (
        Waiver("edit.fails", "It is known.", "#1", "alice", "2026-12-31", line=4),
        Waiver("edit.passes", "It was known.", "#2", "bob", "2026-12-31", line=9),
        Waiver("edit.amber", "Not for long.", "#3", "bob", "2026-01-01", line=14),
        Waiver("edit.no-such", "A slip.", "#4", "bob", "2026-12-31", line=19),
        Waiver("drop.broken", "Nobody knows.", "#5", "carol", "2026-12-31", rule="DROP-1", line=24),
    )
    return replace(run, header=replace(run.header, waivers=Waivers("w.yaml", "2026-02-22", entries)))


KINDS = {
    "mixed": mixed(),
    "waived": waived(),
    "good": good(),
    "forged": toys.forged(),
    "cut off": cut_off(),
    "stopped": stopped(),
}


def hostile(text: str) -> Run:
    """Put a text wherever a server, a target file or a damaged log could put one."""
    run = waived()
    assert run.header.waivers is not None
    waivers = replace(
        run.header.waivers,
        file=text,
        entries=tuple(replace(one, reason=text, issue=text, owner=text) for one in run.header.waivers.entries),
    )
    target = replace(run.header.target, name=text, instances=(text,), place=text)
    entries = tuple(
        replace(entry, title=text, file=text, cell=entry.cell and replace(entry.cell, row=text, value=f"a {text}"))
        for entry in run.header.spec.scenarios
    )
    rules = tuple(replace(rule, sentence=text, file=text) for rule in run.header.spec.rules)
    features = tuple(replace(feature, title=text) for feature in run.header.spec.features)
    spec = replace(run.header.spec, scenarios=entries, rules=rules, features=features, digest=text)
    header = replace(run.header, target=target, spec=spec, command=text, started=text, tool=text, waivers=waivers)
    dialect = tuple(DialectEntry(f"{n}{text}", text, text) for n in range(2))
    header = replace(header, dialect=dialect)
    results = tuple(
        replace(
            result,
            problems=tuple(replace(one, message=text, step=text, file=text) for one in result.problems),
            findings=tuple(replace(one, message=text) for one in result.findings),
            transcript=tuple(
                replace(
                    line,
                    who=text,
                    text=text,
                    wire=text,
                    frame=line.frame and {"kind": text, text: [text, {text: text}]},
                )
                for line in (*result.transcript, *(replace(one, frame=None) for one in result.transcript))
            ),
            names={"0b9c0000": text},
        )
        for result in run.results
    )
    probes = tuple(replace(one, title=text, why=text, observed=text) for one in run.probes)
    return replace(
        run,
        header=header,
        results=results,
        probes=probes,
        footer=Footer(complete=False, reason=text, notes=(text,), sources={text: SourceEntry(1, text)}),
    )


def hostile_but_dated(text: str) -> Run:
    """Give a hostile run with a good start, as every log that can be read has one."""
    run = hostile(text)
    return replace(run, header=replace(run.header, started="2026-02-22T20:49:32Z"))
