"""`--wait-for`: tries a target again until it lets somebody in."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any

import click

from conformance.errors import ProvisioningFailed, TargetUnreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PAUSE = 1.0
"""Seconds between two attempts."""

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([smh]?)")


class Duration(click.ParamType):  # type: ignore[type-arg]  # older versions of click, which are allowed, have no type argument
    """A duration: `60s`, `5m`, or a number of seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Give seconds."""
        if isinstance(value, float):
            return value
        found = _DURATION.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is not a duration; write for example 60s or 5m", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


async def until_let_in(
    run: Callable[[], Awaitable[None]], seconds: float, began: Callable[[], bool], tell: Callable[[str], None]
) -> None:
    """Run; while nothing has `began`, try again after each refusal, for as many seconds; raises the last refusal."""
    deadline = time.monotonic() + seconds
    told = False
    while True:
        try:
            await run()
        except (TargetUnreachable, ProvisioningFailed) as error:
            left = deadline - time.monotonic()
            if began() or left <= 0:
                raise
            if not told:
                tell(f"waits up to {seconds:g} s: {error}")
                told = True
        else:
            return
        await asyncio.sleep(min(PAUSE, left))  # A sleep: a server that starts tells nobody.
