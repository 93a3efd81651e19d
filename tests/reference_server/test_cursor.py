from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server import cursor
from reference_server.errors import Refused

if TYPE_CHECKING:
    from uuid import UUID

instants = st.datetimes(timezones=st.just(UTC))


class TestCursor:
    @given(st.uuids(), instants)
    def test_comes_back_to_the_microsecond(self, conversation_id: UUID, stamp: datetime):
        assert cursor.decode(cursor.encode(conversation_id, stamp), conversation_id) == stamp

    @given(st.uuids(), st.uuids(), instants)
    def test_is_bound_to_its_conversation(self, mine: UUID, other: UUID, stamp: datetime):
        if mine != other:
            with pytest.raises(Refused):
                cursor.decode(cursor.encode(mine, stamp), other)

    @given(st.uuids(), st.text())
    def test_cannot_be_guessed_by_accident(self, conversation_id: UUID, text: str):
        with pytest.raises(Refused):
            cursor.decode(text, conversation_id)
