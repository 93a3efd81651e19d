"""Finds names in `explore.yaml` and `freedoms.yaml` that do not exist: types, fields, rights, probes, rules, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.explore.differ_odd import KNOCK, RAW
from conformance.engine.explore.freedoms import ANY, read_freedoms
from conformance.engine.explore.knowledge import read_knowledge
from conformance.errors import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.engine.explore.freedoms import Freedom, FreeFrame
    from conformance.engine.explore.knowledge import FieldValues, Knowledge, RequestUse
    from conformance.spec import Spec

SHOULD = "should"
SPOILT = ("wrong", "missing")
"""What the label of a field says that has a wrong type, or is left out."""


def names_for_exploring_exist(spec: Spec) -> Iterator[Mistake]:
    """Check both files; a spec without `explore.yaml` cannot be explored, and that is no mistake."""
    if not (spec.folder / "explore.yaml").exists():
        return
    knowledge = read_knowledge(spec)
    yield from _at(spec.folder / "explore.yaml", _of_knowledge(knowledge, spec))
    yield from _at(spec.folder / "freedoms.yaml", _of_freedoms(knowledge, spec))


def _at(file: Path, messages: Iterator[str]) -> Iterator[Mistake]:
    for message in messages:
        yield Mistake(file, 0, message)


def _of_knowledge(knowledge: Knowledge, spec: Spec) -> Iterator[str]:
    for kind in sorted(spec.incoming.keys() - knowledge.requests.keys()):
        yield f"{kind} is never explored: say in `requests` what it needs"
    every = {name for message in spec.incoming.values() for name in message.fields}
    discriminator = {spec.protocol.discriminator}
    for name in sorted(every - knowledge.fields.keys() - discriminator):
        yield f"the field {name} gets no value: say in `fields` what it takes"
    for name, values in knowledge.fields.items():
        if name not in every:
            yield f"no request has a field {name!r}"
        yield from _of_field(name, values, spec)
    for kind, use in knowledge.requests.items():
        yield from _of_request(kind, use, spec)
    for kind in knowledge.ignored:
        if kind not in spec.outgoing:
            yield _no_outgoing(kind)
    yield from _of_oddities(knowledge, spec)
    for final in knowledge.final:
        if final.request not in knowledge.requests or knowledge.requests[final.request].view is None:
            yield f"`final`: {final.request} is no request with a view"


def _of_oddities(knowledge: Knowledge, spec: Spec) -> Iterator[str]:
    for odd in (*knowledge.raw, *knowledge.tokens):
        if odd.rule not in spec.rules:
            yield f"{odd.label}: there is no rule {odd.rule!r}"
    for key, rule in (("closing", knowledge.closing), ("lagging", knowledge.lagging)):
        if rule is not None and rule not in spec.rules:
            yield f"`{key}`: there is no rule {rule!r}"
    if knowledge.mistaken is not None:
        if knowledge.mistaken.rule not in spec.rules:
            yield f"`mistaken`: there is no rule {knowledge.mistaken.rule!r}"
        if knowledge.mistaken.frame not in spec.outgoing:
            yield _no_outgoing(knowledge.mistaken.frame)


def _of_field(name: str, values: FieldValues, spec: Spec) -> Iterator[str]:
    if values.text is not None and not _has(values.text, spec):
        yield f"{name}: the profile has no {values.text}"
    if not (values.id or values.text or values.words or values.page or values.plain or values.follows):
        yield f"{name}: there is no value that every server takes"


def _of_request(kind: str, use: RequestUse, spec: Spec) -> Iterator[str]:
    if kind not in spec.incoming:
        yield f"there is no message type (incoming) {kind!r}"
        return
    rights = {right for some in spec.protocol.roles.values() for right in some}
    if use.right is not None and use.right not in rights:
        yield f"{kind}: no role has the right {use.right!r}"
    for field in (use.changes, use.deletes):
        if field is not None and field not in spec.incoming[kind].fields:
            yield f"{kind} has no field {field!r}"
    if use.creates is not None:
        if use.creates.event not in spec.outgoing:
            yield _no_outgoing(use.creates.event)
        else:
            for field in {use.creates.id, use.creates.moment, *use.creates.same} - spec.outgoing[
                use.creates.event
            ].fields:
                yield f"{use.creates.event} has no field {field!r}"
    if use.view is not None and use.view.order is not None and use.view.order not in spec.protocol.orders:
        yield f"{kind}: the protocol has no order {use.view.order!r}"
    for path in use.page or ():
        if not _has(path, spec):
            yield f"{kind}: the profile has no {path}"
    if use.after is not None and use.after.request not in spec.incoming:
        yield f"there is no message type (incoming) {use.after.request!r}"


def _of_freedoms(knowledge: Knowledge, spec: Spec) -> Iterator[str]:
    freedoms = read_freedoms(spec)
    odd = {RAW: {one.label for one in knowledge.raw}, KNOCK: {one.label for one in knowledge.tokens}}
    for one in freedoms.requests:
        if one.request not in (ANY, RAW, KNOCK) and one.request not in spec.incoming:
            yield f"there is no message type (incoming) {one.request!r}"
        for label in sorted(one.when):
            before, _, after = label.partition("=")
            if before in odd:
                if after not in odd[before]:
                    yield f"the label {label} names no kind of `explore.yaml`"
                continue
            if after and (after if before in SPOILT else before) not in knowledge.fields:
                yield f"the label {label} names no field of `explore.yaml`"
        yield from _source(one, spec)
    for frame in freedoms.frames:
        if frame.frame not in spec.outgoing:
            yield _no_outgoing(frame.frame)
        if frame.unless is not None and frame.unless not in spec.incoming:
            yield f"there is no message type (incoming) {frame.unless!r}"
        if frame.profile is not None and not _has(frame.profile, spec):
            yield f"the profile has no {frame.profile}"
        yield from _source(frame, spec)
    if not _has(freedoms.echo, spec):
        yield f"the profile has no {freedoms.echo}"


def _source(one: Freedom | FreeFrame, spec: Spec) -> Iterator[str]:
    """Check the probe or rule that an entry names: a must rule leaves nothing free."""
    if one.source in spec.rules:
        if spec.rules[one.source].level != SHOULD:
            yield f"{one.source} is a must rule: no server is free to break it"
    elif not any(probe.partition("[")[0] == one.source for probe in spec.probes):
        yield f"there is no probe and no rule {one.source!r}"


def _has(path: str, spec: Spec) -> bool:
    group, _, name = path.partition(".")
    return name in spec.protocol.profile.get(group, {})


def _no_outgoing(kind: str) -> str:
    return f"there is no message type (outgoing) {kind!r}"
