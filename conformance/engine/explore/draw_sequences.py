"""Draws steps that belong together: what reads a change before and after it, and what follows a change of members."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.engine.explore.conversation import Arrive, Backlog, Burst, Depart, Flood
from conformance.engine.explore.draw_fields import PAGE
from conformance.engine.explore.goal import Goal
from conformance.engine.explore.knowledge import MESSAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.explore.conversation import Ask, Step
    from conformance.engine.explore.draw_fields import Draws, Fields
    from conformance.engine.explore.drawing import Drawing

READ, AGAIN, BY_ANOTHER = 50, 40, 30
"""Of 100 changes: those that are read; of these those by an earlier request; and of these those by another user."""
FOLLOWING = 3
"""The most requests that follow a change of members."""
LONG_TEXTS, MORE = 50, 12
"""Texts of the greatest length that each of two sends and one does not read, and requests that follow them."""
LONGEST_WINDOW = 10.0
"""The longest window of a rate limit, in seconds, that so many texts may have to wait for."""
BEFORE, JOINS = 75, 60
"""Of 100 requests without the one that they normally follow: those that get it; of 100 new connections: who joins."""
MOST_REQUESTS, OVER = 150, 5
"""The limit below which it may be exceeded, and by how much each of three waves exceeds it."""
VIEWS, TRIES = 60, 5
"""Of 100 such waves: those of readings, after which the two servers can be compared; and draws of one."""
FLOODING = "flood"
"""The first letters of the devices of who exceeds a limit."""
HURRY, LAST = "hurry", 4
"""The device that closes immediately after requests, and the most of these."""


class Sequences:
    """Draws such steps for one conversation; the state is that after the steps before each one."""

    def __init__(self, draws: Draws, drawing: Drawing, fields: Fields, witness: str) -> None:
        self._draws = draws
        self._requests = {kind: drawing.knowledge.requests[kind] for kind in drawing.known}
        self._fields = fields
        self._witness = witness
        self._spec = drawing.spec
        self._limits = drawing.limits
        self._ids = {*drawing.knowledge.named(MESSAGE)}
        self._texts = {name for name, one in drawing.knowledge.fields.items() if one.text}

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

    def before(self, ask: Ask) -> Iterator[Burst]:
        """Let the request come that normally comes before this one, unless one has come."""
        state, use = self._draws.state, self._requests[ask.type]
        after, room = use.after, state.room_of(ask)
        if after is None or after.request not in self._requests or room is None or ask.invalid:
            return
        if state.came_before(ask, use) or not self._draws.chance(BEFORE):
            return
        by, given = ask.by, ask.fields
        if after.between is not None:
            callers = [one for one in sorted(state.connected) if one.partition("@")[0] == ask.named(after.between)]
            given = {name: value for name, value in given.items() if name != after.between}
            if callers and self._draws.chance(70):
                by, given = self._draws.pick(callers), {**given, after.between: f"${{{ask.user}}}"}
            else:
                given = {**given, after.between: ask.fields.get(after.between)}
        first = self._plain(after.request, by, room)
        if first is not None:
            same = {name: value for name, value in given.items() if name in first.fields}
            yield Burst((replace(first, fields={**first.fields, **same, **after.having}),))

    def joining(self, who: str) -> Iterator[Burst]:
        """Let a new connection join where its user may."""
        draws = self._draws
        for kind in [kind for kind, use in self._requests.items() if use.joins]:
            for room in draws.state.rooms:
                if draws.state.may(who.partition("@")[0], room, self._requests[kind].right) and draws.chance(JOINS):
                    yield Burst((self._fields.ask(kind, who, room),))

    def in_a_hurry(self) -> Iterator[Step]:
        """Let one more connection open, join, send requests, and close immediately; only the events show them."""
        draws, requests = self._draws, self._requests
        joins = next((kind for kind, use in requests.items() if use.joins), None)
        creates = [kind for kind, use in requests.items() if use.creates is not None]
        users = sorted({one.partition("@")[0] for one in draws.state.connected} - {self._witness})
        places = [
            (user, room)
            for user in users
            for room in draws.state.rooms
            for kind in creates
            if joins is not None and all(draws.state.may(user, room, requests[one].right) for one in (kind, joins))
        ]
        if joins is None or not places:
            return
        user, room = draws.pick(places)
        who = f"{user}@{HURRY}"
        yield Arrive(who)
        yield Burst((self._fields.ask(joins, who, room),))
        drawn = [self._plain(draws.pick(creates), who, room) for _ in range(draws.number(1, LAST))]
        yield Depart(who, last=tuple(one for one in drawn if one is not None))

    def _plain(self, kind: str, who: str, room: str, goal: Goal | None = None) -> Ask | None:
        """Draw a request that every server grants; None: it is not such a one."""
        ask = self._fields.ask(kind, who, room, goal)
        optional = self._ids - {*self._spec.incoming[kind].schema["required"]}
        ask = replace(ask, fields={name: one for name, one in ask.fields.items() if name not in optional})
        return ask if self._fields.is_plain(ask) else None

    def backlog(self) -> Iterator[Backlog]:
        """Let some write long texts while somebody who has joined reads nothing."""
        draws = self._draws
        room = draws.pick(draws.state.rooms)
        here = [one for one in sorted(draws.state.connected) if (one, room) in draws.state.joined]
        readers = [one for one in here if one != self._witness]
        creates = [kind for kind, use in self._requests.items() if use.creates is not None]
        lossy = {one.request for one in self._spec.protocol.expiries}  # nobody has to get what passes by itself
        others = [
            one for one, use in self._requests.items() if use.right and not (use.joins or use.view) and one not in lossy
        ]
        if not readers or len(here) < 2 or not creates or not self._has_room_for(2 * LONG_TEXTS + MORE):
            return
        reader = draws.pick(readers)
        able = [one for one in here if one != reader and self._may_create(one, room, creates)]
        if not able:
            return
        writers = [draws.pick(able) for _ in range(2)]
        long = [self._longest(draws.pick(creates), who, room) for who in writers for _ in range(LONG_TEXTS)]
        more = [self._plain(draws.pick(others), writers[-1], room) for _ in range(MORE)]
        yield Backlog(reader, tuple(one for one in (*long, *more) if one is not None))

    def flood(self) -> Iterator[Step]:
        """Let somebody send more than a rate limit allows, then something else, and go on after the window."""
        draws, limits, protocol = self._draws, self._limits, self._spec.protocol
        budgets = [
            one
            for one in protocol.budgets
            if limits.agree(one.limit)
            and limits.agree(one.window)
            and (limits.least(one.limit) or MOST_REQUESTS) < MOST_REQUESTS
            and (limits.most(one.window) or LONGEST_WINDOW) < LONGEST_WINDOW
        ]
        users = [one for one in draws.state.users if one in draws.state.connected and one != self._witness]
        if not budgets or not users:
            return
        budget, user, room = draws.pick(budgets), draws.pick(users), draws.pick(draws.state.rooms)
        special = {kind for one in protocol.budgets if one.requests for kind in one.requests}
        special.add(protocol.barrier_request[protocol.discriminator])
        kinds = [one for one in self._requests if (one in budget.requests if budget.requests else one not in special)]
        views = [one for one in kinds if self._requests[one].view]
        kind = draws.pick(views if views and draws.chance(VIEWS) else kinds)
        others = [f"{user}@{FLOODING}{number}" for number in (1, 2)]
        how = draws.pick(("one", "several", "anew"))
        senders = [user, *others] if how == "several" else [others[0] if how == "anew" else user] * 3
        drawn = (self._plain(kind, user, room) for _ in range(TRIES))
        filler = next((one for one in drawn if one is not None), None)
        if filler is None:
            return
        for who in sorted({*senders} & {*others}):
            yield Arrive(who, place=draws.number(1, limits.instances))
        after = [self._plain(draws.pick(sorted(self._requests)), senders[-1], room) for _ in range(2)]
        last = tuple(one for one in after if one is not None)
        if any(self._spec.incoming[one.type].reply is None for one in last):
            last = last[:1]
        creates = [one for one, use in self._requests.items() if use.creates]
        beside = self._plain(draws.pick(creates), self._witness, room) if creates else None
        yield Flood(
            tuple(replace(filler, by=who, slot=None) for who in senders),
            (limits.least(budget.limit) or 0) + OVER,
            budget.limit,
            budget.window,
            budget.rule,
            last,
            (beside,) if beside is not None else (),
            anew=how == "anew",
            quiet=self._requests[kind].view is not None,
        )
        again = self._plain(draws.pick(views), user, room) if views else None
        if again is not None:
            yield Burst((again,))

    def _may_create(self, who: str, room: str, kinds: list[str]) -> bool:
        user = who.partition("@")[0]
        return all(self._draws.state.may(user, room, self._requests[kind].right) for kind in kinds)

    def _has_room_for(self, requests: int) -> bool:
        """Say whether so many requests of one user have to wait for no long window of a rate limit."""
        limits = self._limits
        return all(
            (limits.least(one.limit) or requests) >= 2 * requests or (limits.most(one.window) or 0) <= LONGEST_WINDOW
            for one in self._spec.protocol.budgets
        )

    def _longest(self, kind: str, who: str, room: str) -> Ask | None:
        """Draw a request with a text of the greatest length."""
        texts = [name for name in self._spec.incoming[kind].fields if name in self._texts]
        goal = Goal(kind, field=texts[0], label="limit") if texts else None
        return self._plain(kind, who, room, goal)

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
