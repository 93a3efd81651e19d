"""Draws what is no request of the protocol: raw messages, wrong tokens, and fields that no request has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.engine.explore.conversation import Knock, RawMessage
from conformance.engine.explore.state import UNKNOWN

if TYPE_CHECKING:
    from conformance.engine.explore.conversation import Ask
    from conformance.engine.explore.draw_fields import Draws
    from conformance.engine.explore.drawing import Drawing
    from conformance.engine.explore.knowledge import Odd

MOST = 3
"""Fields too many of one request."""


class Oddities:
    """Draws for one conversation what no client of the protocol sends."""

    def __init__(self, draws: Draws, drawing: Drawing) -> None:
        self._draws = draws
        self._spec = drawing.spec
        self._knowledge = drawing.knowledge

    def raw(self) -> RawMessage | None:
        """Draw a raw message of somebody who is connected; None: there is none to draw."""
        if not self._knowledge.raw:
            return None
        return self.raw_of(self._draws.pick(self._knowledge.raw))

    def raw_of(self, odd: Odd) -> RawMessage:
        """Draw a raw message of this kind."""
        user = self._user()
        body = self.named(self._draws.pick(odd.values), user)
        return RawMessage(f"{user}@raw", odd.label, odd.rule, body)

    def knock(self) -> Knock | None:
        """Draw a connection with a wrong token; None: there is none to draw."""
        if not self._knowledge.tokens:
            return None
        return self.knock_with(self._draws.pick(self._knowledge.tokens))

    def knock_with(self, odd: Odd) -> Knock:
        """Draw a connection with a token of this kind."""
        return Knock(f"{self._user()}@knock", odd.label, odd.rule, self._draws.pick(odd.values))

    def with_extra(self, ask: Ask, *, every: bool = False) -> Ask:
        """Add some fields (or `every` one) that the type does not have, and that a server must ignore."""
        draws, own = self._draws, self._spec.incoming[ask.type].fields
        names = [name for name in self._knowledge.extra if name not in own]
        if not names:
            return ask
        chosen = {*names} if every else {draws.pick(names) for _ in range(draws.number(1, MOST))}
        added = {name: self.named(draws.pick(self._knowledge.extra[name]), ask.user) for name in sorted(chosen)}
        return replace(ask, fields={**ask.fields, **added}, labels=ask.labels | {"extra=plain"}, extra=tuple(added))

    def _user(self) -> str:
        return self._draws.pick(sorted({one.partition("@")[0] for one in self._draws.state.connected}))

    def named(self, value: Any, user: str) -> Any:
        """Replace what stands for a user, another one, a conversation and a message by names of this conversation."""
        state = self._draws.state
        others = [one for one in state.users if one != user]
        names = {
            "room": self._draws.pick(state.rooms),
            "self": user,
            "self.token": f"{user}.token",
            "user": self._draws.pick(others or state.users),
            "message": next(reversed(state.messages), UNKNOWN),
        }
        return _replaced(value, {f"${{{key}}}": f"${{{name}}}" for key, name in names.items()})


def _replaced(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for key, name in names.items():
            value = value.replace(key, name)
        return value
    if isinstance(value, dict):
        return {key: _replaced(one, names) for key, one in value.items()}
    return [_replaced(one, names) for one in value] if isinstance(value, list | tuple) else value
