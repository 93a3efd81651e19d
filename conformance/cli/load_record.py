"""Makes the record of a load as the command line was, and writes its files."""

from __future__ import annotations

import json
import shlex
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from conformance import __version__
from conformance.engine.load.summary import (
    delivery_rows,
    failure_rows,
    feature_rows,
    notes_of,
    request_rows,
    scenarios_of,
)
from conformance.report import write_file
from conformance.report.load.csv import render as render_csv
from conformance.report.text import as_json
from conformance.results.load.record import FILE, Generator, LoadRecord
from conformance.target.access import shown_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from conformance.engine.context.run_context import RunContext
    from conformance.engine.load.job import Job
    from conformance.engine.load.run import Load

CSV = "load.csv"


def make_record(
    load: Load,
    job: Job,
    run_context: RunContext,
    place: str | None,
    choice: Mapping[str, Any],
    left_out: Mapping[str, str],
    reason: str,
) -> LoadRecord:
    """Make the record of a load; `choice` are the options that chose its scenarios, `reason` says what ended it early.

    `place` is the target as the command names it. Texts of the server are redacted when the record is written.
    """
    tally, target = load.tally, run_context.target
    began = datetime.now(UTC) - timedelta(seconds=load.seconds)
    return LoadRecord(
        load=str(uuid.uuid4()),
        target=target.name,
        place=place and _shown(place),
        started=began.isoformat(timespec="seconds").replace("+00:00", "Z"),
        tool=__version__,
        spec=run_context.spec.digest,
        command=shlex.join(["chat-parity", *map(_shown, sys.argv[1:])]),
        complete=not reason,
        reason=reason,
        seconds=round(load.seconds, 3),
        options={
            "users": job.shape.users,
            "rate": job.shape.rate,
            "ramp": job.shape.ramp,
            "duration": job.shape.seconds,
            **choice,
            "seed": job.seed,
            "workers": job.workers,
            "bystanders": job.bystanders,
            "time_scale": job.time_scale,
        },
        scenarios=scenarios_of(tally),
        requests=request_rows(tally),
        deliveries=delivery_rows(tally),
        features=feature_rows(tally, run_context.spec),
        failures=failure_rows(tally),
        not_judged=dict(tally.not_judged.most_common()),
        left_out=dict(sorted(left_out.items())),
        generator=Generator(load.workers, round(tally.cpu_seconds, 3), round(tally.late, 3)),
        notes=tuple(notes_of(tally, target, left_out)),
    )


def write(record: LoadRecord, folder: Path, redact: Callable[[str], str]) -> LoadRecord:
    """Write load.json and load.csv, and give the record without secrets; raises OSError."""
    text = redact(as_json(record.to_dict(), indent=1))
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / FILE, text)
    write_file(folder / CSV, render_csv(record))
    return LoadRecord.from_dict(json.loads(text))


def _shown(word: str) -> str:
    return shown_address(word) if "://" in word else word
