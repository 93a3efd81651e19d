"""The reference of the commands as manual pages for `man`: one for the command, and one for each verb."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.report import write_file
from conformance.report.site.commands import command_pages
from conformance.report.site.run_sphinx import run_sphinx

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTION = 1
"""The section of the manual for commands."""


def build_manuals(root: click.Command, name: str, version: str, out: Path) -> list[Path]:
    """Write the pages to a folder, without a change to other files, and give their paths; raises UsageError."""
    pages = {path.rpartition("/")[2]: page.replace("(/commands/", "(/") for path, page in command_pages(root, name)}
    options = {"project": name, "release": version, "man_pages": list(_titles(root, name, pages))}
    with tempfile.TemporaryDirectory(prefix="chat-parity-docs-") as work:
        built = run_sphinx(pages, Path(work), "man", options)
        texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(built.glob(f"*.{SECTION}"))}
    for file, page in texts.items():
        write_file(out / file, page)
    return [out / file for file in texts]


def _titles(root: click.Command, name: str, pages: dict[str, str]) -> Iterator[tuple[str, str, str, str, int]]:
    """Give the entry of each page for Sphinx: its path, name, description, authors and section."""
    context = click.Context(root, info_name=name, **root.context_settings)
    for path in pages:
        command = root.get_command(context, path) if isinstance(root, click.Group) else None
        title = name if command is None else f"{name}-{path}"
        yield path, title, (command or root).get_short_help_str(200).rstrip("."), "", SECTION
