"""What the guide shows is a target file, word for word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.target import check_target

if TYPE_CHECKING:
    from conformance.spec import Spec

GUIDE = Path(__file__).parents[4] / "docs" / "provisioning.md"
SHOWN = re.findall(r"^```yaml\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("section", SHOWN)
def test_each_example_of_the_guide_is_well_formed(spec: Spec, tmp_path: Path, section: str) -> None:
    file = tmp_path / "target.yaml"
    file.write_text(f"name: an example\ninstances: [wss://chat.example/ws]\n{section}")
    check_target(file, spec)


def test_the_guide_shows_every_driver_that_takes_steps() -> None:
    assert [re.findall(r"driver: (\w+)", section) for section in SHOWN] == [["http"], ["sql"], ["static"]]
