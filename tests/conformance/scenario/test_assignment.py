"""Each pattern of a list gets an item of its own."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.scenario.match_result import Matched, Mismatch
from conformance.scenario.matching import match

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
"""Whatever JSON can say, and the infinite numbers that Python reads out of `1e999`."""


plain_keys = st.text().filter(lambda key: not key.startswith("$"))


plain_values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(plain_keys, inner), max_leaves=12)


class TestAssignment:
    @pytest.mark.parametrize("word", ["$any_order", "$contains"])
    @pytest.mark.parametrize("patterns", list(permutations([{"a": 1}, {"b": 1}, {"a": 1, "b": 1}])))
    def test_is_right_where_taking_the_first_that_fits_is_wrong(self, word: str, patterns: Any) -> None:
        both, left, right = {"a": 1, "b": 1}, {"a": 1}, {"b": 1}
        for items in permutations([both, left, right]):
            assert match({word: list(patterns)}, list(items)) == Matched()

    def test_finds_no_more_than_there_is(self) -> None:
        patterns, items = [{"a": 1}, {"b": 1}, {"c": 1}], [{"a": 1, "b": 1}, {"a": 1}, {"a": 1}]
        assert match({"$contains": patterns[:2]}, items) == Matched()
        assert str(match({"$contains": patterns}, items)) == (
            'no item left for {"c": 1} in [{"a": 1, "b": 1}, {"a": 1}, {"a": 1}]'
        )

    @given(items=st.lists(values, max_size=5), order=st.randoms(use_true_random=False))
    def test_takes_every_permutation(self, items: list[Any], order: Any) -> None:
        shuffled = [{"$literal": item} for item in items]
        order.shuffle(shuffled)
        assert match({"$any_order": shuffled}, items) == Matched()
        assert match({"$contains": shuffled}, [*items, "more"]) == Matched()

    @given(data=st.data())
    def test_agrees_with_trying_every_order(self, data: st.DataObject) -> None:
        part = st.sampled_from([1, 2, True, "a", {"$type": "integer"}, {"$present": True}, {"a": 1}, {"a": None}])
        item = st.sampled_from([1, 1.0, 2, True, "a", None, {"a": 1}, {"b": 1}])
        patterns, items = data.draw(st.lists(part, max_size=4)), data.draw(st.lists(item, max_size=4))
        whole = any(isinstance(match(list(one), items), Matched) for one in permutations(patterns))
        some = any(isinstance(match(patterns, list(one)), Matched) for one in permutations(items, len(patterns)))
        assert isinstance(match({"$any_order": patterns}, items), Matched) == whole
        assert isinstance(match({"$contains": patterns}, items), Matched) == some

    @pytest.mark.parametrize(
        "patterns",
        [
            [f"text {n}" for n in range(2000)],
            [{"content": f"text {n}", "id": {"$capture": f"id{n}"}} for n in range(2000)],
            [{"id": {"$present": True}} for n in range(2000)],
            [{"$capture": "same"}] * 2000,
        ],
        ids=["texts", "objects", "anything", "one value"],
    )
    @pytest.mark.timeout(30)
    def test_of_two_thousand_items_comes_to_an_end(self, patterns: list[Any]) -> None:
        items: list[Any] = [{"id": n, "content": f"text {n}"} for n in reversed(range(2000))]
        if isinstance(patterns[0], str):
            items = [item["content"] for item in items]
        elif patterns[0] == {"$capture": "same"}:
            items = ["x"] * 2000
        assert isinstance(match({"$any_order": patterns}, items), Matched)
        assert isinstance(match({"$contains": patterns}, items[1:]), Mismatch)

    def test_moves_as_many_as_it_must(self) -> None:
        # Each pattern takes its first choice until the last one, which wants what the first has: all must move on.
        size = 2000
        items = [{"even": n // 2, "odd": (n + 1) // 2, "first": n == 0} for n in range(size + 1)]
        patterns = [{"odd" if n % 2 else "even": (n + 1) // 2} for n in range(size)]
        assert match({"$any_order": [*patterns, {"first": True}]}, items) == Matched()
