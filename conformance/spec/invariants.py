"""The invariants of `spec/invariants.yaml`: what holds of any traffic, without a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.files.documents import Document

RULE_KEYS = frozenset({"rule", "once", "asked", "gone"})
"""The keys whose value is a rule, at any depth."""

RULE_TABLES = frozenset({"rules", "unasked"})
"""The keys whose value maps types to rules."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant: `kind` says how it is judged, and `facts` has what that kind needs to know of the protocol.

    `rule` is the rule that is broken where the facts name no more special one.
    """

    id: str
    kind: str
    rule: str
    sentence: str
    line: int
    facts: Mapping[str, Any]

    @property
    def rules(self) -> frozenset[str]:
        """The rules that it may charge."""
        return frozenset({self.rule, *_rules(self.facts)})


def read_invariants(document: Document) -> tuple[Invariant, ...]:
    """Read a document that fits `formats/invariants.schema.json`; raises BadFile if an id is there twice."""
    found: dict[str, Invariant] = {}
    for index, one in enumerate(document.value["invariants"]):
        line = document.line(("invariants", index, "id"))
        if one["id"] in found:
            raise BadFile(Mistake(document.file, line, f"the invariant {one['id']} is here twice"))
        facts = {key: value for key, value in one.items() if key not in ("id", "kind", "rule", "sentence")}
        found[one["id"]] = Invariant(one["id"], one["kind"], one["rule"], one["sentence"], line, facts)
    return tuple(found.values())


def _rules(value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key in RULE_KEYS and isinstance(item, str):
            yield item
        elif key in RULE_TABLES:
            yield from item.values()
        elif key == "frames":
            yield from (one for one in item.values() if isinstance(one, str))
            yield from _rules(item)
        else:
            yield from _rules(item)
