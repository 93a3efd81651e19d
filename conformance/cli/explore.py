"""`chat-parity explore [TARGET] [--against OTHER]`: run invented conversations, and find where two servers differ."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.explore_output import known, tell, unused, write
from conformance.cli.options import jobs_option, out_folder_option, yes_option
from conformance.cli.recording import shown_place, slug
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.cli.targets import beside, open_target
from conformance.cli.waiting import Duration
from conformance.engine.explore.coverage import never_reached
from conformance.engine.explore.knowledge import read_knowledge
from conformance.errors import UsageError
from conformance.files.did_you_mean import did_you_mean
from conformance.files.folder_lock import exclusive
from conformance.report.text import plural
from conformance.results.explored import Exploration
from conformance.results.waivers.file import read_waivers
from conformance.spec import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.engine.context.run_context import RunContext
    from conformance.engine.explore.drawing import Drawing
    from conformance.engine.explore.findings import Finding
    from conformance.engine.explore.progress import Explored
    from conformance.engine.explore.search import Search
    from conformance.results.waivers import Waivers
    from conformance.spec import Spec
    from conformance.target import Target

EVERY = 10.0
"""Seconds between two lines of progress."""


@dataclass(slots=True)
class _State:
    """What an exploration has so far, also when it is interrupted. `proved` says what each written scenario does."""

    search: Search | None = None
    tested: Target | None = None
    other: Target | None = None
    proved: dict[str, str] = field(default_factory=dict)
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))


@click.command()
@click.argument("target", required=False)
@click.option(
    "--against", metavar="OTHER", help="The other server: a target file or URL (default: the reference server)."
)
@click.option(
    "--budget",
    type=Duration(),
    default="60s",
    show_default=True,
    help="How long to search: 60s, 5m. Shortening the findings may take 30 s more.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="Begin with the conversations of an earlier search with this seed (default: random).",
)
@jobs_option("Conversations", default=3, most=32)
@click.option("--feature", "features", multiple=True, help="Prefer the requests of this feature (id or number).")
@click.option(
    "--steps",
    type=click.IntRange(1, 200),
    default=40,
    show_default=True,
    help="Steps of a conversation: about half of this number to all of it.",
)
@click.option("--conversations", type=click.IntRange(1), help="Stop after this many conversations.")
@click.option(
    "--waivers",
    "waivers_file",
    type=click.Path(path_type=Path),
    help="A waivers file with known findings (`explored.ID`).",
)
@out_folder_option("reports/explored-TARGET")
@yes_option("explore")
@spec_option
@click.pass_context
def explore(ctx: click.Context, /, target: str | None, **given: Any) -> None:
    """Run invented conversations on two servers, and show the shortest ones in which the servers differ.

    TARGET is a target file or a ws:// URL; without one, the command explores the reference server. For each finding
    that at least one of three repetitions shows, the command writes explored-ID.yaml, a scenario for `chat-parity run
    TARGET explored-ID.yaml`. The file explored.jsonl has all findings, and the cells (requests with one property) that
    were compared. In the folder of a recorded run, the reports of that run show them, too. Ctrl-C ends the search: the
    findings are printed, and their scenarios are written without being run.

    \b
    Examples:
      chat-parity explore staging.yaml --budget 5m
      chat-parity explore new.yaml --against old.yaml --feature edit_message
      chat-parity explore staging.yaml --seed 7 --out reports/staging
      chat-parity run staging.yaml reports/explored-staging/explored-3fa9c1d2.yaml

    Exit codes: 0 no finding, or only known ones; 1 a finding that is not known; 2 a mistake in the usage or in a file;
    3 a server could not be judged, or the search was interrupted.
    """
    spec = load(spec_folder_of(given["spec_folder"]))
    features = _features(spec, given["features"])
    today = datetime.now(UTC).date()
    waivers = read_waivers(given["waivers_file"], spec.formats["waivers"], today) if given["waivers_file"] else None
    try:
        import hypothesis  # noqa: F401, PLC0415 -- an optional dependency, and slow to import
    except ImportError:
        raise UsageError("explore needs hypothesis: pip install 'chat-parity[explore]'") from None
    seed = given["seed"] if given["seed"] is not None else secrets.randbelow(1 << 32)
    state, interrupted = _State(), False
    with contextlib.ExitStack() as held:
        try:
            asyncio.run(_explore(spec, target, given, seed, features, held, state))
        except KeyboardInterrupt:
            if state.search is None:
                raise
            interrupted = True
        told = given | {"target": target, "spec_folder": spec.folder}
        code = _end(state, told, seed, waivers, interrupted=interrupted)
    ctx.exit(code)


def _features(spec: Spec, words: tuple[str, ...]) -> tuple[str, ...]:
    """Give the request types of the features; raises UsageError if a feature is unknown or has no requests."""
    found: list[str] = []
    for word in words:
        chosen = [one for one in spec.features.values() if word in (one.id, str(one.number))]
        if not chosen:
            meant = did_you_mean(word, spec.features, "; `chat-parity list features` shows them")
            raise UsageError(f"there is no feature {word!r}{meant}")
        if not chosen[0].incoming:
            raise UsageError(f"{chosen[0].id} has no requests of its own")
        found += chosen[0].incoming
    return tuple(dict.fromkeys(found))


async def _explore(
    spec: Spec,
    place: str | None,
    given: Mapping[str, Any],
    seed: int,
    features: tuple[str, ...],
    held: contextlib.ExitStack,
    state: _State,
) -> None:
    from hypothesis.database import DirectoryBasedExampleDatabase  # noqa: PLC0415 -- an optional dependency

    from conformance.engine.explore.progress import Options  # noqa: PLC0415 -- only a search needs it
    from conformance.engine.explore.search import explore as search_for  # noqa: PLC0415 -- it imports hypothesis

    async with contextlib.AsyncExitStack() as stack:
        tested, _ = await stack.enter_async_context(open_target(place, spec, yes=given["yes"]))
        other, _ = await stack.enter_async_context(open_target(given["against"], spec, yes=given["yes"]))
        other = beside(tested, other)
        state.tested, state.other = tested, other
        folder = _folder(given, tested)
        held.enter_context(exclusive(folder))  # until all is written
        progress: list[asyncio.Task[None]] = []

        def chosen(drawing: Drawing) -> Drawing:
            lacking = [kind for kind in features if kind not in drawing.known]
            if features and len(lacking) == len(features):
                raise UsageError(f"one of the two servers does not know {', '.join(lacking)}")
            return replace(drawing, only=tuple(one for one in features if one in drawing.known), steps=given["steps"])

        def begin(search: Search) -> None:
            state.search = search
            progress.append(asyncio.create_task(_tell(search.explored)))

        async def end(search: Search, one: RunContext, two: RunContext) -> None:
            for finding in search.explored.findings.values():
                if finding.again:
                    state.proved[finding.id] = await _prove(finding, search, one, two, folder)

        options = Options(given["budget"], seed, given["jobs"], most=given["conversations"])
        database = DirectoryBasedExampleDatabase(folder / "examples")
        try:
            await search_for(spec, read_knowledge(spec), tested, other, options, chosen, database, begin, end)
        finally:
            for task in progress:
                task.cancel()


async def _tell(explored: Explored) -> None:
    """Print a line of progress every 10 seconds."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(EVERY)  # A sleep: progress is printed at intervals.
        seconds, found = time.monotonic() - began, len(explored.findings)
        said = f"{plural(explored.conversations, 'conversation')}  {plural(found, 'finding')}"
        click.echo(f"{seconds:5.0f} s  {said}", err=True)


async def _prove(finding: Finding, search: Search, one: RunContext, two: RunContext, folder: Path) -> str:
    """Write the scenario of a finding, run it on both servers, and describe the result."""
    from conformance.engine.explore.proving import prove, write_scenario  # noqa: PLC0415 -- slow, and needed only for findings

    file = folder / f"explored-{finding.id}.yaml"
    await asyncio.to_thread(write_scenario, finding, search.comparer, one.target, two.target, file)
    return await prove(search.comparer.spec, one, two, file)


def _write_the_rest(state: _State, folder: Path) -> None:
    """Write the scenarios that an interrupted search has not written: of findings that a replay has shown again."""
    from conformance.engine.explore.proving import write_scenario  # noqa: PLC0415 -- slow, and needed only for findings

    search, tested, other = state.search, state.tested, state.other
    assert search is not None
    assert tested is not None
    assert other is not None
    for finding in search.explored.findings.values():
        if finding.again and finding.id not in state.proved:
            write_scenario(finding, search.comparer, tested, other, folder / f"explored-{finding.id}.yaml")
            state.proved[finding.id] = "was not run again: the search was interrupted"


def _folder(given: Mapping[str, Any], tested: Target) -> Path:
    return given["out"] or Path("reports") / f"explored-{slug(tested.name)}"


def _end(state: _State, given: Mapping[str, Any], seed: int, waivers: Waivers | None, *, interrupted: bool) -> int:
    """Print what was found, write it, and give the exit code."""
    assert state.search is not None
    assert state.tested is not None
    explored, redact = state.search.explored, state.tested.secrets.redact
    if interrupted:
        _write_the_rest(state, _folder(given, state.tested))
    exploration = _exploration(state, given, seed, waivers, complete=not (interrupted or explored.stopped))
    tell(exploration, redact)
    for said in unused(waivers, exploration) if waivers is not None else ():
        click.echo(redact(said), err=True)
    write(exploration, _folder(given, state.tested), redact, given["spec_folder"])
    if not exploration.complete:
        cut = f"the search was interrupted; {_folder(given, state.tested)} has what it found so far"
        click.echo(f"chat-parity: {cut if interrupted else redact(explored.stopped)}", err=True)
        return 3
    if any(not one.known for one in exploration.findings):
        return 1
    return 0 if explored.conversations > sum(explored.not_judged.values()) else 3


def _exploration(
    state: _State, given: Mapping[str, Any], seed: int, waivers: Waivers | None, *, complete: bool
) -> Exploration:
    """Give what was found and compared, as it is written."""
    from conformance.compare.explored import found_of  # noqa: PLC0415 -- `--help` does not pay for it

    search, tested, other = state.search, state.tested, state.other
    assert search is not None
    assert tested is not None
    assert other is not None
    explored, discriminator = search.explored, search.comparer.spec.protocol.discriminator
    folder, ambient = _folder(given, tested), tested.ambient | other.ambient
    findings = tuple(
        found_of(
            replace(one, known=known(waivers, one.id, one.shown.cause.rule)),
            discriminator,
            ambient,
            scenario=state.proved.get(one.id, ""),
            file=str(folder / f"explored-{one.id}.yaml") if one.id in state.proved else "",
        )
        for one in explored.findings.values()
    )
    return Exploration(
        target=tested.name,
        against=other.name,
        seed=seed,
        conversations=explored.conversations,
        requests=explored.steps,
        parted=explored.parted,
        seconds=round(explored.seconds, 3),
        complete=complete,
        freed=dict(explored.freed),
        not_judged=dict(explored.not_judged),
        cells={f"{request} {label}": count for (request, label), count in sorted(explored.cells.items())},
        never_reached=tuple(never_reached(explored.cells, search.drawing)),
        started=state.started,
        place=given["target"] and shown_place(given["target"]),
        budget=given["budget"],
        steps=given["steps"],
        findings=findings,
        left_out=dict(explored.left_out),
        stopped=explored.stopped,
    )
