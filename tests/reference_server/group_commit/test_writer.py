"""Many changes in one transaction, on each engine."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from reference_server.errors import Refused
from reference_server.group_commit.publisher import Direct
from reference_server.group_commit.writer import GroupCommit
from reference_server.metrics import Metrics
from reference_server.permissions import Right, Role, Visibility
from reference_server.pubsub import Event, InMemoryPubSub, Lost, conversation_channel
from reference_server.store import conversations, messages
from tests.reference_server.hearing import Heard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from reference_server.database import Database
    from reference_server.database.protocol import OpenTransaction

ALICE, BOB = uuid4(), uuid4()


def say(connection: Connection, conversation_id: UUID, user_id: UUID, content: str) -> messages.StoredMessage:
    stamp = conversations.acquire(connection, conversation_id, user_id, Right.SEND)
    return messages.add(connection, conversation_id, user_id, stamp, content=content, parent_id=None, attachments=[])


def spoil(connection: Connection, conversation_id: UUID, user_id: UUID, content: str) -> messages.StoredMessage:
    """Fail in the database, as a row does that breaks a constraint."""
    said = say(connection, conversation_id, user_id, content)
    connection.execute(text("INSERT INTO conversation (id) VALUES (NULL)"))
    return said


def give_up(connection: Connection, conversation_id: UUID, user_id: UUID, content: str) -> messages.StoredMessage:
    """Refuse when something is written already."""
    say(connection, conversation_id, user_id, content)
    raise Refused("conflict", "No.")


class Sends:
    """The changes of one process, and what its conversation has been told."""

    def __init__(self, database: Database, lobby: UUID) -> None:
        self.database, self.lobby = database, lobby
        self.pubsub, self.metrics, self.heard = InMemoryPubSub(), Metrics(), Heard()
        self.changes = GroupCommit(database, Direct(self.pubsub), self.metrics)

    async def send(self, content: str, how=say, user_id: UUID = ALICE) -> messages.StoredMessage:
        async with self.changes.change(self.lobby, user_id):
            said = await self.changes.write(how, self.lobby, user_id, content)
            await self.pubsub.publish(conversation_channel(self.lobby), Event(said.content))
        return said

    async def together(self, **how) -> dict[str, Any]:
        """Send at once, each content in its way; give what each has come to, by content."""
        sends = [self.send(content, function) for content, function in how.items()]
        found = await asyncio.gather(*sends, return_exceptions=True)
        kinds = ["said" if isinstance(one, messages.StoredMessage) else type(one) for one in found]
        return dict(zip(how, kinds, strict=True))

    async def history(self) -> list[str]:
        page = await self.database.read(messages.history, self.lobby, None, 1000)
        return [message.content for message in reversed(page)]

    def batches(self) -> int:
        return int(self.metrics._registry.get_sample_value("chat_commit_batch_size_count") or 0)


@pytest.fixture
async def sends(database: Database) -> Sends:
    lobby = await database.write(conversations.create, None, Visibility.PRIVATE, {ALICE: Role.OWNER, BOB: Role.MEMBER})
    sends = Sends(database, lobby)
    await sends.pubsub.subscribe(conversation_channel(lobby), sends.heard)
    return sends


class TestGroupCommit:
    async def test_commits_what_waits_in_one_transaction_and_tells_it_in_the_order_of_history(self, sends: Sends):
        said = await asyncio.gather(*(sends.send(f"{n}", user_id=(ALICE, BOB)[n % 2]) for n in range(100)))
        assert sends.batches() < 10
        assert await sends.history() == sends.heard.frames == [f"{n}" for n in range(100)]
        stamps = [message.created_at for message in said]
        assert stamps == sorted(set(stamps))

    async def test_returns_when_it_is_committed_and_told(self, sends: Sends):
        await sends.send("hello")
        assert sends.heard.frames == await sends.history() == ["hello"]

    @pytest.mark.parametrize(("bad", "why"), [(spoil, DBAPIError), (give_up, Refused)])
    async def test_lets_a_bad_write_fail_alone(self, sends: Sends, bad, why: type[Exception]):
        found = await sends.together(a=say, bad=bad, b=say)
        assert (found["a"], found["b"]) == ("said", "said")
        assert issubclass(found["bad"], why)
        assert sorted(await sends.history()) == sorted(sends.heard.frames) == ["a", "b"]

    async def test_refuses_alone_who_may_not(self, sends: Sends):
        results = await asyncio.gather(
            *(sends.send(str(user), user_id=user) for user in (ALICE, uuid4(), BOB)), return_exceptions=True
        )
        assert [type(one) for one in results] == [messages.StoredMessage, Refused, messages.StoredMessage]
        assert sends.batches() == 1

    async def test_leaves_out_who_is_cancelled_and_nobody_else(self, sends: Sends):
        tasks = [asyncio.create_task(sends.send(f"{n}")) for n in range(5)]
        await asyncio.sleep(0)  # all wait for the writer
        tasks[2].cancel()
        await asyncio.wait(tasks)
        assert [task.cancelled() for task in tasks] == [False, False, True, False, False]
        assert await sends.history() == sends.heard.frames == ["0", "1", "3", "4"]

    async def test_tells_of_a_change_that_is_made_when_its_caller_is_cancelled(self, sends: Sends):
        tasks: list[asyncio.Task[messages.StoredMessage]] = []
        run = asyncio.get_running_loop()

        def cancelled(connection: Connection, *about) -> messages.StoredMessage:
            said = say(connection, *about)
            run.call_soon_threadsafe(run.call_later, 0, tasks[1].cancel)
            return said

        tasks += [asyncio.create_task(sends.send("a")), asyncio.create_task(sends.send("b", cancelled))]
        await asyncio.wait(tasks)
        assert tasks[1].cancelled()
        assert await sends.history() == sends.heard.frames
        assert "a" in sends.heard.frames

    async def test_carries_out_other_changes_between_messages_in_their_order(self, sends: Sends):
        said = await sends.send("draft")

        async def edit() -> None:
            def change(connection: Connection) -> None:
                stamp = conversations.acquire(connection, sends.lobby, ALICE, Right.SEND)
                found = messages.find(connection, sends.lobby, said.message_id)
                messages.edit(connection, found, "final", stamp)

            async with sends.changes.change(sends.lobby, ALICE):
                await sends.changes.write(change)

        await asyncio.gather(sends.send("before"), edit(), sends.send("after"))
        changed = await sends.database.read(messages.changes, sends.lobby, said.created_at, 10)
        assert [message.content for message in changed] == ["before", "final", "after"]

    async def test_sees_a_role_that_changes_within_the_batch(self, sends: Sends):
        def ban(connection: Connection) -> None:
            conversations.lock(connection, sends.lobby, ALICE)
            conversations.set_role(connection, sends.lobby, BOB, Role.BANNED)

        async def moderate() -> None:
            async with sends.changes.change(sends.lobby, ALICE):
                await sends.changes.write(ban)

        found = await asyncio.gather(
            sends.send("before", user_id=BOB), moderate(), sends.send("after", user_id=BOB), return_exceptions=True
        )
        assert [type(one) for one in found] == [messages.StoredMessage, type(None), Refused]
        assert await sends.history() == ["before"]

    async def test_writes_in_a_transaction_of_its_own_outside_a_change(self, sends: Sends):
        await sends.changes.write(say, sends.lobby, ALICE, "alone")
        assert await sends.history() == ["alone"]
        assert sends.batches() == 0

    async def test_says_so_when_the_database_is_gone(self, sends: Sends, monkeypatch: pytest.MonkeyPatch):
        def gone() -> None:
            raise ConnectionRefusedError

        with monkeypatch.context() as lost:
            lost.setattr(sends.database, "transaction", gone)
            results = await asyncio.gather(*(sends.send(f"{n}") for n in range(3)), return_exceptions=True)
        assert {type(one) for one in results} == {ConnectionRefusedError}
        await sends.send("back")
        assert await sends.history() == ["back"]

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    async def test_lets_clients_sync_after_a_commit_that_was_not_answered(
        self, sends: Sends, monkeypatch: pytest.MonkeyPatch
    ):
        """It has happened, and the server cannot know: history has what no connection was told."""
        transaction = sends.database.transaction

        @asynccontextmanager
        async def cut() -> AsyncIterator[OpenTransaction]:
            async with transaction() as opened:
                yield opened
            raise ConnectionResetError

        with monkeypatch.context() as lost:
            lost.setattr(sends.database, "transaction", cut)
            with pytest.raises(ConnectionResetError):
                await sends.send("unknown")
        assert await sends.history() == ["unknown"]
        assert sends.heard.notices == [Lost()]

    async def test_leaves_clients_alone_where_nothing_was_committed(
        self, sends: Sends, monkeypatch: pytest.MonkeyPatch
    ):
        @asynccontextmanager
        async def cut() -> AsyncIterator[OpenTransaction]:
            raise ConnectionResetError
            yield

        with monkeypatch.context() as lost:
            lost.setattr(sends.database, "transaction", cut)
            with pytest.raises(ConnectionResetError):
                await sends.send("lost")
        assert sends.heard.notices == []


class TestRoles:
    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one process, and one writer.
    async def test_are_those_after_the_wait_for_the_lock(self, sends: Sends):
        """As when another process bans a user whose message waits meanwhile."""
        async with sends.database.transaction() as other:
            await other.run(conversations.lock, sends.lobby, ALICE)
            waits = asyncio.create_task(sends.send("hello", user_id=BOB))
            await asyncio.sleep(0.1)  # Until it waits for the row; a shorter time proves less, and fails nothing.
            await other.run(conversations.set_role, sends.lobby, BOB, Role.BANNED)
        with pytest.raises(Refused):
            await waits
