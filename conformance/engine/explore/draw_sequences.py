"""Draws steps that belong together: what reads a change before and after it, and what follows a change of members."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.engine.explore.conversation import Burst
from conformance.engine.explore.draw_fields import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.explore.draw_fields import Draws, Fields
    from conformance.engine.explore.drawing import Drawing

READ, AGAIN, BY_ANOTHER = 50, 40, 30
"""Of 100 changes: those that are read; of these those by an earlier request; and of these those by another user."""
FOLLOWING = 3
"""The most requests that follow a change of members."""


class Sequences:
    """Draws such steps for one conversation; the state is that after the steps before each one."""

    def __init__(self, draws: Draws, drawing: Drawing, fields: Fields, witness: str) -> None:
        self._draws = draws
        self._requests = {kind: drawing.knowledge.requests[kind] for kind in drawing.known}
        self._fields = fields
        self._witness = witness

    def around_a_change(self) -> Iterator[Burst]:
        """Read something, change it, and read it again by the same request: a server may have kept its answer."""
        views = [kind for kind, use in self._requests.items() if use.view is not None]
        changes = [kind for kind, use in self._requests.items() if use.changes or use.creates]
        if not views or not changes:
            return
        room = self._draws.pick(self._draws.state.rooms)
        view = self._draws.pick(views)
        reading = self._fields.ask(view, self._somebody(room, view), room)
        yield Burst((reading,))
        change = self._draws.pick(changes)
        yield Burst((self._fields.ask(change, self._somebody(room, change), room),))
        yield Burst((replace(reading, slot=self._draws.slot(PAGE) if reading.slot else None),))

    def after_a_change_of_members(self, room: str) -> Iterator[Burst]:
        """Let the witness do something: it shows who still gets the events of a conversation."""
        kinds = [kind for kind, use in self._requests.items() if use.right and use.view is None and not use.joins]
        for _ in range(self._draws.number(1, FOLLOWING) if kinds else 0):
            yield Burst((self._fields.ask(self._draws.pick(kinds), self._witness, room),))

    def read_back(self, room: str) -> Iterator[Burst]:
        """Let the witness read all of a conversation or any view of it, or let somebody repeat an earlier reading."""
        draws, requests = self._draws, self._requests
        views = [kind for kind, use in requests.items() if use.view is not None]
        if not views or not draws.chance(READ):
            return
        before = [one for one in draws.state.granted if one.type in views and draws.state.room_of(one) == room]
        if before and draws.chance(AGAIN):
            ask = draws.pick(before[-4:])
            others = [one for one in sorted(draws.state.connected) if one.partition("@")[0] != ask.user]
            by = draws.pick(others) if others and draws.chance(BY_ANOTHER) else ask.by
            if by in draws.state.connected:
                yield Burst((replace(ask, by=by, slot=draws.slot(PAGE) if ask.slot else None),))
                return
        whole = [one for one in views if (view := requests[one].view) is not None and view.more]
        if whole and draws.chance(50):
            yield Burst((self._fields.reading(whole[0], self._witness, room),))
        else:
            yield Burst((self._fields.ask(draws.pick(views), self._witness, room),))

    def _somebody(self, room: str, kind: str) -> str:
        """Choose a connection of somebody who may send this request; if there is none, any."""
        state, right = self._draws.state, self._requests[kind].right
        connected = sorted(state.connected)
        return self._draws.pick(
            [one for one in connected if state.may(one.partition("@")[0], room, right)] or connected
        )
