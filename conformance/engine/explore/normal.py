"""Replaces what differs on every server: ids become names, instants and cursors the mere fact that they are there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.engine.explore.knowledge import Knowledge, View
    from conformance.spec import Spec
    from conformance.target import Target

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?")
ID, TIME, SOMETHING = "⟨id⟩", "⟨time⟩", "⟨…⟩"


@dataclass(frozen=True, slots=True)
class Normal:
    """Normalises the frames of one server; `names` maps its ids to the names of the conversation."""

    names: Mapping[str, str]
    known: frozenset[str]
    ignored: Mapping[str, frozenset[str]]
    opaque: frozenset[str]
    unordered: frozenset[str]
    discriminator: str

    def frame(self, value: Any) -> Any:
        """Give a frame without what identifies this server. Null means absent; unknown fields do not count."""
        if not isinstance(value, dict):
            return value
        ignored = self.ignored.get(str(value.get(self.discriminator)), frozenset())
        return self._object({key: one for key, one in value.items() if key not in ignored})

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: SOMETHING if key in self.opaque else self._value(one, key)
            for key, one in value.items()
            if key in self.known and one is not None
        }

    def _value(self, value: Any, key: str) -> Any:
        if isinstance(value, str):
            if value in self.names:
                return f"⟨{self.names[value]}⟩"
            return ID if _UUID.fullmatch(value) else TIME if _INSTANT.fullmatch(value) else value
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            items = [self._value(one, key) for one in value]
            return sorted(items, key=written) if key in self.unordered else items
        return value


def known_fields(spec: Spec) -> frozenset[str]:
    """Give the names of all fields that the protocol's frames have, at any depth."""
    return frozenset(name for message in spec.outgoing.values() for name in _fields(message.shape))


def normal_of(names: Mapping[str, str], known: frozenset[str], knowledge: Knowledge, spec: Spec) -> Normal:
    """Make the normaliser of one server; `known` has the names of the protocol's fields."""
    return Normal(
        names,
        known,
        knowledge.ignored,
        knowledge.opaque,
        knowledge.unordered,
        spec.protocol.discriminator,
    )


def items(frames: Iterable[Any], view: View, target: Target, spec: Spec) -> list[Any]:
    """Give the items of a view's pages, oldest first, without tombstones."""
    order = spec.protocol.orders.get(view.order or "")
    pages = [frame.get(view.items) for frame in frames if isinstance(frame, dict)]
    found = [one for page in pages if isinstance(page, list) for one in page]
    if order is not None and target.look_up(order.profile) == order.reversed_when:
        found = found[::-1]
    return [one for one in found if not (view.tombstone and isinstance(one, dict) and one.get(view.tombstone))]


def written(value: Any) -> str:
    """Write a value in one form."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _fields(shape: Any) -> Iterator[str]:
    for name, inner in shape.fields.items():
        yield name
        yield from _fields(inner)
    if shape.items is not None:
        yield from _fields(shape.items)
