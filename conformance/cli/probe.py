"""`chat-parity probe [TARGET] [ID …]`: observe a server where the protocol leaves a choice."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import click

from conformance.cli.completing import offering
from conformance.cli.options import format_option, jobs_option, out_file_option, time_scale_option, yes_option
from conformance.cli.recording import make_header, recording
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.cli.targets import open_target, split
from conformance.engine.run.options import Options
from conformance.engine.run.run import run as run_all
from conformance.engine.run.state import RunState
from conformance.errors import UsageError
from conformance.files.did_you_mean import did_you_mean
from conformance.files.folder_lock import exclusive
from conformance.report.text import as_json, visible
from conformance.results.model import Observation
from conformance.scenario.selectors import names
from conformance.spec import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conformance.results.model import Calibration, Result
    from conformance.scenario.model import Probe
    from conformance.spec import Spec


@click.command()
@click.argument("words", nargs=-1, metavar="[TARGET] [ID or glob …]", shell_complete=offering("probes", files=True))
@click.option("--why", is_flag=True, help="Also say why a difference between two servers matters.")
@format_option()
@out_file_option("Also write the run, with transcripts.")
@jobs_option("Probes")
@time_scale_option
@yes_option("observe")
@spec_option
@click.pass_context
def probe(
    ctx: click.Context,
    words: tuple[str, ...],
    why: bool,
    form: str,
    out: Path | None,
    jobs: int,
    time_scale: float,
    yes: bool,
    spec_folder: Path | None,
) -> None:
    """Observe a server where the protocol leaves a choice, and print what was seen. Nothing here is right or wrong.

    TARGET is a target file or a ws:// URL; without one the reference server is started and observed. The exit code is
    0, or 3 when the server could not be reached or the run was interrupted.

    \b
    Examples:
      chat-parity probe staging.yaml
      chat-parity probe staging.yaml error-shape --why
    """
    spec = load(spec_folder_of(spec_folder))
    place, patterns = split(words)
    probes = _select(spec, patterns)
    options = Options(jobs=jobs, time_scale=time_scale)
    seen: list[Observation] = []
    state = RunState()
    lock = exclusive(out.parent) if out else contextlib.nullcontext()
    with lock, contextlib.suppress(KeyboardInterrupt):  # show what was observed until then
        asyncio.run(_observe(spec, place, probes, options, out, seen, state, yes=yes))
    found = {one.id: one for one in seen}
    observations = [found[one.id] for one in probes if one.id in found]
    if form == "json":
        click.echo(as_json([_document(one) for one in observations]), nl=False)
    else:
        width = max((len(one.id) for one in observations), default=0)
        for one in observations:
            click.echo(f"{one.id:<{width}}  {visible(one.observed)}")
            if why:
                click.echo(f"{'':<{width}}  {one.why}")
    if len(observations) < len(probes):
        click.echo(f"chat-parity: interrupted, {len(observations)} of {len(probes)} probes were observed", err=True)
        ctx.exit(3)


def _select(spec: Spec, patterns: Sequence[str]) -> list[Probe]:
    """Give the selected probes with their cases; raises UsageError if a word selects nothing."""
    for pattern in patterns:
        if not any(names(pattern, one) for one in spec.probes):
            meant = did_you_mean(pattern, spec.probes, "; `chat-parity list probes` shows them")
            raise UsageError(f"no probe is called {pattern!r}{meant}")
    chosen = [one for one in spec.probes.values() if not patterns or any(names(word, one.id) for word in patterns)]
    if not chosen:
        raise UsageError("the spec has no probes")
    return chosen


async def _observe(
    spec: Spec,
    place: str | None,
    probes: Sequence[Probe],
    options: Options,
    out: Path | None,
    seen: list[Observation],
    state: RunState,
    *,
    yes: bool,
) -> None:
    """Run only the probes; `seen` has the observations, also after a cancellation."""
    began = time.perf_counter()
    async with contextlib.AsyncExitStack() as stack:
        target, restart = await stack.enter_async_context(open_target(place, spec, yes=yes))
        header = make_header(spec, target, (), options, place)
        log = recording(out, header, target, state, "all", began) if out else contextlib.nullcontext(None)
        write = stack.enter_context(log)

        def sink(record: Calibration | Result | Observation) -> None:
            if write is not None:
                write(record)
            if isinstance(record, Observation):
                seen.append(record)

        await run_all(spec, target, (), probes, options, sink, state, restart)


def _document(one: Observation) -> dict[str, str]:
    return {"id": one.id, "title": one.title, "observed": one.observed, "why": one.why}
