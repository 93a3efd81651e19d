"""The message types fit together: features name them, schemas describe them, scenarios send and expect them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.coverage.places import places
from conformance.errors import Mistake
from conformance.files.documents import read_json
from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.spec import Spec
    from conformance.spec.messages import Message


def types_have_features_and_schemas(spec: Spec) -> Iterator[Mistake]:
    """Find types of `features.yaml` without a schema, and schemas whose type belongs to no feature."""
    file = spec.folder / "features.yaml"
    for way, messages in (("incoming", spec.incoming), ("outgoing", spec.outgoing)):
        named = {}
        for feature in spec.features.values():
            for kind in feature.incoming if way == "incoming" else feature.outgoing:
                named[kind] = feature
        for kind in sorted(named.keys() - messages.keys()):
            missing = f"{way} type {kind} of {named[kind].id} has no schema: messages/{way}/{kind}.json is missing"
            yield Mistake(file, named[kind].line, f"the {missing}")
        for kind in sorted(messages.keys() - named.keys()):
            yield Mistake(messages[kind].file, 0, f"no feature of features.yaml has the {way} type {kind}")


def types_named_by_schemas_exist(spec: Spec) -> Iterator[Mistake]:
    """Find replies and echoes of requests that no schema describes, or whose fields the schema does not have."""
    for message in spec.incoming.values():
        reply = message.reply
        if reply is not None:
            kind = reply[spec.protocol.discriminator]
            yield from _has(message, "x-reply", kind, reply.get("with", {}), spec.outgoing)
        for kind, actor in message.echo.items():
            yield from _has(message, "x-echo", kind, {actor: None}, spec.outgoing)


def places_that_are_never_filled_exist(spec: Spec) -> Iterator[Mistake]:
    """Find places of `x-never` that the schema does not have."""
    common = read_json(spec.folder / "messages" / "common.json")
    for message in spec.outgoing.values():
        known = {place.path for place in places(message.schema, common, spec.protocol.discriminator)}
        for path in sorted(message.never.keys() - known):
            yield Mistake(message.file, 0, f"`x-never`: {message.type} has no {path!r}")


def types_of_the_protocol_exist(spec: Spec) -> Iterator[Mistake]:
    """Find types, and fields of trials, that `protocol.yaml` gives a role and that no schema describes."""
    protocol = spec.protocol
    key = protocol.discriminator
    outgoing = {protocol.greeting.frame, protocol.barrier_reply, protocol.error, protocol.broadcast.frame}
    outgoing.add(protocol.stored.frame)
    incoming = {str(one[key]) for one in (protocol.barrier_request, protocol.join_request, protocol.broadcast_request)}
    incoming.add(str(protocol.stored.request[key]))
    for budget in protocol.budgets:
        incoming |= budget.requests or frozenset()
    for expiry in protocol.expiries:
        incoming.add(expiry.request)
        outgoing.add(expiry.event.frame)
    file = spec.folder / "protocol.yaml"
    for way, named, known in (
        ("incoming", incoming, spec.incoming),
        ("outgoing", outgoing | protocol.ambient, spec.outgoing),
    ):
        for kind in sorted(named - known.keys()):
            yield Mistake(file, 0, f"there is no message type ({way}) {kind!r}")
    for part in protocol.parts:
        fields = spec.incoming[part.of].fields if part.of in spec.incoming else ()
        if (part.field in fields) is part.extra:
            which = "which a request has" if part.extra else "which no request has"
            yield Mistake(file, 0, f"a trial is about {part.of}.{part.field}, {which}")
        if part.feature not in spec.features:
            yield Mistake(file, 0, f"the trial of {part.name}: there is no feature {part.feature!r}")
    if protocol.unknown_type in spec.incoming:
        yield Mistake(file, 0, f"`unknown_type` is {protocol.unknown_type}, which is a type of the protocol")


def types_are_used(spec: Spec) -> Iterator[Mistake]:
    """Find requests that no scenario sends, and frames of the server that none expects."""
    sent: set[str] = set()
    expected: set[str] = set()
    for scenario in spec.scenarios.values():
        for step in walk((*scenario.setup, *scenario.steps)):
            sent |= {step.frame} if isinstance(step, s.Send | s.Page) else set()
            expected |= expects(step)
    for kind in sorted(spec.incoming.keys() - sent):
        yield Mistake(spec.incoming[kind].file, 0, f"no scenario sends {kind}")
    for kind in sorted(spec.outgoing.keys() - expected):
        yield Mistake(spec.outgoing[kind].file, 0, f"no scenario expects {kind}")


def expects(step: s.Step) -> frozenset[str]:
    """Give the types that a step waits for."""
    match step:
        case s.Expect() | s.Collect():
            return frozenset({step.frame})
        case s.Page():
            return frozenset({step.reply})
        case s.ExpectEither():
            return frozenset(one.frame for one in step.alternatives if one.frame is not None)
    return frozenset()


def _has(
    message: Message, keyword: str, kind: str, fields: Mapping[str, object], known: Mapping[str, Message]
) -> Iterator[Mistake]:
    if kind not in known:
        yield Mistake(message.file, 0, f"`{keyword}`: there is no message type (outgoing) {kind!r}")
        return
    for name in sorted(fields.keys() - known[kind].fields):
        yield Mistake(message.file, 0, f"`{keyword}`: {kind} has no field {name!r}")
