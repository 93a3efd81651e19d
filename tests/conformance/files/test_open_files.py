from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from conformance.errors import MachineFailed
from conformance.files.open_files import ENOUGH, allow_more, demand

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def few() -> Iterator[None]:
    """Start as a shell on macOS does: with few, and the right to have more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_as_many_are_allowed_as_the_user_may_have() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allow_more()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(ENOUGH, most), most)


def test_too_few_are_told_before_a_server_hangs_up() -> None:
    demand(256, "it")
    with pytest.raises(MachineFailed, match=r"^it needs 257 open files, and the system allows 256: raise `ulimit -n`$"):
        demand(257, "it")
