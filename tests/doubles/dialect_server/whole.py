"""The whole suite against this server, through its dialect.

The command: `python -m tests.doubles.dialect_server.whole [ID or glob …]`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from conformance.cli.recording import make_header, recording
from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.selection import Selection, select
from conformance.engine.run.state import RunState
from conformance.report import build, terminal
from conformance.report.differences import gist
from conformance.results.runlog import read_run
from conformance.spec import find, load
from conformance.target import read_target
from conformance.target.embedded import embedded
from tests.doubles.dialect_server.__main__ import main as serve
from tests.forked import forked

TARGET = Path(__file__).parent / "target.yaml"


async def run_suite(log: Path, patterns: tuple[str, ...]) -> None:
    """Start the server with the embedded one's timers, and run the scenarios."""
    spec = load(find())
    scenarios, options = select(spec, Selection(patterns)), Options()
    began = time.perf_counter()
    async with embedded(spec, forked(serve)) as (started, server):
        read = read_target(TARGET, spec, instances=started.instances, secret=server.secret)
        target = replace(read, profile=started.profile)
        state = RunState()
        header = make_header(spec, target, scenarios, options, str(TARGET))
        with recording(log, header, target, state, "fail", began) as sink:
            await run(spec, target, scenarios, (), options, sink, state, server.restart)


def main(patterns: tuple[str, ...]) -> int:
    """Run, show the table and the dialect entries that were used, and give the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "run.jsonl"
        asyncio.run(run_suite(log, patterns))
        recorded = read_run(log)
    report = build(recorded)
    terminal.show(report, recorded)
    print(f"Dialect: {gist(report.differences)}")
    print("Never used:", *(row.entry for row in report.differences if not row.used))
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
