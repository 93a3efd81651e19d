from __future__ import annotations

import json
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server import messages as wire
from reference_server.errors import Refused
from reference_server.handlers import HANDLERS

ID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
SYNC = {"type": "SyncMessages", "conversation_id": ID}
HISTORY = {"type": "FetchHistory", "conversation_id": ID}


def parse(body: dict[str, Any]) -> Any:
    return wire.parse(json.dumps(body))


class TestParse:
    def test_knows_19_types_and_each_has_a_handler(self):
        assert len(get_args(wire.Request)) == 19
        assert set(HANDLERS) == set(get_args(wire.Request))

    def test_takes_null_for_absent(self):
        assert parse(HISTORY | {"cursor": None, "limit": None}) == parse(HISTORY)

    def test_ignores_fields_that_it_does_not_know(self):
        assert parse(HISTORY | {"sender_id": "somebody", "extra": {"x": 1}}) == parse(HISTORY)

    def test_takes_an_id_in_upper_case(self):
        assert parse(HISTORY | {"conversation_id": ID.upper()}).conversation_id == UUID(ID)

    @pytest.mark.parametrize("limit", ["5", True, 5.0, 1e400, [], {}])
    def test_does_not_take_one_type_for_another(self, limit: Any):
        with pytest.raises(Refused, match="limit"):
            parse(HISTORY | {"limit": limit})

    @pytest.mark.parametrize(
        ("since", "iso"),
        [
            ("2026-02-22T20:49:32Z", "2026-02-22T20:49:32+00:00"),
            ("2026-02-22t20:49:32.5z", "2026-02-22T20:49:32.500000+00:00"),
            ("2026-02-22 20:49:32.123456789+01:00", "2026-02-22T19:49:32.123456+00:00"),
            ("2026-02-22T20:49:32-00:00", "2026-02-22T20:49:32+00:00"),
        ],
    )
    def test_reads_date_times_of_rfc_3339(self, since: str, iso: str):
        assert parse(SYNC | {"since": since}).since.isoformat() == iso

    @pytest.mark.parametrize(
        "since",
        [
            "2026-02-22T20:49:32",
            "2026-02-22",
            "20260222T204932Z",
            "1700000000",
            1_700_000_000,
            "",
            "now",
            None,
            "2026-02-30T00:00:00Z",
            "2026-02-22T24:49:32Z",
            "0001-01-01T00:00:00+23:00",
            "2026-02-22T20:49:32+99:00",
            "٢٠٢٦-02-22T20:49:32Z",
        ],
    )
    def test_refuses_everything_else(self, since: Any):
        with pytest.raises(Refused, match="since"):
            parse(SYNC | {"since": since})

    @given(st.text() | st.binary())
    def test_survives_anything(self, frame: str | bytes):
        with pytest.raises(Refused):
            wire.parse(frame)
