from __future__ import annotations

from uuid import uuid4

import pytest

from reference_server.logs import redact
from tests.reference_server.support import token

TOKEN = token(uuid4())


class TestRedact:
    @pytest.mark.parametrize(
        "line",
        [
            f'127.0.0.1 - "WebSocket /ws?token={TOKEN}" [accepted]',
            f"GET /ws?x=1&token={TOKEN}&y=2 HTTP/1.1",
            f"Authorization: Bearer {TOKEN}",
            f"claims of {TOKEN!r} failed",
        ],
    )
    def test_strikes_out_tokens_wherever_they_are(self, line: str):
        struck = redact(line)
        assert "***" in struck
        assert not any(part in struck for part in TOKEN.split("."))

    def test_leaves_the_rest(self):
        assert redact("GET /ws?x=1&token=abc&y=2") == "GET /ws?x=1&token=***&y=2"
