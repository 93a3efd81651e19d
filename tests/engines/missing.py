"""What a test does where an engine cannot be had on this machine."""

from __future__ import annotations

import os

import pytest


def without(engine: str) -> None:
    """Skip the test; in CI, fail it: there, an engine that is missing would hide that nothing is tested."""
    reason = f"{engine} is neither among the installed wheels nor among the system's packages"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
