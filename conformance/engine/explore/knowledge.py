"""What exploring knows beyond the schemas: the frozen form of `spec/explore.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.files.documents import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.spec import Spec

ALWAYS = 100
CONVERSATION, MESSAGE, USER = "conversation", "message", "user"
"""The kinds of ids that a field may take."""


@dataclass(frozen=True, slots=True)
class FieldValues:
    """What a field of a request takes; see the comments of `spec/explore.yaml`.

    `share`: in how many of 100 requests an optional field is sent. `text`: the profile's name of its limit. `words`:
    the field whose earlier texts a value is a part of. `page`: a size of the request's pages. `follows`: the field of
    an earlier reply that it repeats. `moments`: the field of an earlier event that it repeats.
    """

    id: str | None = None
    share: int = ALWAYS
    text: str | None = None
    words: str | None = None
    plain: tuple[Any, ...] = ()
    classes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    page: bool = False
    follows: str | None = None
    moments: str | None = None

    @property
    def goes_on(self) -> bool:
        """Say whether a request may leave it out, and begins at the first page then."""
        return self.follows is not None and self.share < ALWAYS


@dataclass(frozen=True, slots=True)
class Creates:
    """What a request creates: the event that tells of it, its fields for id and moment, and the fields both have."""

    event: str
    id: str
    moment: str
    same: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A reply that shows state: its list, its order, whether more follows, and how to ask for the next page."""

    items: str
    order: str | None = None
    more: str | None = None
    follow: Mapping[str, str] = field(default_factory=dict)
    tombstone: str | None = None
    by_change: bool = False


@dataclass(frozen=True, slots=True)
class After:
    """The request that normally comes before one: with these fields; `between`: from either of two users."""

    request: str
    having: Mapping[str, Any]
    between: str | None


@dataclass(frozen=True, slots=True)
class RequestUse:
    """What a request needs and does, as far as the next ones depend on it."""

    type: str
    right: str | None
    weight: int
    commutes: bool
    joins: bool
    leaves: bool
    changes: str | None
    deletes: str | None
    creates: Creates | None
    view: View | None
    page: tuple[str, str] | None
    after: After | None


@dataclass(frozen=True, slots=True)
class Odd:
    """Values of one kind that are no request (raw messages or tokens), and the rule about them."""

    label: str
    rule: str
    values: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Mistaken:
    """What no server may answer to a client's mistake: the frame that has this value in this field, and the rule."""

    frame: str
    field: str
    value: Any
    rule: str


@dataclass(frozen=True, slots=True)
class Final:
    """A request that reads the state of a conversation (`${room}`) at the end."""

    request: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The whole of it. `extra` maps fields that no server may heed in a request without such a field to values.

    `closing` is the rule that what a client sends immediately before it closes is handled, and `lagging` that a client
    which reads late gets everything.
    """

    fields: Mapping[str, FieldValues]
    requests: Mapping[str, RequestUse]
    ignored: Mapping[str, frozenset[str]]
    opaque: frozenset[str]
    unordered: frozenset[str]
    final: tuple[Final, ...]
    raw: tuple[Odd, ...] = ()
    tokens: tuple[Odd, ...] = ()
    handshakes: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    mistaken: Mistaken | None = None
    closing: str | None = None
    lagging: str | None = None
    _named: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, compare=False)

    def named(self, kind: str) -> tuple[str, ...]:
        """Give the fields that take an id of this kind."""
        if kind not in self._named:  # It is asked for at every step.
            self._named[kind] = tuple(name for name, one in self.fields.items() if one.id == kind)
        return self._named[kind]


def read_knowledge(spec: Spec) -> Knowledge:
    """Read `explore.yaml` of a spec folder; raises BadFile."""
    document = read_yaml(spec.folder / "explore.yaml")
    spec.formats["explore"].check(document)
    value = document.value
    return Knowledge(
        fields={name: _field(one) for name, one in value["fields"].items()},
        requests={name: _request(name, one) for name, one in value["requests"].items()},
        ignored={name: frozenset(fields) for name, fields in value["ignored"].items()},
        opaque=frozenset(value["opaque"]),
        unordered=frozenset(value["unordered"]),
        final=tuple(Final(one["request"], one["with"]) for one in value["final"]),
        raw=_odd(value.get("raw", {})),
        tokens=_odd(value.get("tokens", {})),
        handshakes=tuple(value.get("handshakes", ())),
        extra={name: tuple(some) for name, some in value.get("extra", {}).items()},
        mistaken=Mistaken(**value["mistaken"]) if "mistaken" in value else None,
        closing=value.get("closing"),
        lagging=value.get("lagging"),
    )


def _odd(value: Mapping[str, Any]) -> tuple[Odd, ...]:
    return tuple(Odd(label, one["rule"], tuple(one["values"])) for label, one in value.items())


def _field(value: Mapping[str, Any]) -> FieldValues:
    return FieldValues(
        id=value.get("id"),
        share=value.get("share", ALWAYS),
        text=value.get("text"),
        words=value.get("words"),
        plain=tuple(value.get("plain", ())),
        classes={name: tuple(some) for name, some in value.get("classes", {}).items()},
        page=value.get("page", False),
        follows=value.get("follows"),
        moments=value.get("moments"),
    )


def _request(name: str, value: Mapping[str, Any]) -> RequestUse:
    creates, view, page, after = (value.get(key) for key in ("creates", "view", "page", "after"))
    return RequestUse(
        type=name,
        right=value.get("right"),
        weight=value["weight"],
        commutes=value.get("commutes", False),
        joins=value.get("joins", False),
        leaves=value.get("leaves", False),
        changes=value.get("changes"),
        deletes=value.get("deletes"),
        creates=creates and Creates(creates["event"], creates["id"], creates["moment"], tuple(creates["same"])),
        view=view and View(**view),
        page=page and (page["default"], page["maximum"]),
        after=after and After(after["request"], after.get("with", {}), after.get("between")),
    )
