"""One page for each message type, and a list of the types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.report.site.fields import fields, rules_in
from conformance.report.site.limits import limits_of
from conformance.report.site.markdown import block, bullets, code, data, heading, table, text, toctree
from conformance.report.site.names import (
    bases,
    message_page,
    speaks_of,
    to_feature,
    to_message,
    to_rule,
    to_scenario,
)
from conformance.scenario.steps import Send
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.report.site.fields import Field
    from conformance.scenario.model import Scenario
    from conformance.spec.messages import Message
    from conformance.spec.model import Spec

REFUSAL = "refusal"
"""The tag of scenarios in which the server refuses a request."""

DIRECTIONS = {"incoming": "Client → server", "outgoing": "Server → client"}


def message_pages(spec: Spec, common: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the pages by path."""
    refused = _refused(spec)
    lists = []
    for direction, messages in (("incoming", spec.incoming), ("outgoing", spec.outgoing)):
        for message in messages.values():
            parts = [
                f"# {_title(spec, message.type, direction)}\n",
                f"{text(str(message.schema.get('description', '')))}\n",
                f"Direction: {text(DIRECTIONS[direction])}\n",
                *(_request(spec, message) if direction == "incoming" else _event(spec, message)),
                *_fields(message, common),
                *limits_of(spec, message.type, direction),
                *(_errors(spec, message, refused.get(message.type, {})) if direction == "incoming" else ()),
                *_examples(message),
                *_rules(spec, message),
            ]
            yield message_page(direction, message.type), "\n".join(parts)
        rows = (
            [to_message(spec, one.type, direction), text(str(one.schema.get("description", "")))]
            for one in messages.values()
        )
        lists += [heading(2, text(DIRECTIONS[direction])), table(["type", "meaning"], rows)]
        lists.append(toctree(*(f"/{message_page(direction, name)}" for name in messages)))
    count = len(spec.incoming) + len(spec.outgoing)
    yield (
        "messages/index",
        "\n".join([f"# Messages\n\n{count} types: each is a JSON object in one text frame.\n", *lists]),
    )


def _title(spec: Spec, name: str, direction: str) -> str:
    """Name a type; add the direction if both sides send it."""
    both = name in spec.incoming and name in spec.outgoing
    return f"{text(name)} \\({text(DIRECTIONS[direction])}\\)" if both else text(name)


def _refused(spec: Spec) -> dict[str, dict[str, Scenario]]:
    """Give, for each request type, the scenarios in which the server refuses it."""
    found: dict[str, dict[str, Scenario]] = {}
    for one in spec.scenarios.values():
        if REFUSAL in one.tags:
            for step in walk(one.steps):
                if isinstance(step, Send):
                    found.setdefault(step.frame, {}).setdefault(one.base, one)
    return found


def _features(spec: Spec, message: Message, direction: str) -> str:
    found = [one for one in spec.features.values() if message.type in getattr(one, direction)]
    return "Feature: " + (", ".join(map(to_feature, found)) or "none of its own") + "\n"


def _request(spec: Spec, message: Message) -> Iterator[str]:
    yield _features(spec, message, "incoming")
    yield heading(2, "Replies and events")
    error = to_message(spec, spec.protocol.error, "outgoing")
    if message.reply is None:
        yield f"The sender gets no reply if it succeeds, and {error} if it fails.\n"
    else:
        fixed = message.reply.get("with")
        reply = to_message(spec, message.reply["type"], "outgoing")
        yield f"The sender gets {reply}{f' with {data(fixed)}' if fixed else ''}, or {error} if it fails.\n"
    for event in message.echo:
        yield f"It causes {to_message(spec, event, 'outgoing')} for others; the sender may get it too.\n"


def _event(spec: Spec, message: Message) -> Iterator[str]:
    yield _features(spec, message, "outgoing")
    yield heading(2, "Who gets it")
    name, protocol = message.type, spec.protocol
    items = []
    if rule := spec.rules.get(message.rule or ""):
        items.append(f"{to_rule(rule.id)}: {text(rule.sentence)}")
    if name == protocol.greeting.frame:
        items.append(f"It is the first frame of every connection, with {data(dict(protocol.greeting.pattern))}.")
    if name == protocol.error:
        items.append("The sender of any request that fails gets it.")
    replied = [one.type for one in spec.incoming.values() if one.reply and one.reply["type"] == name]
    if replied:
        items.append(f"It is the reply to {', '.join(to_message(spec, one, 'incoming') for one in replied)}.")
    caused = {one.type: one.echo[name] for one in spec.incoming.values() if name in one.echo}
    for request, actor in caused.items():
        items.append(
            f"{to_message(spec, request, 'incoming')} causes it; {code(actor)} is the user who sent the request."
        )
    for expiry in protocol.expiries:
        if expiry.event.frame == name:
            items.append(
                f"The server sends it by itself, with {data(dict(expiry.event.pattern))}, when {code(expiry.timer)} "
                f"has passed after {to_message(spec, expiry.request, 'incoming')} with {data(dict(expiry.having))}."
            )
    if name in protocol.ambient:
        items.append("It may come at any time.")
    told = [who for who, types in protocol.bystanders.may_get.items() if name in types]
    if told:
        items.append(f"It may also reach connections that have not joined: {', '.join(map(code, told))}.")
    yield bullets(items)


def _fields(message: Message, common: Mapping[str, Any]) -> Iterator[str]:
    yield heading(2, "Fields")
    rows = [_row(one, message.never.get(one.name)) for one in fields(message.schema, common)]
    yield table(["field", "type", "required", "meaning", "provenance"], rows)


def _row(field: Field, never: str | None) -> list[str]:
    words = [text(field.description)]
    if field.values:
        words.append(f"Values: {', '.join(map(data, field.values))}.")
    words += [f"{text(what.capitalize())} {data(value)}." for what, value in field.limits]
    if never:
        words.append(f"A compliant server leaves it empty: {text(never)}")
    if field.rule:
        words.append(f"Rule: {to_rule(field.rule)}.")
    need = "yes" if field.required else "no"
    return [code(field.name), text(field.type), need, " ".join(filter(None, words)), text(field.provenance)]


def _errors(spec: Spec, message: Message, refused: Mapping[str, Scenario]) -> Iterator[str]:
    if not refused:
        return
    yield heading(2, "When the server refuses it")
    yield bullets(to_scenario(group[0]) for group in bases(refused.values()).values())


def _examples(message: Message) -> Iterator[str]:
    examples = message.schema.get("examples", ())
    if examples:
        yield heading(2, "Valid examples")
    for example in examples:
        yield block(json.dumps(example, indent=2, ensure_ascii=False), "json")
    wrong = message.schema.get("x-invalid-examples", ())
    if wrong:
        yield heading(2, "Invalid examples")
        yield table(["why", "example"], ([text(str(one.get("why", ""))), data(one.get("value"))] for one in wrong))


def _rules(spec: Spec, message: Message) -> Iterator[str]:
    named = dict.fromkeys(rules_in(dict(message.schema)))
    found = [one for one in spec.rules.values() if one.id in named or speaks_of(one, message.type)]
    if found:
        yield heading(2, "Rules that name it")
        yield table(
            ["rule", "level", "sentence"], ([to_rule(one.id), text(one.level), text(one.sentence)] for one in found)
        )
