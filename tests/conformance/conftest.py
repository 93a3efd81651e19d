from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.stages import Author

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


@pytest.fixture
def scenario(spec: Spec, tmp_path: Path) -> Author:
    """Reads a toy scenario with the real grammar."""
    return Author(spec, tmp_path)
