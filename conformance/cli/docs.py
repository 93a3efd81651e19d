"""`chat-parity docs`: write the protocol for others: a website for people, documents for tools."""

from __future__ import annotations

from pathlib import Path

import click

from conformance import __version__
from conformance.cli.documents import ASYNCAPI, BUNDLE, asyncapi_of, bundle_of, write_document
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.report.links import project_source
from conformance.report.site.build import build_site
from conformance.report.site.manuals import build_manuals
from conformance.report.site.pages import pages
from conformance.report.site.read import read_sources
from conformance.report.site.run_sphinx import check_installed
from conformance.spec import load

NAME = "chat-parity"
SITE = Path("site")
"""The default folder of the site."""
MAN = Path("man")
"""The default folder of the manual pages."""


@click.command()
@click.option(
    "--asyncapi", is_flag=True, help=f"Write the protocol as AsyncAPI 3.0.  [to: {ASYNCAPI} in the spec folder]"
)
@click.option(
    "--schema-bundle",
    is_flag=True,
    help=f"Write the schemas of all file formats as one schema, for editors.  [to: {BUNDLE} in the spec folder]",
)
@click.option(
    "--man", is_flag=True, help=f"Write the reference of the commands as manual pages for `man`.  [to: {MAN}]"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write here instead. The site needs a new or empty folder, or that of an earlier site; manual pages need a "
    f"folder; a document needs a file, or - for standard output.  [default: {SITE}, for the site]",
)
@click.option(
    "--source-url",
    metavar="URL",
    help="The web address of the folder that holds spec/, for the site's links to scenario files. An empty URL turns "
    "them off. The default is the project's repository at this version.",
)
@spec_option
@click.pass_context
def docs(
    ctx: click.Context,
    asyncapi: bool,
    schema_bundle: bool,
    man: bool,
    out: Path | None,
    source_url: str | None,
    spec_folder: Path | None,
) -> None:
    """Build the protocol as a website, or write it as a document for tools.

    The site has a page for each message type and each feature, the scenarios with sequence diagrams, the permissions,
    the limits, the probes, the guides and the commands. Open its index.html: the pages and their search work without a
    network and without a server. The build takes about a minute. The site and --man need the libraries of
    chat-parity[docs].

    \b
    Examples:
      chat-parity docs                        # the site, in the folder site
      chat-parity docs --out public --spec ./spec
      chat-parity docs --man --out ~/.local/share/man/man1
      chat-parity docs --asyncapi             # after a change of the protocol
      chat-parity docs --asyncapi --out -     # print it
      chat-parity docs --schema-bundle        # after a change of spec/formats
    """
    if asyncapi + schema_bundle + man > 1:
        raise click.UsageError(
            "name only one of --asyncapi, --schema-bundle and --man; without them, the command builds the site"
        )
    if source_url and not source_url.startswith(("https://", "http://")):
        raise click.UsageError(f"--source-url takes an address that begins with https://, not {source_url}")
    root = ctx.find_root().command
    if man:
        written = build_manuals(root, NAME, __version__, out or MAN)
        click.echo(f"{len(written)} pages: {written[0]}")
        return
    folder = spec_folder_of(spec_folder)
    if asyncapi:
        write_document(asyncapi_of(load(folder)), ASYNCAPI, folder, out)
    elif schema_bundle:
        write_document(bundle_of(folder), BUNDLE, folder, out)
    else:
        web = project_source(__version__) if source_url is None else source_url.rstrip("/")
        _build(root, folder, out or SITE, web)


def _build(command: click.Command, folder: Path, out: Path, web: str) -> None:
    check_installed()
    made = pages(read_sources(load(folder), command, NAME, web))
    build_site(made, out)
    click.echo(f"{len(made)} pages: {out / 'index.html'}")
