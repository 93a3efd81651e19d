from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.run_contexts import Author

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


@pytest.fixture
def scenario(spec: Spec, tmp_path: Path) -> Author:
    """Reads a toy scenario with the real grammar, from a file beside the spec."""
    folder = spec.folder / "toys" / tmp_path.name
    folder.mkdir(parents=True)
    return Author(spec, folder)
