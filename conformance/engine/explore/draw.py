"""Draws conversations: who is there, and step after step what somebody does.

Hypothesis draws the seed of each conversation, and keeps those that have failed. It does not draw each choice: that
takes longer than the conversation itself, and every second conversation is like an earlier one.

Only this module and `search` import hypothesis, an optional dependency.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st

from conformance.engine.explore import means
from conformance.engine.explore.conversation import (
    Arrive,
    Ask,
    Burst,
    Conversation,
    Flood,
    Grant,
    Race,
    Walk,
    asks_of,
)
from conformance.engine.explore.draw_fields import Fields
from conformance.engine.explore.draw_goals import Goals
from conformance.engine.explore.draw_members import Members
from conformance.engine.explore.draw_odd import Oddities
from conformance.engine.explore.draw_sequences import Sequences
from conformance.engine.explore.draw_start import WITNESS, start_of
from conformance.engine.explore.state import State, beginning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conformance.engine.explore.conversation import Step
    from conformance.engine.explore.drawing import Drawing
    from conformance.engine.explore.knowledge import RequestUse

_T = TypeVar("_T")
MANY = 6
"""Requests in one burst."""
BEGINNINGS = (1, 2, 3, 3, 4, 6, 8)
"""Messages with which conversations begin."""
BURSTS = 25
"""Of 100 steps: bursts."""
OFTEN, SELDOM = 60, 4
"""Of 100 steps: requests of the chosen features, and each kind of change of who is there."""
RACES, RACERS = 3, 3
"""Of 100 steps that have no goal: requests at the same time; and of how many users at most."""
GOALS = 50
"""Of 100 steps: those that are drawn for a goal."""
BEGUN = 80
"""Of 100 conversations: those that begin with messages of the witness."""
EXTRA = 8
"""Of 100 requests: those with fields that their type does not have."""
RAW = 75
"""Of 100 steps that are no request: raw messages; the others are connections with wrong tokens."""
LOOKS = 40
"""Of 100 conversations: those in which a change is read back at once."""
AROUND, STIRRED = 15, 50
"""Of 100 steps that have no goal: changes between two equal readings; of 100 changes of members: those with events."""
WALKS = 50
"""Of 100 readings of a conversation at the end: those in small pages."""
HURRIES = 5
"""Of 100 steps that have no goal: requests of a connection that closes immediately."""
PAUSES = 2
"""Of 1000 steps that have no goal: pauses over a timer of the server."""
BACKLOGS, FLOODS = 5, 6
"""Of 100 conversations: those in which somebody reads late, and those in which somebody exceeds a rate limit."""


@st.composite
def conversations(draw: Callable[[st.SearchStrategy[Any]], Any], drawing: Drawing) -> Conversation:
    """Draw a conversation."""
    random = Random(draw(st.integers(0, 2**64 - 1)))  # noqa: S311 -- nobody has to be unable to guess a conversation
    return _Drawer(random, drawing).conversation()


class _Drawer:
    """Draws one conversation."""

    def __init__(self, random: Random, drawing: Drawing) -> None:
        self._random = random
        self._drawing = drawing
        self._protocol = drawing.spec.protocol
        self._slots = 0
        self._fields = Fields(self, drawing)
        self._odd = Oddities(self, drawing)
        self._members = Members(self, drawing, WITNESS)
        self._sequences = Sequences(self, drawing, self._fields, WITNESS)
        self._goals = Goals(self, drawing, self._fields, self._odd, self._sequences, WITNESS)
        self.state: State

    def pick(self, some: Sequence[_T]) -> _T:
        """Draw one of several things."""
        return self._random.choice(some)

    def chance(self, percent: int) -> bool:
        """Draw True in this many of 100 cases."""
        return self.number(0, 99) >= 100 - percent

    def number(self, least: int, most: int) -> int:
        """Draw a whole number."""
        return self._random.randint(least, most)

    def slot(self, letter: str) -> str:
        """Give a new name."""
        self._slots += 1
        return f"{letter}{self._slots}"

    def conversation(self) -> Conversation:
        """Draw who is there, then the steps."""
        start = start_of(self, self._drawing)
        self.state = beginning(start, self._protocol, self._drawing.knowledge)
        favoured = self._favoured()
        reads = self.chance(LOOKS)
        steps: list[Step] = []
        count = self.number(max(1, self._drawing.steps // 2), self._drawing.steps)
        if self.chance(BEGUN):
            steps.append(self._beginning())
            self._take(steps[0])
        while len(steps) < count:
            for step in self._next(favoured):
                self._take(step)
                steps.append(step)
                for following in self._following(step, reads=reads):
                    self._take(following)
                    steps.append(following)
        if self.chance(FLOODS):
            for step in self._sequences.flood():
                self._take(step)
                steps.append(step)
        known = [one.request for one in self._drawing.knowledge.final if one.request in self._drawing.known]
        steps += [self._at_the_end(kind, room) for room in start.rooms for kind in known]
        if self.chance(BACKLOGS):  # The last one: no page has so many messages on every server.
            steps += self._sequences.backlog()
        return replace(start, steps=tuple(steps))

    def _favoured(self) -> list[str]:
        """Choose the request types of this conversation: a few of them, so that they meet more often.

        Each type has the same chance: what is drawn seldom otherwise is drawn often in some conversations.
        """
        drawing = self._drawing
        chosen = {self.pick(drawing.only or drawing.known) for _ in range(self.number(1, 3))}
        for kind in [*chosen]:
            after = drawing.knowledge.requests[kind].after
            chosen |= {after.request} & {*drawing.known} if after is not None else set()
        return sorted(chosen)

    def _beginning(self) -> Step:
        """Let the witness create something, so that the first requests have something to be about."""
        kinds = [one for one in self._drawing.known if self._drawing.knowledge.requests[one].creates is not None]
        asks = [self._fields.ask(self.pick(kinds), WITNESS) for _ in range(self.pick(BEGINNINGS))] if kinds else []
        return Burst(tuple(asks))

    def _take(self, step: Step) -> None:
        """Take over what a step will probably change."""
        self.state.move(step)
        limited = step.last if isinstance(step, Flood) else ()
        for ask in asks_of(step):
            self.state.take(ask, granted=ask not in limited and self._fields.is_plain(ask))

    def _next(self, favoured: list[str]) -> Iterator[Step]:
        """Draw the next steps; the state is that after the steps before each one."""
        if self.chance(GOALS):
            return self._goals.steps()
        if self.chance(HURRIES):
            return self._sequences.in_a_hurry()
        return self._sequences.around_a_change() if self.chance(AROUND) else self._some(favoured)

    def _following(self, step: Step, *, reads: bool) -> Iterator[Step]:
        """Draw what shows what a step has changed."""
        if not isinstance(step, Burst | Grant):
            return
        room: str | None
        if isinstance(step, Grant):
            room, members, changes = step.room, True, True
        else:
            use = self._drawing.knowledge.requests[step.asks[-1].type]
            room, members, changes = self.state.room_of(step.asks[-1]), use.leaves, use.view is None
        if room is not None and members and self.chance(STIRRED):
            yield from self._sequences.after_a_change_of_members(room)
            yield from self._sequences.read_back(room)
        elif room is not None and changes and reads:
            yield from self._sequences.read_back(room)

    def _at_the_end(self, kind: str, room: str) -> Step:
        """Let the witness read the state at the end, at once or in small pages."""
        ask = self._fields.reading(kind, WITNESS, room)
        use = self._drawing.knowledge.requests[kind]
        if not self._walks(use) or not self.chance(WALKS):
            return Burst((ask,))
        pages = {name: self.number(1, 3) for name, one in self._drawing.knowledge.fields.items() if one.page}
        return Walk(replace(ask, fields={**ask.fields, **pages}, labels=frozenset({f"{one}=small" for one in pages})))

    def _some(self, favoured: list[str]) -> Iterator[Step]:
        step = self._step(favoured)
        if step is None:
            return
        if isinstance(step, Burst):
            yield from self._sequences.before(step.asks[0])
        yield step
        if isinstance(step, Arrive):
            yield from self._sequences.joining(step.who)

    def _step(self, favoured: list[str]) -> Step | None:
        state = self.state
        if self.number(0, 999) < PAUSES:
            return self._members.pause()
        roll = self.number(0, 99)
        if roll >= 100 - SELDOM:
            return self._members.coming_or_going()
        if roll >= 100 - 2 * SELDOM and means.CHANGES not in self._drawing.without:
            return self._members.grant()
        if roll >= 100 - 3 * SELDOM:
            return self._odd.raw() if self.chance(RAW) else self._odd.knock()
        if roll >= 100 - 4 * SELDOM:
            views = [one for one in self._drawing.known if self._walks(self._drawing.knowledge.requests[one])]
            ask = self.ask(self.pick(views)) if views else None
            return None if ask is None or ask.invalid else Walk(replace(ask, slot=None))
        kind = self._kind(favoured)
        by = self.pick(sorted(state.connected))
        if roll >= 100 - 4 * SELDOM - RACES:
            return self._race()
        if roll >= 100 - 4 * SELDOM - RACES - BURSTS:
            asks = [self.ask(self._kind(favoured), by) for _ in range(self.number(2, MANY))]
            answered = [one for one in asks if self._drawing.spec.incoming[one.type].reply is not None]
            return Burst(tuple(answered)) if answered else None
        return Burst((self.ask(kind, by),))

    def _kind(self, favoured: list[str]) -> str:
        drawing = self._drawing
        if self.number(0, 99) < OFTEN:
            return self.pick(favoured)
        return self.pick([kind for kind in drawing.known for _ in range(drawing.knowledge.requests[kind].weight)])

    def _walks(self, use: RequestUse) -> bool:
        return use.view is not None and use.view.more is not None

    def ask(self, kind: str, by: str | None = None) -> Ask:
        """Draw a request, of somebody who is connected."""
        ask = self._fields.ask(kind, by or self.pick(sorted(self.state.connected)))
        return self._odd.with_extra(ask) if self.chance(EXTRA) else ask

    def _race(self) -> Step | None:
        """Draw requests of several users at the same time, each of whom may send some at once."""
        kinds = [one for one in self._drawing.known if self._drawing.knowledge.requests[one].commutes]
        connected = {one.partition("@")[0]: one for one in self._shuffled(sorted(self.state.connected))}
        if not kinds or len(connected) < 2:
            return None
        racers = self._shuffled(sorted(connected.values()))[: self.number(2, RACERS)]
        asks = [self.ask(self.pick(kinds), one) for one in racers for _ in range(self.number(1, 3))]
        plain = tuple(one for one in asks if self._fields.is_plain(one))
        return Race(plain) if len({one.by for one in plain}) > 1 else None

    def _shuffled(self, some: list[str]) -> list[str]:
        return self._random.sample(some, len(some))
