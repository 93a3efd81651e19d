"""What the command does once its options are read: serve, serve an earlier server, or upgrade a database."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import uvicorn
from sqlalchemy.exc import DBAPIError

from reference_server import demo, logs
from reference_server.config import DEMO_SECRET, ConfigError
from reference_server.database import open_database
from reference_server.dialect.choice import open_dialect
from reference_server.earlier import SERVERS as EARLIER
from reference_server.earlier import WITH_TOKENS
from reference_server.end import watch_for_the_end
from reference_server.options import DEFAULT_PORT, parser, settings_from, switchboard_from
from reference_server.outages import SHORTAGES
from reference_server.playground.guard import LOOPBACK
from reference_server.playground.routes import routes
from reference_server.seed.model import Seed
from reference_server.seed.write import plant, reset
from reference_server.serving import Deployment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Coroutine
    from pathlib import Path

    from reference_server.config import Settings
    from reference_server.database import Database

logger = logging.getLogger("reference_server")

#: Seconds. A database thread needs the interpreter after each statement, and a busy event loop must not delay it.
THREAD_SWITCH_S = 0.0005
#: The exit code for a mistake in the options, or in a file that they name.
MISTAKE = 2
#: The exit code where the machine has too little of something, such as open files or disk space.
OUT_OF_MEANS = 4
#: The exit code of a command that Ctrl-C has ended.
INTERRUPTED = 130


async def run_earlier(options: argparse.Namespace) -> None:
    """Run an earlier server until a signal, or the end of stdin, stops it."""
    from reference_server.earlier.choice import open_earlier  # noqa: PLC0415 -- seldom needed

    port = (options.port or [DEFAULT_PORT])[0]
    secret = options.jwt_secret or os.environ.get("JWT_SECRET") or (DEMO_SECRET if options.host in LOOPBACK else "")
    async with open_earlier(options, parser().parse_args([]), port, secret) as url:
        logger.warning("This is the earlier server %s (--as): %s.", options.earlier, EARLIER[options.earlier])
        end = watch_for_the_end(options.exit_on_stdin_eof)
        print(json.dumps({"ready": True, "instances": [url], "api": []}), flush=True)
        for line in demo.ways_in(url, secret if options.earlier in WITH_TOKENS else None):
            print(line, file=sys.stderr)
        await end.wait()


async def run(options: argparse.Namespace, settings: Settings) -> None:
    """Serve until a signal, or the end of stdin, stops the server."""
    ports = options.port or [DEFAULT_PORT]
    switchboard = switchboard_from(options)
    seed = _read_seed(options.seed_data) if options.seed_data else Seed(users={})
    if options.reset and options.redis:
        raise ConfigError("--reset does not go with --redis: other processes may serve this database.")
    users = (demo.USERS if options.demo else {}) | dict(seed.users)
    dialect = open_dialect(options, users)
    playground = (
        demo.playground_of(settings, switchboard, seed.users, dialect) if options.demo and switchboard else None
    )
    pages = routes(playground) if playground else []
    async with Deployment(
        settings,
        options.database,
        options.host,
        ports,
        options.redis,
        pages=pages,
        switchboard=switchboard,
        dialect=dialect,
    ) as deployment:
        database = deployment.services.database
        if options.reset:
            await database.write(reset)
            logger.warning("The database was emptied (--reset).")
        if dialect:
            await dialect.begin(database, users)
        await _fill(database, seed)
        ready = {
            "ready": True,
            "instances": deployment.websocket_urls,
            "api": deployment.api_urls,
        }
        end = watch_for_the_end(options.exit_on_stdin_eof)
        print(json.dumps(ready), flush=True)
        if playground:
            for line in await demo.prepare(deployment, playground, dialect):
                print(line, file=sys.stderr)
        await end.wait()


def _read_seed(file: Path) -> Seed:
    from reference_server.seed.file import read  # noqa: PLC0415 -- YAML is slow to import, and seldom needed

    return read(file)


async def _fill(database: Database, seed: Seed) -> None:
    """Write the data of the seed file."""
    if seed.conversations:
        logger.warning("%d messages were created (--seed-data).", await database.write(plant, seed))


async def migrate(database_url: str) -> None:
    """Upgrade the tables of a database to the version of this server."""
    database = open_database(database_url)
    try:
        await database.prepare()
    finally:
        await database.close()


def _work(options: argparse.Namespace) -> Coroutine[Any, Any, None]:
    if options.earlier:
        return run_earlier(options)
    return migrate(options.database) if options.migrate_only else run(options, settings_from(options))


def execute(options: argparse.Namespace) -> int:
    """Do what the options say, and give the exit code."""
    logs.configure(options.log_format)
    sys.setswitchinterval(THREAD_SWITCH_S)
    try:
        work = _work(options)
        loop_factory = uvicorn.Config(app="", log_config=None).get_loop_factory()
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(work)
    except ConfigError as error:
        print(f"reference_server: {error}", file=sys.stderr)
        return MISTAKE
    except DBAPIError as error:
        print(f"reference_server: The database cannot be used: {error.orig}", file=sys.stderr)
        return MISTAKE
    except OSError as error:
        place = f"{error.filename}: " if error.filename is not None else ""
        advice = ": raise `ulimit -n`" if error.errno == errno.EMFILE else ""
        print(f"reference_server: {place}{error.strerror or error}{advice}", file=sys.stderr)
        return OUT_OF_MEANS if error.errno in SHORTAGES else MISTAKE
    except KeyboardInterrupt:  # during the start: later, a signal ends the server in an orderly way
        return INTERRUPTED
    return 0
