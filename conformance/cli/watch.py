"""`chat-parity watch`: pass traffic on between real clients and a server, and judge it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from conformance.cli.observing import NOTHING, code_of, target_of, write_log
from conformance.cli.options import all_clients_option, keep_content_option, out_folder_option
from conformance.cli.recording import slug
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.cli.waiting import Duration
from conformance.cli.watch_live import LiveView
from conformance.engine.observe.observer import Observer
from conformance.engine.observe.recent_secrets import RecentSecrets
from conformance.engine.observe.relay import Relay, why_unreachable
from conformance.engine.observe.side import Upstream
from conformance.errors import TargetUnreachable, UsageError, of_this_machine
from conformance.files.folder_lock import exclusive, exclusive_file
from conformance.results.runlog import TargetEntry
from conformance.spec import load
from conformance.target.access import Access, shown_address
from conformance.target.url_errors import wrong_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.target import Target

NEEDED = ("headers", "proxy")
"""The sections of a target file whose variables must be set; a relay needs no other secret of it."""


@click.command()
@click.option(
    "--listen", default="127.0.0.1:9000", show_default=True, metavar="HOST:PORT", help="Where clients connect."
)
@click.option("--upstream", metavar="URL", help="The server: ws://… or wss://… [default: the address in --target]")
@click.option(
    "--target",
    "target_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A target file of the server; its profile, dialect, headers, TLS and proxy are used.",
)
@out_folder_option("reports/observed-HOST")
@click.option("--for", "duration", type=Duration(), metavar="TIME", help="Stop after this time, such as 60s or 5m.")
@all_clients_option
@keep_content_option
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a recording for `judge` to this file; without --keep-content, texts become their lengths.",
)
@click.option("--expose", is_flag=True, help="Allow an address that other machines can reach.")
@spec_option
@click.pass_context
def watch(
    ctx: click.Context,
    listen: str,
    upstream: str | None,
    target_file: Path | None,
    out: Path | None,
    duration: float | None,
    all_clients: bool,
    keep_content: bool,
    record: Path | None,
    expose: bool,
    spec_folder: Path | None,
) -> None:
    """Pass traffic on between real clients and a server, and judge it.

    Clients connect to this command instead of to the server. Every byte after the handshake passes unchanged. The
    command judges a copy: each frame by its schema, and all frames by the invariants of the spec. A feature is OBSERVED
    if a rule of it could be judged and no must rule is broken, NOT TESTED if no rule of it could be judged, and never
    OK. Ctrl-C ends the command and writes the reports.

    \b
    Examples:
      chat-parity watch --upstream wss://chat.example/ws
      chat-parity watch --listen 127.0.0.1:9001 --upstream ws://127.0.0.1:8080/ws --for 5m
      chat-parity watch --target targets/staging.yaml --keep-content

    Exit codes: 0 no must rule is broken; 1 a must rule is broken; 2 a mistake in the usage; 3 the server cannot be
    reached, or nothing passed.
    """
    host, port = _address(listen, expose=expose)
    spec = load(spec_folder_of(spec_folder))
    target = target_of(target_file, spec)
    _check_variables(target)
    url = upstream or (target.instances[0] if target is not None else None)
    if url is None:
        raise click.UsageError("Name the server with --upstream, or its target file with --target")
    wrong = wrong_address(url)
    if wrong:
        raise UsageError(wrong)
    if record is not None and target is not None and target.dialect is not None and not keep_content:
        raise UsageError("--record needs --keep-content if the target file has a dialect")
    secrets, live = RecentSecrets(target.secrets if target is not None else None), LiveView(spec)
    shown = secrets.redact(shown_address(url))
    server = urlsplit(url).hostname or ""
    folder = out or Path("reports") / f"observed-{slug(server)}"
    with exclusive(folder), _recorder(record) as recorder:
        observer = Observer(
            spec,
            target,
            keep_content=keep_content,
            redact=secrets.redact,
            on_violation=live.violation,
            record=recorder,
            complete=all_clients,
        )
        watched = _Watched(observer, secrets, live, target, url, shown)
        failed = asyncio.run(_watch(watched, host, port, duration))
        entry = TargetEntry(target.name if target is not None else f"observed {server}", (shown,), None)
        report = write_log(observer, folder, entry, secrets.redact, watched.seconds, target)
    ctx.exit(code_of(report, observer) or (NOTHING if failed else 0))


def _check_variables(target: Target | None) -> None:
    """Raise UsageError if a section that the handshake needs names a variable that is not set."""
    if target is None:
        return
    for section in NEEDED:
        for name in target.secrets.missing.get(section, ()):
            raise UsageError(f"{target.file}: `{section}` needs the environment variable {name}")


@dataclass(slots=True)
class _Watched:
    """The parts of one call of the command; `shown` is the url without secrets."""

    observer: Observer
    secrets: RecentSecrets
    live: LiveView
    target: Target | None
    url: str
    shown: str
    seconds: float = 0.0


async def _watch(watched: _Watched, host: str, port: int, duration: float | None) -> int:
    """Relay until Ctrl-C or the end of the duration; returns how often the upstream could not be reached."""
    url, live = watched.url, watched.live
    access = watched.target.access if watched.target is not None else Access()
    tls = access.tls.opened() if url.lower().startswith("wss:") else None
    server = Upstream(url, tls, access.tls.server_name, access.headers, access.proxies.leading_to(url))
    relay = Relay(
        server, watched.observer, keep=watched.secrets.keep, trouble=live.trouble(watched.shown), said=live.say
    )
    await _reach(server, watched.shown)
    try:
        address = await relay.start(host, port)
    except OSError as error:
        why = error.strerror or str(error)
        raise of_this_machine(error) or UsageError(
            f"cannot listen on {host}:{port} ({why}): choose another address with --listen"
        ) from None
    where = f"[{address[0]}]" if ":" in address[0] else address[0]
    click.echo(f"Connect clients to ws://{where}:{address[1]}, and their traffic goes on to {watched.shown}.")
    click.echo("Press Ctrl-C to stop and to write the report.")
    began = time.perf_counter()
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):  # Ctrl-C cancels this task.
        async with asyncio.timeout(duration):
            await live.show(watched.observer)
    watched.seconds = time.perf_counter() - began
    await relay.stop()
    return relay.failures


@contextlib.contextmanager
def _recorder(file: Path | None) -> Iterator[Callable[[str], object] | None]:
    """Open the file of a recording, and give the function that writes a line to it."""
    if file is None:
        yield None
        return
    with exclusive_file(file) as stream:
        yield stream.write


async def _reach(server: Upstream, shown: str) -> None:
    """Open a connection to the upstream and close it; raises TargetUnreachable."""
    try:
        transport = await server.open(asyncio.Protocol())
        transport.close()
    except (OSError, TimeoutError) as error:
        through = f", through the proxy {shown_address(server.proxy)}" if server.proxy is not None else ""
        said = f"{shown} cannot be reached: {why_unreachable(error)}{through}"
        raise of_this_machine(error) or TargetUnreachable(said) from None


def _address(listen: str, *, expose: bool) -> tuple[str, int]:
    parts = urlsplit(f"//{listen}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or port is None or parts.path:
        raise click.UsageError(f"--listen takes HOST:PORT, such as 127.0.0.1:9000, not {listen!r}")
    if not expose and not _is_loopback(host):
        raise click.UsageError(
            f"other machines can reach {host}, and clients send their tokens to it: listen on 127.0.0.1, or allow it"
            " with --expose"
        )
    return host, port


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
