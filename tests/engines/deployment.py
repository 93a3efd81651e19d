"""Several processes of the reference server on one PostgreSQL and one Redis."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from conformance.target.embedded import LIMITS, TIMERS
from tests.reference_server.support import SECRET, Command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS = [part for name, seconds in TIMERS.items() for part in (f"--{name.replace('_', '-')}", str(seconds))]
TARGET = """\
name: reference server, {count} processes on PostgreSQL and Redis
instances: {instances}
auth: {{query_param: token, jwt: {{secret_env: JWT_SECRET, algorithm: HS256, claims: {claims}, ttl: 7200}}}}
provision: {{driver: reference}}
limits: {limits}
timers: {timers}
"""
CLAIMS = '{sub: "${user_id}", username: "${name}"}'


@contextmanager
def processes(count: int, database_url: str, redis_url: str, *options: str) -> Iterator[list[Command]]:
    """Start so many processes, one instance each."""
    with ExitStack() as stack:
        yield [stack.enter_context(Command(database_url, "--redis", redis_url, *options)) for _ in range(count)]


@contextmanager
def target(folder: Path, count: int, database_url: str, redis_url: str) -> Iterator[tuple[Path, str]]:
    """Start the processes with the short timers of an embedded run; give their target file and their secret."""
    options = [*OPTIONS, "--request-limit", str(LIMITS["requests_per_window"])]
    with processes(count, database_url, redis_url, *options) as commands:
        instances = [url for command in commands for url in command.ready["instances"]]
        file = folder / "engines.yaml"
        file.write_text(
            TARGET.format(
                count=count,
                instances=json.dumps(instances),
                claims=CLAIMS,
                limits=json.dumps(LIMITS),
                timers=json.dumps(TIMERS),
            )
        )
        yield file, SECRET
