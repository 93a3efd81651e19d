"""The command: `python -m reference_server`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from sqlalchemy.exc import DBAPIError

from reference_server import demo, logs
from reference_server.config import ConfigError, Limits, Settings
from reference_server.database import open_database
from reference_server.dialect.choice import open_dialect
from reference_server.earlier import SERVERS as EARLIER
from reference_server.end import wait_for_the_end
from reference_server.misbehaviour.switches import SWITCHES, Switchboard, SwitchError
from reference_server.playground.guard import LOOPBACK
from reference_server.playground.routes import routes
from reference_server.seed.model import Seed
from reference_server.seed.write import plant, reset
from reference_server.serving import Deployment

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from reference_server.database import Database

logger = logging.getLogger("reference_server")

DEFAULT_PORT = 8000
DEFAULTS = Limits()
#: Seconds. A database thread needs the interpreter after each statement, and a busy event loop must not delay it.
THREAD_SWITCH_S = 0.0005


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = argparse.ArgumentParser(prog="python -m reference_server", description=__doc__)
    add = command.add_argument
    add("--host", default="127.0.0.1", help="the address to listen on; default: %(default)s")
    add(
        "--port",
        type=_port,
        action="append",
        metavar="PORT",
        help=f"one instance for each --port; 0 is any free port; default: {DEFAULT_PORT}",
    )
    add(
        "--database",
        default=os.environ.get("DATABASE_URL") or "sqlite:///chat.db",
        metavar="URL",
        help="sqlite:///path or postgresql://…; default: the environment's DATABASE_URL, else sqlite:///chat.db",
    )
    add(
        "--redis",
        default=os.environ.get("REDIS_URL") or None,
        metavar="URL",
        help="redis://…, if several processes serve the database; default: the environment's REDIS_URL, else none",
    )
    add("--migrate-only", action="store_true", help="upgrade the tables of the database to this version, then end")
    add("--jwt-secret", metavar="TEXT", help="at least 32 bytes; default: the environment's JWT_SECRET")
    add(
        "--cors-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="an origin whose pages may call the provisioning API, or *; may be given several times; default: none",
    )
    seconds: dict[str, Any] = {"type": float, "metavar": "SECONDS"}
    add(
        "--typing-expiry",
        default=5.0,
        **seconds,
        help="when a typing state ends without a new Typing; default: %(default)s",
    )
    add("--rate-window", default=60.0, **seconds, help="the window in which requests are counted; default: %(default)s")
    number: dict[str, Any] = {"type": int, "metavar": "N"}
    per_window = "that a user may send per window; default: %(default)s"
    add(
        "--message-limit",
        default=DEFAULTS.messages_per_window,
        **number,
        help=f"messages {per_window}",
    )
    add(
        "--request-limit",
        default=DEFAULTS.requests_per_window,
        **number,
        help=f"other requests {per_window}",
    )
    add("--token-leeway", default=5.0, **seconds, help="how long an expired token is still valid; default: %(default)s")
    add(
        "--max-connections",
        default=DEFAULTS.connections,
        **number,
        help="connections of a user at the same time; default: %(default)s",
    )
    add(
        "--log-format",
        choices=["text", "json"],
        default="text",
        help="format of the log on stderr; default: %(default)s",
    )
    add(
        "--metrics",
        action="store_true",
        help="serve metrics for Prometheus at /metrics, to everybody who can reach the port",
    )
    add("--docs", action="store_true", help="describe the provisioning API at /docs and /openapi.json")
    add("--exit-on-stdin-eof", action="store_true", help="end when the process that started this server ends")
    add("--demo", action="store_true", help="create users and conversations, and serve a page at / on which they chat")
    add(
        "--seed-data",
        type=Path,
        metavar="FILE",
        help="create the users, conversations and history of a YAML file, if they do not exist; default: none",
    )
    add("--reset", action="store_true", help="remove all conversations and messages from the database first")
    add("--names", type=Path, help=argparse.SUPPRESS)  # the tables that `chat-parity serve --dialect` makes
    add(
        "--as",
        dest="earlier",
        choices=list(EARLIER),
        help=f"behave like an earlier server: {_earlier()}; default: none",
    )
    misbehaving = command.add_argument_group(
        "misbehaviour on request",
        "everything is off by default; the page of --demo can change it while the server runs",
    )
    for switch in SWITCHES:
        how: dict[str, Any] = (
            {"action": "store_const", "const": "on"} if switch.is_flag else {"metavar": switch.example}
        )
        misbehaving.add_argument(f"--{switch.name}", help=f"{switch.help}; default: off", **how)
    return command


def switchboard_from(options: argparse.Namespace) -> Switchboard | None:
    """Turn options into a switchboard, or raise `ConfigError`; None if no switch is on and no page can change one."""
    texts = {switch.name: getattr(options, switch.field) for switch in SWITCHES}
    given = {name: text for name, text in texts.items() if text is not None}
    try:
        return Switchboard(given) if given or options.demo else None
    except SwitchError as error:
        raise ConfigError(str(error)) from None


def _earlier() -> str:
    return "; ".join(f"{name}: {what}" for name, what in EARLIER.items())


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def settings_from(options: argparse.Namespace) -> Settings:
    """Turn options into settings, or raise `ConfigError`."""
    secret = options.jwt_secret or os.environ.get("JWT_SECRET") or (demo.SECRET if options.demo else "")
    if secret == demo.SECRET and options.host not in LOOPBACK:
        raise ConfigError(
            "The secret of --demo is public: set JWT_SECRET to listen on an address that other machines can reach."
        )
    return Settings(
        jwt_secret=secret,
        token_leeway=options.token_leeway,
        typing_expiry=options.typing_expiry,
        rate_window=options.rate_window,
        cors_origins=tuple(options.cors_origin),
        metrics=options.metrics,
        docs=options.docs,
        limits=Limits(
            connections=options.max_connections,
            messages_per_window=options.message_limit,
            requests_per_window=options.request_limit,
        ),
    )


async def run_earlier(options: argparse.Namespace) -> None:
    """Run an earlier server until a signal, or the end of stdin, stops it."""
    from reference_server.earlier.choice import open_earlier  # noqa: PLC0415 -- seldom needed

    port = (options.port or [DEFAULT_PORT])[0]
    secret = options.jwt_secret or os.environ.get("JWT_SECRET") or ""
    async with open_earlier(options, parser().parse_args([]), port, secret) as url:
        logger.warning("This is the earlier server %s (--as): %s.", options.earlier, EARLIER[options.earlier])
        print(json.dumps({"ready": True, "instances": [url], "api": []}), flush=True)
        await wait_for_the_end(options.exit_on_stdin_eof)


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
        print(json.dumps(ready), flush=True)
        if playground:
            for line in await demo.prepare(deployment, playground, dialect):
                print(line, file=sys.stderr)
        await wait_for_the_end(options.exit_on_stdin_eof)


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(arguments)
    logs.configure(options.log_format)
    sys.setswitchinterval(THREAD_SWITCH_S)
    try:
        work = _work(options)
        loop_factory = uvicorn.Config(app="", log_config=None).get_loop_factory()
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(work)
    except (ConfigError, OSError, DBAPIError) as error:
        print(f"reference_server: {getattr(error, 'orig', error)}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
