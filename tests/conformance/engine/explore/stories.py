"""Conversations by hand, and what a server does with them, for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.explore.conversation import Ask, Burst, Conversation, asks_of
from conformance.engine.explore.conversation_run import GRANTED, Answer, ConversationRun, Seen
from conformance.target.accounts import Room

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.engine.explore.conversation import Step
    from conformance.wire.events import Closed

ANN, BOB = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
LOBBY = "00000000-0000-4000-8000-0000000000aa"
NAMES = {ANN: "ann", BOB: "bob", LOBBY: "lobby"}


def conversation(*steps: Step, bob: str = "member", joined: tuple[str, ...] = ("ann", "bob")) -> Conversation:
    """Give a conversation of two users in one room."""
    members = {"ann": "owner", "bob": bob}
    return Conversation({"ann": 1, "bob": 1}, {}, {"lobby": Room("private", members)}, {"lobby": joined}, "ann", steps)


def send(by: str = "bob", content: Any = "hello 1", slot: str = "m1", *labels: str, **fields: Any) -> Ask:
    """Give a request that sends a message."""
    chosen = frozenset(labels or ("content=plain",))
    return Ask(by, "SendMessage", {"conversation_id": "${lobby}", "content": content, **fields}, chosen, slot)


def confirmed(action: str) -> dict[str, Any]:
    """Give a confirmation."""
    return {"type": "ActionConfirmed", "action": action, "success": True}


def message(content: str = "hello 1", **more: Any) -> dict[str, Any]:
    """Give the event of a message that bob has sent."""
    identity = {"conversation_id": LOBBY, "message_id": "00000000-0000-4000-8000-0000000000f1", "sender_id": BOB}
    said = {"content": content, "attachments": [], "created_at": "2026-11-29T17:00:00Z"}
    return {"type": "NewMessage", **identity, **said, **more}


def seen(
    step: Step,
    frame: Mapping[str, Any] | None = None,
    how: str = GRANTED,
    ended: Mapping[str, Closed] | None = None,
    **events: list[dict[str, Any]],
) -> Seen:
    """Give what a step has led to: the same answer for each request, and the events by client."""
    answers = tuple(Answer(ask, how, frame) for ask in asks_of(step))
    return Seen(step, answers, {who: tuple(some) for who, some in events.items()}, dict(ended or {}), ())


def ran(*steps: Seen) -> ConversationRun:
    """Give a whole run."""
    return ConversationRun(steps=list(steps), names=dict(NAMES), users={"ann": ANN, "bob": BOB})


def burst(*asks: Ask) -> Burst:
    """Give a step."""
    return Burst(asks)
