from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from reference_server.command import run
from reference_server.config import ConfigError, Settings
from reference_server.options import parser
from reference_server.permissions import Role, Visibility
from reference_server.seed.model import Seed
from reference_server.seed.write import plant, reset
from reference_server.store import conversations, messages
from tests.reference_server.support import SECRET, Command

if TYPE_CHECKING:
    from pathlib import Path

    from reference_server.database import Database

BATCH = 96
SEED = Seed.model_validate(
    {
        "users": ["alice", "dora", "erik"],
        "conversations": [
            {
                "name": "big",
                "members": {"alice": "owner", "dora": "member", "erik": "reader"},
                "generate": BATCH + 10,
                "messages": [{"from": "dora", "content": "the last one"}],
            }
        ],
    }
)
ALICE = SEED.users["alice"]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a batch is written in any case; one of 5,000 rows takes half a second."""
    monkeypatch.setattr("reference_server.seed.write.BATCH", BATCH)


async def test_history_is_complete_in_order_and_by_those_who_may_write(database: Database):
    assert await database.write(plant, SEED) == BATCH + 11
    [big] = await database.read(conversations.conversations_of, ALICE)
    found = await database.read(messages.history, big.conversation_id, None, BATCH + 100)
    assert found[0].content == "the last one"
    assert found[-1].content.startswith("1: ")
    assert len({message.created_at for message in found}) == len(found) == BATCH + 11
    assert {message.sender_id for message in found} == {ALICE, SEED.users["dora"]}
    _, matching = await database.read(messages.search, big.conversation_id, "LUNCH", 1, 0)
    assert matching == (BATCH + 10) // 8


async def test_is_written_once(database: Database):
    await database.write(plant, SEED)
    assert await database.write(plant, SEED) == 0


async def test_a_message_after_it_is_newer_even_if_the_clock_goes_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    before, seconds = datetime.now(UTC), count()
    monkeypatch.setattr(conversations, "now", lambda: before + timedelta(seconds=next(seconds)))
    await database.write(plant, SEED)
    monkeypatch.setattr(conversations, "now", lambda: before)
    [big] = await database.read(conversations.conversations_of, ALICE)
    _, stamp = await database.write(conversations.lock, big.conversation_id, ALICE)
    [newest] = await database.read(messages.history, big.conversation_id, None, 1)
    assert stamp > newest.created_at


async def test_a_reset_leaves_nothing(database: Database):
    await database.write(plant, SEED)
    await database.write(conversations.create, "other", Visibility.PUBLIC, {uuid4(): Role.OWNER})
    await database.write(reset)
    assert await database.read(conversations.conversations_of, ALICE) == []
    assert await database.write(plant, SEED) > 0


class TestCommand:
    async def test_serves_what_the_file_says_and_empties_what_was_before(self, tmp_path: Path):
        file = tmp_path / "seed.yaml"
        file.write_text(
            "users: [alice]\nconversations: [{name: big, members: {alice: owner}, generate: 100}]", encoding="utf-8"
        )
        for options, names in ((["--seed-data", str(file)], {"big"}), (["--reset"], set())):
            with Command(tmp_path / "chat.db", *options) as command:
                async with command.chat as chat:
                    alice = await chat.connect(ALICE)
                    found = (await chat.call("GET", "/conversations", user_id=ALICE)).json()["conversations"]
                    assert {one["name"] for one in found} == names
                    for one in found:
                        page = await alice.ask("FetchHistory", conversation_id=one["conversation_id"], limit=100)
                        assert len(page["messages"]) == 100
                        assert not page["has_more"]
                _, log = command.end()
            assert ("100 messages were created" in log, "emptied" in log) == (bool(names), not names)

    async def test_empties_no_database_that_others_serve(self):
        options = parser().parse_args(["--reset", "--redis", "redis://127.0.0.1:1"])
        with pytest.raises(ConfigError, match="--reset does not go with --redis"):
            await run(options, Settings(SECRET))
