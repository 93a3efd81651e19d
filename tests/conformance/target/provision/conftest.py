from __future__ import annotations

import pytest

from tests.conformance.run_contexts import SECRET


@pytest.fixture
def signing_secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PARITY_SECRET", SECRET)
    return SECRET
