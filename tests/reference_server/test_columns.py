from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, MetaData, NullPool, Table, create_engine, insert, select
from sqlalchemy.exc import StatementError

from reference_server.columns import UtcDateTime

TABLE = Table("moment", MetaData(), Column("at", UtcDateTime))


def there_and_back(at: datetime | None) -> datetime | None:
    with create_engine("sqlite://", poolclass=NullPool).begin() as connection:
        TABLE.create(connection)
        connection.execute(insert(TABLE), {"at": at})
        return connection.scalar(select(TABLE.c.at))


class TestUtcDateTime:
    def test_keeps_the_instant_and_gives_it_in_utc(self):
        at = datetime(2026, 2, 22, 20, 49, 32, 123456, timezone(timedelta(hours=1)))
        found = there_and_back(at)
        assert found == at
        assert found is not None
        assert found.tzinfo is UTC

    def test_keeps_nothing_as_nothing(self):
        assert there_and_back(None) is None

    def test_refuses_an_instant_without_a_zone(self):
        with pytest.raises(StatementError, match="needs a zone"):
            there_and_back(datetime(2026, 2, 22))
