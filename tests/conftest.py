"""What all tests may ask for: the spec, read once, and real engines, each started once for the tests of one worker."""

from __future__ import annotations

import gc
import re
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import conformance.spec
from conformance.spec import find, load
from tests.engines.postgresql import empty_database, hurry, postgresql
from tests.engines.redis import redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conformance.spec import Spec
    from tests.engines.redis import RedisServer

PARTS_WITHOUT_SCENARIOS = (
    "formats",
    "messages",
    "rules",
    "features.yaml",
    "invariants.yaml",
    "protocol.yaml",
    "targets",
)

SET_APART = ("end_to_end", "nightly", "clients")
"""Marks of tests that sessions of their own run."""
WHOLLY_SET_APART = re.compile(rf"^pytestmark = .*pytest\.mark\.({'|'.join(SET_APART)})\b", re.MULTILINE)

# A shell that runs the tests in the background has them ignore Ctrl-C, and so the commands that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The collector would walk through all that is imported and collected again and again: it is there to the end anyhow.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file whose text says that `-m` deselects all its tests: each worker would import it in vain."""
    if not collection_path.match("test_*.py"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    wanted = str(config.option.markexpr)
    if wanted in config.getini("addopts"):
        return True if WHOLLY_SET_APART.search(text) else None
    kind = wanted.partition(" ")[0]
    return True if kind in SET_APART and f"pytest.mark.{kind}" not in text else None


# How many examples a property is tried with, where it does not say so itself; no test asserts a time.
settings.register_profile("change", deadline=None, max_examples=30)
settings.register_profile("nightly", deadline=None, max_examples=300)
settings.load_profile("change")


def _once(read: Callable[[Path], Spec]) -> Callable[[Path], Spec]:
    """Read the spec of this checkout only once; it does not change, and takes more than a second each time."""
    folder = find()
    whole: list[Spec] = []

    def load(given: Path) -> Spec:
        if given != folder:
            return read(given)
        if not whole:
            whole.append(read(folder))
            gc.freeze()  # The collector need not walk through it again and again.
        return whole[0]

    return load


# Before a test imports what reads the spec: `conformance.spec.load.load` is still the original.
pytest.MonkeyPatch().setattr(conformance.spec, "load", _once(load))


@pytest.fixture(scope="session")
def whole_spec() -> Spec:
    """The spec with all its scenarios."""
    return conformance.spec.load(find())


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


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a PostgreSQL."""
    with postgresql() as url:
        hurry(url)
        yield url


@pytest.fixture
def empty_postgresql(postgresql_url: str) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    with empty_database(postgresql_url) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis; a test that stops it starts it again."""
    with redis() as server:
        yield server
