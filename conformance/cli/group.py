"""A group of verbs that says which one was meant."""

from __future__ import annotations

import click

from conformance.files.did_you_mean import did_you_mean


class Group(click.Group):
    """Names the verb that was meant by a wrong one; click does so since 8.2, in words of its own."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb. Raises click.UsageError for a word that is none, with the one that was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            if args[0].startswith("-"):
                raise
            meant = did_you_mean(args[0], self.list_commands(ctx), f"; `{ctx.command_path} --help` shows them")
            raise click.UsageError(f"No such command {args[0]!r}{meant}", ctx) from None
