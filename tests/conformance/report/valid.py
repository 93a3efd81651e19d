"""Whether what programs read of a run is what we promise: parity.json, junit.xml and SARIF against their schemas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import xmlschema

from conformance.report import FORMATS, build

if TYPE_CHECKING:
    from conformance.results.runlog import Run

HERE = Path(__file__).parent
PARITY = HERE.parents[2] / "spec" / "formats" / "parity.schema.json"


@cache
def _json(path: Path) -> Any:
    return jsonschema_rs.validator_for(json.loads(path.read_text()), validate_formats=True)


@cache
def _xml() -> Any:
    return xmlschema.XMLSchema(str(HERE / "schemas" / "junit.xsd"))


def check(run: Run) -> None:
    """Raise what the first schema has to say against a view of this run."""
    report = build(run)
    _json(PARITY).validate(json.loads(FORMATS["json"](report, run)))
    _json(HERE / "schemas" / "sarif.json").validate(json.loads(FORMATS["sarif"](report, run)))
    _xml().validate(FORMATS["junit"](report, run))
