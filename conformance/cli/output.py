"""Writes the text of a verb: to standard output, or to a file, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from conformance.errors import UsageError
from conformance.report import write_file

if TYPE_CHECKING:
    from pathlib import Path


def emit(text: str, out: Path | None = None) -> None:
    """Write a text that ends with a line feed; raises UsageError if the file cannot be written."""
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        write_file(out, text)
    except OSError as error:
        raise UsageError(f"{out} cannot be written ({error.strerror}); name another file with --out") from None
