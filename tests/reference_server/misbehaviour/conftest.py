from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reference_server.config import Settings
from reference_server.misbehaviour.switches import Switchboard
from reference_server.serving import Deployment
from tests.reference_server.support import SECRET, Chat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def switchboard() -> Switchboard:
    """The switches of the test's server, all off."""
    return Switchboard()


@pytest.fixture
async def chat(switchboard: Switchboard, tmp_path: Path) -> AsyncIterator[Chat]:
    """A place on a server of the test's own, which can misbehave."""
    settings = Settings(SECRET, token_leeway=0)
    async with (
        Deployment(settings, f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0], switchboard=switchboard) as server,
        Chat(server.websocket_urls, server.api_urls) as chat,
    ):
        yield chat
