"""Options that several verbs share, so that they are spelled, checked and explained alike."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class NumberRange(click.FloatRange):
    """A number within bounds; `nan` is within all bounds of click's own type."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Give the number."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


time_scale_option = click.option(
    "--time-scale", type=NumberRange(0.1, 100), default=1.0, show_default=True, help="Stretch every wait."
)
all_clients_option = click.option(
    "--all-clients",
    is_flag=True,
    help="All clients of this server are in the traffic, and nobody's role changes: also judge what needs that.",
)
keep_content_option = click.option(
    "--keep-content", is_flag=True, help="Keep the texts of messages in transcripts; tokens are never kept."
)


def jobs_option(what: str, default: int = 8, most: int = 200) -> Decorator:
    """Give `--jobs`: how many of these run at a time."""
    return click.option(
        "--jobs", type=click.IntRange(1, most), default=default, show_default=True, help=f"{what} at a time."
    )


def yes_option(verb: str) -> Decorator:
    """Give `--yes`, without which a verb does nothing to a protected target."""
    return click.option("--yes", is_flag=True, help=f"Also {verb} a target that is protected.")


def out_folder_option(default: str) -> Decorator:
    """Give `--out` of a verb that writes a folder."""
    return click.option(
        "--out", type=click.Path(path_type=Path, file_okay=False), help=f"Write here (default: {default})."
    )


def out_file_option(text: str = "Write into this file, and print nothing.") -> Decorator:
    """Give `--out` of a verb that prints, and can write a file instead."""
    return click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help=text)


def format_option(forms: Iterable[str] = ("text", "json"), text: str | None = None) -> Decorator:
    """Give `--format`: what the verb prints, by default `text`."""
    chosen = click.Choice(list(forms))
    return click.option("--format", "form", type=chosen, default="text", show_default=True, help=text)
