"""Run the scenarios against three processes on PostgreSQL and Redis: `python -m tests.engines [ARGUMENT …]`.

Arguments go to `chat-parity run`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.engines.deployment import target
from tests.engines.postgresql import postgresql
from tests.engines.redis import redis

PROCESSES = 3
CHAT_PARITY = "import sys; from conformance.cli import main; sys.exit(main())"


def main(arguments: list[str]) -> int:
    """Start the engines and the processes, run, and return the exit code of the run."""
    with (
        tempfile.TemporaryDirectory() as folder,
        postgresql() as database_url,
        redis() as server,
        target(Path(folder), PROCESSES, database_url, server.url) as (file, secret),
    ):
        command = [sys.executable, "-c", CHAT_PARITY, "run", str(file), *arguments]
        return subprocess.run(command, env={**os.environ, "JWT_SECRET": secret}, check=False).returncode


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(143)  # so that every context ends, and with it every engine


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main(sys.argv[1:]))
