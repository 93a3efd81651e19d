"""`chat-parity serve`: run the reference server for a front end."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = {None, "127.0.0.1", "::1", "localhost"}
"""Hosts that only this machine reaches; None is the server's default."""
GENTLE_S = 10.0
"""Seconds to wait for the server to end before it is killed."""


class ServeCommand(click.Command):
    """A command whose help ends with the options of the server."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Ask the server for its options, which are listed nowhere else."""
        width = {"COLUMNS": str(formatter.width)}
        command = [sys.executable, "-m", "reference_server", "--help"]
        environment = {**os.environ, "PYTHONPATH": _python_path(), **width}
        asked = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- our own server
        _, _, options = asked.stdout.partition("options:\n")
        _, _, own = options.partition("\n")  # --help is ours
        formatter.write(f"\nServer options:\n{own}")


@click.command(cls=ServeCommand, context_settings={"ignore_unknown_options": True})
@click.option("--host", hidden=True)
@click.option("--port", "ports", type=click.IntRange(0, 65535), multiple=True, hidden=True)
@click.option("--database", hidden=True)
@click.option("--jwt-secret", hidden=True)
@click.option("--demo", is_flag=True, hidden=True)
@click.option(
    "--dialect",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Speak as the server of this target file does: in the names and ids of its `dialect:`.",
)
@click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[SERVER OPTION …]")
@click.pass_context
def serve(
    ctx: click.Context,
    host: str | None,
    ports: tuple[int, ...],
    database: str | None,
    jwt_secret: str | None,
    demo: bool,
    dialect: Path | None,
    more: tuple[str, ...],
) -> None:
    """Run the reference server until Ctrl-C.

    With --demo, the command prints the address of a page with three users side by side. If no secret is given, the
    command prints a new one, and the server accepts the tokens that it signs. If --demo or --as listens only on this
    machine, the secret is always the same, so that tokens are still valid after a restart. The exit code is that of
    the server.

    \b
    Examples:
      chat-parity serve --demo
      chat-parity serve --demo --latency 200ms±50 --drop-connection 1/min
      chat-parity serve --demo --seed-data data.yaml --reset
      chat-parity serve --demo --dialect staging.yaml
      chat-parity serve --as go-2025 --port 8080
    """
    command = [sys.executable, "-m", "reference_server", "--exit-on-stdin-eof"]
    command += ["--host", host] if host else []
    command += [part for port in ports for part in ("--port", str(port))]
    command += ["--database", database] if database else []
    command += ["--demo"] if demo else []
    signs_none = "--migrate-only" in more  # such a server accepts no connections
    others = {part.partition("=")[0] for part in more}
    has_its_own = signs_none or "--as" in others or (demo and host in LOOPBACK)
    if dialect is not None and "--as" in others:
        raise UsageError("--as is another server, which speaks no --dialect: leave out one of them")
    with _names(dialect) as options:
        ctx.exit(_run([*command, *options, *more], _secret(jwt_secret, has_its_own=has_its_own)))


@contextmanager
def _names(dialect: Path | None) -> Iterator[list[str]]:
    """Give the options that have the server speak a dialect.

    The server reads tables, because target files are read in one place. They are in a file that lives as long as the
    server: a dialect is too long for a command line.
    """
    if dialect is None:
        yield []
        return
    from conformance.cli.spec_folder import spec_folder_of  # noqa: PLC0415 -- a server without a dialect needs no spec
    from conformance.spec import load  # noqa: PLC0415
    from conformance.target.read import read_tables  # noqa: PLC0415

    found = read_tables(dialect, load(spec_folder_of(None)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "names.json"
        file.write_text(json.dumps(found), encoding="utf-8")
        yield ["--names", str(file)]


def _secret(given: str | None, *, has_its_own: bool) -> str:
    """Give the secret that signs tokens: the given one, else the environment's, else a new one, which is printed.

    None is given to a server that has its own.
    """
    secret = given or os.environ.get("JWT_SECRET") or ""
    if secret or has_its_own:
        return secret
    secret = secrets.token_urlsafe(48)
    click.echo(f"No secret was given, so tokens are signed with a new one:\nJWT_SECRET={secret}", err=True)
    return secret


def _run(command: list[str], secret: str) -> int:
    """Run the server, its output on ours, and give its exit code; leave no process behind, however we end.

    The server has a session of its own, so that Ctrl-C reaches us alone and the server ends once, gently. It watches
    its standard input, which closes when we are gone, even by SIGKILL.
    """
    environment = {**os.environ, "PYTHONPATH": _python_path(), "JWT_SECRET": secret}  # not in the list of processes
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, start_new_session=True) as server:  # noqa: S603 -- our own server
        try:
            code = server.wait()
        except KeyboardInterrupt:
            code = _end(server)
    return code if code >= 0 else 128 - code  # as in a shell: 128 plus the number of the signal


def _end(server: subprocess.Popen[bytes]) -> int:
    """Stop the server, first with SIGTERM; a second Ctrl-C kills it at once."""
    if sys.platform == "win32" and server.stdin is not None:
        server.stdin.close()  # the server ends then; `terminate` would kill it there
    else:
        server.terminate()
    try:
        return server.wait(GENTLE_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        server.kill()
        return server.wait()


def _python_path() -> str:
    # Python finds the server as it finds this package: installed beside it, or in the checkout that contains both.
    root = str(Path(__file__).parents[2])
    return os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
