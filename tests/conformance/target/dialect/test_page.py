"""The page on dialects shows a section that is one, and what it promises of raw texts."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.spec import find
from conformance.target.dialect.raw import RawWriter
from tests.conformance.target.dialect.dialects import read

if TYPE_CHECKING:
    from conformance.spec import Spec

PAGE = (Path(__file__).parents[4] / "docs" / "dialect.md").read_text(encoding="utf-8")


def test_the_example_is_a_dialect_with_all_parts(spec: Spec, tmp_path: Path) -> None:
    (block,) = re.findall(r"^```yaml\ndialect:\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    section = textwrap.dedent(block)
    dialect = read(spec, tmp_path, section)
    parts = json.loads((find() / "formats" / "dialect.schema.json").read_text(encoding="utf-8"))["properties"]
    assert {one.entry.partition(".")[0] for one in dialect.differences} == parts.keys()


def test_a_broken_text_stays_broken_as_the_page_shows(spec: Spec, tmp_path: Path) -> None:
    (given, wire) = re.search(r"^\| `(\{.*?,\})` \| `(\{.*?,\})`", PAGE, re.MULTILINE).groups()  # type: ignore[union-attr]
    section = "discriminator: event\nenvelope: data\ntypes: {Ping: ping}"
    incoming = read(spec, tmp_path, section).incoming
    assert RawWriter(incoming, set()).message(given.encode()).decode() == wire
