"""Writes the protocol as an AsyncAPI 3.0 document: one channel, an operation per message, and both sides' types.

The document describes the server, as AsyncAPI does: it receives requests, and sends replies and events. The message
schemas are JSON Schema 2020-12, the document's are draft 07, where a `$ref` has no neighbours: they move into `allOf`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from conformance.spec.folder import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.spec import Spec
    from conformance.spec.messages import Message

VERSION = "3.0.0"
REQUEST, FRAME = "Request", "Frame"
"""What follows a message type in the name of a schema: one type may go both ways, with other fields."""
LEFT_OUT = frozenset({"$schema", "$id", "examples", "x-invalid-examples"})
"""Keys of a message schema that the document has elsewhere, or that only tests read."""
HEADER = (
    "# Written by `chat-parity docs --asyncapi` from the rest of this folder. Do not edit it: run the command again.\n"
)
CHANNEL = "#/channels/chat"
SCHEMES = "#/components/securitySchemes/token"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that the document names: its key there, what it is, its URL, and its parameter for the token."""

    key: str
    title: str
    url: str
    token_parameter: str


def asyncapi_yaml(spec: Spec, server: Server) -> str:
    """Give the document as YAML, the same text for the same spec."""
    text: str = yaml.dump(asyncapi(spec, server), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return HEADER + text


class _Dumper(yaml.SafeDumper):
    """Writes a value that is used twice twice, without the anchors that few readers understand."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    """Write a text of several lines as it is."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def asyncapi(spec: Spec, server: Server) -> dict[str, Any]:
    """Give the document as JSON values."""
    url = urlsplit(server.url)
    sides = [(REQUEST, spec.incoming), (FRAME, spec.outgoing)]
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "veza chat protocol",
            "version": f"messages-{messages_digest(spec).removeprefix('sha256:')[:12]}",
            "description": _introduction(spec, server),
            "license": {"name": "MIT"},
            "tags": [{"name": one.id, "description": one.title} for one in spec.features.values()],
            "x-messages-digest": messages_digest(spec),
        },
        "defaultContentType": "application/json",
        "servers": {
            server.key: {
                "host": url.netloc,
                "protocol": url.scheme,
                "title": server.title,
                "security": [{"$ref": SCHEMES}],
            }
        },
        "channels": {
            "chat": {
                "address": url.path,
                "title": "The WebSocket",
                "description": "One WebSocket for everything, in both directions. Each text frame has one JSON object.",
                "messages": {
                    message.type + side: {"$ref": f"#/components/messages/{message.type}{side}"}
                    for side, messages in sides
                    for message in messages.values()
                },
                "bindings": {"ws": {"method": "GET", "query": _query(server), "bindingVersion": "0.1.0"}},
            }
        },
        "operations": dict(_operations(spec)),
        "components": {
            "messages": {
                message.type + side: _message(spec, message, side)
                for side, messages in sides
                for message in messages.values()
            },
            "schemas": {
                **{name: _draft_07(schema) for name, schema in spec.definitions.items()},
                **{
                    message.type + side: {**_draft_07(message.schema), "title": message.type + side}
                    for side, messages in sides
                    for message in messages.values()
                },
            },
            "securitySchemes": {
                "token": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": server.token_parameter,
                    "description": "A JWT (JSON Web Token) that names the user.",
                }
            },
        },
    }


def messages_digest(spec: Spec) -> str:
    """Give a digest of the message schemas: it changes exactly when a type made from them may change."""
    return digest(spec.folder, (spec.folder / "messages").rglob("*"))


def _introduction(spec: Spec, server: Server) -> str:
    protocol = spec.protocol
    return (
        f"A client connects to `{urlsplit(server.url).path}?{server.token_parameter}=JWT`. "
        f"Each text frame is one JSON object; its field `{protocol.discriminator}` names the message type.\n\n"
        f"The first frame on a connection is {protocol.greeting.frame}. "
        "The server handles the requests of a connection one after the other. "
        "It answers each on the same connection, in the order of the requests. "
        f"A request that fails is answered with {protocol.error}. "
        "A request without a reply of its own is answered only when it fails.\n\n"
        "This document describes the server: it *receives* requests, and *sends* replies and events. "
        f"A type name ends with {REQUEST} if the client sends the message, and with {FRAME} if the server does."
    )


def _query(server: Server) -> dict[str, Any]:
    name = server.token_parameter
    return {"type": "object", "required": [name], "properties": {name: {"type": "string", "description": "A JWT."}}}


def _operations(spec: Spec) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give an operation per request, with its replies, and one per frame that comes by itself."""
    error = spec.protocol.error
    replies = {error}
    for request in spec.incoming.values():
        operation = _operation(spec, request, REQUEST)
        success = request.reply["type"] if request.reply else None
        names = dict.fromkeys(name for name in (success, error) if name)
        operation["reply"] = {
            "channel": {"$ref": CHANNEL},
            "messages": [{"$ref": f"{CHANNEL}/messages/{name}{FRAME}"} for name in names],
        }
        replies |= names.keys()
        yield f"receive{request.type}", operation
    for frame in spec.outgoing.values():
        if frame.type not in replies or frame.type == spec.protocol.greeting.frame:
            yield f"send{frame.type}", _operation(spec, frame, FRAME)


def _operation(spec: Spec, message: Message, side: str) -> dict[str, Any]:
    return {
        "action": "receive" if side == REQUEST else "send",
        "channel": {"$ref": CHANNEL},
        "title": message.type,
        "summary": message.schema["description"],
        "description": _rules(spec, message, side),
        "tags": _tags(spec, message, side),
        "messages": [{"$ref": f"{CHANNEL}/messages/{message.type}{side}"}],
    }


def _message(spec: Spec, message: Message, side: str) -> dict[str, Any]:
    return {
        "name": message.type,
        "title": message.type,
        "summary": message.schema["description"],
        "tags": _tags(spec, message, side),
        "payload": {"$ref": f"#/components/schemas/{message.type}{side}"},
        "examples": [{"payload": example} for example in message.schema.get("examples", ())],
    }


def _features(spec: Spec, message: Message, side: str) -> list[str]:
    return [
        one.id for one in spec.features.values() if message.type in (one.incoming if side == REQUEST else one.outgoing)
    ]


def _tags(spec: Spec, message: Message, side: str) -> list[dict[str, str]]:
    return [{"name": name} for name in _features(spec, message, side)]


def _rules(spec: Spec, message: Message, side: str) -> str:
    """List the rules of the message's features, as Markdown."""
    features = set(_features(spec, message, side))
    lines = [
        f"- `{rule.id}` ({rule.level}): {rule.sentence}"
        for rule in spec.rules.values()
        if features.intersection(rule.features)
    ]
    return "\n".join(["The rules of its features:\n", *lines]) if lines else "No feature names this message."


def _draft_07(schema: Any) -> Any:
    """Rewrite a schema: shared definitions by their place in the document, and alone where a `$ref` is."""
    if isinstance(schema, list):
        return [_draft_07(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _each(key, value) for key, value in schema.items() if key not in LEFT_OUT and key != "$ref"}
    if "$ref" not in schema:
        return kept
    reference = {"$ref": f"#/components/schemas/{schema['$ref'].rpartition('/')[2]}"}
    return {"allOf": [reference], **kept} if kept else reference


def _each(key: str, value: Any) -> Any:
    """Rewrite what a keyword holds: the values of `properties` are schemas, whatever their names."""
    if key == "properties":
        return {name: _draft_07(schema) for name, schema in value.items()}
    return value if key in ("const", "enum") or key.startswith("x-") else _draft_07(value)
