"""What the tests of the lint rules share: three steps in a line each, and two ways to look at things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.errors import Mistake

SEND = "{send: SendMessage, by: alice, with: {conversation_id: '${lobby}', content: hello}}"
FORBIDDEN = "{send: SendMessage, by: carol, with: {conversation_id: '${lobby}', content: forged}}"
FETCH = "{send: FetchHistory, by: alice, with: {conversation_id: '${lobby}'}}"


def said(mistakes: Iterable[Mistake]) -> list[str]:
    return [mistake.message for mistake in mistakes]


def without(things: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: thing for name, thing in things.items() if name not in names}
