"""The whole site, as people build it: half a minute of one core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.report.site import build_site
from tests.conformance.report.site.built import broken_links

if TYPE_CHECKING:
    from pathlib import Path

MEBIBYTE = 1 << 20


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_is_built_without_a_warning_and_every_link_resolves(whole_site: dict[str, str], tmp_path: Path) -> None:
    build_site(whole_site, tmp_path)
    assert list(broken_links(tmp_path)) == []
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) < 20 * MEBIBYTE
