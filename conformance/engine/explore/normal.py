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
ANY = "*"
ID, TIME, SOMETHING = "⟨id⟩", "⟨time⟩", "⟨…⟩"


@dataclass(frozen=True, slots=True)
class Normal:
    """Normalises the frames of one server; `names` maps its ids to the names of the conversation.

    `known` has the names of the fields of each type of frame, at any depth, and under `ANY` those of all types.
    """

    names: Mapping[str, str]
    known: Mapping[str, frozenset[str]]
    ignored: Mapping[str, frozenset[str]]
    opaque: frozenset[str]
    unordered: frozenset[str]
    discriminator: str

    def frame(self, value: Any) -> Any:
        """Give a frame without what identifies this server. Null means absent; unknown fields do not count."""
        if not isinstance(value, dict):
            return value
        kind = str(value.get(self.discriminator))
        ignored = self.ignored.get(kind, frozenset())
        known = self.known.get(kind, self.known[ANY])
        return self._object({key: one for key, one in value.items() if key not in ignored}, known)

    def _object(self, value: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
        return {
            key: SOMETHING if key in self.opaque else self._value(one, key, known)
            for key, one in value.items()
            if key in known and one is not None
        }

    def _value(self, value: Any, key: str, known: frozenset[str]) -> Any:
        if isinstance(value, str):
            if value in self.names:
                return f"⟨{self.names[value]}⟩"
            return ID if _UUID.fullmatch(value) else TIME if _INSTANT.fullmatch(value) else value
        if isinstance(value, dict):
            return self._object(value, known)
        if isinstance(value, list):
            items = [self._value(one, key, known) for one in value]
            return sorted(items, key=written) if key in self.unordered else items
        return value


def known_fields(spec: Spec) -> dict[str, frozenset[str]]:
    """Give the names of the fields of each type of frame, at any depth, and under `ANY` those of all types."""
    known = {kind: frozenset(_fields(message.shape)) for kind, message in spec.outgoing.items()}
    return {**known, ANY: frozenset[str]().union(*known.values())}


def normal_of(
    names: Mapping[str, str], known: Mapping[str, frozenset[str]], knowledge: Knowledge, spec: Spec
) -> Normal:
    """Make the normaliser of one server; `known` has the names of the fields of each type."""
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
    lists = [page for page in pages if isinstance(page, list)]
    if order is not None:  # Each page is older than the one before, whatever the order on a page is.
        turned = target.look_up(order.profile) == order.reversed_when
        lists = [page[::-1] if turned else page for page in reversed(lists)]
    found = [one for page in lists for one in page]
    return [one for one in found if not (view.tombstone and isinstance(one, dict) and one.get(view.tombstone))]


def oldest_first(frame: Mapping[str, Any], knowledge: Knowledge, target: Target, spec: Spec) -> Mapping[str, Any]:
    """Give the frame with its items oldest first, if it is a page whose order the target may choose."""
    view = _view_of(frame, knowledge, spec)
    return frame if view is None or not view.order else {**frame, view.items: items([frame], view, target, spec)}


def without_order(frame: Mapping[str, Any], knowledge: Knowledge, spec: Spec) -> Mapping[str, Any]:
    """Give the normal form of a page without what requests at the same time decide: the order of its items.

    Where more pages follow, these requests also decide which items this one has.
    """
    view = _view_of(frame, knowledge, spec)
    if view is None:
        return frame
    cut = view.more is not None and frame.get(view.more)
    return {**frame, view.items: SOMETHING if cut else sorted(frame[view.items], key=written)}


def _view_of(frame: Mapping[str, Any], knowledge: Knowledge, spec: Spec) -> View | None:
    for use in knowledge.requests.values():
        reply = spec.incoming[use.type].reply
        if use.view is not None and reply and reply.items() <= frame.items():
            return use.view if isinstance(frame.get(use.view.items), list) else None
    return None


def written(value: Any) -> str:
    """Write a value in one form."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _fields(shape: Any) -> Iterator[str]:
    for name, inner in shape.fields.items():
        yield name
        yield from _fields(inner)
    if shape.items is not None:
        yield from _fields(shape.items)
