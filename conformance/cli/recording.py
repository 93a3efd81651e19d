"""Records a run: its header, all its records, and in every case a footer that says how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
import time
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from conformance import __version__
from conformance.results.runlog import Footer, Header, RunWriter
from conformance.results.runlog.records import (
    CellEntry,
    FeatureEntry,
    MessagesEntry,
    RuleEntry,
    ScenarioEntry,
    SpecTables,
    TargetEntry,
)
from conformance.results.runlog.sources import Sources
from conformance.results.runlog.transcripts import Transcripts
from conformance.target.access import shown_address
from conformance.target.differences import access_differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from conformance.engine.run.options import Options
    from conformance.engine.run.run import Sink
    from conformance.engine.run.state import RunState
    from conformance.results.model import Calibration, Observation, Result
    from conformance.results.waivers import Waivers
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.spec.model import Rule
    from conformance.target import Target


@contextlib.contextmanager
def recording(
    path: Path, header: Header, target: Target, state: RunState, trace: str, began: float, spec: Spec | None = None
) -> Iterator[Sink]:
    """Give the sink that writes a run to a log.

    `trace` says which transcripts are kept: `fail`, `all` or `none`; `began` is the `time.perf_counter` of the run.
    With a `spec` the log keeps the files of failing scenarios. A cancelled run gets a footer that says so. Any other
    exception is noted in the footer and raised again.
    """
    transcripts, sources = Transcripts(trace), Sources()

    def sink(record: Calibration | Result | Observation) -> None:
        sources.take(record)
        writer.write(transcripts.bounded(record))

    with RunWriter(path, target.secrets.redact) as writer:
        writer.write(header)
        reason = "the run failed"
        try:
            yield sink
            reason = state.stopped or state.doubts
        except asyncio.CancelledError:
            reason = "interrupted"
        except BaseException as error:
            reason = f"the run failed: {error}"
            raise
        finally:
            seconds = round(time.perf_counter() - began, 3)
            used = tuple(sorted({*state.used, *(one.entry for one in access_differences(target))}))
            files = sources.read(spec.read_place) if spec else {}
            notes = (*state.notes, *state.remarks)
            writer.write(Footer(not reason, reason, seconds, state.phases, notes, used, files))


def make_header(
    spec: Spec,
    target: Target,
    scenarios: Sequence[Scenario],
    options: Options,
    place: str | None = None,
    waivers: Waivers | None = None,
) -> Header:
    """Make the header: what is run, on which target, by which spec; `place` is the target as the command names it."""
    return Header(
        run=str(uuid.uuid4()),
        started=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        tool=__version__,
        target=TargetEntry(target.name, target.addresses, place and shown_place(place)),
        command=shlex.join(["chat-parity", *map(shown_place, sys.argv[1:])]),
        spec=spec_tables(spec),
        selected=tuple(one.id for one in scenarios),
        options=asdict(options),
        profile={**target.profile, "ambient": sorted(target.ambient)},
        waivers=waivers,
        dialect=(*access_differences(target), *(target.dialect.differences if target.dialect else ())),
    )


def spec_tables(spec: Spec) -> SpecTables:
    """Give the parts of the spec that every log has."""
    incoming: dict[str, tuple[str, ...]] = {
        kind: tuple(one.id for one in spec.features.values() if kind in one.incoming) for kind in spec.incoming
    }
    return SpecTables(
        digest=spec.digest,
        features=tuple(FeatureEntry(one.number, one.id, one.title) for one in spec.features.values()),
        rules=tuple(
            RuleEntry(one.id, one.level, one.sentence, one.features, spec.place(one.file), one.line, _needs(one, spec))
            for one in spec.rules.values()
        ),
        scenarios=tuple(_scenario(one, spec) for one in spec.scenarios.values()),
        messages=MessagesEntry(incoming, spec.protocol.discriminator),
        wire=spec.wire,
        probes={one.id: one.scenario.revision for one in spec.probes.values()},
    )


def _needs(rule: Rule, spec: Spec) -> tuple[str, ...]:
    """Give the types of the features that a rule is about, and of those without which nothing of these can be seen.

    The barrier is among them: it shows that a connection lives, and a server may lack its request.
    """
    names = {one for name in rule.needs for one in (name, *spec.features[name].builds_on)} - {*rule.features}
    needed = [spec.features[name] for name in names]
    barrier = (str(spec.protocol.barrier_request[spec.protocol.discriminator]), spec.protocol.barrier_reply)
    return tuple(sorted({*barrier, *(kind for feature in needed for kind in (*feature.incoming, *feature.outgoing))}))


def _scenario(one: Scenario, spec: Spec) -> ScenarioEntry:
    made = one.cell
    cell = CellEntry(spec.place(made.table), made.row, made.column, made.value, *made.at) if made else None
    return ScenarioEntry(one.id, one.title, one.feature, one.rules, spec.place(one.file), one.line, cell, one.revision)


def shown_place(word: str) -> str:
    """Give a target as a log shows it: an address without what may be a secret."""
    return shown_address(word) if "://" in word else word


def slug(name: str) -> str:
    """Make a target's name the name of a folder."""
    return "".join(char if char.isalnum() else "-" for char in name.lower()).strip("-") or "target"
