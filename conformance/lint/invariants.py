"""Each invariant names rules, message types and fields that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.errors import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.spec import Spec
    from conformance.spec.messages import Message

OF_THE_FRAME = ("key", "user", "actor", "by", "message", "text", "one_per", "same", "having")
"""The facts that name fields of the server's frame that an invariant is about."""

OF_THE_REQUEST = ("target", "text", "same", "by")
"""The facts that name fields of the request that an invariant is about."""

OF_AN_ITEM = ("message", "same", "instant", "mark", "unless", "empty", "entries")
"""The facts that name fields of a message in a page."""


def invariants_name_what_exists(spec: Spec) -> Iterator[Mistake]:
    """Find rules, types and fields of invariants that the spec does not have."""
    file = spec.folder / "invariants.yaml"
    for one in spec.invariants:
        for rule in sorted(one.rules - spec.rules.keys()):
            yield Mistake(file, one.line, f"there is no rule {rule!r}")
        for said in dict.fromkeys((*_server(one.facts, spec), *_client(one.facts, spec), *_pages(one.facts, spec))):
            yield Mistake(file, one.line, said)


def _server(facts: Mapping[str, Any], spec: Spec) -> Iterator[str]:
    yield from _has(facts.get("frame"), _names(facts, OF_THE_FRAME), "outgoing", spec.outgoing)
    yield from _has(facts.get("reply"), _names(facts, ("by", "list")), "outgoing", spec.outgoing)
    for key in ("more", "total"):
        part = facts.get(key, {})
        yield from _has(facts.get("reply"), _names(part, ("flag", "next", "field")), "outgoing", spec.outgoing)
    for key in ("rules", "unasked"):
        by = [facts["by"]] if key == "rules" and "by" in facts else []
        for one in facts.get(key, {}):
            yield from _has(one, by, "outgoing", spec.outgoing)
    for one, fact in facts.get("frames", {}).items():
        fields = _names(fact, ("field",)) if isinstance(fact, dict) else _names(facts, ("message", "same", "instant"))
        yield from _has(one, fields, "outgoing", spec.outgoing)


def _client(facts: Mapping[str, Any], spec: Spec) -> Iterator[str]:
    if "request" in facts:
        fields = _names(facts, OF_THE_REQUEST)
        for key, name in (("limit", "field"), ("query", "field"), ("total", "offset")):
            fields += _names(facts.get(key, {}), (name,))
        for request in (facts["request"], *facts.get("also", ())):
            yield from _has(request, fields, "incoming", spec.incoming)
    if "deletes" in facts:
        yield from _has(facts["deletes"], _names(facts, ("message",)), "incoming", spec.incoming)
    for change in facts.get("changes", ()):
        of_both = _names(facts, ("message", "text", "key"))
        yield from _has(change["request"], of_both, "incoming", spec.incoming)
        yield from _has(change["frame"], of_both + _names(facts, ("user",)), "outgoing", spec.outgoing)
    for key in ("join", "leave"):
        if key in facts:
            yield from _has(facts[key], [facts["by"]], "incoming", spec.incoming)


def _pages(facts: Mapping[str, Any], spec: Spec) -> Iterator[str]:
    pages = {kind: page["list"] if isinstance(page, dict) else page for kind, page in facts.get("pages", {}).items()}
    if "reply" in facts:
        pages[facts["reply"]] = facts["list"]
    fields = _names(facts, OF_AN_ITEM) + _names(facts.get("query", {}), ("within",))
    for kind, name in pages.items():
        yield from _has(kind, [name], "outgoing", spec.outgoing)
        shape = spec.outgoing[kind].shape.fields.get(name) if kind in spec.outgoing else None
        if shape is not None and shape.items is not None:
            yield from (f"a message in {kind} has no field {one!r}" for one in fields if one not in shape.items.fields)


def _names(facts: Mapping[str, Any], keys: tuple[str, ...]) -> list[str]:
    """Give the fields that these facts name: one, several, or the keys of a mapping."""
    found: list[str] = []
    for key in keys:
        value = facts.get(key, ())
        found += [value] if isinstance(value, str) else list(value)
    return found


def _has(kind: str | None, fields: list[str], way: str, known: Mapping[str, Message]) -> Iterator[str]:
    if kind is None:
        return
    if kind not in known:
        yield f"there is no message type ({way}) {kind!r}"
        return
    for name in fields:
        if name not in known[kind].fields:
            yield f"{kind} has no field {name!r}"
