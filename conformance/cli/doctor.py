"""`chat-parity doctor TARGET`: check each step of a connection to a server, and say what to do if one fails."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import click

from conformance.cli.options import format_option, yes_option
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.cli.targets import open_target
from conformance.engine.diagnosis import Check, Outlook, diagnose, diagnose_without_secrets
from conformance.errors import BadFile, UsageError
from conformance.report.text import as_json, visible
from conformance.spec import load
from conformance.target.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.errors import ChatParityError
    from conformance.spec import Spec
    from conformance.target import Target

SIGNS = {Outlook.GOOD: ("✓", "green"), Outlook.ODD: ("!", "yellow"), Outlook.BAD: ("✗", "red")}

ON_THE_WAY = frozenset({"instances", "proxy", "tls"})
"""The sections of a target file that even the first steps need."""


@click.command()
@click.argument("target", required=False)
@format_option()
@yes_option("check")
@spec_option
@click.pass_context
def doctor(ctx: click.Context, target: str | None, form: str, yes: bool, spec_folder: Path | None) -> None:
    """Check each step of a connection to a server, and say what was seen and what to do about it.

    TARGET is a target file or a ws:// URL; without one, the command starts and checks the reference server. The steps
    are: the name, the port, TLS, an account, the upgrade with its token, the greeting, and one request. If a secret is
    not set, the command checks the steps before the account. The exit code is 0, or 3 if a step fails that every run
    needs.

    \b
    Examples:
      chat-parity doctor staging.yaml
      chat-parity doctor ws://127.0.0.1:8000/ws
    """
    spec = load(spec_folder_of(spec_folder))
    checks: list[Check] = []

    def show(check: Check) -> None:
        checks.append(check)
        if form == "text":
            _print(check, new_place=len(checks) == 1 or checks[-2].place != check.place)

    asyncio.run(_look(spec, target, show, yes=yes))
    if form == "json":
        click.echo(as_json([_document(one) for one in checks]), nl=False)
    bad = [one for one in checks if one.outlook is Outlook.BAD]
    if bad:
        click.echo(f"chat-parity: a run cannot judge this server: {len(bad)} of {len(checks)} steps failed", err=True)
        ctx.exit(3)


async def _look(spec: Spec, place: str | None, show: Callable[[Check], None], *, yes: bool) -> None:
    async with AsyncExitStack() as stack:
        try:
            target, _ = await stack.enter_async_context(open_target(place, spec, yes=yes))
        except (BadFile, UsageError) as error:
            target = await _open_without_secrets(stack, place, spec, error, yes=yes)
            checks = diagnose_without_secrets(target, str(error))
        else:
            checks = diagnose(spec, target)
        async for check in checks:
            show(check.hiding(target.secrets.redact))


async def _open_without_secrets(
    stack: AsyncExitStack, place: str | None, spec: Spec, error: ChatParityError, *, yes: bool
) -> Target:
    """Give the target if secrets are all that is missing, and none of its address; else raise the error."""
    try:
        opening = open_target(place, spec, yes=yes, secrets=Secrets(checking=True))
        target, _ = await stack.enter_async_context(opening)
    except (BadFile, UsageError):
        raise error from None
    if not ON_THE_WAY.isdisjoint(target.secrets.missing):
        raise error
    return target


def _print(check: Check, *, new_place: bool) -> None:
    if new_place:
        click.echo(visible(check.place))
    sign, colour = SIGNS[check.outlook]
    click.echo(f"  {click.style(sign, fg=colour)} {check.step:<8}  {visible(check.seen)}")
    if check.advice:
        click.echo(f"  {'':<10}  → {visible(check.advice)}")


def _document(check: Check) -> dict[str, str]:
    return {
        "place": check.place,
        "step": check.step,
        "outlook": str(check.outlook),
        "seen": check.seen,
        "advice": check.advice,
    }
