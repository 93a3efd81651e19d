"""One schema describes each file of ours, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from conformance.files.documents import read_yaml
from conformance.report.schema_bundle import schema_bundle
from conformance.spec import find
from conformance.spec.folder import installed

if TYPE_CHECKING:
    from pathlib import Path

SPEC = find()
OURS = [
    *(SPEC / "scenarios").rglob("*.yaml"),
    *(SPEC / "probes").glob("*.yaml"),
    *(SPEC / "rules").glob("*.yaml"),
    *(SPEC / "tables").glob("*.yaml"),
    *(SPEC / "targets").glob("*.yaml"),
    *(SPEC / name for name in ("features.yaml", "protocol.yaml", "ledger.yaml")),
]


@pytest.fixture(scope="module")
def bundle() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(schema_bundle(installed() / "formats"))
    return found


@pytest.fixture(scope="module")
def validator(bundle: dict[str, Any]) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(bundle)


def read(file: Path) -> Any:
    return read_yaml(file).value


def test_takes_every_file_of_the_spec(validator: jsonschema_rs.Validator) -> None:
    assert [file.name for file in OURS if not validator.is_valid(read(file))] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"id": "a.b", "title": "No steps", "feature": "ping_pong", "rules": ["PING-1"], "given": {"users": ["alice"]}},
        {"name": "no provisioning", "instances": ["ws://127.0.0.1/ws"]},
        {"waivers": [{"scenario": "*"}]},
        {"rows": 5},
        ["a list"],
    ],
)
def test_takes_nothing_else(validator: jsonschema_rs.Validator, wrong: object) -> None:
    assert not validator.is_valid(wrong)


def test_a_mistake_in_a_real_file_is_found(validator: jsonschema_rs.Validator) -> None:
    scenario = read(next((SPEC / "scenarios").rglob("*.yaml")))
    assert validator.is_valid(scenario)
    assert not validator.is_valid({**scenario, "step": []})


def test_needs_no_other_file(bundle: dict[str, Any]) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [one for inner in value.values() for one in references(inner)]
        return [one for inner in value for one in references(inner)] if isinstance(value, list) else []

    found = references(bundle)
    assert "#/$defs/scenario/$defs/step" in found
    assert [one for one in found if not one.startswith("#/$defs/")] == []
