"""Run the scenarios against three processes on PostgreSQL and Redis: `python -m tests.engines [ARGUMENT …]`.

Arguments go to `chat-parity run`; the report is in `reports/engines`. A scenario that a limit of our own server skips
judges nobody, and fails the session.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from conformance.results.model import Outcome
from conformance.results.runlog import read_run
from tests.engines.deployment import target
from tests.engines.postgresql import postgresql
from tests.engines.redis import redis

PROCESSES = 3
OUT = Path("reports/engines")
CHAT_PARITY = "import sys; from conformance.cli import main; sys.exit(main())"


def main(arguments: list[str]) -> int:
    """Start the engines and the processes, run, and return the exit code of the run."""
    with (
        tempfile.TemporaryDirectory() as folder,
        postgresql() as database_url,
        redis() as server,
        target(Path(folder), PROCESSES, database_url, server.url) as (file, secret),
    ):
        command = [sys.executable, "-c", CHAT_PARITY, "run", str(file), *arguments, "--out", str(OUT)]
        code = subprocess.run(command, env={**os.environ, "JWT_SECRET": secret}, check=False).returncode
    return code or _check_limits(OUT)


def _check_limits(folder: Path) -> int:
    """Name the scenarios that a limit of our own server has skipped; give the exit code."""
    skipped = [
        result
        for result in read_run(folder).results
        if result.outcome is Outcome.NOT_APPLICABLE and result.lacks.startswith("limits.")
    ]
    for one in skipped:
        print(f"{one.scenario} was skipped: {one.problems[0].message}", file=sys.stderr)
    return 1 if skipped else 0


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(143)  # so that every context ends, and with it every engine


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main(sys.argv[1:]))
