from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reference_server.api_page import describe
from reference_server.config import Settings
from reference_server.serving import Deployment
from tests.reference_server.support import SECRET, Chat

if TYPE_CHECKING:
    from pathlib import Path

OPERATIONS = {
    ("/api/v1/health", "get"),
    ("/api/v1/health/live", "get"),
    ("/api/v1/health/ready", "get"),
    ("/api/v1/conversations", "get"),
    ("/api/v1/conversations", "post"),
    ("/api/v1/conversations/{conversation_id}/members/{member_id}", "put"),
    ("/api/v1/conversations/{conversation_id}/members/{member_id}", "delete"),
}


class TestDocs:
    @pytest.mark.parametrize("docs", [True, False])
    async def test_are_given_if_they_are_asked_for(self, tmp_path: Path, docs: bool):
        settings = Settings(SECRET, docs=docs)
        async with (
            Deployment(settings, f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0]) as deployment,
            Chat(deployment.websocket_urls, deployment.api_urls) as chat,
        ):
            root = chat.api[0].removesuffix("/api/v1")
            page, openapi = [await chat.http.get(root + path) for path in ("/docs", "/openapi.json")]
            redoc = await chat.http.get(root + "/redoc")
        assert redoc.status_code == 404
        assert {page.status_code, openapi.status_code} == {200 if docs else 404}
        if docs:
            paths = openapi.json()["paths"]
            assert {(path, method) for path, methods in paths.items() for method in methods} == OPERATIONS
            secured = {path for path, methods in paths.items() for each in methods.values() if "security" in each}
            assert secured == {path for path, _ in OPERATIONS if "health" not in path}
            assert page.headers["content-type"].startswith("text/html")
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
            for path, method in OPERATIONS:
                assert f"<code>{method.upper()} {path}</code>" in page.text
            for name in openapi.json()["components"]["schemas"]:
                assert f'id="{name}"' in page.text
            for loads in ("<script", "http://", "https://", "src=", "url("):
                assert loads not in page.text

    def test_escape_what_they_quote(self):
        page = describe({"info": {"title": "<i>&"}, "paths": {}, "components": {"schemas": {}}})
        assert "<title>&lt;i&gt;&amp;: API</title>" in page
