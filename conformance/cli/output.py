"""Writes the text of a verb: to standard output, or to a file, whole or not at all."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import Console

from conformance.report import write_file

if TYPE_CHECKING:
    from pathlib import Path


def emit(text: str, out: Path | None = None) -> None:
    """Write a text that ends with a line feed; raises OSError if it cannot be written."""
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(out, text)


class _Printer(Console):
    """A console whose reader may go away; rich itself would end the process with 1, which is a verdict."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def printer(*, stderr: bool = False) -> Console:
    """Give the console that a verb prints to; a width of 0 in COLUMNS, which some shells leave there, is none."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS" or value.strip("0")}
    return _Printer(highlight=False, stderr=stderr, _environ=environment)
