"""What is so far true in a conversation: roles, subscriptions, messages. It labels each request by it.

The labels are the words of `spec/freedoms.yaml`, and the cells of the coverage.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.engine.explore.conversation import Arrive, Depart, Grant, Race, moment, names_in
from conformance.engine.explore.freedoms import ALLOWED
from conformance.engine.explore.knowledge import CONVERSATION, MESSAGE, USER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.engine.explore.conversation import Ask, Conversation, Step
    from conformance.engine.explore.knowledge import Knowledge, RequestUse
    from conformance.spec.protocol import Protocol

Key = tuple[str, str, str]
"""Who, the type, and the fields of a request as text."""


UNKNOWN = "nobody"
"""The name of an id that nobody has."""


@dataclass(slots=True)
class Message:
    """A message: its conversation, its author, and whether it is deleted."""

    room: str
    author: str
    deleted: bool = False


@dataclass(slots=True)
class State:
    """The state after some steps.

    `unclear` has the connections whose subscription depends on the server: their user has lost the right to join.
    `newcomers` have become members after the beginning. `changed` and `raced` are conversations in which messages have
    been changed, or sent at the same time; `racing` are the slots of what was sent so.
    """

    protocol: Protocol
    knowledge: Knowledge
    roles: dict[tuple[str, str], str]
    users: tuple[str, ...]
    rooms: tuple[str, ...]
    connected: set[str]
    joined: set[tuple[str, str]]
    unclear: set[tuple[str, str]] = field(default_factory=set)
    newcomers: set[tuple[str, str]] = field(default_factory=set)
    messages: dict[str, Message] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    raced: set[str] = field(default_factory=set)
    racing: set[str] = field(default_factory=set)
    public: set[str] = field(default_factory=set)
    done: set[Key] = field(default_factory=set)
    granted: list[Ask] = field(default_factory=list)

    def role(self, user: str, room: str) -> str:
        """Give the role of a user in a conversation."""
        return self.roles.get((user, room), self.protocol.no_member)

    def may(self, user: str, room: str, right: str | None) -> bool:
        """Say whether a user has a right in a conversation."""
        return right is None or right in self.protocol.roles.get(self.role(user, room), ())

    def room_of(self, ask: Ask) -> str | None:
        """Give the conversation that a request names, if it exists."""
        for name in self.knowledge.named(CONVERSATION):
            if ask.named(name) in self.rooms:
                return ask.named(name)
        return None

    def labels(self, ask: Ask, least_page: int) -> frozenset[str]:
        """Give the labels of a request in this state, with those of its values.

        `least_page` is the smallest default size of a page.
        """
        use = self.knowledge.requests.get(ask.type)
        room = self.room_of(ask)
        found = {
            *ask.labels,
            *(f"{name}={str(one).lower()}" for name, one in ask.fields.items() if isinstance(one, bool)),
        }
        if use is None or room is None:
            return frozenset(found)
        found.add(f"role={self.role(ask.user, room)}")
        if self._is_allowed(ask, use, room):
            found.add(ALLOWED)
        if (ask.by, room) not in self.joined and not (use.joins or use.leaves):
            found.add("unjoined")
        if (ask.user, room) in self.newcomers:
            found.add("newcomer")
        if room in self.changed:
            found.add("changed")
        if sum(one.room == room for one in self.messages.values()) >= least_page:
            found.add("crowded")
        again = use.joins and (ask.by, room) in self.joined | self.unclear
        found.add("same" if again or self._key(ask, use) in self.done else "new")
        if use.after is not None and not self.came_before(ask, use):
            found.add("first")
        found.update(self._about_messages(ask, room))
        found.update(self._about_users(ask, room, use))
        return frozenset(found)

    def labels_in_turn(self, asks: Sequence[tuple[Ask, bool]], least_page: int) -> Iterator[tuple[str, frozenset[str]]]:
        """Give type and labels of requests sent at once, each after those before it that were granted."""
        shared = {id(one): one for one in (self.protocol, self.knowledge)}
        later = deepcopy(self, shared) if any(granted for _, granted in asks[:-1]) else self
        for number, (ask, granted) in enumerate(asks, 1):
            yield ask.type, later.labels(ask, least_page)
            if granted and number < len(asks):
                later.take(ask, granted=True)

    def _is_allowed(self, ask: Ask, use: RequestUse, room: str) -> bool:
        """Say whether the sender has the right; anybody who is not a member may join a public conversation."""
        open_to_all = use.joins and room in self.public and self.role(ask.user, room) == self.protocol.no_member
        return open_to_all or self.may(ask.user, room, use.right)

    def _key(self, ask: Ask, use: RequestUse) -> Key:
        texts = {name for name, one in self.knowledge.fields.items() if one.text}
        plain = {name: value for name, value in ask.fields.items() if name not in texts}
        return ask.by if use.joins or use.leaves else ask.user, ask.type, json.dumps(plain, sort_keys=True)

    def came_before(self, ask: Ask, use: RequestUse) -> bool:
        """Say whether the request that normally comes before this one has been granted."""
        after = use.after
        assert after is not None
        for one in self.granted:
            if one.type != after.request or any(one.fields.get(key) != value for key, value in after.having.items()):
                continue
            if after.between is not None:
                pair = {ask.user, ask.named(after.between)}
                if pair == {one.user, one.named(after.between)} and self.room_of(one) == self.room_of(ask):
                    return True
            elif one.user == ask.user and all(
                one.fields.get(key) == value
                for key, value in ask.fields.items()
                if key in one.fields and key not in after.having
            ):
                return True
        return False

    def _about_messages(self, ask: Ask, room: str) -> Iterator[str]:
        for name in self.knowledge.named(MESSAGE):
            if name not in ask.fields:
                continue
            message = self.messages.get(ask.named(name) or "")
            if message is None:
                yield f"{name}=unknown"
                continue
            if message.room != room:
                yield f"{name}=foreign"
                continue
            yield f"{name}={'own' if message.author == ask.user else 'other'}"
            if message.deleted:
                yield f"{name}=deleted"
            here = [slot for slot, one in self.messages.items() if one.room == room]
            if here[-1] != ask.named(name):
                yield f"{name}=older"

    def labelled(self, kind: str, label: str, room: str, user: str, right: str | None) -> str | None:
        """Give a user or message of which this label is true in a request of a user, which needs a right; or None."""
        if label == "unknown":
            return UNKNOWN
        fitting = (
            [one for one in self.users if self._is_user(one, label, room, user, right)]
            if kind == USER
            else [name for name, one in self.messages.items() if _is_message(one, label, room, user)]
        )
        return fitting[-1] if fitting else None

    def _is_user(self, one: str, label: str, room: str, user: str, right: str | None) -> bool:
        outside = self.role(one, room) == self.protocol.no_member
        match label:
            case "self":
                return one == user
            case "outsider":
                return outside
            case "silent":
                return not outside and not self.may(one, room, right)
        return not any(name.partition("@")[0] == one for name in self.connected)

    def _about_users(self, ask: Ask, room: str, use: RequestUse) -> Iterator[str]:
        for name in self.knowledge.named(USER):
            if name not in ask.fields:
                continue
            user = ask.named(name)
            if user not in self.users:
                yield f"{name}=unknown"
                continue
            if user == ask.user:
                yield f"{name}=self"
            if self.role(user, room) == self.protocol.no_member:
                yield f"{name}=outsider"
            elif not self.may(user, room, use.right):
                yield f"{name}=silent"
            if not any(one.partition("@")[0] == user for one in self.connected):
                yield f"{name}=offline"

    def begins_in_race(self, ask: Ask) -> bool:
        """Say whether a request names the moment of a message that was sent at the same time as something else."""
        return not names_in(ask.fields).isdisjoint(map(moment, self.racing))

    def take(self, ask: Ask, *, granted: bool) -> None:
        """Take over what a request has changed."""
        use = self.knowledge.requests.get(ask.type)
        room = self.room_of(ask)
        if use is None or room is None or not granted:
            return
        self.done.add(self._key(ask, use))
        self.granted.append(ask)
        if use.creates is not None and ask.slot is not None:
            self.messages[ask.slot] = Message(room, ask.user)
        if use.changes is not None and ask.named(use.changes) in self.messages:
            self.changed.add(room)
        if use.deletes is not None and ask.named(use.deletes) in self.messages:
            self.messages[str(ask.named(use.deletes))].deleted = True
        if use.joins:
            if self.role(ask.user, room) == self.protocol.no_member:
                self.roles[ask.user, room] = self.protocol.default_role
                self.newcomers.add((ask.user, room))
            self.joined.add((ask.by, room))
            self.unclear.discard((ask.by, room))
        if use.leaves:
            self.joined.discard((ask.by, room))
            self.unclear.discard((ask.by, room))
            self.done = {one for one in self.done if not (one[0] == ask.by and f'"${{{room}}}"' in one[2])}

    def move(self, step: Step) -> None:
        """Take over what a step changes that is no request."""
        match step:
            case Race():
                self.raced |= {room for ask in step.asks if (room := self.room_of(ask)) is not None}
                self.racing |= {ask.slot for ask in step.asks if ask.slot is not None}
            case Arrive():
                self.connected.add(step.who)
            case Depart():
                self._depart(step)
            case Grant():
                self._grant(step)

    def _depart(self, step: Depart) -> None:
        """Take over that a connection has closed."""
        self.connected.discard(step.who)
        self.joined = {one for one in self.joined if one[0] != step.who}
        self.unclear = {one for one in self.unclear if one[0] != step.who}
        self.done = {one for one in self.done if one[0] != step.who or "@" not in step.who}

    def _grant(self, step: Grant) -> None:
        """Take over that a user has another role."""
        before = self.role(step.user, step.room)
        self.roles[step.user, step.room] = step.role
        if before == self.protocol.no_member and step.role != before:
            self.newcomers.add((step.user, step.room))
        if self.protocol.join_right not in self.protocol.roles.get(step.role, ()):
            lost = {one for one in self.joined if one[0].partition("@")[0] == step.user and one[1] == step.room}
            self.joined -= lost
            self.unclear |= lost


def _is_message(one: Message, label: str, room: str, user: str) -> bool:
    match label:
        case "foreign":
            return one.room != room
        case "deleted":
            return one.room == room and one.deleted
    return one.room == room and not one.deleted and (one.author == user) == (label == "own")


def beginning(conversation: Conversation, protocol: Protocol, knowledge: Knowledge) -> State:
    """Give the state before the first step."""
    rooms = conversation.rooms
    return State(
        protocol,
        knowledge,
        roles={(user, name): role for name, room in rooms.items() for user, role in room.members.items()},
        users=tuple(conversation.users),
        rooms=tuple(rooms),
        connected=set(conversation.connections),
        joined={(who, name) for name, joined in conversation.joined.items() for who in joined},
        public={name for name, room in rooms.items() if room.visibility != protocol.visibilities[0]},
    )
