"""A field can be left out of a pattern wherever it is asked for, and a captured name has the path of its field."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match
from conformance.scenario.pattern_fields import captured_fields, without_field

ITEMS = {"l": [{"a": 1, "b": 2}]}


class TestWithoutAField:
    @pytest.mark.parametrize(
        ("pattern", "path", "left"),
        [
            ({"a": 1, "b": 2}, "a", {"b": 2}),
            (ITEMS, "l.[].a", {"l": [{"b": 2}]}),
            ({"l": {"$contains": [{"a": 1}]}}, "l.[].a", {"l": {"$contains": [{}]}}),
            ({"l": {"$every": {"a": 1, "b": 2}}}, "l.[].a", {"l": {"$every": {"b": 2}}}),
            (
                {"l": {"$all": [{"$length": 1}, {"$any_order": [{"a": 1, "b": 2}]}]}},
                "l.[].a",
                {"l": {"$all": [{"$length": 1}, {"$any_order": [{"b": 2}]}]}},
            ),
            ({"$one_of": [{"a": 1}, {"b": 2}]}, "a", {"$one_of": [{}, {"b": 2}]}),
            ({"a": {"b": 1, "c": 2}}, "a.b", {"a": {"c": 2}}),
            (
                {"l": {"$capture": {"name": "x", "is": [{"a": 1}]}}},
                "l.[].a",
                {"l": {"$capture": {"name": "x", "is": [{}]}}},
            ),
        ],
    )
    def test_asks_for_the_others_only(self, pattern: Any, path: str, left: Any):
        assert without_field(pattern, path.split(".")) == left

    @pytest.mark.parametrize(
        ("pattern", "path"),
        [
            ({"b": 1}, "a"),
            ({"a": {"$capture": "x"}}, "a"),
            ({"a": 1}, "l.[].a"),
            ({"l": {"$contains": "text"}}, "l.[].a"),
            ({"$not": {"a": 1}}, "a"),
            (ITEMS, "l.[]"),
        ],
    )
    def test_leaves_the_rest_as_it_is(self, pattern: Any, path: str):
        assert without_field(pattern, path.split(".")) == pattern


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ({"a": {"$capture": "x"}}, {"a": "seen"}),
        ({"l": [{"a": {"$capture": "x"}}]}, {"l": [{"a": "seen"}]}),
        ({"l": {"$all": [{"$length": 1}, {"$contains": [{"a": {"$capture": "x"}}]}]}}, {"l": [{"a": "seen"}]}),
        ({"l": {"$capture": {"name": "y", "is": [{"a": {"$capture": "x"}}]}}}, {"l": [{"a": "seen"}]}),
    ],
)
def test_a_captured_name_has_the_path_of_its_field(pattern: Any, value: Any) -> None:
    found = match(pattern, value)
    assert isinstance(found, Matched)
    assert found.captures["x"] == "seen"
    at: Any = value
    for key in dict(captured_fields(pattern))["x"]:
        at = at[0] if key == "[]" else at[key]
    assert at == "seen"
