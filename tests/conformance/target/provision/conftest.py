from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.run_contexts import SECRET
from tests.doubles.postgresql import postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """The URL of a PostgreSQL, started once for the tests of one worker."""
    with postgresql() as url:
        yield url


@pytest.fixture
def signing_secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PARITY_SECRET", SECRET)
    return SECRET
