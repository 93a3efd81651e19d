"""Reads the sources of the pages that the spec value does not have: shared definitions, values of cases, guides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile, Mistake
from conformance.files.documents import read_json, read_text, read_yaml
from conformance.report.site.pages import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

    from conformance.spec.model import Spec

_PACKAGE = Path(__file__).parents[2]
_GUIDES = (_PACKAGE / "_guides", _PACKAGE.parent / "docs")
"""The folders of the guides: in the wheel, and in a checkout."""


def read_sources(spec: Spec, command: click.Command, name: str, web: str) -> Sources:
    """Read the files; raises BadFile."""
    guides = next(filter(Path.is_dir, _GUIDES), _GUIDES[0])
    found = {file.name: read_text(file) for file in sorted(guides.glob("*.md"))}
    if not found:
        raise BadFile(Mistake(guides, 0, "the guides are missing; reinstall chat-parity"))
    return Sources(
        spec=spec,
        common=read_json(spec.folder / "messages" / "common.json"),
        cases=_cases(spec),
        guides=found,
        command=command,
        name=name,
        web=web,
    )


def _cases(spec: Spec) -> dict[str, Mapping[str, Any]]:
    """Give the values of the cases in scenario files; cases from a table have their values in the table."""
    files = {one.base: one.file for one in spec.scenarios.values() if "[" in one.id and one.cell is None}
    return {base: read_yaml(file).value.get("cases", {}) for base, file in files.items()}
