from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reference_server.config import ConfigError, Settings
from reference_server.serving import Deployment
from tests.reference_server.support import SECRET, Chat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PAGE, OTHER, STRANGER = "http://localhost:5173", "https://chat.example", "https://evil.example"


class TestOrigins:
    @pytest.fixture
    async def chat(self, tmp_path: Path) -> AsyncIterator[Chat]:
        """A server that two origins may call."""
        settings = Settings(SECRET, cors_origins=(PAGE, OTHER))
        async with (
            Deployment(settings, f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0]) as deployment,
            Chat(deployment.websocket_urls, deployment.api_urls) as chat,
        ):
            yield chat

    @pytest.mark.parametrize("origin", [PAGE, OTHER])
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
    async def test_that_are_named_may_ask_and_call(self, chat: Chat, origin: str, method: str):
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        answer = await chat.http.options(chat.api[0] + "/conversations", headers=asked)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == origin
        assert method in answer.headers["access-control-allow-methods"]
        refused = await chat.http.get(chat.api[0] + "/conversations", headers={"Origin": origin})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == origin

    async def test_that_are_not_named_may_not(self, chat: Chat):
        asked = {"Origin": STRANGER, "Access-Control-Request-Method": "GET"}
        answer = await chat.http.options(chat.api[0] + "/conversations", headers=asked)
        assert answer.status_code == 400
        assert "access-control-allow-origin" not in answer.headers
        response = await chat.http.get(chat.api[0] + "/health", headers={"Origin": STRANGER})
        assert "access-control-allow-origin" not in response.headers

    @pytest.mark.parametrize("origin", ["localhost:5173", "http://localhost/", "http://a b", "http://x/page", ""])
    def test_are_scheme_host_and_port(self, origin: str):
        with pytest.raises(ConfigError, match="is no origin"):
            Settings(SECRET, cors_origins=(origin,))

    def test_may_be_all(self):
        assert Settings(SECRET, cors_origins=("*",)).cors_origins == ("*",)
