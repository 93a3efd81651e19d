"""The TypeScript client against the reference server; what it must do is in client.test.mjs."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from tests.clients.tools import CLIENTS, TSC, need, run
from tests.reference_server.support import Command, token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

TESTS = Path(__file__).parent / "client.test.mjs"


PLENTY = ("--message-limit", "100000", "--request-limit", "100000")
MIXED_UP = ("--reorder-acks",)
REFUSING = ("--reject-rate", "100%")
BAD_DAY = (
    *("--latency", "5ms±5", "--drop-connection", "40/min", "--reject-rate", "10%"),
    *("--duplicate-events", "20%", "--clock-skew", "5m"),
)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Command]]:
    """The reference server as it is, one that mixes up its replies, one on a bad day, and one that refuses all."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(Command(tmp_path / f"{number}.db", *PLENTY, *switches))
            for number, switches in enumerate(((), MIXED_UP, BAD_DAY, REFUSING))
        ]


def conversation(server: Command, *members: UUID) -> str:
    """Create a conversation of its members, who are its owners."""
    response = httpx.post(
        f"{server.ready['api'][0]}/conversations",
        json={"visibility": "private", "members": [{"user_id": str(one), "role": "owner"} for one in members]},
        headers={"Authorization": f"Bearer {token(members[0])}"},
        trust_env=False,
    )
    assert response.status_code == 201, response.text
    made: str = response.json()["conversation_id"]
    return made


def test_does_what_it_promises(servers: list[Command], tmp_path: Path) -> None:
    server, mixed_up, bad_day, refusing = servers
    need("node", str(TSC))
    run("node", TSC, "--project", CLIENTS / "typescript", "--outDir", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    users = [uuid4() for _ in range(3)]
    place = {
        "client": (tmp_path / "client.js").as_uri(),
        "url": server.ready["instances"][0],
        "tokens": [token(one) for one in users],
        "conversations": [conversation(server, *users[:2]) for _ in range(7)],
        "foreign": conversation(server, users[2]),
        "refusing": refusing.ready["instances"][0],
        "unordered": {"url": mixed_up.ready["instances"][0], "conversation": conversation(mixed_up, *users[:2])},
        "badDay": {"url": bad_day.ready["instances"][0], "conversation": conversation(bad_day, *users[:2])},
    }
    shown = run("node", "--experimental-websocket", "--test", "--test-timeout=60000", TESTS, CHAT=json.dumps(place))
    assert "# fail 0" in shown
    assert "# skipped 0" in shown
