"""The tables of a dialect, read from JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Word = str | int


@dataclass(frozen=True, slots=True)
class Plan:
    """How to translate one value; names that it does not have stay the same.

    `names` has the keys of an object. `fields` has the plans of its values, by the protocol's names. `items` is for the
    entries of a list, `words` for a word, and `id` is the kind of an id that is a number in frames.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Plan] = field(default_factory=dict)
    items: Plan | None = None
    words: Mapping[Word, Word] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """The member that contains the fields, and the constant members beside it."""

    member: str
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Incoming:
    """For the frames of clients: `types` and `plans` translate to the protocol; `constants` must be in the frame."""

    discriminator: str
    types: Mapping[str, str]
    plans: Mapping[str, Plan]
    envelope: Envelope | None
    bare: frozenset[str]
    constants: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Reply:
    """A type of the dialect that replaces a frame of the protocol whose fields have these values."""

    type: str
    kind: str
    when: Mapping[str, Any]
    fields: Mapping[str, Any]

    def fits(self, frame: Mapping[str, Any]) -> bool:
        """Say whether the reply replaces this frame."""
        has_all = all(key in frame and frame[key] == value for key, value in self.fields.items())
        return frame["type"] == self.kind and has_all


@dataclass(frozen=True, slots=True)
class Outgoing:
    """For the frames of the server: `types` and `plans` translate to the dialect; the first reply that fits is used."""

    discriminator: str
    types: Mapping[str, str]
    plans: Mapping[str, Plan]
    envelope: Envelope | None
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """A whole dialect; `integers` maps each field with a number to its kind of id, `source` is its file."""

    source: str
    incoming: Incoming
    outgoing: Outgoing
    integers: Mapping[str, str]


def read(file: Path) -> Tables:
    """Read the tables that `chat-parity serve` has written."""
    given = json.loads(file.read_text(encoding="utf-8"))
    heard, said = given["incoming"], given["outgoing"]
    return Tables(
        given["source"],
        Incoming(
            heard["discriminator"],
            heard["types"],
            {kind: _plan(one) for kind, one in heard["plans"].items()},
            _envelope(heard["envelope"]),
            frozenset(heard["bare"]),
            heard["constants"],
        ),
        Outgoing(
            said["discriminator"],
            said["types"],
            {kind: _plan(one) for kind, one in said["plans"].items()},
            _envelope(said["envelope"]),
            tuple(Reply(one["type"], one["kind"], one["when"], one["with"]) for one in said["replies"]),
        ),
        given["integers"],
    )


def _plan(given: Mapping[str, Any]) -> Plan:
    return Plan(
        names=given.get("names", {}),
        fields={name: _plan(one) for name, one in given.get("fields", {}).items()},
        items=_plan(given["items"]) if "items" in given else None,
        words=dict(given.get("words", ())),
        id=given.get("id"),
    )


def _envelope(given: Mapping[str, Any] | None) -> Envelope | None:
    return None if given is None else Envelope(given["member"], given["extra"])
