"""The two sides of a comparison, as the command line names them: recorded runs, or servers that are run first."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.files.folder_lock import exclusive
from conformance.results.runlog import read_run

if TYPE_CHECKING:
    from conformance.results.runlog import Run


def is_server(word: str) -> bool:
    """Tell whether a word names a server (a URL or a target file), and not a recorded run."""
    return "://" in word or word.endswith((".yaml", ".yml"))


def read_or_run(ctx: click.Context, word: str, folder: Path, **options: Any) -> Run:
    """Read a recorded run (a log, or its folder), or run the server that the word names and record into a folder.

    `options` are those of the verb `run`. Raises what a failed run raises.
    """
    if not is_server(word):
        return read_run(Path(word))
    from conformance.cli.run import run  # noqa: PLC0415 -- a comparison of two files needs no engine

    if (folder / "run.jsonl").exists():
        with exclusive(folder):
            (folder / "run.jsonl").unlink(
                missing_ok=True
            )  # The files of an earlier comparison are not a run of this one.
    with redirect_stdout(sys.stderr), suppress(click.exceptions.Exit):  # Nobody asked for the output of the run.
        ctx.invoke(run, words=(word,), out=folder, trace="all", **options)
    return read_run(folder)
