from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from reference_server import outages
from reference_server.config import ConfigError, Settings
from reference_server.database import open_database, sqlite
from reference_server.outages import FAILURES, Cause, Outages, cause_of
from reference_server.pubsub import InMemoryPubSub
from reference_server.serving import Deployment
from reference_server.store import health
from tests.reference_server.support import SECRET, Chat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy import Connection


def failure(path: Path, statement: str, *before: str) -> DBAPIError:
    """Give what SQLite says to a statement."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0})
    try:
        with engine.connect() as connection:
            for each in before:
                connection.execute(text(each))
            connection.execute(text(statement))
    except DBAPIError as error:
        return error
    finally:
        engine.dispose()
    raise AssertionError("SQLite has done it")


class Refusal(Exception):
    """What a driver of PostgreSQL raises."""

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


def postgresql(sqlstate: str | None, *, is_gone: bool = False) -> DBAPIError:
    """Give what SQLAlchemy makes of it."""
    return DBAPIError("select 1", None, Refusal(sqlstate), connection_invalidated=is_gone)


class TestCauseOf:
    def test_names_what_sqlite_says(self, tmp_path: Path):
        path = tmp_path / "chat.db"
        full = failure(path, "insert into t values (zeroblob(100000))", "create table t (x)", "pragma max_page_count=2")
        assert cause_of(full) is Cause.FULL
        assert cause_of(failure(path, "create table u (x)", "pragma query_only=on")) is Cause.READ_ONLY
        assert cause_of(failure(path, "select * from nowhere")) is Cause.FOREIGN
        assert cause_of(failure(path, "insert into t (y) values (1)")) is Cause.FOREIGN
        assert cause_of(failure(tmp_path / "nowhere" / "chat.db", "select 1")) is Cause.UNREACHABLE
        with closing(sqlite3.connect(path)) as other:
            other.execute("begin exclusive")
            assert cause_of(failure(path, "create table u (x)")) is Cause.LOCKED
        (tmp_path / "text.db").write_text("This is no database, however long it may be. " * 100)
        assert cause_of(failure(tmp_path / "text.db", "select * from t")) is Cause.FOREIGN

    @pytest.mark.parametrize(
        ("sqlstate", "cause"),
        [
            ("53100", Cause.FULL),
            ("25006", Cause.READ_ONLY),
            ("55P03", Cause.LOCKED),
            ("42P01", Cause.FOREIGN),
            ("XX001", Cause.DAMAGED),
            ("57P01", Cause.UNREACHABLE),
            ("08006", Cause.UNREACHABLE),
            ("23505", None),
            (None, None),
        ],
    )
    def test_names_what_postgresql_says(self, sqlstate: str | None, cause: Cause | None):
        assert cause_of(postgresql(sqlstate)) is cause

    def test_knows_a_connection_that_is_gone_and_a_pool_that_is_used_up(self):
        assert cause_of(postgresql(None, is_gone=True)) is Cause.UNREACHABLE
        assert cause_of(ConnectionRefusedError()) is Cause.UNREACHABLE
        assert cause_of(PoolTimeoutError()) is cause_of(TimeoutError()) is Cause.LOCKED

    def test_gives_none_to_a_mistake_of_ours(self, tmp_path: Path):
        assert cause_of(LookupError()) is None
        assert cause_of(failure(tmp_path / "chat.db", "selekt 1")) is None


class TestCauseOfARealPostgresql:
    @pytest.mark.parametrize(
        ("before", "cause"),
        [
            ("SET TRANSACTION READ ONLY", Cause.READ_ONLY),
            ("DROP TABLE conversation CASCADE", Cause.FOREIGN),
            ("ALTER TABLE conversation RENAME COLUMN visibility TO mode", Cause.FOREIGN),
            ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)", Cause.LOCKED),
            ("SELECT pg_terminate_backend(pg_backend_pid())", Cause.UNREACHABLE),
        ],
    )
    async def test_is_named(self, empty_postgresql: str, before: str, cause: Cause):
        def write(connection: Connection) -> None:
            for statement in before.split(";"):
                connection.exec_driver_sql(statement)
            health.add(connection, uuid4())

        database = open_database(empty_postgresql)
        await database.prepare()
        with pytest.raises(FAILURES) as failed:
            await database.write(write)
        await database.close()
        assert cause_of(failed.value) is cause

    async def test_that_is_not_there_is_named(self):
        database = open_database("postgresql://somebody@127.0.0.1:1/nothing")
        with pytest.raises(ConfigError, match=r"PostgreSQL at 127\.0\.0\.1:1 cannot be reached"):
            await database.prepare()
        await database.close()


class TestOutages:
    async def test_share_one_probe_among_all_who_ask_within_a_second(self):
        now, probes = [0.0], 0

        async def probe() -> None:
            nonlocal probes
            probes += 1

        known = Outages(lambda: now[0])
        assert await asyncio.gather(*[known.look(probe) for _ in range(10)]) == [None] * 10
        assert probes == 1
        now[0] += outages.PROBE_S
        assert await known.look(probe) is None
        assert probes == 2

    async def test_remember_the_failure_of_a_request_for_a_while(self):
        now = [0.0]

        async def probe() -> None:
            """Succeed."""

        known = Outages(lambda: now[0])
        assert known.note(postgresql("53100")) is Cause.FULL
        assert await known.look(probe) is Cause.FULL
        now[0] += outages.MEMORY_S
        assert await known.look(probe) is None
        assert known.note(LookupError()) is None
        assert await known.look(probe) is None

    async def test_do_not_wait_for_a_database_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(outages, "PATIENCE_S", 0)
        answer = asyncio.Event()
        known = Outages()
        assert await known.look(answer.wait) is Cause.LOCKED
        answer.set()
        monkeypatch.setattr(outages, "PATIENCE_S", None)
        assert await known.look(answer.wait) is None


class TestAServer:
    @pytest.fixture
    async def deployment(self, tmp_path: Path) -> AsyncIterator[Deployment]:
        async with Deployment(Settings(SECRET), f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0]) as deployment:
            yield deployment

    @pytest.mark.parametrize(
        ("pragma", "cause"), [("query_only=on", "read-only"), ("max_page_count=1", "disk full")], ids=str
    )
    async def test_that_cannot_write_says_why_and_lives_on(
        self, deployment: Deployment, pragma: str, cause: str, caplog: pytest.LogCaptureFixture
    ):
        async with Chat(deployment.websocket_urls, deployment.api_urls) as chat:
            alice = await chat.connect()
            lobby = await chat.conversation(alice)
            engine: Any = deployment.services.database
            event.listen(engine._engine, "begin", lambda connection: connection.exec_driver_sql(f"pragma {pragma}"))
            with caplog.at_level(logging.ERROR):
                reply = [await alice.ask("SendMessage", conversation_id=lobby, content="x" * 4000) for _ in range(9)][
                    -1
                ]
            assert (reply["type"], reply["code"]) == ("Error", "unavailable")
            assert cause in reply["message"]
            assert {record.getMessage() for record in caplog.records} == {f"The database cannot be used: {cause}."}
            assert not any(record.exc_info for record in caplog.records)
            response = await chat.call("GET", "/health")
            assert (response.status_code, response.json()["reason"]) == (503, f"database: {cause}")
            response = await chat.call("GET", "/health/ready")
            assert (response.status_code, response.json()["engines"]) == (503, {"sqlite": cause, "memory": "ok"})
            assert (await chat.call("GET", "/health/live")).status_code == 200
            assert (await alice.ask("FetchHistory", conversation_id=lobby))["type"] == "HistoryChunk"
            members = [{"user_id": str(uuid4())} for _ in range(1000)]
            refused = await chat.call("POST", "/conversations", {"members": members})
            assert (refused.status_code, refused.json()) == (503, {"detail": f"database: {cause}"})

    async def test_that_cannot_reach_its_bus_says_so(self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch):
        async def is_ready(_: object) -> bool:
            return False

        monkeypatch.setattr(InMemoryPubSub, "is_ready", is_ready)
        async with Chat(deployment.websocket_urls, deployment.api_urls) as chat:
            response = await chat.call("GET", "/health")
            ready = await chat.call("GET", "/health/ready")
        assert (response.status_code, response.json()["reason"]) == (503, "pubsub: unreachable")
        assert (ready.status_code, ready.json()["engines"]) == (503, {"sqlite": "ok", "memory": "unreachable"})

    async def test_whose_tables_are_gone_is_not_ready(self, deployment: Deployment, tmp_path: Path):
        with closing(sqlite3.connect(tmp_path / "chat.db")) as other:
            other.execute("drop table conversation")
        async with Chat(deployment.websocket_urls, deployment.api_urls) as chat:
            response = await chat.call("GET", "/health")
            assert response.json()["reason"] == "database: foreign schema"

    @pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
    async def test_whose_file_is_gone_is_not_ready_until_it_is_back(
        self, deployment: Deployment, tmp_path: Path, replaced: bool, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(outages, "MEMORY_S", 0)
        monkeypatch.setattr(outages, "PROBE_S", 0)
        path = tmp_path / "chat.db"
        async with Chat(deployment.websocket_urls, deployment.api_urls) as chat:
            alice = await chat.connect()
            lobby = await chat.conversation(alice)
            moved = path.rename(tmp_path / "moved.db")
            if replaced:
                path.touch()
            reply = await alice.ask("SendMessage", conversation_id=lobby, content="Where does this go?")
            assert (reply["type"], reply["code"]) == ("Error", "unavailable")
            response = await chat.call("GET", "/health/ready")
            assert response.json()["engines"]["sqlite"] == "its file was removed or replaced"
            moved.rename(path)
            assert (await chat.call("GET", "/health/ready")).status_code == 200
            assert (await alice.ask("SendMessage", conversation_id=lobby, content="Here."))["type"] != "Error"

    async def test_whose_database_is_locked_is_not_ready_until_it_is_free(
        self, deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(outages, "PATIENCE_S", 0.05)
        async with Chat(deployment.websocket_urls, deployment.api_urls) as chat:
            with closing(sqlite3.connect(tmp_path / "chat.db")) as other:
                other.execute("begin immediate")
                response = await chat.call("GET", "/health")
                assert (response.status_code, response.json()["reason"]) == (503, "database: locked")
            monkeypatch.setattr(outages, "PATIENCE_S", None)
            assert (await chat.call("GET", "/health")).status_code == 200

    async def test_refuses_what_has_waited_for_a_lock_at_once_when_the_first_has(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(sqlite, "PATIENCE_S", 0.05)
        database = open_database(f"sqlite:///{tmp_path}/chat.db")
        await database.prepare()
        with closing(sqlite3.connect(tmp_path / "chat.db")) as other:
            other.execute("begin immediate")
            writes = [database.write(health.remove, uuid4()) for _ in range(10)]
            refusals = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(refusal) for refusal in refusals] == [OperationalError] + [TimeoutError] * 9
        assert {cause_of(refusal) for refusal in refusals if refusal is not None} == {Cause.LOCKED}
        await database.close()

    async def test_does_not_start_on_the_tables_of_another_program(self, tmp_path: Path):
        path = tmp_path / "chat.db"
        with closing(sqlite3.connect(path)) as other:
            other.execute("create table message (id integer)")
        deployment = Deployment(Settings(SECRET), f"sqlite:///{path}", "127.0.0.1", [0])
        with pytest.raises(ConfigError, match="belongs to another program: the table 'message' has no column"):
            await deployment.__aenter__()
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("select name from sqlite_master").fetchall() == [("message",)]
