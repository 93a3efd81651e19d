"""An invented conversation as frozen values: who is there, and what they do.

Its data is that of the scenario language: `${bob}` is a user's id, `${m3}` the id of the third message. So the same
values are run here and written into a scenario file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.target.accounts import Room

_NAME = re.compile(r"\$\{([a-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: who sends it, its type and fields.

    `slot` is the name of what it creates, or of where its reply says that the next page begins. `labels` say how its
    values were chosen (`content=blank`, `limit=over`). `invalid`: it does not fit its schema. `extra` are fields that
    its type does not have.
    """

    by: str
    type: str
    fields: Mapping[str, Any]
    labels: frozenset[str] = frozenset()
    slot: str | None = None
    invalid: bool = False
    extra: tuple[str, ...] = ()

    @property
    def user(self) -> str:
        """The user of the connection."""
        return self.by.partition("@")[0]

    def named(self, field: str) -> str | None:
        """Give the name that a field refers to; None: it refers to none."""
        return name_in(self.fields.get(field))


@dataclass(frozen=True, slots=True)
class Burst:
    """Requests of one connection, each sent without waiting for the reply to the one before."""

    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Race:
    """Requests of several connections, sent at the same time."""

    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """A request repeated page after page, to the end."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class Arrive:
    """A connection opens; `handshake` is how, as the scenario language has it in `connect`.

    `place` is its instance (None: that of its user).
    """

    who: str
    handshake: Mapping[str, Any] = field(default_factory=dict)
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Depart:
    """A connection closes, with a close handshake or (`drop`) without.

    `last` are requests that it sends immediately before, and whose replies it does not wait for.
    """

    who: str
    drop: bool = False
    last: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True)
class Backlog:
    """Requests of others while a connection (`who`) reads nothing; then it reads again."""

    who: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Flood:
    """Requests of one user beyond a rate limit: each of `waves` so many `times`, then `last`, and `beside` by another.

    `limit` and `window` are those of the profile, and `rule` promises them. `anew`: the connection opens anew before
    each wave. `quiet`: the requests of the waves change nothing.
    """

    waves: tuple[Ask, ...]
    times: int
    limit: str
    window: str
    rule: str
    last: tuple[Ask, ...] = ()
    beside: tuple[Ask, ...] = ()
    anew: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Nobody does anything until a timer of the server, such as `timers.typing_expiry`, has run out."""

    timer: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Somebody with that power gives a user another role in a conversation."""

    user: str
    room: str
    role: str


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A raw message on a connection of its own (`who`), as the scenario language has it in `send_raw`, or a `ws_ping`.

    `label` names its kind, and `rule` the rule that a server breaks that handles it otherwise.
    """

    who: str
    label: str
    rule: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Knock:
    """An attempt to connect with a wrong token, as the scenario language has it in `token` of `connect`."""

    who: str
    label: str
    rule: str
    token: Mapping[str, Any]


Step = Burst | Race | Walk | Arrive | Depart | Backlog | Flood | Pause | Grant | RawMessage | Knock


@dataclass(frozen=True, slots=True)
class Conversation:
    """What two servers are asked to do.

    `users` and `devices` map each connection to its instance (None: any). `rooms` are the conversations that exist
    from the beginning, and `joined` the connections that have joined each. `witness` has joined everywhere, stays,
    and keeps its role. `unknown` names ids that nobody has.
    """

    users: Mapping[str, int | None]
    devices: Mapping[str, int | None]
    rooms: Mapping[str, Room]
    joined: Mapping[str, tuple[str, ...]]
    witness: str
    steps: tuple[Step, ...]
    unknown: tuple[str, ...] = field(default=("nobody",))

    @property
    def asks(self) -> tuple[Ask, ...]:
        """All requests, in order."""
        return tuple(ask for step in self.steps for ask in asks_of(step))

    @property
    def connections(self) -> tuple[str, ...]:
        """The connections that are open at the beginning."""
        return (*self.users, *self.devices)


def asks_of(step: Step) -> tuple[Ask, ...]:
    """Give the requests of a step."""
    match step:
        case Burst() | Race() | Backlog():
            return step.asks
        case Walk():
            return (step.ask,)
        case Depart():
            return step.last
        case Flood():
            return (*step.last, *step.beside)
    return ()


def name_in(value: Any) -> str | None:
    """Give the name that a value refers to; None: it refers to none."""
    found = _NAME.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def names_in(value: Any) -> set[str]:
    """Give all names that a value refers to, at any depth."""
    if isinstance(value, str):
        return set(_NAME.findall(value))
    if isinstance(value, Mapping):
        return {name for one in value.values() for name in names_in(one)}
    if isinstance(value, list | tuple):
        return {name for one in value for name in names_in(one)}
    return set()


def ends_block(conversation: Conversation, index: int, block: int) -> bool:
    """Say whether a step ends a block: some are a block of their own, and who departs ends one."""
    steps = conversation.steps
    races = any(isinstance(one, Race | Backlog | Flood) for one in steps[index : index + 2])
    return index % block == block - 1 or index == len(steps) - 1 or races or isinstance(steps[index], Depart | Pause)


def moment(slot: str) -> str:
    """Name the moment of what a slot names."""
    return f"{slot}_at"
