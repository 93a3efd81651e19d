"""What the engine knows about the protocol, by role: the frozen form of `spec/protocol.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.spec.parts import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.files.documents import Document


@dataclass(frozen=True, slots=True)
class Expected:
    """A frame that the engine waits for: its type and a pattern."""

    frame: str
    pattern: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Budget:
    """A rate limit: profile names of limit and window, and the request types it counts (None: all but the barrier).

    `rule` promises it.
    """

    limit: str
    window: str
    requests: frozenset[str] | None
    rule: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A value of the profile that bounds a field of a type, or its frame, and the rule that promises it.

    `of` None is every request; `field` is a place, such as `items[].size`. `size` says how to see in a frame whether it
    is over the limit; `distinct` counts the values that one user sends `per` value of another field.
    """

    of: str | None
    field: str | None
    by: str
    unit: str
    rule: str
    size: str | None = None
    per: str | None = None


@dataclass(frozen=True, slots=True)
class Expiry:
    """An event that the server sends by itself when a timer runs out that a request with some fields has started."""

    event: Expected
    request: str
    having: Mapping[str, Any]
    timer: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A request of the calibration, and the frame that shows that the server has it; `by` and `at` are whose.

    `after_message`: it is sent only if a message has arrived before. `part`: it is about one field of the request.
    """

    by: str
    request: Mapping[str, Any]
    at: str
    event: Expected
    after_message: bool
    part: Part | None = None

    @property
    def shows(self) -> str:
        """Give what it shows that the server has: the type of the frame, or the name of the part."""
        return self.part.name if self.part else self.event.frame


@dataclass(frozen=True, slots=True)
class StoredMessages:
    """Where messages are that nobody was told of: a request, its reply, and the field of this that lists them.

    Scenarios of `features` look there for a broadcast which never comes; the others are about what is live.
    """

    request: Mapping[str, Any]
    frame: str
    field: str
    features: frozenset[str]


@dataclass(frozen=True, slots=True)
class Order:
    """A list whose order the profile value at `profile` decides: reversed when it equals `reversed_when`."""

    profile: str
    reversed_when: Any


@dataclass(frozen=True, slots=True)
class Bystanders:
    """The bystanders: `people` (name → role), a second device of the user who acts first, and what may reach them.

    `connections` is the profile's name of how many connections a user may have. `silence` maps a type to the rule that
    its frame breaks at a bystander, if that is not the rule of the type.
    """

    people: Mapping[str, str]
    device: str
    connections: str
    may_get: Mapping[str, frozenset[str]]
    silence: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Protocol:
    """The roles of frames, fields and rights; see the comments of `spec/protocol.yaml`."""

    discriminator: str
    greeting: Expected
    greeting_rule: str
    barrier_request: Mapping[str, Any]
    barrier_reply: str
    error: str
    error_code: str
    rate_limited: str
    join_request: Mapping[str, Any]
    join_right: str
    empty_request: Mapping[str, Any]
    empty: Expected
    broadcast_request: Mapping[str, Any]
    broadcast: Expected
    stored: StoredMessages
    trials: tuple[Trial, ...]
    unknown_type: str
    secret_rule: str
    isolation_rule: str
    malformed_rule: str
    ids: Mapping[str, frozenset[str]]
    ambient: frozenset[str]
    bystanders: Bystanders
    budgets: tuple[Budget, ...]
    bounds: tuple[Bound, ...]
    expiries: tuple[Expiry, ...]
    orders: Mapping[str, Order]
    roles: Mapping[str, frozenset[str]]
    no_member: str
    default_role: str
    visibilities: tuple[str, ...]
    profile: Mapping[str, Mapping[str, Any]]
    choices: Mapping[str, tuple[str, ...]]

    def is_greeting(self, kind: str, pattern: Any) -> bool:
        """Tell whether a frame that fits may be the greeting, whose type may have other uses."""
        shared = pattern.keys() & self.greeting.pattern.keys() if kind == self.greeting.frame and pattern else ()
        return bool(shared) and all(pattern[key] == self.greeting.pattern[key] for key in shared)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Give the fields of requests that calibration tries by themselves."""
        return tuple(dict.fromkeys(one.part for one in self.trials if one.part is not None))


def read_protocol(document: Document) -> Protocol:
    """Read a document that fits `formats/protocol.schema.json`."""
    value = document.value
    return Protocol(
        discriminator=value["discriminator"],
        greeting=Expected(value["greeting"]["frame"], value["greeting"]["with"]),
        greeting_rule=value["greeting"]["rule"],
        barrier_request=value["barrier"]["request"],
        barrier_reply=value["barrier"]["reply"],
        error=value["error"]["frame"],
        error_code=value["error"]["code"],
        rate_limited=value["error"]["rate_limited"],
        join_request=value["join"]["request"],
        join_right=value["join"]["right"],
        empty_request=value["empty"]["request"],
        empty=Expected(value["empty"]["frame"], value["empty"]["with"]),
        broadcast_request=value["broadcast"]["request"],
        broadcast=Expected(value["broadcast"]["frame"], value["broadcast"]["with"]),
        stored=StoredMessages(**{**value["stored"], "features": frozenset(value["stored"]["features"])}),
        trials=tuple(_trial(one, value["discriminator"]) for one in value["trials"]),
        unknown_type=value["unknown_type"],
        secret_rule=value["secret_rule"],
        isolation_rule=value["isolation_rule"],
        malformed_rule=value["malformed_rule"],
        ids={kind: frozenset(fields) for kind, fields in value["ids"].items()},
        ambient=frozenset(value["ambient"]),
        bystanders=_bystanders(value["bystanders"]),
        budgets=tuple(map(_budget, value["budgets"])),
        bounds=tuple(map(_bound, value["bounds"])),
        expiries=tuple(
            Expiry(Expected(one["frame"], one["with"]), one["request"], one["having"], one["timer"])
            for one in value["expiries"]
        ),
        orders={name: Order(one["profile"], one["reversed_when"]) for name, one in value["orders"].items()},
        roles={role: frozenset(rights) for role, rights in value["roles"].items()},
        no_member=value["no_member"],
        default_role=value["default_role"],
        visibilities=tuple(value["visibilities"]),
        profile=value["profile"],
        choices={name: tuple(words) for name, words in value["choices"].items()},
    )


def _trial(value: Mapping[str, Any], discriminator: str) -> Trial:
    part, kind = value.get("part"), value["request"][discriminator]
    return Trial(
        value["by"],
        value["request"],
        value["at"],
        Expected(value["frame"], value["with"]),
        value.get("after_message", "${message}" in str(value)),
        Part(kind, part["field"], part["feature"], value["frame"], frozenset(part.get("shown_by", ())), "extra" in part)
        if part
        else None,
    )


def _budget(value: Mapping[str, Any]) -> Budget:
    requests = None if value["requests"] == "*" else frozenset(value["requests"])
    return Budget(value["limit"], value["window"], requests, value["rule"])


def _bound(value: Mapping[str, Any]) -> Bound:
    of = None if value["of"] == "*" else value["of"]
    return Bound(of, value.get("field"), value["by"], value["unit"], value["rule"], value.get("size"), value.get("per"))


def _bystanders(value: Mapping[str, Any]) -> Bystanders:
    return Bystanders(
        people=value["people"],
        device=value["device"],
        connections=value["connections"],
        may_get={name: frozenset(types) for name, types in value["may_get"].items()},
        silence=value["silence"],
    )
