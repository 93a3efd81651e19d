"""Our own files have the form that their format schemas describe, and those schemas help an editor."""

import copy

import jsonschema_rs
from jsonschema import Draft202012Validator

from tests.each import each
from tests.spec.spec_files import SPEC, compile_schema, message_files, read_json, read_yaml, rule_files

FORMATS = {
    name: read_json(SPEC / "formats" / f"{name}.schema.json") for name in ("features", "invariants", "rules", "message")
}
features_format, invariants_format, rules_format, message_format = map(compile_schema, FORMATS.values())

each_format = each(FORMATS.values())

EDIT = read_yaml(SPEC / "rules" / "04-edit-message.yaml")
SEND_MESSAGE = read_json(SPEC / "messages" / "incoming" / "SendMessage.json")
NEW_MESSAGE = read_json(SPEC / "messages" / "outgoing" / "NewMessage.json")


def described(schema):
    """Every named thing in a format schema: its properties and definitions, at any depth."""
    for key in ("properties", "$defs"):
        for name, inner in schema.get(key, {}).items():
            if isinstance(inner, dict):
                yield name, inner
                yield from described(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from described(schema[key])


def changed(value, *path, to):
    """A copy in which one thing is different."""
    result = copy.deepcopy(value)
    *parents, last = path
    inner = result
    for step in parents:
        inner = inner[step]
    inner[last] = to
    return result


def without(value, key):
    return {name: inner for name, inner in value.items() if name != key}


@each_format
def test_a_format_is_a_valid_schema(schema):
    Draft202012Validator.check_schema(schema)
    jsonschema_rs.meta.validate(schema)


@each_format
def test_an_editor_finds_a_title_and_a_description_for_everything_it_offers(schema):
    assert schema["title"]
    assert schema["description"]
    for name, inner in described(schema):
        if inner == {"type": "object", "required": ["const"]}:  # a second condition on a described thing
            continue
        target = schema["$defs"][inner["$ref"].rpartition("/")[2]] if "$ref" in inner else {}
        assert {"title", "description"} <= set(inner) | set(target), name


def test_features_yaml_has_its_form():
    assert features_format.accepts(read_yaml(SPEC / "features.yaml"))


def test_invariants_yaml_has_its_form():
    assert invariants_format.accepts(read_yaml(SPEC / "invariants.yaml"))


@each(rule_files())
def test_every_file_of_rules_has_its_form(path):
    assert rules_format.accepts(read_yaml(path))


@each(message_files())
def test_every_message_schema_has_its_form(path):
    assert message_format.accepts(read_json(path))


@each([SPEC / "features.yaml", *rule_files()])
def test_the_first_line_tells_an_editor_the_format(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    prefix, _, address = first.partition("$schema=")
    assert prefix == "# yaml-language-server: "
    expected = "features" if path.stem == "features" else "rules"
    assert (path.parent / address).resolve() == SPEC / "formats" / f"{expected}.schema.json"


@each(
    [
        changed(EDIT, "rules", 0, "level", to="may"),
        changed(EDIT, "rules", 0, "id", to="edit-1"),
        changed(EDIT, "rules", 0, "id", to="EDIT-0"),
        changed(EDIT, "rules", 0, "id", to="EDIT-1s"),
        changed(EDIT, "rules", 0, "sentence", to="no capital and no full stop"),
        changed(EDIT, "rules", 0, "provenance", to="hearsay"),
        changed(EDIT, "rules", 0, "source", to=""),
        changed(EDIT, "rules", 0, "sourse", to="a slip"),
        changed(EDIT, "rules", 0, to=without(EDIT["rules"][0], "source")),
        changed(EDIT, "rules", to=[]),
        changed(EDIT, "features", to=[]),
        changed(EDIT, "features", to="edit_message"),
        changed(EDIT, "rule", to=[]),
    ]
)
def test_a_slip_in_a_file_of_rules_is_found(wrong):
    assert not rules_format.accepts(wrong)


@each(
    [
        {"number": 0},
        {"number": "1"},
        {"id": "EditMessage"},
        {"title": ""},
        {"titel": "a slip"},
        {"messages": {"incoming": []}},
        {"messages": {"incoming": [], "outgoing": ["new_message"]}},
        {"messages": {"incoming": ["Ping", "Ping"], "outgoing": []}},
    ]
)
def test_a_slip_in_features_yaml_is_found(wrong):
    good = {"number": 1, "id": "ping_pong", "title": "Ping", "messages": {"incoming": ["Ping"], "outgoing": []}}
    assert features_format.accepts({"features": [good]})
    assert not features_format.accepts({"features": [{**good, **wrong}]})


@each(sorted(FORMATS["message"]["required"]))
def test_a_message_schema_needs_all_its_parts(key):
    assert not message_format.accepts(without(SEND_MESSAGE, key))


@each(
    [
        changed(SEND_MESSAGE, "additionalProperties", to=False),
        changed(SEND_MESSAGE, "allOf", to=[]),
        changed(SEND_MESSAGE, "x-rule", to="SEND-1"),
        changed(SEND_MESSAGE, "x-rights", to=["send"]),
        changed(SEND_MESSAGE, "x-reply", to="ActionConfirmed"),
        changed(SEND_MESSAGE, "x-provenance", to="hearsay"),
        changed(SEND_MESSAGE, "required", to=["content"]),
        changed(SEND_MESSAGE, "x-invalid-examples", to=SEND_MESSAGE["x-invalid-examples"][:2]),
        changed(SEND_MESSAGE, "properties", "content", to={"type": "string"}),
        changed(SEND_MESSAGE, "properties", "content", "maxLength", to=4000),
        changed(SEND_MESSAGE, "properties", "content", to=without(SEND_MESSAGE["properties"]["content"], "type")),
        changed(SEND_MESSAGE, "properties", "contentType", to=SEND_MESSAGE["properties"]["content"]),
        changed(SEND_MESSAGE, "properties", "conversation_id", "$ref", to="https://example.com/uuid.json"),
        changed(SEND_MESSAGE, "properties", "type", to=SEND_MESSAGE["properties"]["content"]),
        without(NEW_MESSAGE, "x-rule"),
        changed(NEW_MESSAGE, "x-reply", to={"type": "Pong"}),
        changed(NEW_MESSAGE, "x-echo", to={"NewMessage": "sender_id"}),
        changed(NEW_MESSAGE, "x-never", to={"parent_message_id": "no sentence"}),
        changed(NEW_MESSAGE, "$id", to="https://example.com/NewMessage.json"),
    ]
)
def test_a_slip_in_a_message_schema_is_found(wrong):
    assert not message_format.accepts(wrong)
