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
    _add_network(command.add_argument_group("network"))
    _add_storage(command.add_argument_group("storage"))
    _add_tokens(command.add_argument_group("tokens"))
    _add_limits(command.add_argument_group("limits and timers"))
    _add_operation(command.add_argument_group("operation"))
    _add_development(command.add_argument_group("for developers of clients"))
    _add_misbehaviour(
        command.add_argument_group(
            "misbehaviour on request",
            "everything is off by default; the page of --demo can change it while the server runs",
        )
    )
    command.add_argument("--names", type=Path, help=argparse.SUPPRESS)  # the tables of `chat-parity serve --dialect`
    return command


def _add_network(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--host", default="127.0.0.1", help="the address to listen on; default: %(default)s")
    group.add_argument(
        "--port",
        type=_port,
        action="append",
        metavar="PORT",
        help=f"one instance for each --port; 0 is any free port; default: {DEFAULT_PORT}",
    )
    group.add_argument(
        "--cors-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="an origin whose pages may call the provisioning API, or *; may be given several times; default: none",
    )


def _add_storage(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--database",
        default=os.environ.get("DATABASE_URL") or "sqlite:///chat.db",
        metavar="URL",
        help="sqlite:///path or postgresql://…; default: the environment's DATABASE_URL, else sqlite:///chat.db",
    )
    group.add_argument(
        "--redis",
        default=os.environ.get("REDIS_URL") or None,
        metavar="URL",
        help="redis://…, if several processes serve the database; default: the environment's REDIS_URL, else none",
    )
    group.add_argument(
        "--migrate-only", action="store_true", help="upgrade the tables of the database to this version, then end"
    )
    group.add_argument(
        "--reset", action="store_true", help="remove all conversations and messages from the database first"
    )


def _add_tokens(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--jwt-secret", metavar="TEXT", help="at least 32 bytes; default: the environment's JWT_SECRET")
    group.add_argument(
        "--token-leeway",
        type=float,
        metavar="SECONDS",
        default=5.0,
        help="how long an expired token is still valid; default: %(default)s",
    )


def _add_limits(group: argparse._ArgumentGroup) -> None:
    for name, default, what in (
        ("--typing-expiry", 5.0, "when a typing state ends without a new Typing"),
        ("--rate-window", 60.0, "the window in which requests are counted"),
    ):
        group.add_argument(name, type=float, metavar="SECONDS", default=default, help=f"{what}; default: %(default)s")
    for name, most, what in (
        ("--message-limit", DEFAULTS.messages_per_window, "messages that a user may send per window"),
        ("--request-limit", DEFAULTS.requests_per_window, "other requests that a user may send per window"),
        ("--max-connections", DEFAULTS.connections, "connections of a user at the same time"),
    ):
        group.add_argument(name, type=int, metavar="N", default=most, help=f"{what}; default: %(default)s")


def _add_operation(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--log-format",
        choices=["text", "json"],
        default="text",
        help="format of the log on stderr; default: %(default)s",
    )
    group.add_argument(
        "--metrics",
        action="store_true",
        help="serve metrics for Prometheus at /metrics, to everybody who can reach the port",
    )
    group.add_argument(
        "--exit-on-stdin-eof", action="store_true", help="end when the process that started this server ends"
    )


def _add_development(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--demo", action="store_true", help="create users and conversations, and serve a page at / on which they chat"
    )
    group.add_argument("--docs", action="store_true", help="describe the provisioning API at /docs and /openapi.json")
    group.add_argument(
        "--seed-data",
        type=Path,
        metavar="FILE",
        help="create the users, conversations and history of a YAML file, if they do not exist; default: none",
    )
    earlier = "; ".join(f"{name}: {what}" for name, what in EARLIER.items())
    group.add_argument(
        "--as",
        dest="earlier",
        choices=list(EARLIER),
        help=f"behave like an earlier server: {earlier}; default: none",
    )


def _add_misbehaviour(group: argparse._ArgumentGroup) -> None:
    for switch in SWITCHES:
        how: dict[str, Any] = (
            {"action": "store_const", "const": "on"} if switch.is_flag else {"metavar": switch.example}
        )
        group.add_argument(f"--{switch.name}", help=f"{switch.help}; default: off", **how)


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
