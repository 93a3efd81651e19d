"""Instants are read as RFC 3339 writes them, and compared to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.scenario.instants import instant
from conformance.scenario.match_result import Matched, Mismatch
from conformance.scenario.matching import match

NOON = "2024-05-01T12:00:00Z"
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))


class TestInstant:
    @pytest.mark.parametrize(
        "text",
        [
            *("2024-05-01", "2024-05-01T12:00:00", "2024-05-01 12:00:00Z", "2024-05-01T12:00Z"),
            *("2024-05-01T12:00:00.Z", "2024-05-01T12:00:00,5Z", "2024-13-01T12:00:00Z", "2024-02-30T12:00:00Z"),
            *("2024-05-01T24:00:00Z", "2024-05-01T12:00:00+0200", "2024-05-01T12:00:00+99:00", "0000-01-01T00:00:00Z"),
            *("2024-05-01T12:00:60Z", "٢٠٢٤-05-01T12:00:00Z", " 2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z\n", ""),
        ],
    )
    def test_is_not_read_from(self, text: str) -> None:
        assert instant(text) is None

    @pytest.mark.parametrize("value", [None, 1714564800, True, [], {}])
    def test_is_read_from_nothing_but_text(self, value: Any) -> None:
        assert instant(value) is None

    @pytest.mark.parametrize("text", ["2024-05-01t12:00:00z", "2024-05-01T12:00:00-00:00", "2024-05-01T12:00:00+00:00"])
    def test_is_read_in_the_forms_that_rfc_3339_allows(self, text: str) -> None:
        assert instant(text) == instant(NOON)

    @given(moments, st.integers(0, 3), st.integers(-23 * 60, 23 * 60))
    def test_is_the_same_in_other_digits_and_another_zone(self, moment: datetime, more: int, minutes: int) -> None:
        plain = moment.replace(tzinfo=None).isoformat(timespec="microseconds")
        sign, away = "+" if minutes >= 0 else "-", abs(minutes)
        try:
            local = (moment.replace(tzinfo=None) + (minutes * (datetime.resolution * 60_000_000))).isoformat(
                timespec="microseconds"
            )
        except OverflowError:
            return
        other = f"{local}{'0' * more}{sign}{away // 60:02}:{away % 60:02}"
        assert match({"$near": {"to": f"{plain}Z", "within": 0}}, other) == Matched()
        assert isinstance(match({"$after": f"{plain}Z"}, other), Mismatch)

    @pytest.mark.parametrize("digits", range(10))
    def test_may_have_none_to_nine_digits_of_a_second(self, digits: int) -> None:
        fraction = f".{'123456789'[:digits]}" if digits else ""
        found = instant(f"2024-05-01T12:00:00{fraction}Z")
        assert found is not None
        assert found.microsecond == int(f"{'123456789'[:digits]:0<6}"[:6])

    def test_is_told_from_another_to_the_microsecond_as_databases_keep_it(self) -> None:
        pattern = {"$near": {"to": "2024-05-01T12:00:00.123456Z", "within": 0}}
        assert match(pattern, "2024-05-01T12:00:00.123456789Z") == Matched()
        assert isinstance(match(pattern, "2024-05-01T12:00:00.123457Z"), Mismatch)

    @pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999-23:59"])
    def test_at_the_edge_of_the_calendar_is_compared_too(self, edge: str) -> None:
        for other in ("0001-01-01T00:00:00-23:59", "9999-12-31T23:59:59+23:59", NOON):
            assert isinstance(match({"$near": {"to": other, "within": 1}}, edge), Mismatch)
            match({"$after": other}, edge)
