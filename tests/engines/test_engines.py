from __future__ import annotations

import pytest
from redis import Redis
from sqlalchemy import create_engine, make_url, text

from tests.engines import missing, postgresql, redis


def version(url: str) -> str:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        answer = connection.scalar(text("SHOW server_version"))
    engine.dispose()
    return str(answer)


class TestPostgresql:
    def test_answers(self, postgresql_url: str):
        assert int(version(postgresql_url).split(".")[0]) >= 15

    def test_comes_from_the_system_where_there_is_no_wheel(self, monkeypatch: pytest.MonkeyPatch):
        if postgresql.programs_of_the_system() is None:
            pytest.skip("this machine has PostgreSQL from a wheel only")
        monkeypatch.setattr(postgresql.importlib.util, "find_spec", lambda _: None)
        with postgresql.postgresql() as url:
            assert version(url)


class TestRedis:
    def test_begins_empty_after_a_restart(self, redis_server: redis.RedisServer):
        client = Redis.from_url(redis_server.url)
        client.set("here", "yes")
        assert client.get("here") == b"yes"
        redis_server.stop()
        redis_server.start()
        assert client.get("here") is None
        client.close()


class TestMissing:
    def test_is_a_failure_in_ci(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("CI", "true")
        with pytest.raises(pytest.fail.Exception, match="Redis is neither"):
            missing.without("Redis")

    def test_is_a_skip_elsewhere(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match="Redis is neither"):
            missing.without("Redis")
