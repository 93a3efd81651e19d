"""Any value is shown on one short line."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conformance.files.show import show

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
"""Whatever JSON can say, and the infinite numbers that Python reads out of `1e999`."""


class TestShow:
    @given(values)
    def test_can_be_shown_on_one_short_line(self, value: Any) -> None:
        shown = show(value)
        assert len(shown) < 110
        assert "\n" not in shown

    def test_is_shortened_when_it_is_long(self) -> None:
        assert show("x" * 100, 10) == '"xxxxxxxxx… (102 characters)'
        assert show("x" * 8, 10) == '"xxxxxxxx"'

    def test_that_is_no_json_is_shown_too(self) -> None:
        assert show({1, 2}) == "{1, 2}"
