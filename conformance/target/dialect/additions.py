"""What a dialect adds to a renaming: constant members of requests, and frames that replace a frame of the protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.results.runlog.records import DialectEntry
from conformance.target.dialect.json_text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONSTANTS, REPLIES = "constants", "replies"


@dataclass(frozen=True, slots=True)
class Constants:
    """Members that the server wants in each request of one type, and that the protocol does not have.

    `entries` maps each member to its entry of the dialect.
    """

    members: Mapping[str, Any] = field(default_factory=dict)
    entries: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Give the members as JSON text, without braces."""
        return ",".join(f"{quoted(key)}:{json.dumps(value)}" for key, value in self.members.items())


@dataclass(frozen=True, slots=True)
class Reply:
    """A frame of the server that replaces a frame of the protocol.

    A frame of its type is this one if it has the members `when`. It becomes a frame of the type `kind`, without those
    members, and with `fields`.
    """

    kind: str
    when: Mapping[str, Any]
    fields: Mapping[str, Any]
    entry: str

    def fits(self, content: Any) -> bool:
        """Say whether the content of a frame has the members that it must have."""
        return isinstance(content, dict) and all(
            key in content and type(content[key]) is type(value) and content[key] == value
            for key, value in self.when.items()
        )


def constant_entries(value: Mapping[str, Mapping[str, Any]], path: str) -> Iterator[DialectEntry]:
    """Give an entry for each constant, as reports show it."""
    for kind, members in value.items():
        for member, constant in members.items():
            yield DialectEntry(f"{path}.{kind}.{member}", f"no such field of {kind}", f"{member} is {_shown(constant)}")


def reply_entries(value: Mapping[str, Mapping[str, Any]], path: str) -> Iterator[DialectEntry]:
    """Give an entry for each reply, as reports show it."""
    for wire, one in value.items():
        yield DialectEntry(
            f"{path}.{wire}", one["type"] + _members(one.get("with", {})), wire + _members(one.get("when", {}))
        )


def _members(members: Mapping[str, Any]) -> str:
    return f" with {', '.join(f'{key} = {_shown(value)}' for key, value in members.items())}" if members else ""


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
