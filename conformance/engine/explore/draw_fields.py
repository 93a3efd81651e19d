"""Draws the fields of one request: values that fit, values at a limit and beyond it, and values of the wrong type."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from conformance.engine.explore.conversation import Ask, moment, name_in
from conformance.engine.explore.goal import MISSING, WRONG, WRONG_TYPES, Goal, spoilt, type_of
from conformance.engine.explore.knowledge import CONVERSATION, MESSAGE, USER
from conformance.engine.explore.limits import HUGE
from conformance.engine.explore.state import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.engine.explore.drawing import Drawing
    from conformance.engine.explore.knowledge import FieldValues, RequestUse
    from conformance.engine.explore.state import State

_T = TypeVar("_T")
ODD = 16
"""Of 100 values: those of a class that a server may refuse."""
SPOILT = 5
"""Of 100 requests: those with a wrong type, or without a required field."""
AGAIN, LATER = 6, 70
"""Of 100 requests: those that repeat an earlier one, and those that belong to an earlier one if there is one."""
STAYS, ASTRAY = 50, 25
"""Of 100 requests: those about the same conversation as the user's last one, and those about any, allowed or not."""
REPEATED, BARE = 8, 8
"""Of 100 texts: those that were sent before, by anybody and in any conversation; and those without a number."""
LONGEST_QUERY = 60
"""Characters of a query that is a part of an earlier text: every server searches for so many."""
SMALL = (1, 1, 2, 2, 3, 4, 5)
"""Small sizes of pages."""
PAGE = "p"
"""The first letter of the names of where a page goes on."""
BEGINNING = "2000-01-01T00:00:00Z"
PLAIN = frozenset({"plain", "limit", "none", "id", "far", "small"})
"""The labels of values that every server takes."""


class Draws(Protocol):
    """What the drawing of fields needs of the drawing of a conversation."""

    state: State

    def pick(self, some: Sequence[_T]) -> _T:
        """Draw one of several things."""
        ...

    def chance(self, percent: int) -> bool:
        """Draw True in this many of 100 cases."""
        ...

    def number(self, least: int, most: int) -> int:
        """Draw a whole number."""
        ...

    def slot(self, letter: str) -> str:
        """Give a new name."""
        ...


class Fields:
    """Draws requests for one conversation; remembers the texts that were sent, and where pages go on."""

    def __init__(self, draws: Draws, drawing: Drawing) -> None:
        self._draws = draws
        self._drawing = drawing
        self._texts: dict[str, list[str]] = {}
        self._pages: dict[str, list[tuple[str, str]]] = {}
        self._rooms: dict[str, str] = {}

    def ask(self, kind: str, by: str, where: str | None = None, goal: Goal | None = None) -> Ask:
        """Draw a request of this type; sometimes one that the user has sent before, or that follows an earlier one.

        `where` is the conversation that it is about (None: any), and `goal` what one of its fields should be.
        """
        use, message = self._drawing.knowledge.requests[kind], self._drawing.spec.incoming[kind]
        user = by.partition("@")[0]
        sent = [one for one in self._draws.state.granted if one.type == kind and one.user == user]
        if sent and not use.creates and where is None and goal is None and self._draws.chance(AGAIN):
            return replace(self._draws.pick(sent[::-1]), by=by, slot=self._slot(use))
        given = self._given_by_earlier(use, user) if self._draws.chance(LATER) else {}
        fields: dict[str, Any] = {}
        labels: set[str] = set()
        required = set(message.schema["required"])
        room = self._named_room(given) or where or self._room(by, use)
        for name in message.schema["properties"]:
            values = self._drawing.knowledge.fields.get(name)
            if goal is not None and goal.field == name and (wished := self._wished(goal, values, use, room, by)):
                label, fields[name] = wished
                labels.add(f"{name}={label}")
                continue
            if name in given:
                fields[name] = given[name]
                labels.add(f"{name}={'id' if values is not None and values.id else 'plain'}")
                continue
            if values is None or (name not in required and not self._draws.chance(values.share)):
                if values is not None and values.page:
                    labels.add(f"{name}=none")
                continue
            label, value = self._value(name, values, use, room, by)
            if label == "left out":
                continue
            fields[name] = value
            labels.add(f"{name}={label}")
        ask = Ask(by, kind, fields, frozenset(labels), self._slot(use))
        if use.view is not None and use.view.follow and ask.slot is not None:
            self._pages.setdefault(next(iter(use.view.follow)), []).append((ask.slot, room))
        if goal is not None:
            return spoilt(ask, replace(goal, value=self._wrong(ask, goal.field)) if goal.label == WRONG else goal)
        return self._spoilt(ask, required) if self._draws.chance(SPOILT) else ask

    def _given_by_earlier(self, use: RequestUse, user: str) -> dict[str, Any]:
        """Give the fields that an earlier request determines, if there is one that comes before this one."""
        after, state = use.after, self._draws.state
        if after is None:
            return {}
        if after.between is None:
            before = [one for one in state.granted if one.type == after.request and one.user == user]
            chosen = self._draws.pick(before[::-1]) if before else None
            return {} if chosen is None else {key: v for key, v in chosen.fields.items() if key not in after.having}
        pairs = [
            one for one in state.granted if one.type == after.request and user in (one.user, one.named(after.between))
        ]
        if not pairs:
            return {}
        one = self._draws.pick(pairs[::-1])
        other = one.named(after.between) if one.user == user else one.user
        rooms = {name: one.fields[name] for name in self._drawing.knowledge.named(CONVERSATION) if name in one.fields}
        return {**rooms, after.between: f"${{{other}}}"}

    def _named_room(self, given: dict[str, Any]) -> str | None:
        rooms = [name_in(given.get(name)) for name in self._drawing.knowledge.named(CONVERSATION)]
        return next((one for one in rooms if one in self._draws.state.rooms), None)

    def reading(self, kind: str, by: str, room: str) -> Ask:
        """Give a request that reads the state of a conversation."""
        final = next(one for one in self._drawing.knowledge.final if one.request == kind)
        fields = {key: value.replace("${room}", f"${{{room}}}") for key, value in final.fields.items()}
        return Ask(by, kind, fields, frozenset({"limit=none"}))

    def is_plain(self, ask: Ask) -> bool:
        """Say whether a request will probably be granted."""
        room = self._draws.state.room_of(ask)
        use = self._drawing.knowledge.requests[ask.type]
        odd = [one for one in ask.labels if one.partition("=")[2] not in PLAIN]
        if room is None or ask.invalid or odd:
            return False
        right = self._draws.state.may(ask.user, room, use.right)
        return right or (use.joins and room in self._draws.state.public)

    def _slot(self, use: RequestUse) -> str | None:
        if use.creates is not None:
            return self._draws.slot("m")
        return self._draws.slot(PAGE) if use.view is not None and use.view.follow else None

    def _room(self, by: str, use: RequestUse) -> str:
        """Choose a conversation: mostly one in which the sender may do this."""
        state = self._draws.state
        user = by.partition("@")[0]
        if user in self._rooms and self._draws.chance(STAYS):
            return self._rooms[user]
        may = [one for one in state.rooms if state.may(user, one, use.right)]
        chosen = self._draws.pick(may) if may and not self._draws.chance(ASTRAY) else self._draws.pick(state.rooms)
        self._rooms[user] = chosen
        return chosen

    def _value(self, name: str, values: FieldValues, use: RequestUse, room: str, by: str) -> tuple[str, Any]:
        if values.id is not None:
            return "id", self._id(values.id, use, room, by)
        if values.page:
            return self._size(use)
        if values.classes and self._draws.chance(ODD):
            label = self._draws.pick(list(values.classes))
            return label, self._draws.pick(values.classes[label])
        if values.follows is not None and (follow := self._follow(values, room)) is not None:
            return follow
        if values.text is not None:
            return self._text(name, values)
        if values.words is not None:
            return self._words(values.words)
        if values.plain:
            return "plain", self._draws.pick(values.plain)
        return "left out", None

    def _id(self, kind: str, use: RequestUse, room: str, by: str) -> str:
        state, draws = self._draws.state, self._draws
        if kind == CONVERSATION:
            return f"${{{UNKNOWN if draws.chance(2) else room}}}"
        if kind == USER:
            users = [one for one in state.users if one != by.partition("@")[0]]
            return f"${{{draws.pick([*users, *users, by.partition('@')[0], UNKNOWN])}}}"
        assert kind == MESSAGE
        here = [name for name, one in state.messages.items() if one.room == room and not one.deleted]
        own = [name for name in here if state.messages[name].author == by.partition("@")[0]]
        gone = [name for name in state.messages if name not in here]
        roll = draws.number(0, 99)
        if roll >= 97 or not state.messages:
            return f"${{{UNKNOWN}}}"
        if roll >= 90 and gone:
            return f"${{{draws.pick(gone)}}}"
        if own and use.changes and roll < 60:
            return f"${{{draws.pick(own[::-1])}}}"
        return f"${{{draws.pick((here or list(state.messages))[::-1])}}}"

    def _size(self, use: RequestUse) -> tuple[str, Any]:
        assert use.page is not None, "a request with pages has sizes of them"
        if not self._draws.chance(ODD):
            maximum = self._drawing.limits.least(use.page[1]) or HUGE
            return "small", min(self._draws.pick(SMALL), maximum)
        return self._draws.pick(self._drawing.limits.sizes(use))

    def _follow(self, values: FieldValues, room: str) -> tuple[str, Any] | None:
        """Continue where an earlier reply ended, or begin at the moment of an earlier message."""
        assert values.follows is not None
        pages = [name for name, one in self._pages.get(values.follows, []) if one == room]
        foreign = [name for name, one in self._pages.get(values.follows, []) if one != room]
        state = self._draws.state
        moments = [name for name, one in state.messages.items() if one.room == room] if values.moments else []
        choices = [("plain", f"${{{name}}}") for name in pages[-2:]]
        choices += [("plain", f"${{{moment(name)}}}") for name in moments]
        if foreign and not values.moments and self._draws.chance(5):
            return "foreign", f"${{{foreign[-1]}}}"
        if choices and self._draws.chance(60 if values.plain else 90):
            return self._draws.pick(choices)
        return None if values.plain else ("left out", None)

    def _text(self, name: str, values: FieldValues) -> tuple[str, Any]:
        draws = self._draws
        lengths = self._drawing.limits.lengths(values, draws.pick("xy"))
        if lengths and draws.chance(6):
            return draws.pick(lengths)
        sent = self._texts.setdefault(name, [])
        if sent and draws.chance(REPEATED):
            return "plain", draws.pick(sent[-5:])
        parts = [str(draws.pick(values.plain)) for _ in range(draws.pick((1, 1, 2, 3)))]
        text = parts[0] if draws.chance(BARE) else f"{' '.join(parts)} {len(sent) + 1}"
        least = self._drawing.limits.least(values.text or "")
        if least is not None and len(text) > least:
            text = f"{parts[0]} {len(sent) + 1}"
        sent.append(text)
        return "plain", text

    def _words(self, source: str) -> tuple[str, Any]:
        """Give a part of an earlier text, sometimes in another case."""
        draws = self._draws
        sent = self._texts.get(source) or ["hello"]
        text = draws.pick(sent[::-1])
        words = [one for one in text.split() if one.strip()]
        part = draws.pick([text, *words, text[: max(1, len(text) // 2)].strip() or text])
        part = draws.pick([part, part.upper(), part.lower()]) if part.isascii() else part
        part = part[:LONGEST_QUERY].strip() or part[:LONGEST_QUERY]
        wild = any(char in part for char in "%_\\")
        return "wild" if wild else "plain" if part.isascii() else "far", part

    def _spoilt(self, ask: Ask, required: set[str]) -> Ask:
        """Give one field a wrong type, or leave it out."""
        draws = self._draws
        schema = self._drawing.spec.incoming[ask.type].schema
        missing = sorted(required - {self._drawing.spec.protocol.discriminator})
        if missing and draws.chance(40):
            return spoilt(ask, Goal(field=draws.pick(missing), label=MISSING))
        present = sorted(name for name in ask.fields if type_of(schema, name) in WRONG_TYPES)
        if not present:
            return ask
        name = draws.pick(present)
        return spoilt(ask, Goal(field=name, label=WRONG, value=self._wrong(ask, name)))

    def _wrong(self, ask: Ask, name: str) -> Any:
        return self._draws.pick(WRONG_TYPES[type_of(self._drawing.spec.incoming[ask.type].schema, name)])

    def _wished(
        self, goal: Goal, values: FieldValues | None, use: RequestUse, room: str, by: str
    ) -> tuple[str, Any] | None:
        """Give the label and the value of the field of a goal; None: there is no such value here, or any will do."""
        if values is None or goal.label in (WRONG, MISSING):
            return None
        if goal.value is not None:
            return goal.label, goal.value
        if values.page:
            return next((one for one in self._drawing.limits.sizes(use) if one[0] == goal.label), None)
        if values.id is not None:
            name = self._draws.state.labelled(values.id, goal.label, room, by.partition("@")[0], use.right)
            return None if name is None else ("id", f"${{{name}}}")
        return next(
            (one for one in self._drawing.limits.lengths(values, self._draws.pick("xy")) if one[0] == goal.label), None
        )


def stand_in(name: str) -> str | None:
    """Give what a name means until something is bound to it, if that is no id: the beginning of time."""
    return BEGINNING if name.startswith(PAGE) or name == moment(name.removesuffix("_at")) else None
