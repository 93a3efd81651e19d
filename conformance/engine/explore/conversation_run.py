"""What a server did with an invented conversation, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.engine.context.transcript import Transcript

if TYPE_CHECKING:
    from conformance.engine.explore.conversation import Ask, Step
    from conformance.results.model import Entry
    from conformance.wire.events import Closed

GRANTED, REFUSED, NONE = "granted", "refused", "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request: how it ended, and the frame (None: nothing came). `pages` are those of a walk."""

    ask: Ask
    how: str
    frame: Any = None
    pages: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step led to: the answers in the order of the requests, and per connection the other frames.

    `ended` has the connections that the server has ended, and how. `silent` has those that no longer answer.
    `unbound` are the names in the requests of what this server has not made. `amiss` says what is wrong with how a
    wrong token was refused, or a ping answered. `whole`: everything has arrived; the
    events of steps that are not whole come with the next one that is. `overdue`: a timer of the server that a request
    has started may have run out by then.
    """

    step: Step
    answers: tuple[Answer, ...]
    events: dict[str, tuple[dict[str, Any], ...]]
    ended: dict[str, Closed]
    silent: tuple[str, ...]
    unbound: frozenset[str] = frozenset()
    amiss: str = ""
    whole: bool = True
    overdue: bool = False


@dataclass(slots=True)
class ConversationRun:
    """A conversation on one server. `names` maps ids to names. `stopped` says why it could not be run to the end.

    `wrong` are the frames that are wrong on their own: the rule, and what is wrong. `lost`: a connection was dropped
    or refused. `lines` become a `transcript` only if it is wanted: of most conversations nobody reads one.
    """

    steps: list[Seen] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    wrong: tuple[tuple[str, str, str], ...] = ()
    stopped: str = ""
    lost: bool = False
    lines: Transcript = field(default_factory=Transcript)
    users: dict[str, str] = field(default_factory=dict)

    @property
    def transcript(self) -> tuple[Entry, ...]:
        """The readable lines of what happened."""
        return self.lines.entries()[0]
