"""Options of earlier versions: each still parses, and its error names the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def renamed(new: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Give the callback of a hidden option that raises UsageError with the `new` name when somebody uses it."""

    def refuse(ctx: click.Context, option: click.Parameter, _: Any) -> None:
        source = ctx.get_parameter_source(option.name or "")
        if source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} has a new name: {new}", ctx)

    return refuse
