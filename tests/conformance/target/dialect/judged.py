"""Runs scenarios against a server, as each of some target files describes it."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli.recording import make_header, recording
from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.report import build
from conformance.results.model import Outcome
from conformance.results.runlog import read_run
from conformance.target import read_target
from conformance.target.embedded import embedded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.report import Report
    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.target.embedded import Launch

TARGET = Path(__file__).parents[3] / "doubles" / "dialect_server" / "target.yaml"
GOOD = {Outcome.PASS, Outcome.NOT_APPLICABLE}


@dataclass(frozen=True)
class Ran:
    results: tuple[Result, ...]
    report: Report


def run_against(
    spec: Spec, scenarios: Sequence[Scenario], launch: Launch, *target_files: Path, kept: str = "all"
) -> list[Ran]:
    """Run against one server as each of these files describes it, and read the logs back with the kept transcripts."""

    async def go() -> None:
        async with embedded(spec, launch) as (started, server):
            for file in target_files:
                read = read_target(file, spec, instances=started.instances, secret=server.secret)
                reply = read.reply if file == TARGET else 0.5
                target = replace(read, profile=started.profile, reply=reply)
                state = RunState()
                header = make_header(spec, target, scenarios, Options())
                with recording(logs[file], header, target, state, kept, 0.0) as sink:
                    await run(spec, target, scenarios, (), Options(jobs=16), sink, state, server.restart)

    with tempfile.TemporaryDirectory() as folder:
        logs = {file: Path(folder) / f"{number}.jsonl" for number, file in enumerate(target_files)}
        asyncio.run(go())
        recorded = [read_run(log) for log in logs.values()]
    return [Ran(one.results, build(one)) for one in recorded]


def some_of_each_feature(spec: Spec, most: int) -> list[Scenario]:
    """Give the first scenarios of each feature that wait for no timer, one of each file."""
    chosen: dict[str, dict[str, Scenario]] = defaultdict(dict)
    for one in spec.scenarios.values():
        if "slow" not in one.tags and not one.exclusive and len(chosen[one.feature]) < most:
            chosen[one.feature].setdefault(one.base, one)
    return [one for some in chosen.values() for one in some.values()]
