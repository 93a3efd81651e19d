"""What an exploration has found: each cause once, with the shortest conversation that shows it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.results.causes import cause
from conformance.results.explored import BOTH

if TYPE_CHECKING:
    from conformance.engine.explore.conversation import Conversation
    from conformance.engine.explore.conversation_run import ConversationRun
    from conformance.engine.explore.difference import Difference


@dataclass(frozen=True, slots=True)
class Cause:
    """What findings have in common: the judge, the broken rule, the request before it, the kind of difference."""

    judge: str
    rule: str
    request: str
    kind: str

    @property
    def id(self) -> str:
        """Give a short id, the same in every exploration."""
        text = "\0".join((self.rule, self.request, self.kind))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def alike(self, other: Cause) -> bool:
        """Say whether a shorter conversation shows the same: the request beside it may have gone."""
        return (self.judge, self.rule, self.kind) == (other.judge, other.rule, other.kind)


@dataclass(frozen=True, slots=True)
class Shown:
    """One conversation that shows a cause, as it was run: the difference, if two servers were compared."""

    cause: Cause
    conversation: Conversation
    tested: ConversationRun
    other: ConversationRun
    difference: Difference | None
    explanation: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause that was found: how often the replays showed it again, and how long its conversation was before.

    `count` is how many conversations showed it. `known` is the reason from the file of known findings. `late`: it is
    only that something did not come in time, and the replays ran alone and waited longer.
    """

    shown: Shown
    replays: int
    again: int
    steps_before: int
    seconds: float
    count: int = 1
    known: str = ""
    late: bool = False

    @property
    def id(self) -> str:
        """Give its short id."""
        return self.shown.cause.id

    @property
    def flaky(self) -> bool:
        """Say whether a replay did not show it."""
        return self.again < self.replays


def cause_of(difference: Difference) -> Cause:
    """Give the cause of a difference."""
    return Cause(BOTH, difference.rule, difference.request, cause(difference.kind))


def say(difference: Difference) -> str:
    """Describe a difference in one sentence."""
    what = f"{difference.client}: " if difference.client else ""
    return f"after {difference.request or 'a change'}, {what}{difference.kind}"
