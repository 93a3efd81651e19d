"""The group of verbs, each imported when it is called."""

from __future__ import annotations

import importlib
import io
import os
import sys
from itertools import pairwise
from typing import NoReturn

import click

from conformance import __version__
from conformance.cli.ending import end_with, take_signals
from conformance.cli.group import Group
from conformance.errors import UsageError
from conformance.files.did_you_mean import did_you_mean
from conformance.files.open_files import allow_more

_VERBS = {
    "run": "Run scenarios against a server and write the parity report.",
    "report": "Show a recorded run again.",
    "compare": "Put two recorded runs, or two servers, side by side.",
    "matrix": "Put the recorded runs of many servers into one table.",
    "history": "Keep recorded runs, and show how a server changes.",
    "gate": "Check whether a run has lost anything that passed in another run.",
    "waivers": "Check and maintain files of known failures.",
    "lint": "Find mistakes and gaps in the spec, and in target files.",
    "list": "List features, rules, scenarios, probes and messages.",
    "coverage": "Show what a recorded run did not test.",
    "explore": "Run invented conversations, and find where two servers differ.",
    "load": "Run the scenarios as traffic, and measure how long a server takes.",
    "probe": "Observe what a server does where the protocol leaves a choice.",
    "watch": "Pass traffic on between real clients and a server, and judge it.",
    "judge": "Judge a recording of real traffic.",
    "doctor": "Check each step of a connection to a server, and say what to do if one fails.",
    "docs": "Build the protocol as a website, or write it as a document for tools.",
    "serve": "Start the reference server.",
    "init": "Write a target file, from questions or from options.",
}

_MAY_BE_EMPTY = ("--source-url",)
"""Options for which an empty value has a meaning."""


class _Lazy(Group):
    """Imports a verb's module when it is called: `--help` must not pay for what it does not use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module = importlib.import_module(f"conformance.cli.{'listing' if cmd_name == 'list' else cmd_name}")
        command: click.Command = getattr(module, "listing" if cmd_name == "list" else cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="chat-parity")
@click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    help="Show the traceback of an unexpected error; allowed at any place in the command line.",
)
def chat_parity() -> None:
    """Say which features of the veza chat protocol a server really has.

    Exit codes: 0 as expected; 1 a must rule fails, a feature is MISSING, a waiver is not valid, or a gate finds a
    loss; 2 a mistake in the usage or in a file; 3 the server could not be judged; 4 chat-parity itself failed (a full
    disk, too many open files, a missing permission, or a bug).
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command and end the process with its exit code."""
    take_signals()
    allow_more()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A stream that cannot show an arrow shows an escape instead of failing.
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    end_with(lambda: _invoke([word for word in words if word != "--debug"]), debug=debug)


def _invoke(arguments: list[str]) -> int:
    """Run the verb and give its exit code; click's own `main` would end with 1 when a pipe is closed."""
    if "_CHAT_PARITY_COMPLETE" in os.environ:
        chat_parity.main(arguments, prog_name="chat-parity")
    if arguments[:1] != ["serve"]:  # The server has options that may be empty.
        _refuse_empty(arguments)
    try:
        with chat_parity.make_context("chat-parity", arguments) as context:
            chat_parity.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.NoSuchOption as error:
        raise _no_such_option(error) from None
    return 0


def _no_such_option(error: click.NoSuchOption) -> click.UsageError:
    """Guess the option that was meant as all names are guessed: click takes the dashes for a likeness."""
    parameters = error.ctx.command.get_params(error.ctx) if error.ctx else []
    options = [one for one in parameters if isinstance(one, click.Option) and not one.hidden]
    known = [name for one in options for name in (*one.opts, *one.secondary_opts) if name.startswith("--")]
    meant = did_you_mean(error.option_name, known, "; --help shows them")
    return click.UsageError(f"No such option {error.option_name!r}{meant}", error.ctx)


def _refuse_empty(arguments: list[str]) -> None:
    """Refuse what a variable of the shell leaves that is not set: as a path, "" would mean the working directory."""
    for before, word in pairwise(["", *arguments]):
        name, equals, value = word.partition("=")
        joined = bool(equals) and name.startswith("--")
        option = name if joined else before
        if (value if joined else word) == "" and option not in _MAY_BE_EMPTY:
            said = f"the value of {option}" if option.startswith("--") else "an argument"
            raise UsageError(f"{said} is empty; is a variable of the shell not set?")
