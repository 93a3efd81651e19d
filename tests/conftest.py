"""What all tests may ask for: the spec, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.spec import find, load

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

PARTS_WITHOUT_SCENARIOS = ("formats", "messages", "rules", "features.yaml", "protocol.yaml", "targets")


@pytest.fixture(scope="session")
def whole_spec() -> Spec:
    """The spec with all its scenarios."""
    return load(find())


@pytest.fixture(scope="session")
def spec_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The spec without a scenario: what a toy scenario is read with, or a place to put some."""
    folder = tmp_path_factory.mktemp("spec")
    for part in PARTS_WITHOUT_SCENARIOS:
        (folder / part).symlink_to(find() / part)
    (folder / "scenarios").mkdir()
    (folder / "probes").mkdir()
    return folder


@pytest.fixture(scope="session")
def spec(spec_folder: Path) -> Spec:
    """The real protocol, rules and messages, and no scenario."""
    return load(spec_folder)
