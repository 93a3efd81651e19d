"""Draws steps that reach a goal, and before them what they need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.engine.explore.conversation import Arrive, Burst, Depart, Grant, Knock, RawMessage
from conformance.engine.explore.goals import goals_of
from conformance.engine.explore.means import CHANGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.explore.conversation import Step
    from conformance.engine.explore.draw_fields import Draws, Fields
    from conformance.engine.explore.draw_odd import Oddities
    from conformance.engine.explore.draw_sequences import Sequences
    from conformance.engine.explore.drawing import Drawing
    from conformance.engine.explore.goal import Goal

ODD_DEVICE = "odd"
AGAIN = 40
"""Of 100 connections that open in a certain way: those that have opened before."""


class Goals:
    """Draws for one conversation the steps that reach a goal."""

    def __init__(
        self, draws: Draws, drawing: Drawing, fields: Fields, odd: Oddities, sequences: Sequences, witness: str
    ) -> None:
        self._draws = draws
        self._drawing = drawing
        self._fields = fields
        self._odd = odd
        self._sequences = sequences
        self._witness = witness
        self._goals = drawing.goals or goals_of(drawing)

    def steps(self) -> Iterator[Step]:
        """Draw a goal, and the steps that reach it; the state is that after the steps before each one."""
        goal = self._draws.pick(self._goals)
        if goal.odd is not None:
            yield self._oddity(goal)
        elif goal.handshake is not None:
            yield from self._handshake(goal.handshake)
        elif goal.role is not None:
            yield from self._with_role(goal, goal.role)
        else:
            ask = self._fields.ask(goal.request, self._draws.pick(sorted(self._draws.state.connected)), goal=goal)
            yield from self._sequences.before(ask)
            yield Burst((self._odd.with_extra(ask, every=True) if goal.extra else ask,))

    def _oddity(self, goal: Goal) -> RawMessage | Knock:
        odd = goal.odd
        assert odd is not None
        one = replace(odd, values=(goal.value,))
        return self._odd.knock_with(one) if goal.knocks else self._odd.raw_of(one)

    def _handshake(self, handshake: Mapping[str, Any]) -> Iterator[Step]:
        """Let one more connection open in a certain way, join, and ask for something; others reach it, too.

        Sometimes it has opened before in the same way.
        """
        draws, requests = self._draws, self._drawing.knowledge.requests
        user = draws.pick(sorted({one.partition("@")[0] for one in draws.state.connected}))
        who, arrival = f"{user}@{ODD_DEVICE}", self._odd.named(handshake, user)
        if who in draws.state.connected:
            yield Depart(who)
        if draws.chance(AGAIN):
            yield Arrive(who, arrival)
            yield Depart(who, drop=draws.chance(50))
        yield Arrive(who, arrival)
        for kind in [one for one in self._drawing.known if requests[one].joins]:
            rooms = [one for one in draws.state.rooms if draws.state.may(user, one, requests[kind].right)]
            if rooms:
                yield Burst((self._fields.ask(kind, who, draws.pick(rooms)),))
        yield Burst((self._fields.ask(draws.pick(self._drawing.known), who),))

    def _with_role(self, goal: Goal, role: str) -> Iterator[Step]:
        """Let a user with this role send the request; if there is none, make one."""
        state, draws = self._draws.state, self._draws
        users = [one for one in state.users if one != self._witness]
        fitting = [(one, room) for one in users for room in state.rooms if state.role(one, room) == role]
        connected = [(one, room) for one, room in fitting if one in state.connected]
        if connected:
            user, room = draws.pick(connected)
        elif CHANGES not in self._drawing.without:
            user, room = draws.pick(users), draws.pick(state.rooms)
            if user not in state.connected:
                yield Arrive(user)
            yield Grant(user, room, role)
        else:
            return
        ask = self._fields.ask(goal.request, user, room, goal if goal.field else None)
        yield from self._sequences.before(ask)
        yield Burst((ask,))
