"""Conversations in a few lines: what clients send and get, as observations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from conformance.engine.invariants import Evaluator, Observation

if TYPE_CHECKING:
    from conformance.engine.invariants import Violation
    from conformance.spec import Spec

LOBBY, CELLAR = (str(UUID(int=number, version=4)) for number in (1, 2))
ALICE, BOB, CAROL = (str(UUID(int=number, version=4)) for number in (11, 12, 13))
FIRST, SECOND, THIRD = (str(UUID(int=number, version=4)) for number in (101, 102, 103))
NOW = "2026-02-22T20:49:32.123456Z"
USERS = {"alice": ALICE, "bob": BOB, "carol": CAROL}


@dataclass
class Traffic:
    """Feeds an evaluator; `found` has what it says, as rules."""

    spec: Spec
    complete: bool = True
    profile: Any = None
    at: float = 1_771_793_372.0
    violations: list[Violation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.evaluator = Evaluator(self.spec, complete=self.complete, profile=self.profile, epoch=True)

    @property
    def rules(self) -> list[str]:
        return [str(one.rule) for one in self.violations if one.by == "server"]

    @property
    def said(self) -> list[str]:
        return [one.explanation for one in self.violations]

    def feed(self, who: str, direction: Any, frame: object = None, detail: str = "") -> None:
        user = USERS[who.partition("@")[0]]
        self.violations += self.evaluator.feed(Observation(self.at, who, who, user, direction, frame, detail))

    def opened(self, *names: str) -> Traffic:
        """Open and greet."""
        for who in names:
            self.feed(who, "opened")
            self.got(who, "ActionConfirmed", action="connected", success=True)
        return self

    def joined(self, *names: str, to: str = LOBBY) -> Traffic:
        """Open, greet and join."""
        self.opened(*names)
        for who in names:
            self.sent(who, "JoinConversation", conversation_id=to)
            self.confirmed(who, "joined_conversation")
        return self

    def closed(self, who: str) -> None:
        self.feed(who, "closed", detail="closed with 1000")

    def sent(self, who: str, kind: str, **fields: Any) -> None:
        self.feed(who, "sent", {"type": kind, **fields})

    def got(self, who: str, kind: str, **fields: Any) -> None:
        self.feed(who, "received", {"type": kind, **fields})

    def confirmed(self, who: str, action: str) -> None:
        self.got(who, "ActionConfirmed", action=action, success=True)

    def refused(self, who: str) -> None:
        self.got(who, "Error", message="no", code="forbidden")

    def says(self, who: str, name: str, *to: str, content: str = "hello", room: str = LOBBY) -> None:
        """Send a message that arrives at these, with its confirmation."""
        self.sent(who, "SendMessage", conversation_id=room, content=content)
        for one in to:
            self.message(one, name, sender=USERS[who], content=content, room=room)
        self.confirmed(who, "message_sent")

    def message(
        self, who: str, name: str, sender: str = ALICE, content: str = "hello", room: str = LOBBY, at: str = NOW
    ) -> None:
        self.got(who, "NewMessage", **message(name, sender, content, room, at, live=True))

    def history(self, who: str, *messages: dict[str, Any], request: Any = None, **fields: Any) -> None:
        """Fetch a page."""
        self.sent(who, "FetchHistory", conversation_id=LOBBY, **(request or {}))
        page = {"conversation_id": LOBBY, "messages": list(messages), "has_more": False}
        self.got(who, "HistoryChunk", **page | fields)


def message(
    name: str,
    sender: str = ALICE,
    content: str = "hello",
    room: str = LOBBY,
    at: str = NOW,
    *,
    live: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """A message as a page shows it, or as its event does."""
    found = {"conversation_id": room, "message_id": name, "sender_id": sender, "content": content, "created_at": at}
    return found | {"attachments": []} | ({} if live else {"reactions": []}) | more
