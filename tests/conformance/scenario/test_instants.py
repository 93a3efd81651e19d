"""Instants are read as RFC 3339 writes them, and compared by the digits of a second that both have."""

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
        assert found.digits == "123456789"[:digits]

    @pytest.mark.parametrize(
        ("event", "column"),
        [
            (".123456789", ".123456"),  # cut, as a column of microseconds does
            (".123456789", ".123457"),  # rounded, as others do
            (".9999996", ".000000"),  # rounded up to the next second
            (".123000000", ".123"),
            (".123456700", ".1234567"),  # Go leaves zeros out
        ],
    )
    def test_is_the_same_with_fewer_digits(self, event: str, column: str) -> None:
        second = "12:00:01" if column == ".000000" else "12:00:00"
        told, kept = f"2024-05-01T12:00:00{event}Z", f"2024-05-01T{second}{column}Z"
        assert match({"$near": {"to": told, "within": 0}}, kept) == Matched()
        assert match({"$near": {"to": kept, "within": 0}}, told) == Matched()

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (".123456789", ".123456788"),  # the last digit that both have
            (".123456", ".123457"),
            (".123456789", ".123458"),
            (".123456789", ".123455"),
            (".123456", ".123"),  # milliseconds are fewer digits than every server keeps
            (".123456", ""),
        ],
    )
    def test_is_another_by_any_digit_that_both_have(self, one: str, other: str) -> None:
        first, second = f"2024-05-01T12:00:00{one}Z", f"2024-05-01T12:00:00{other}Z"
        assert isinstance(match({"$near": {"to": first, "within": 0}}, second), Mismatch)
        assert isinstance(match({"$near": {"to": second, "within": 0}}, first), Mismatch)

    def test_is_after_another_by_any_digit_that_both_have(self) -> None:
        assert match({"$after": "2024-05-01T12:00:00.123456788Z"}, "2024-05-01T12:00:00.123456789Z") == Matched()
        assert isinstance(match({"$after": "2024-05-01T12:00:00.123456Z"}, "2024-05-01T12:00:00.123456789Z"), Mismatch)

    def test_of_more_digits_than_any_clock_has_is_read_all_the_same(self) -> None:
        assert match({"$near": {"to": NOON, "within": 0}}, f"2024-05-01T12:00:00.{'0' * 5000}Z") == Matched()

    @pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999-23:59"])
    def test_at_the_edge_of_the_calendar_is_compared_too(self, edge: str) -> None:
        for other in ("0001-01-01T00:00:00-23:59", "9999-12-31T23:59:59+23:59", NOON):
            assert isinstance(match({"$near": {"to": other, "within": 1}}, edge), Mismatch)
            match({"$after": other}, edge)
