"""`chat-parity judge`: judge a recording of real traffic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli.observing import code_of, one_line, target_of, write_log
from conformance.cli.options import all_clients_option, keep_content_option, out_folder_option
from conformance.cli.recording import slug
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.engine.observe.addresses import addresses, choose
from conformance.engine.observe.capture import read_capture
from conformance.engine.observe.observer import Observer, Seen
from conformance.engine.observe.replay import is_dated, replay
from conformance.errors import UsageError
from conformance.files.folder_lock import exclusive
from conformance.report.text import plural, visible
from conformance.results.runlog import TargetEntry
from conformance.spec import load
from conformance.target.secrets import Secrets

if TYPE_CHECKING:
    from conformance.engine.observe.recorded import Recorded
    from conformance.target import Target

MOST_SHOWN = 10
"""The most addresses that one line names."""


@click.command()
@click.argument("capture", type=click.Path(path_type=Path))
@click.option(
    "--target",
    "target_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A target file of the server; its profile and its dialect are used.",
)
@click.option(
    "--server",
    "servers",
    multiple=True,
    metavar="ADDRESS",
    help="Judge only the connections to this address, such as chat.example/ws. Repeat it for more than one"
    " [default: the addresses in --target]",
)
@out_folder_option("reports/judged-NAME")
@all_clients_option
@keep_content_option
@spec_option
@click.pass_context
def judge(
    ctx: click.Context,
    capture: Path,
    target_file: Path | None,
    servers: tuple[str, ...],
    out: Path | None,
    all_clients: bool,
    keep_content: bool,
    spec_folder: Path | None,
) -> None:
    """Judge a recording of real traffic, as `watch` judges live traffic.

    CAPTURE is a HAR file of a browser's developer tools or of mitmproxy, flows of mitmproxy as JSON, or a recording
    that `watch --record` wrote. A feature is OBSERVED if a rule of it could be judged and no must rule is broken, NOT
    TESTED if no rule of it could be judged, and never OK.

    \b
    Examples:
      chat-parity judge chat.example.har
      chat-parity judge flows.json --target targets/staging.yaml
      chat-parity judge traffic.jsonl --out reports/traffic
      chat-parity judge chat.example.har --server chat.example/ws

    Exit codes: 0 no must rule is broken; 1 a must rule is broken; 2 the recording cannot be read; 3 nothing could be
    judged.
    """
    spec = load(spec_folder_of(spec_folder))
    target = target_of(target_file, spec)
    found = _of_one_server(read_capture(capture), capture, servers, target)
    secrets = target.secrets if target is not None else Secrets()
    for one in found:
        for secret in one.secrets:
            secrets.keep(secret)

    def tell(seen: Seen) -> None:
        click.echo(visible(one_line(seen, spec)))

    observer = Observer(
        spec,
        target,
        keep_content=keep_content,
        epoch=is_dated(found),
        redact=secrets.redact,
        on_violation=tell,
        complete=all_clients,
    )
    replay(found, observer)
    folder = out or Path("reports") / f"judged-{slug(capture.stem)}"
    entry = TargetEntry(target.name if target is not None else f"judged {capture.name}", (), None)
    with exclusive(folder):
        report = write_log(observer, folder, entry, secrets.redact, max(0.0, observer.last - observer.began), target)
    ctx.exit(code_of(report, observer))


def _of_one_server(
    found: list[Recorded], capture: Path, servers: tuple[str, ...], target: Target | None
) -> list[Recorded]:
    """Leave out the connections to other servers; raises UsageError if nobody says which server is judged."""
    known, file = addresses(found), visible(str(capture))
    listed = visible(", ".join(known[:MOST_SHOWN]) + (", …" if len(known) > MOST_SHOWN else ""))
    chosen = choose(found, servers or (target.instances if target is not None else ()))
    if known and not addresses(chosen.kept):
        if servers:
            raise UsageError(f"{file} has no messages of {visible(servers[0])}, but of {listed}")
        if len(known) > 1:
            raise UsageError(f"{file} has messages of {len(known)} servers: choose with --server ({listed})")
        return found
    for address, count in chosen.left_out.items():
        click.echo(f"chat-parity: left out: {plural(count, 'connection')} to {visible(address)}", err=True)
    return chosen.kept
