"""What `chat-parity watch` prints while it runs."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

import click

from conformance.cli.observing import one_line
from conformance.report.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.engine.observe.observer import Observer, Seen
    from conformance.spec import Spec

MOST_TROUBLES = 100
"""The most different reasons of a lost upstream that are printed."""
REFRESH = 0.5
"""Seconds between two updates of the line of counts."""


class LiveView:
    """Prints what happens; on a terminal, also a line of counts that is updated in place."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._drawn = False
        self._troubles: set[str] = set()

    def say(self, text: str) -> None:
        """Print a line with the time."""
        self._clear()
        click.echo(f"{time.strftime('%H:%M:%S')}  {visible(text)}")

    def violation(self, seen: Seen) -> None:
        """Print a violation."""
        self.say(one_line(seen, self._spec))

    def trouble(self, shown: str) -> Callable[[str], None]:
        """Give the function that prints each reason why the upstream cannot be reached once."""

        def tell(why: str) -> None:
            if why not in self._troubles and len(self._troubles) < MOST_TROUBLES:
                self._troubles.add(why)
                self._clear()
                click.echo(f"chat-parity: {shown} cannot be reached: {visible(why)}", err=True)

        return tell

    async def show(self, observer: Observer) -> None:
        """Update the line of counts until the task is cancelled."""
        live = sys.stdout.isatty()
        while True:
            # A sleep: the line changes at a pace that people can read.
            await asyncio.sleep(REFRESH)
            if live:
                rules = len({rule for rule, _ in observer.seen})
                frames = sum(observer.frames.values())
                line = (
                    f"{observer.open} open, {frames} frames, {rules} rules observed, {observer.violations} violations"
                )
                click.echo(f"\r\x1b[K{line}", nl=False)
                self._drawn = True

    def _clear(self) -> None:
        if self._drawn:
            click.echo("\r\x1b[K", nl=False)
            self._drawn = False
