"""`chat-parity docs`: write what others read of the protocol, from the spec."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.documents import ASYNCAPI, BUNDLE, asyncapi_of, bundle_of, write_document
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.spec import load


@click.command()
@click.option("--asyncapi", is_flag=True, help=f"Write the protocol as AsyncAPI 3.0.  [to: {ASYNCAPI} in the spec]")
@click.option(
    "--schema-bundle",
    is_flag=True,
    help=f"Write the schemas of scenario files, target files and so on as one schema.  [to: {BUNDLE} in the spec]",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write here instead; - is standard output.")
@spec_option
def docs(asyncapi: bool, schema_bundle: bool, out: Path | None, spec_folder: Path | None) -> None:
    r"""Write documents for people and tools that read the protocol, from the spec.

    \b
    Examples:
      chat-parity docs --asyncapi             # after a change of the protocol
      chat-parity docs --asyncapi --out -     # print it
      chat-parity docs --schema-bundle        # after a change of spec/formats
    """
    if asyncapi == schema_bundle:
        raise click.UsageError("name what to write: --asyncapi or --schema-bundle")
    folder = spec_folder_of(spec_folder)
    if asyncapi:
        write_document(asyncapi_of(load(folder)), ASYNCAPI, folder, out)
    else:
        write_document(bundle_of(folder), BUNDLE, folder, out)
