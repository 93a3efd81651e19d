"""The common parts of `watch` and `judge`: the target file, the log of the observation, and its reports."""

from __future__ import annotations

import shlex
import sys
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from conformance import __version__
from conformance.cli.output import printer
from conformance.cli.recording import spec_tables
from conformance.engine.observe.record import notes, records
from conformance.errors import UsageError
from conformance.report import terminal, write_reports
from conformance.results.runlog import Footer, Header, RunWriter, TargetEntry, read_run
from conformance.results.runlog.records import INSECURE
from conformance.results.runlog.sources import Sources
from conformance.target import read_target
from conformance.target.differences import access_differences
from conformance.target.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.engine.observe.observer import Observer, Seen
    from conformance.report import Report
    from conformance.spec import Spec
    from conformance.target import Target

NOTHING = 3
"""The exit code when nothing could be judged."""


def target_of(file: Path | None, spec: Spec) -> Target | None:
    """Read a target file for its profile, its dialect and its TLS; no secret of it is needed."""
    if file is not None and ":/" in file.as_posix():
        raise UsageError("--target takes a target file, not an address; `watch` takes an address with --upstream")
    return read_target(file, spec, secrets=Secrets(checking=True)) if file is not None else None


def write_log(
    observer: Observer,
    folder: Path,
    entry: TargetEntry,
    redact: Callable[[str], str],
    seconds: float,
    target: Target | None = None,
) -> Report:
    """Write the log and the reports of an observation into a folder that is held, and print the table.

    Raises OSError.
    """
    found = records(observer)
    # Clients bring their own tokens and subprotocols, but the way to the server is that of the target file.
    way = access_differences(target) if target is not None and entry.instances else ()
    insecure = tuple(one for one in way if one.entry == INSECURE)
    tables = spec_tables(observer.spec)
    header = Header(
        run=str(uuid.uuid4()),
        started=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        tool=__version__,
        target=entry,
        command=shlex.join(["chat-parity", *map(redact, sys.argv[1:])]),
        spec=replace(tables, scenarios=tuple(one for one, _ in found), probes={}),
        selected=tuple(one.id for one, _ in found),
        options={"observed": True},
        profile=target.profile if target is not None else {},
        dialect=(*insecure, *(target.dialect.differences if target is not None and target.dialect is not None else ())),
    )
    sources = Sources()
    with RunWriter(folder / "run.jsonl", redact) as writer:
        writer.write(header)
        for _, result in found:
            sources.take(result)
            writer.write(result)
        texts = sources.read(observer.spec.read_place)
        used = tuple(sorted({*observer.used, *(one.entry for one in insecure)}))
        said = tuple(notes(observer))
        writer.write(Footer(True, seconds=round(seconds, 3), notes=said, dialect_used=used, sources=texts))
    recorded = read_run(folder / "run.jsonl", observed=True)
    report = write_reports(recorded, folder)
    terminal.show(report, recorded, printer())
    for note in recorded.footer.notes if recorded.footer is not None else ():
        click.echo(f"chat-parity: {note}", err=True)
    click.echo(f"Report: {folder / 'parity.html'}")
    return report


def code_of(report: Report, observer: Observer) -> int:
    """Give the exit code: 1 if a must rule is broken, 3 if nothing could be judged, else 0."""
    judged = any(observer.frames.values())
    return report.exit_code or (0 if judged else NOTHING)


def one_line(seen: Seen, spec: Spec) -> str:
    """Describe a violation in one line."""
    violation = seen.violation
    if violation.rule is None:
        return f"client  {violation.client}: {violation.explanation}"
    level = spec.rules[violation.rule].level
    return f"{'FAIL' if level == 'must' else 'amber'}  {violation.rule}  {violation.client}: {violation.explanation}"
