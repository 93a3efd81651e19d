"""The translation of one kind of object: its keys and the values below them, in both directions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.files.show import show
from conformance.spec.messages import Violation
from conformance.target.dialect.names import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.target.dialect.ids import Form


@dataclass(frozen=True, slots=True)
class Plan:
    """How to translate one value.

    `names` has the keys of an object, and `fields` (by the protocol's name) the plans of their values. `items` is for
    the entries of a list, `words` for a text, `ids` for an id; `entry` is the dialect's entry for it. `rule` is the
    rule that the server breaks if the wire has something else. A value of another type stays as it is.
    """

    names: Names = field(default_factory=Names)
    fields: Mapping[str, Plan] = field(default_factory=dict)
    items: Plan | None = None
    words: Names | None = None
    ids: Form | None = None
    entry: str = ""
    rule: str | None = None

    @property
    def idle(self) -> bool:
        """Whether it changes nothing."""
        return self == Plan(rule=self.rule)


@dataclass(slots=True)
class Notes:
    """The notes of one translation: the entries that it used, and what does not fit the dialect.

    `faults` has the place as the protocol names it, and what is wrong there.
    """

    used: set[str] = field(default_factory=set)
    faults: list[tuple[str, Violation]] = field(default_factory=list)


def to_wire(plan: Plan, value: Any, notes: Notes) -> Any:
    """Give the wire's form of a value of the protocol."""
    if isinstance(value, dict):
        return {_key(plan, key, notes): _below(plan, key, item, notes) for key, item in value.items()}
    if isinstance(value, list):
        return value if plan.items is None else [to_wire(plan.items, item, notes) for item in value]
    if plan.ids is not None and value is not None:
        notes.used.add(plan.entry)
        return plan.ids.to_wire(value)
    if plan.words is not None:
        return _word(plan.words, value, notes)
    return value


def from_wire(plan: Plan, value: Any, notes: Notes, place: str = "", wire: str = "") -> Any:
    """Give the protocol's form of a wire value; `place` and `wire` are its paths in the protocol and on the wire."""
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            name = plan.names.from_wire(key)
            if name in plan.names.entries:
                notes.used.add(plan.names.entries[name])
            below = plan.fields.get(name)
            found[name] = item if below is None else from_wire(below, item, notes, _in(place, name), _in(wire, key))
        return found
    if isinstance(value, list):
        below = plan.items
        if below is None:
            return value
        return [
            from_wire(below, item, notes, f"{place}[{index}]", f"{wire}[{index}]") for index, item in enumerate(value)
        ]
    if plan.ids is not None and value is not None:
        return _id(plan, plan.ids, value, notes, place, wire)
    if plan.words is not None:
        found = plan.words.from_wire(value)
        if found in plan.words.entries:
            notes.used.add(plan.words.entries[found])
        return found
    return value


def _id(plan: Plan, ids: Form, value: Any, notes: Notes, place: str, wire: str) -> Any:
    try:
        found = ids.from_wire(value)
    except ValueError as wanted:
        message = f"`{wire}` is {show(value)} on the wire, where the target's dialect has {wanted}"
        notes.faults.append((place, Violation(message, plan.rule, f"{wire} form of ids")))
        return value
    notes.used.add(plan.entry)
    return found


def _key(plan: Plan, key: str, notes: Notes) -> Any:
    if key in plan.names.entries:
        notes.used.add(plan.names.entries[key])
    return plan.names.to_wire(key)


def _below(plan: Plan, key: str, item: Any, notes: Notes) -> Any:
    below = plan.fields.get(key)
    return item if below is None else to_wire(below, item, notes)


def _word(words: Names, value: Any, notes: Notes) -> Any:
    if type(value) in (str, int) and value in words.entries:
        notes.used.add(words.entries[value])
    return words.to_wire(value)


def _in(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
