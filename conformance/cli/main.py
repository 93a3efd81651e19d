"""The group of verbs, and the one place where an exception becomes a message and an exit code."""

from __future__ import annotations

import importlib
import io
import signal
import sys
from typing import Any

import click

from conformance import __version__
from conformance.errors import ChatParityError

_VERBS = {
    "run": "Run scenarios against a server and write the parity report.",
    "report": "Show a recorded run again.",
    "compare": "Put two recorded runs, or two servers, side by side.",
    "gate": "Say whether a run has lost anything that passed in another one.",
    "waivers": "Look after files of known failures.",
    "lint": "Find mistakes and gaps in the spec, and in target files.",
    "list": "List features, rules, scenarios, probes and messages.",
    "coverage": "Say what a recorded run did not exercise.",
    "probe": "Observe a server where the protocol leaves it free.",
    "serve": "Start the reference server.",
    "init": "Write a target file, by asking or by flags.",
}


class _Lazy(click.Group):
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
def chat_parity() -> None:
    """Say which features of the veza chat protocol a server really has.

    Exit codes: 0 as expected; 1 a must rule fails, a waiver is not valid, or a gate finds a loss; 2 a mistake
    in the usage or in a file; 3 the server could not be judged.
    """


def main(arguments: list[str] | None = None) -> Any:
    """Run the command and end the process with its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # A shell sets this for processes in its background.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A stream that cannot show an arrow shows an escape instead of failing.
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(chat_parity.main(arguments, prog_name="chat-parity", standalone_mode=False) or 0)
    except ChatParityError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("chat-parity: interrupted", err=True)
        sys.exit(3)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(3)
    except OSError as error:
        if error.filename is None:
            raise
        _complain(f"{error.filename}: {error.strerror}")
        sys.exit(2)


def _complain(text: str) -> None:
    """Print an error, without control characters: a server or a file may have put some into it."""
    from conformance.report.text import visible  # noqa: PLC0415 -- only a command that fails pays for it

    click.echo("chat-parity: " + "\n".join(map(visible, text.split("\n"))), err=True)
