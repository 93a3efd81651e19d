"""The option `--spec`, and which spec a verb reads without it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from conformance.errors import BadFile, UsageError
from conformance.spec.folder import digest, in_working_directory, installed

spec_option = click.option(
    "--spec",
    "spec_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Read this spec folder.  [default: ./spec if there is one, else the installed copy]",
)


def spec_folder_of(given: Path | None) -> Path:
    """Give the folder of the spec to read, and warn on standard error if `./spec` differs from the installation's."""
    if given is not None:
        try:
            tuple(given.iterdir())
        except OSError as error:
            raise UsageError(f"the spec folder {given} cannot be read: {error.strerror}") from None
        return given
    here = in_working_directory()
    if here is None:
        return installed()
    with suppress(BadFile):  # There may be no other one.
        other = installed()
        if other.resolve() != here.resolve() and digest(other) != digest(here):
            click.echo(
                f"chat-parity: reads ./spec, which differs from the installed {other}; --spec names another one",
                err=True,
            )
    return here
