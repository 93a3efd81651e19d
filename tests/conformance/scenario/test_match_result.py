"""The results of a match: what was captured, or the first part that does not fit."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conformance.scenario.match_result import Mismatch, same
from conformance.scenario.matching import match

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
"""Whatever JSON can say, and the infinite numbers that Python reads out of `1e999`."""


class TestMismatch:
    def test_counts_what_does_not_fit_so_that_the_nearest_miss_can_be_shown(self) -> None:
        pattern = {"a": 1, "b": {"c": 2, "d": 3}}
        near, far = match(pattern, {"a": 1, "b": {"c": 2}}), match(pattern, {"a": 0, "b": {}})
        assert isinstance(near, Mismatch)
        assert isinstance(far, Mismatch)
        assert (near.distance, far.distance) == (1, 3)

    def test_names_the_first_part_that_does_not_fit(self) -> None:
        assert str(match({"a": 1, "b": 2}, {"a": 0, "b": 0})) == "a: expected 1, got 0"


@given(values, values)
def test_equality_is_the_same_in_both_directions(one: Any, other: Any) -> None:
    assert same(one, other) == same(other, one)
