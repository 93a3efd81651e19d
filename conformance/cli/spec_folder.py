"""The option `--spec`, and which spec a verb reads without it."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.errors import UsageError
from conformance.spec.folder import find_with_warning

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
    folder, warning = find_with_warning()
    if warning:
        click.echo(f"chat-parity: {warning}; --spec names another one", err=True)
    return folder
