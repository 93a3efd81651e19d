"""The message schemas say what the protocol says, and both validators read them in the same way."""

import itertools

import jsonschema_rs
from jsonschema import Draft202012Validator

from tests.each import each
from tests.spec import protocol_table as table
from tests.spec.spec_files import (
    COMMON,
    DIRECTIONS,
    SPEC,
    all_rules,
    compile_schema,
    message,
    message_files,
    message_of,
    name_of,
    read_json,
    read_yaml,
    shared,
)

PROVENANCE = {"parity-document", "earlier-server", "derived"}
TABLES = {"incoming": table.INCOMING, "outgoing": table.OUTGOING}
PROTOCOL = read_yaml(SPEC / "protocol.yaml")
RULE_IDS = {rule["id"] for rule in all_rules()}

each_message = each(message_files())
each_shared_object = each(table.SHARED)


def subschemas(schema):
    """Every schema inside a schema of ours, itself included."""
    yield schema
    for inner in [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]:
        yield from subschemas(inner)
    if "items" in schema:
        yield from subschemas(schema["items"])


def every_subschema():
    for root in [COMMON, *map(read_json, message_files())]:
        yield from subschemas(root)


def local(reference):
    return COMMON["$defs"][reference.rpartition("/")[2]]


def full_example(path):
    properties = read_json(path)["properties"]
    return next(dict(value) for value in read_json(path)["examples"] if set(value) == set(properties))


def fields_of(schema):
    names = [name for name in schema["properties"] if name != "type"]
    required = {name for name in schema["required"] if name != "type"}
    return required, set(names) - required


def fields_in_table(fields):
    return set(fields.required.split()), set(fields.optional.split())


# --- which messages there are -----------------------------------------------------------------------------


@each([("incoming", 19), ("outgoing", 20)])
def test_there_are_exactly_the_types_of_the_protocol(direction, count):
    names = [path.stem for path in message_files() if path.parent.name == direction]
    assert len(names) == count
    assert set(names) == set(TABLES[direction])


@each_message
def test_file_name_title_address_and_type_are_the_same_name(path):
    schema = read_json(path)
    assert schema["title"] == path.stem
    assert schema["properties"]["type"]["const"] == path.stem
    assert schema["$id"] == f"https://chat-parity.invalid/messages/{name_of(path)}.json"


# --- which fields they have ---------------------------------------------------------------------------------


@each_message
def test_the_fields_are_those_of_the_table(path):
    assert fields_of(read_json(path)) == fields_in_table(TABLES[path.parent.name][path.stem])


@each_message
def test_the_type_is_required(path):
    assert "type" in read_json(path)["required"]


@each_shared_object
def test_the_fields_of_a_shared_object_are_those_of_the_table(name):
    assert fields_of(COMMON["$defs"][name]) == fields_in_table(table.SHARED[name])


def expected_shape(name, optional, *, outgoing):
    """What a field of this name must look like, annotations left out."""

    def nullable(kind):
        return {"type": [kind, "null"] if optional else kind}

    if name in table.IDS:
        return {"$ref": "optionalUuid" if optional else "uuid"}
    if name in table.INSTANTS:
        return {"$ref": "optionalInstant" if optional else "instant"}
    if name in table.CHOICES:
        return {"enum": table.CHOICES[name] | ({None} if optional else set())}
    if name in table.LISTS:
        return nullable("array") | {"items": table.LISTS[name]} | ({"x-rule": "CONN-11"} if outgoing else {})
    for kind, names in {
        "integer": table.INTEGERS,
        "number": table.NUMBERS,
        "boolean": table.BOOLEANS,
    }.items():
        if name in names:
            return nullable(kind)
    return nullable("string")


def actual_shape(schema):
    shape = {key: schema[key] for key in ("type", "x-rule") if key in schema}
    if "$ref" in schema:
        shape["$ref"] = schema["$ref"].rpartition("/")[2]
    if "enum" in schema:
        shape["enum"] = set(schema["enum"])
    if "items" in schema:
        shape["items"] = schema["items"]["$ref"].rpartition("/")[2]
    return shape


@each_message
def test_every_field_has_the_shape_that_its_name_stands_for(path):
    schema = read_json(path)
    outgoing = path.parent.name == "outgoing"
    for name, field in schema["properties"].items():
        if name != "type":
            optional = name not in schema["required"]
            assert actual_shape(field) == expected_shape(name, optional, outgoing=outgoing), name


@each_shared_object
def test_every_field_of_a_shared_object_has_the_shape_that_its_name_stands_for(name):
    schema = COMMON["$defs"][name]
    for field_name, field in schema["properties"].items():
        optional = field_name not in schema["required"]
        assert actual_shape(field) == expected_shape(field_name, optional, outgoing=True), field_name


def test_the_fields_that_hold_ids_are_those_that_the_protocol_names_by_kind():
    named = [name for names in PROTOCOL["ids"].values() for name in names]
    assert len(named) == len(set(named))
    assert set(named) == table.IDS | {"user_ids"}


def test_the_known_words_are_those_of_the_replies_and_the_errors_of_the_table():
    outgoing = SPEC / "messages" / "outgoing"
    actions = read_json(outgoing / "ActionConfirmed.json")["properties"]["action"]["x-values"]
    replies = [read_json(path).get("x-reply", {}).get("with", {}) for path in message_files()]
    greeting = PROTOCOL["greeting"]["with"]["action"]
    assert sorted(actions) == sorted({greeting, *(reply["action"] for reply in replies if "action" in reply)})
    assert set(read_json(outgoing / "Error.json")["properties"]["code"]["x-values"]) == table.ERROR_CODES


# --- where they come from, and what they are ----------------------------------------------------------------


def test_every_field_has_a_provenance_and_a_description():
    for schema in every_subschema():
        for name, field in schema.get("properties", {}).items():
            assert field["x-provenance"] in PROVENANCE, name
            assert field["description"].endswith("."), name


@each_message
def test_every_message_has_a_provenance(path):
    schema = read_json(path)
    assert schema["x-provenance"] in PROVENANCE
    assert schema["properties"]["type"]["x-provenance"] == schema["x-provenance"]


@each([path for path in message_files() if path.parent.name == "outgoing"])
def test_every_outgoing_message_names_the_rule_that_a_malformed_one_breaks(path):
    assert read_json(path)["x-rule"] == table.FRAME_RULES[path.stem]


def test_every_rule_that_a_schema_names_exists():
    assert {schema["x-rule"] for schema in every_subschema() if "x-rule" in schema} <= RULE_IDS


# --- what they are answered with ----------------------------------------------------------------------------


@each(table.INCOMING)
def test_every_request_names_the_reply_of_the_table(name):
    reply, expected = read_json(SPEC / "messages/incoming" / f"{name}.json").get("x-reply"), table.REPLIES[name]
    if expected is None:
        assert reply is None
    elif expected in table.OUTGOING:
        assert reply == {"type": expected}
    else:
        assert reply == {"type": "ActionConfirmed", "with": {"action": expected, "success": True}}


@each(table.INCOMING)
def test_every_request_names_the_echo_of_the_table(name):
    echo = read_json(SPEC / "messages/incoming" / f"{name}.json").get("x-echo", {})
    assert echo == table.ECHOES.get(name, {})
    assert set(echo) <= set(table.OUTGOING)
    for event, actor in echo.items():
        assert actor in read_json(SPEC / "messages/outgoing" / f"{event}.json")["properties"]


@each([name for name, reply in table.REPLIES.items() if reply])
def test_the_fields_of_a_reply_are_fields_of_its_type(name):
    reply = read_json(SPEC / "messages/incoming" / f"{name}.json")["x-reply"]
    schema = read_json(SPEC / "messages/outgoing" / f"{reply['type']}.json")
    assert set(reply.get("with", {})) <= set(schema["properties"])
    if "with" in reply:
        assert message("outgoing", reply["type"]).accepts({"type": reply["type"], **reply["with"]})


# --- what the validators make of them -----------------------------------------------------------------------


@each_message
def test_every_message_schema_is_a_valid_schema(path):
    Draft202012Validator.check_schema(read_json(path))
    jsonschema_rs.meta.validate(read_json(path))


def test_the_shared_definitions_are_valid_schemas():
    Draft202012Validator.check_schema(COMMON)
    jsonschema_rs.meta.validate(COMMON)


def test_the_schemas_are_flat():
    forbidden = {"allOf", "anyOf", "oneOf", "not", "if", "unevaluatedProperties", "additionalProperties"}
    assert [schema for schema in every_subschema() if forbidden & set(schema)] == []


def test_beside_a_reference_stand_annotations_only():
    annotations = {"$ref", "description", "x-provenance", "x-rule", "$comment"}
    assert [schema for schema in every_subschema() if "$ref" in schema and set(schema) - annotations] == []


@each_message
def test_both_validators_accept_every_valid_example(path):
    assert [value for value in read_json(path)["examples"] if not message_of(path).accepts(value)] == []


@each_message
def test_both_validators_refuse_every_invalid_example(path):
    examples = read_json(path)["x-invalid-examples"]
    assert [one["why"] for one in examples if message_of(path).accepts(one["value"])] == []


@each_message
def test_an_invalid_example_is_wrong_in_one_place_only(path):
    for example in read_json(path)["x-invalid-examples"]:
        errors = message_of(path).errors(example["value"])
        assert len({tuple(error.absolute_path) for error in errors}) == 1, example["why"]


@each_message
def test_there_is_a_full_and_a_minimal_example(path):
    schema = read_json(path)
    fields = [set(value) for value in schema["examples"]]
    assert set(schema["properties"]) in fields
    assert set(schema["required"]) in fields


@each_message
def test_unknown_fields_are_allowed(path):
    for value in read_json(path)["examples"]:
        assert message_of(path).accepts({**value, "a_field_of_tomorrow": {"nested": [1, None]}})


@each_message
def test_a_required_field_may_be_neither_absent_nor_null(path):
    schema, full = read_json(path), full_example(path)
    for name in schema["required"]:
        assert not message_of(path).accepts({key: value for key, value in full.items() if key != name}), name
        assert not message_of(path).accepts({**full, name: None}), name


@each_message
def test_an_optional_field_may_be_absent_or_null(path):
    schema, full = read_json(path), full_example(path)
    for name in set(schema["properties"]) - set(schema["required"]):
        assert message_of(path).accepts({key: value for key, value in full.items() if key != name}), name
        assert message_of(path).accepts({**full, name: None}), name


@each_message
def test_every_field_refuses_a_value_of_another_type(path):
    full = full_example(path)
    for name, value in full.items():
        others = [{}, ["x"], 1.5, not value] if not isinstance(value, bool) else [{}, ["x"], 1, "true"]
        if isinstance(value, list):
            others = [{}, "x", 1, True]
        for other in others:
            assert not message_of(path).accepts({**full, name: other}), (name, other)


@each_message
def test_nothing_but_an_object_is_a_message(path):
    for value in (None, True, 1, "text", [], [full_example(path)]):
        assert not message_of(path).accepts(value)


def test_no_message_passes_as_one_of_another_type():
    for direction in DIRECTIONS:
        paths = [path for path in message_files() if path.parent.name == direction]
        for one, other in itertools.permutations(paths, 2):
            assert not message_of(one).accepts(full_example(other))


@each(["", "\x00", "a\r\nb", "👩‍👩‍👧", "مرحبا", "<>&", "x" * 100_000])
def test_a_schema_knows_no_limit_that_a_target_may_set(content):
    new = full_example(SPEC / "messages/outgoing/NewMessage.json")
    assert message("outgoing", "NewMessage").accepts({**new, "content": content})
    send = full_example(SPEC / "messages/incoming/SendMessage.json")
    assert message("incoming", "SendMessage").accepts({**send, "content": content})


@each([-1, 0, 1, 10**9, 5.0])
def test_a_limit_that_is_out_of_range_is_still_well_formed(limit):
    fetch = full_example(SPEC / "messages/incoming/FetchHistory.json")
    assert message("incoming", "FetchHistory").accepts({**fetch, "limit": limit})


# --- ids and instants ---------------------------------------------------------------------------------------

GOOD_ID = "4b1f6c1e-8a55-4d0b-9a39-0c7d4f0e2a11"
GOOD_INSTANTS = [
    "2026-02-22T20:49:32Z",
    "2026-02-22T20:49:32+01:00",
    "2026-02-22T20:49:32-00:00",
    "2026-02-22T20:49:32.1Z",
    "2026-02-22T20:49:32.123Z",
    "2026-02-22T20:49:32.123456+00:00",
    "2026-02-22T20:49:32.123456789Z",
    "2026-02-22t20:49:32z",
    "2024-02-29T00:00:00Z",
    "0001-01-01T00:00:00Z",
]
BAD_INSTANTS = [
    "",
    "garbage",
    "2026-02-22",
    "20:49:32Z",
    "2026-02-22T20:49:32",
    "2026-02-22 20:49:32Z",
    "2026-02-22T20:49Z",
    "2026-02-22T20:49:32.Z",
    "2026-02-22T20:49:32.1234567890Z",
    "2026-02-22T20:49:32,5Z",
    "2026-02-22T20:49:32+0100",
    "2026-02-22T20:49:32+24:00",
    "2026-02-22T24:00:00Z",
    "2026-02-30T20:49:32Z",
    "2025-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2016-12-31T23:59:60Z",
    "0000-01-01T00:00:00Z",
    "٢٠٢٦-02-22T20:49:32Z",
    "2026-02-22T20:49:32Z\n",
    " 2026-02-22T20:49:32Z",
]
BAD_IDS = [
    "",
    "general",
    GOOD_ID.upper(),
    GOOD_ID.replace("-", ""),
    f"{{{GOOD_ID}}}",
    f"urn:uuid:{GOOD_ID}",
    GOOD_ID + "\n",
    GOOD_ID + "0",
    GOOD_ID[:-1],
    GOOD_ID[:-1] + "g",
    *(
        GOOD_ID[:at] + GOOD_ID[at:].replace(letter, letter.upper(), 1)
        for at, letter in enumerate(GOOD_ID)
        if letter.isalpha()
    ),
]


@each(["uuid", "optionalUuid"])
def test_an_id_is_a_lower_case_hyphenated_uuid(name):
    assert shared(name).accepts(GOOD_ID)
    for value in [*BAD_IDS, 5, True, {}, [GOOD_ID]]:
        assert not shared(name).accepts(value), value


@each(itertools.product(["instant", "optionalInstant"], GOOD_INSTANTS))
def test_an_instant_has_a_zone_and_up_to_nine_fraction_digits(name, value):
    assert shared(name).accepts(value)


@each(itertools.product(["instant", "optionalInstant"], [*BAD_INSTANTS, 1771793372, True, {}]))
def test_anything_else_is_no_instant(name, value):
    assert not shared(name).accepts(value)


def test_only_the_optional_kinds_may_be_null():
    assert not shared("uuid").accepts(None)
    assert not shared("instant").accepts(None)
    assert shared("optionalUuid").accepts(None)
    assert shared("optionalInstant").accepts(None)


@each(sorted({s["format"] for s in every_subschema() if "format" in s}))
def test_every_format_in_use_is_checked_by_both_validators(used):
    validators = compile_schema({"format": used})
    assert not validators.python.is_valid("garbage")
    assert not validators.rust.is_valid("garbage")


def test_an_instant_is_a_date_and_not_only_the_pattern_of_one():
    for name in ("instant", "optionalInstant"):
        assert COMMON["$defs"][name]["format"] == "date-time"


# --- the rule that a malformed frame breaks -----------------------------------------------------------------


def broken(name, **changes):
    full = full_example(SPEC / "messages/outgoing" / f"{name}.json")
    return message("outgoing", name).broken_rules({**full, **changes})


def a_message(**changes):
    chunk = full_example(SPEC / "messages/outgoing/HistoryChunk.json")
    return {**chunk["messages"][0], **changes}


@each([name for name, fields in table.OUTGOING.items() if fields.required])
def test_a_missing_field_breaks_the_rule_of_the_message(name):
    full = full_example(SPEC / "messages/outgoing" / f"{name}.json")
    del full[table.OUTGOING[name].required.split()[-1]]
    assert message("outgoing", name).broken_rules(full) == {table.FRAME_RULES[name]}


@each(
    [
        (name, field)
        for name, fields in table.OUTGOING.items()
        for field in [*fields.required.split(), *fields.optional.split()]
        if field in table.IDS
    ]
)
def test_an_upper_case_id_breaks_conn_11(name, field):
    assert broken(name, **{field: GOOD_ID.upper()}) == {"CONN-11"}


@each([(name, f) for name, fields in table.OUTGOING.items() for f in fields.required.split() if f in table.INSTANTS])
def test_an_instant_without_a_zone_breaks_conn_11(name, field):
    assert broken(name, **{field: "2026-02-22T20:49:32"}) == {"CONN-11"}


@each([(name, f) for name, fields in table.OUTGOING.items() for f in fields.required.split() if f in table.LISTS])
def test_a_null_list_breaks_conn_11(name, field):
    assert broken(name, **{field: None}) == {"CONN-11"}


@each(
    (name, changes, rule)
    for name in ("HistoryChunk", "SearchResults", "SyncChunk")
    for changes, rule in [
        ({"content": 5}, None),
        ({"sender_id": GOOD_ID.upper()}, "CONN-11"),
        ({"created_at": "2026-02-22T20:49:32"}, "CONN-11"),
        ({"edited_at": "2026-02-22T20:49:32"}, "CONN-11"),
        ({"attachments": None}, "CONN-11"),
        ({"reactions": None}, "CONN-11"),
        ({"attachments": [{"url": "https://files.example/a"}]}, "ATT-1"),
        ({"reactions": [{"emoji": 5, "user_ids": []}]}, "REAC-1"),
        ({"reactions": [{"emoji": "❤️", "user_ids": None}]}, "CONN-11"),
        ({"reactions": [{"emoji": "❤️", "user_ids": [GOOD_ID.upper()]}]}, "CONN-11"),
    ]
)
def test_inside_a_list_of_messages_the_nearest_rule_is_broken(name, changes, rule):
    assert broken(name, messages=[a_message(**changes)]) == {rule or table.FRAME_RULES[name]}


def test_a_list_that_holds_something_else_breaks_the_rule_of_its_owner():
    assert broken("HistoryChunk", messages=["text"]) == {"HIST-1"}
    assert broken("NewMessage", attachments=["text"]) == {"ATT-1"}


def test_every_list_that_a_server_sends_names_conn_11():
    roots = [COMMON, *(read_json(path) for path in message_files() if path.parent.name == "outgoing")]
    lists = [s for root in roots for s in subschemas(root) if s.get("type") == "array"]
    assert lists
    assert {schema["x-rule"] for schema in lists} == {"CONN-11"}


def test_every_reference_leads_to_a_shared_definition():
    for schema in every_subschema():
        if "$ref" in schema:
            assert local(schema["$ref"])
