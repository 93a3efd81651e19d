"""Reads dialects for the tests, as a target file has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from conformance.files.documents import read_yaml
from conformance.target.dialect import Dialect, read_dialect

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

REST = """\
name: a server
instances: ["ws://127.0.0.1:1/ws"]
auth: {jwt: {secret_env: SECRET}}
provision: {driver: reference}
"""
"""Five lines: the section begins on the fifth."""


def read(spec: Spec, folder: Path, section: str) -> Dialect:
    """Read a section given as YAML; raises BadFile."""
    file = folder / "target.yaml"
    file.write_text(f"{REST}dialect:\n" + "".join(f"  {line}\n" for line in section.splitlines()), encoding="utf-8")
    document = read_yaml(file)
    spec.formats["target"].check(document)
    dialect = read_dialect(document, spec)
    assert dialect is not None
    return dialect


def dump(section: dict[str, Any]) -> str:
    """Write a section as YAML."""
    return yaml.safe_dump(section, allow_unicode=True)
