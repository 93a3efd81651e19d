"""Checks that a page does not repeat the page that it continues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.invariants.bounded import Bounded
from conformance.engine.invariants.check import Check, items, text
from conformance.engine.invariants.values import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.invariants.check import Moment, Setting
    from conformance.spec.invariants import Invariant

MOST_PAGES = 1000
"""The most pages that are remembered until somebody asks for the next one."""


class Continued(Check):
    """A page has no message of the page whose cursor its request repeats, whatever happens between the two.

    Only pages of one user are compared: no must rule says what the cursor of somebody else means.
    """

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self.types = frozenset({self.facts["reply"]})
        ((self._next, self._asked),) = self.facts["follow"].items()
        self._pages: Bounded[tuple[str, str, str], frozenset[str]] = Bounded(MOST_PAGES)

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Compare a page with the one before it, and remember it for the next one."""
        frame = moment.frame or {}
        names = {text(one.get(self.facts["message"])) for one in items(frame, self.facts["list"])}
        found = frozenset(one for one in names if one is not None)
        request = moment.answer.request if moment.answer is not None else None
        if request is not None and request.type == self.facts["request"] and request.sound:
            before = self._pages.get(self._key(moment, request.fields.get(self._asked)))
            if before is not None:
                self.judged(self.rule)
                again = sorted(before & found)
                if again:
                    yield Finding(self.rule, f"{moment.type} has the message {again[0]} of the page that it continues")
        if isinstance(frame.get(self._next), str):
            self._pages.set(self._key(moment, frame[self._next]), found)

    def _key(self, moment: Moment, cursor: object) -> tuple[str, str, str]:
        room = (moment.frame or {}).get(self.facts["by"])
        return moment.link.user or moment.link.key, str(room), str(cursor)
