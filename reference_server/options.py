"""The options of the command line, and the settings that they mean."""

from __future__ import annotations

import argparse
import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from reference_server.config import DEMO_SECRET, ConfigError, Limits, Settings
from reference_server.earlier import SERVERS as EARLIER
from reference_server.misbehaviour.switches import SWITCHES, Switchboard, SwitchError
from reference_server.playground.guard import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_PORT = 8000
DEFAULTS = Limits()
#: A negative value, which argparse would take for an option.
_NEGATIVE = re.compile(r"-\d")


class _Parser(argparse.ArgumentParser):
    """A parser that says which option may be meant by one that does not exist."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and what may be meant."""
        _, _, unknown = message.partition("unrecognized arguments: ")
        name = unknown.split(" ")[0].split("=")[0]
        known = [name[2:] for action in self._actions for name in action.option_strings if name.startswith("--")]
        near = get_close_matches(name[2:], known, 1) if name.startswith("--") else []  # not alike by their dashes
        hint = f"; did you mean --{near[0]}?" if near else "; --help lists the options" if unknown else ""
        self.exit(2, f"reference_server: {message}{hint}\n")  # in one line: the usage would hide it


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = _Parser(
        prog="python -m reference_server",
        description="Run the reference server.",
        allow_abbrev=False,
    )
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


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a negative value may come after its option, as in `--clock-skew -5m`."""
    joined: list[str] = []
    for each in arguments:
        if _NEGATIVE.match(each) and joined and joined[-1].startswith("--") and "=" not in joined[-1]:
            joined[-1] += f"={each}"
        else:
            joined.append(each)
    found = parser()
    options = found.parse_args(joined)
    named = [port for port in options.port or () if port]
    if len(set(named)) < len(named):
        found.error("argument --port: each instance needs a port of its own")
    idle = [name for name in ("reset", "demo", "seed_data", "earlier") if getattr(options, name)]
    if options.migrate_only and idle:
        name = "as" if idle[0] == "earlier" else idle[0].replace("_", "-")
        found.error(f"argument --migrate-only: it only upgrades the tables; leave out --{name}, or --migrate-only")
    return options


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
    port = int(text) if text.isdecimal() and len(text) <= 5 else -1
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def settings_from(options: argparse.Namespace) -> Settings:
    """Turn options into settings, or raise `ConfigError`."""
    secret = options.jwt_secret or os.environ.get("JWT_SECRET") or (DEMO_SECRET if options.demo else "")
    if secret == DEMO_SECRET and options.host not in LOOPBACK:
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
