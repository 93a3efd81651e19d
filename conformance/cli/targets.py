"""Opens the target of the command line: a file, a URL, or nothing (the reference server, started here)."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli.crash import crash, first_of
from conformance.errors import ChatParityError, UsageError
from conformance.files.documents import MAX_BYTES
from conformance.target import read_target
from conformance.target.access import secret_names
from conformance.target.embedded import embedded
from conformance.target.secrets import Secrets
from conformance.target.throttle import demand_consent
from conformance.target.url_errors import HTTP, WEBSOCKET, wrong_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from conformance.spec import Spec
    from conformance.target import Target


def beside(tested: Target, other: Target) -> Target:
    """Give the other server; if it is the same one, both conversations keep to one throttle together."""
    if not {*tested.instances} & {*other.instances}:
        return other
    said = "both are the same server: only what changes from one conversation to the next can be found"
    click.echo(f"chat-parity: {said}", err=True)
    return replace(other, throttle=tested.throttle)


def split(words: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """Separate the target from the ids and scenario files: a URL or a target file comes first, if there is one."""
    if (
        words
        and not is_scenario_file(words[0])
        and ("://" in words[0] or words[0].endswith((".yaml", ".yml")) or _is_file(words[0]))
    ):
        return words[0], words[1:]
    return None, words


def is_scenario_file(word: str) -> bool:
    """Say whether a word names a file with a scenario, and not one with a target."""
    if not word.endswith((".yaml", ".yml")) or not _is_file(word):
        return False
    with suppress(OSError, ValueError), Path(word).open(encoding="utf-8") as file:
        return any(line.startswith("steps:") for line in file.read(MAX_BYTES).splitlines())
    return False


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except OSError:  # Some ids are too long for the name of a file.
        return False


@asynccontextmanager
async def open_target(
    place: str | None, spec: Spec, *, yes: bool = False, secrets: Secrets | None = None
) -> AsyncIterator[tuple[Target, Callable[[], Awaitable[None]] | None]]:
    """Give the target, and how to restart it (None: impossible); raises BadFile, UsageError or TargetUnreachable.

    A protected address needs `yes`. No exception that is raised while the target is open contains a secret. `secrets`
    may be a collection that reads none, if only the way to the server matters.
    """
    secrets = Secrets() if secrets is None else secrets
    try:
        with secrets.out_of_errors():
            async with _opened(place, spec, secrets, yes=yes) as opened:
                yield opened
    except ChatParityError:
        raise
    except (click.ClickException, click.exceptions.Exit):
        raise
    except Exception as error:
        if isinstance(first_of(error), BrokenPipeError):
            raise
        raise crash(error, secrets.redact) from None  # Whatever it is, its text may contain a secret.


@asynccontextmanager
async def _opened(
    place: str | None, spec: Spec, secrets: Secrets, *, yes: bool
) -> AsyncIterator[tuple[Target, Callable[[], Awaitable[None]] | None]]:
    if place is None:
        async with embedded(spec) as (target, server):
            yield target, server.restart
    elif "://" in place:
        wrong = wrong_address(place)
        if wrong:
            raise UsageError(wrong)
        target = read_target(spec.folder / "targets" / "reference.yaml", spec, instances=(place,), secrets=secrets)
        _check_way(target, yes=yes)
        _warn_of_secrets(place)
        yield replace(target, name=place.partition("://")[2].partition("?")[0], file=None), None
    else:
        target = read_target(Path(place), spec, secrets=secrets)
        _check_way(target, yes=yes)
        yield target, None


def _check_way(target: Target, *, yes: bool) -> None:
    """Check that the target may be tested, and that its proxies can be used; raises UsageError."""
    addresses = (*target.instances, *target.provision.addresses)
    demand_consent(addresses, target.protected, given=yes)
    for url in addresses:
        if url.partition("://")[0].lower() in (*WEBSOCKET, *HTTP):
            target.access.proxies.leading_to(url)


def _warn_of_secrets(url: str) -> None:
    names = secret_names(url)
    if names:
        example = f"{url.partition('?')[0]}?{names[0]}=${{env.NAME}}"
        click.echo(
            f"chat-parity: warning: the address holds {', '.join(names)}; every user of this machine can see it in the"
            " list of processes, and the history of the shell keeps it; a target file takes it from the environment:"
            f' `instances: ["{example}"]`',
            err=True,
        )
