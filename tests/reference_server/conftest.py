from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reference_server.database import Database, open_database
from tests.reference_server.support import LEEWAY_S, Chat, Client, Command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of the test's own, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/chat.db"
    url: str = request.getfixturevalue("empty_postgresql")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with its tables, on each engine in turn."""
    database = open_database(database_url)
    await database.prepare()
    yield database
    await database.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """Two instances in a process of their own, with short timers."""
    database = tmp_path_factory.mktemp("server") / "chat.db"
    limits = ("--message-limit", "100000", "--request-limit", "100000")
    with Command(database, "--typing-expiry", "0.3", "--token-leeway", str(LEEWAY_S), *limits, ports=(0, 0)) as command:
        yield command


@pytest.fixture
async def chat(server: Command) -> AsyncIterator[Chat]:
    async with server.chat as chat:
        yield chat


@pytest.fixture
async def alice(chat: Chat) -> Client:
    return await chat.connect()


@pytest.fixture
async def bob(chat: Chat) -> Client:
    """On the other instance."""
    return await chat.connect(instance=1)


@pytest.fixture
async def carol(chat: Chat) -> Client:
    return await chat.connect()
