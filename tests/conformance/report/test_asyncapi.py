"""The AsyncAPI document is valid, current, and says what the message schemas say."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
import yaml

from conformance.report.asyncapi import FRAME, REQUEST, Server, asyncapi, asyncapi_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.spec import Spec
    from conformance.spec.messages import Message

OFFICIAL = json.loads((Path(__file__).parent / "schemas" / "asyncapi" / "3.0.0.json").read_text(encoding="utf-8"))
SERVER = Server("here", "A server", "wss://chat.example/socket", "jwt")


@pytest.fixture(scope="module")
def document(spec: Spec) -> dict[str, Any]:
    return asyncapi(spec, SERVER)


@pytest.fixture(scope="module")
def official() -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft7Validator(OFFICIAL)


def sides(spec: Spec) -> Iterator[tuple[str, Message]]:
    for side, messages in ((REQUEST, spec.incoming), (FRAME, spec.outgoing)):
        for message in messages.values():
            yield side, message


def payload(document: dict[str, Any], name: str) -> jsonschema_rs.Validator:
    """What the document says of a message, as the draft that AsyncAPI reads."""
    whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return jsonschema_rs.Draft7Validator(
        {"allOf": [{"$ref": whole.pop("$ref")}], **whole}, validate_formats=True, ignore_unknown_formats=False
    )


def test_fits_the_official_schema(document: dict[str, Any], official: jsonschema_rs.Validator) -> None:
    official.validate(document)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda it: it["operations"]["receiveSendMessage"].update(action="hear"),
        lambda it: it["operations"]["sendNewMessage"].pop("channel"),
        lambda it: it["info"].pop("version"),
        lambda it: it["components"]["securitySchemes"]["token"].update({"in": "pocket"}),
        lambda it: it["components"]["messages"]["PingRequest"].update(payload=5),
    ],
)
def test_would_not_fit_it_if_it_were_wrong(
    document: dict[str, Any], official: jsonschema_rs.Validator, spoil: Callable[[dict[str, Any]], object]
) -> None:
    spoilt = deepcopy(document)
    spoil(spoilt)
    assert not official.is_valid(spoilt)


def test_has_every_message_of_both_directions(spec: Spec, document: dict[str, Any]) -> None:
    names = {message.type + side for side, message in sides(spec)}
    assert len(names) == 39
    assert document["channels"]["chat"]["messages"].keys() == names
    assert document["components"]["messages"].keys() == names


def test_receives_every_request_and_sends_everything_else(spec: Spec, document: dict[str, Any]) -> None:
    received = {name for name, one in document["operations"].items() if one["action"] == "receive"}
    assert received == {f"receive{name}" for name in spec.incoming}
    spoken = {
        reference["$ref"].rpartition("/")[2]
        for one in document["operations"].values()
        for reference in [*one["messages"], *one.get("reply", {"messages": ()})["messages"]]
    }
    assert spoken == document["components"]["messages"].keys()


def test_says_what_a_request_is_answered_with(document: dict[str, Any]) -> None:
    def replies(name: str) -> list[str]:
        found = document["operations"][f"receive{name}"]["reply"]["messages"]
        return [one["$ref"].rpartition("/")[2] for one in found]

    assert replies("FetchHistory") == ["HistoryChunkFrame", "ErrorFrame"]
    assert replies("Typing") == ["ErrorFrame"]


def test_says_how_to_connect(document: dict[str, Any]) -> None:
    assert document["servers"]["here"]["host"] == "chat.example"
    assert document["servers"]["here"]["protocol"] == "wss"
    assert document["channels"]["chat"]["address"] == "/socket"
    assert document["channels"]["chat"]["bindings"]["ws"]["query"]["required"] == ["jwt"]
    assert document["components"]["securitySchemes"]["token"]["name"] == "jwt"


def test_its_schemas_take_every_valid_example_and_no_invalid_one(spec: Spec, document: dict[str, Any]) -> None:
    for side, message in sides(spec):
        validator = payload(document, message.type + side)
        shown = [one["payload"] for one in document["components"]["messages"][message.type + side]["examples"]]
        assert shown == message.schema["examples"]
        assert [one for one in shown if not validator.is_valid(one)] == []
        assert [one["why"] for one in message.schema["x-invalid-examples"] if validator.is_valid(one["value"])] == []


def test_names_the_rules_of_a_message(document: dict[str, Any]) -> None:
    assert "- `EDIT-2` (must): Only the author may edit" in document["operations"]["receiveEditMessage"]["description"]


def test_is_the_same_document_as_yaml(spec: Spec, document: dict[str, Any]) -> None:
    text = asyncapi_yaml(spec, SERVER)
    assert yaml.safe_load(text) == document
    assert text == asyncapi_yaml(spec, SERVER)
