"""`chat-parity compare OLD NEW`: two recorded runs, or two servers, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.beside import BAD_FILE, complain, explored_beside, has_load, loaded_beside
from conformance.cli.options import format_option, out_file_option, yes_option
from conformance.cli.output import emit, printer
from conformance.cli.sides import is_server, read_or_run
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.compare import align, document, markdown, text
from conformance.compare import compare as put_side_by_side
from conformance.errors import UsageError
from conformance.files.did_you_mean import did_you_mean

if TYPE_CHECKING:
    from conformance.compare import Alignment, Comparison


def _html(comparison: Comparison, alignment: Alignment | None) -> str:
    from conformance.compare.html import render_comparison  # noqa: PLC0415 -- only who wants a page pays for it

    return render_comparison(comparison, alignment)


_VIEWS = {"text": text.render, "markdown": markdown.render, "html": _html, "json": document.render}
_FOLDER = Path("reports") / "compared"


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--scenario", help="Also show this scenario line by line, ids and times replaced by names.")
@format_option(_VIEWS)
@out_file_option()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=_FOLDER,
    show_default=True,
    help="Where the runs of servers are kept, in `old` and `new`.",
)
@yes_option("run against")
@spec_option
@click.pass_context
def compare(ctx: click.Context, /, old: str, new: str, **given: Any) -> None:
    """Put OLD and NEW side by side: each a run.jsonl, a folder with one, or a server, which is run first.

    A server is a target file or a ws:// URL; its run is kept. The exit code is 0, or 3 when one of the runs is not
    complete: what is better or worse is for people to read. `chat-parity gate` decides.

    \b
    Examples:
      chat-parity compare reports/old reports/new
      chat-parity compare old.yaml new.yaml --format html --out compared.html
    """
    folder, form, out = given["folder"], given["form"], given["out"]
    places = (old, folder / "old"), (new, folder / "new")
    beside = [place if is_server(word) else Path(word) for word, place in places]
    needed = given["spec_folder"] or is_server(old) or is_server(new) or any(map(has_load, beside))
    spec_folder = spec_folder_of(given["spec_folder"]) if needed else None
    one, another = (read_or_run(ctx, word, place, yes=given["yes"], spec_folder=spec_folder) for word, place in places)
    explored = [explored_beside(place) for place in beside]
    loaded = [loaded_beside(place, spec_folder) for place in beside]
    comparison = put_side_by_side(one, another, (explored[0][0], explored[1][0]), (loaded[0][0], loaded[1][0]))
    alignment = _aligned(comparison, given["scenario"]) if given["scenario"] else None
    if form == "text" and out is None:
        console = printer()
        for line in text.lines(comparison, alignment):
            console.print(line, soft_wrap=True, highlight=False)
    else:
        emit(_VIEWS[form](comparison, alignment), out)
    if complain(*(said for _, said in (*explored, *loaded))):
        ctx.exit(BAD_FILE)
    ctx.exit(0 if all(side.run.complete for side in (comparison.old, comparison.new)) else 3)


def _aligned(comparison: Comparison, scenario: str) -> Alignment:
    try:
        return align(comparison, scenario)
    except KeyError:
        known = (one.id for side in (comparison.old, comparison.new) for one in side.run.header.spec.scenarios)
        meant = did_you_mean(scenario, known, "; `chat-parity list scenarios` shows them")
        raise UsageError(f"neither run knows a scenario {scenario!r}{meant}") from None
