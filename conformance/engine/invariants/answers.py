"""Checks that the replies of a connection answer its requests, one each and in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.invariants.check import Check
from conformance.engine.invariants.replies import terminal_types
from conformance.engine.invariants.values import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.invariants.check import Link, Moment, Setting
    from conformance.spec.invariants import Invariant


class Answers(Check):
    """Each request gets one reply, on its own connection and in order.

    A server may send an error without a request before it closes a connection. So such an error is a violation only if
    another frame follows it.
    """

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self._terminal = terminal_types(setting.spec)
        self._suspects: dict[str, Finding] = {}

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Judge a reply, and an earlier error without a request."""
        suspect = self._suspects.pop(moment.link.key, None)
        if suspect is not None:
            yield suspect
        answer, kind = moment.answer, moment.type
        if answer is None or kind is None:
            return
        special = self.facts["unasked"].get(kind)
        self.judged(self.rule)
        if special is not None and special != self.rule:
            self.judged(special)
        if answer.unasked and answer.passed is not None:
            said = (
                f"{kind} came, but it is not a reply to {_named(answer.passed.type)}, the next request without a reply"
            )
            yield Finding(special or self.rule, said)
        elif answer.unasked:
            found = Finding(special or self.rule, f"{kind} came, but no request waits for a reply", moment.index)
            if kind == self.setting.spec.protocol.error:
                self._suspects[moment.link.key] = found
            else:
                yield found
        elif answer.passed is not None:
            yield Finding(
                self.rule, f"{kind} came before the reply to the earlier request {_named(answer.passed.type)}"
            )

    def closed(self, link: Link) -> None:
        """Forget the state of a connection."""
        self._suspects.pop(link.key, None)


def _named(kind: str | None) -> str:
    return kind or "a frame of an unknown type"
