"""Draws who comes and goes, whose role changes, and when nobody does anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.explore.conversation import Arrive, Depart, Grant, Pause

if TYPE_CHECKING:
    from conformance.engine.explore.draw_fields import Draws
    from conformance.engine.explore.drawing import Drawing

DEVICE = "two"
LONGEST_PAUSE = 10.0
"""The longest timer that a pause waits for, in seconds."""


class Members:
    """Draws such steps for one conversation."""

    def __init__(self, draws: Draws, drawing: Drawing, witness: str) -> None:
        self._draws = draws
        self._drawing = drawing
        self._protocol = drawing.spec.protocol
        self._witness = witness

    def coming_or_going(self) -> Arrive | Depart | None:
        """Draw a connection that opens or closes; None: there is none to draw."""
        draws, state = self._draws, self._draws.state
        mine = [*state.users, *(f"{who}@{DEVICE}" for who in state.users[:2])]
        gone = [one for one in mine if one not in state.connected]
        if gone and draws.chance(60):
            return Arrive(draws.pick(gone))
        here = [one for one in mine if one in state.connected and one != self._witness]
        if not here:
            return None
        return Depart(draws.pick(here), drop=draws.chance(30))

    def grant(self) -> Grant | None:
        """Draw a change of a role; None: it would change nothing."""
        draws, state = self._draws, self._draws.state
        others = [one for one in state.users if one != self._witness]
        roles = [*self._protocol.roles, self._protocol.no_member]
        change = Grant(draws.pick(others), draws.pick(state.rooms), draws.pick(roles))
        return None if state.role(change.user, change.room) == change.role else change

    def pause(self) -> Pause | None:
        """Draw a pause over a timer that a request starts; None: each is too long on one of the servers."""
        limits, known = self._drawing.limits, self._drawing.known
        timers = [one.timer for one in self._protocol.expiries if one.request in known]
        short = [one for one in timers if (limits.most(one) or LONGEST_PAUSE) < LONGEST_PAUSE]
        return Pause(self._draws.pick(short)) if short else None
