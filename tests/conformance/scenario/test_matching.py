"""Every word of a pattern: what it matches, what it does not match, and what is said of a mismatch."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.scenario.match_result import Matched, Mismatch, PatternError
from conformance.scenario.matching import match, operator

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
"""Whatever JSON can say, and the infinite numbers that Python reads out of `1e999`."""


plain_keys = st.text().filter(lambda key: not key.startswith("$"))


plain_values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(plain_keys, inner), max_leaves=12)


NOON = "2024-05-01T12:00:00Z"


WORDS = [
    *("$type", "$match", "$one_of", "$all", "$not", "$absent", "$present", "$capture", "$any_order", "$contains"),
    *("$mentions", "$every", "$length", "$at_least", "$at_most", "$near", "$after", "$literal"),
]


def deep(levels: int, core: Any = 0, *, key: str | None = None) -> Any:
    for _ in range(levels):
        core = [core] if key is None else {key: core}
    return core


FITS: list[tuple[Any, Any]] = [
    # plain values
    ("a", "a"),
    (1, 1.0),
    (0, -0.0),
    (True, True),
    (None, None),
    ("é", "é"),
    ({}, {"any": 1}),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": None}, {"a": None}),
    ({"a": None}, {}),
    ({"a": {"b": [1]}}, {"a": {"b": [1], "c": 2}}),
    ([], []),
    ([1, {"a": 2}], [1, {"a": 2, "b": 3}]),
    # $type
    ({"$type": "string"}, ""),
    ({"$type": "integer"}, 3),
    ({"$type": "integer"}, 3.0),
    ({"$type": "number"}, 3.5),
    ({"$type": "boolean"}, False),
    ({"$type": "array"}, []),
    ({"$type": "object"}, {}),
    ({"$type": "null"}, None),
    # $match
    ({"$match": "b"}, "abc"),
    ({"$match": "^a.c$"}, "abc"),
    # $one_of, $all, $not
    ({"$one_of": [1, "a"]}, "a"),
    ({"$one_of": [{"a": 1}, {"b": 1}]}, {"b": 1}),
    ({"$all": []}, "whatever"),
    ({"$all": [{"$type": "string"}, {"$length": 2}]}, "ab"),
    ({"$not": "a"}, "b"),
    ({"$not": {"$absent": True}}, 0),
    # $absent, $present
    ({"$absent": True}, None),
    ({"a": {"$absent": True}}, {}),
    ({"$present": True}, False),
    ({"a": {"$present": True}}, {"a": ""}),
    # $any_order, $contains, $every
    ({"$any_order": []}, []),
    ({"$any_order": [1, 2]}, [2, 1]),
    ({"$any_order": [1, 1.0]}, [1, 1]),
    ({"$contains": []}, [1]),
    ({"$contains": [2, 1]}, [1, 5, 2]),
    ({"$contains": [{"a": 1}, {"b": 1}]}, [{"a": 1, "b": 1}, {"a": 1}]),
    ({"$contains": "b"}, "abc"),
    ({"$mentions": "b"}, "abc"),
    ({"$mentions": "b"}, {"any": [{"name": "abc"}]}),
    ({"$mentions": "x"}, deep(3000, "x")),
    ({"$every": 1}, []),
    ({"$every": {"$at_least": 1}}, [1, 2]),
    # $length
    ({"$length": 2}, "né"),
    ({"$length": 1}, "👋"),
    ({"$length": 2}, [0, 0]),
    ({"$length": 1}, {"a": 0}),
    ({"$length": {"$at_most": 3}}, "abc"),
    # $at_least, $at_most
    ({"$at_least": 2}, 2),
    ({"$at_least": 2}, 2.5),
    ({"$at_most": 2}, 2.0),
    # $near, $after
    ({"$near": {"to": NOON, "within": 0}}, "2024-05-01T12:00:00.000000Z"),
    ({"$near": {"to": NOON, "within": 0}}, "2024-05-01T14:00:00+02:00"),
    ({"$near": {"to": NOON, "within": 1.5}}, "2024-05-01T12:00:01.5Z"),
    ({"$near": {"to": NOON, "within": 1}}, "2024-05-01T11:59:59Z"),
    ({"$after": NOON}, "2024-05-01T12:00:00.000001Z"),
    ({"$after": NOON}, "2024-05-01T12:30:00-01:00"),
    # $literal
    ({"$literal": {"$type": "string"}}, {"$type": "string"}),
    ({"$literal": [1, None]}, [1.0, None]),
]


MISSES: list[tuple[Any, Any, str]] = [
    # plain values
    ("a", "b", 'expected "a", got "b"'),
    (1, True, "expected 1, got true"),
    (False, 0, "expected false, got 0"),
    ("1", 1, 'expected "1", got 1'),
    (None, 0, "expected null or absent, got 0"),
    ("é", "e\u0301", 'expected "é", got "e\u0301"'),
    ("a", "a\nb", 'expected "a", got "a\\nb"'),
    ({}, [], "expected an object, got []"),
    ({"a": 1}, {"a": 2}, "a: expected 1, got 2"),
    ({"a": 1}, {}, "a: expected 1, but it is absent"),
    ({"a": 1}, {"a": None}, "a: expected 1, got null"),
    ({"a": {"b": 1}}, {"a": {}}, "a.b: expected 1, but it is absent"),
    ({"a": {"b": 1}}, {}, "a: expected an object, but it is absent"),
    ({"a": {"$present": True}}, {}, "a: expected a value, but it is absent"),
    ({"a": {"b": [0, 1]}}, {"a": {"b": [0, 2]}}, "a.b[1]: expected 1, got 2"),
    ({"a": 1}, None, "expected an object, got null"),
    ([1], {}, "expected a list, got {}"),
    ([1], [1, 2], "expected 1 items, got 2: [1, 2]"),
    ([[1]], [[2]], "[0][0]: expected 1, got 2"),
    # $type
    ({"$type": "string"}, 1, "expected a value of type string, got 1"),
    ({"$type": "integer"}, 1.5, "expected a value of type integer, got 1.5"),
    ({"$type": "integer"}, True, "expected a value of type integer, got true"),
    ({"$type": "integer"}, math.inf, "expected a value of type integer, got Infinity"),
    ({"$type": "integer"}, math.nan, "expected a value of type integer, got NaN"),
    ({"$type": "number"}, "1", 'expected a value of type number, got "1"'),
    ({"$type": "boolean"}, 0, "expected a value of type boolean, got 0"),
    ({"$type": "array"}, {}, "expected a value of type array, got {}"),
    ({"$type": "object"}, [], "expected a value of type object, got []"),
    ({"$type": "null"}, False, "expected a value of type null, got false"),
    # $match
    ({"$match": "^b"}, "abc", 'expected text matching /^b/, got "abc"'),
    ({"$match": "1"}, 1, "expected text matching /1/, got 1"),
    # $one_of, $all, $not
    ({"$one_of": [1, {"a": None}]}, 2, 'expected one of [1, {"a": null}], got 2'),
    ({"$one_of": []}, 1, "expected one of [], got 1"),
    ({"$all": [{"$type": "string"}, {"$length": 2}]}, "a", "the length: expected 2, got 1"),
    ({"$not": {"$type": "null"}}, None, 'expected anything but {"$type": "null"}, got null'),
    # $absent, $present
    ({"$absent": True}, "", 'expected null or absent, got ""'),
    ({"a": {"$absent": True}}, {"a": 0}, "a: expected null or absent, got 0"),
    ({"$present": True}, None, "expected a value, got null"),
    # $capture
    ({"$capture": "x"}, None, "expected a value to capture, got null"),
    ({"a": {"$capture": {"name": "x", "is": 1}}}, {"a": 2}, "a: expected 1, got 2"),
    ([{"$capture": "x"}, {"$capture": "x"}], [1, 2], "x is captured as 1 and as 2"),
    # $any_order, $contains, $every
    ({"$any_order": [1]}, {}, "expected a list, got {}"),
    ({"$any_order": [1]}, [1, 2], "expected 1 items in any order, got 2: [1, 2]"),
    ({"$any_order": [1, 1]}, [1, 2], "no item left for 1 in [1, 2]"),
    ({"a": {"$any_order": [True]}}, {"a": [1]}, "a: no item left for true in [1]"),
    ({"$contains": ["a"]}, "a", 'expected a list, got "a"'),
    ({"$contains": [1, 1]}, [1, 2], "no item left for 1 in [1, 2]"),
    ({"$contains": "x"}, "abc", 'expected text with "x" in it, got "abc"'),
    ({"$contains": "x"}, ["x"], 'expected text with "x" in it, got ["x"]'),
    ({"$mentions": "b"}, {"b": [1, None]}, 'expected a value that mentions "b", got {"b": [1, null]}'),
    ({"$every": 1}, "1", 'expected a list, got "1"'),
    ({"a": {"$every": {"b": 1}}}, {"a": [{"b": 1}, {"b": 2}]}, "a[1].b: expected 1, got 2"),
    # $length
    ({"$length": 1}, "ab", "the length: expected 1, got 2"),
    ({"a": {"$length": {"$at_most": 1}}}, {"a": [1, 2]}, "a: the length: expected at most 1, got 2"),
    ({"$length": 1}, 1, "expected something that has a length, got 1"),
    # $at_least, $at_most
    ({"$at_least": 2}, 1, "expected at least 2, got 1"),
    ({"$at_least": 0}, True, "expected at least 0, got true"),
    ({"$at_most": 2}, 2.5, "expected at most 2, got 2.5"),
    ({"$at_most": 2}, "1", 'expected at most 2, got "1"'),
    # $near, $after
    (
        {"$near": {"to": NOON, "within": 1}},
        "2024-05-01T12:00:02Z",
        "expected an instant at most 1 s from 2024-05-01T12:00:00Z, got 2024-05-01T12:00:02Z (2.0 s)",
    ),
    (
        {"$near": {"to": NOON, "within": 1}},
        "2024-05-01T12:00:00",
        'expected an instant with a zone, got "2024-05-01T12:00:00"',
    ),
    ({"$near": {"to": NOON, "within": 1}}, 0, "expected an instant with a zone, got 0"),
    ({"$after": NOON}, NOON, f'expected an instant after {NOON}, got "{NOON}"'),
    ({"$after": NOON}, "soon", f'expected an instant after {NOON}, got "soon"'),
    # $literal
    ({"$literal": {"a": 1}}, {"a": 1, "b": 2}, 'expected {"a": 1}, got {"a": 1, "b": 2}'),
    ({"$literal": None}, 0, "expected null, got 0"),
    ({"$literal": [True]}, [1], "expected [true], got [1]"),
]


MISTAKES: list[tuple[Any, str]] = [
    ({"$type": "strong"}, '$type takes one of string integer number boolean array object null, not "strong"'),
    ({"$type": ["string"]}, '$type takes one of string integer number boolean array object null, not ["string"]'),
    ({"$match": "("}, "$match takes a regular expression: missing ), unterminated subpattern at position 0"),
    ({"$match": 5}, "$match takes a regular expression: first argument must be string or compiled pattern"),
    ({"$match": "a{99999999999}"}, "$match takes a regular expression: the repetition number is too large"),
    ({"$one_of": 1}, "$one_of takes a list of patterns, not 1"),
    ({"$all": {"a": 1}}, '$all takes a list of patterns, not {"a": 1}'),
    ({"$absent": False}, "$absent takes true; write $present for the opposite"),
    ({"$present": 1}, "$present takes true; write $absent for the opposite"),
    ({"$capture": 5}, "$capture takes a name, or {name: …, is: pattern}"),
    ({"$capture": {"name": "x"}}, "$capture takes a name, or {name: …, is: pattern}"),
    ({"$capture": {"name": [], "is": {}}}, "$capture binds a name, not []"),
    ({"$mentions": ""}, '$mentions takes a text, not ""'),
    ({"$at_least": "2"}, '$at_least takes a number, not "2"'),
    ({"$at_most": True}, "$at_most takes a number, not true"),
    ({"$near": NOON}, "$near takes {to: instant, within: seconds}"),
    ({"$near": {"to": NOON}}, "$near takes {to: instant, within: seconds}"),
    ({"$near": {"to": "noon", "within": 1}}, '$near: "noon" is not an instant with a zone'),
    ({"$near": {"to": NOON, "within": "1"}}, '$near: `within` takes a number of seconds, not "1"'),
    ({"$after": "2024-05-01"}, '$after: "2024-05-01" is not an instant with a zone'),
    ({"$type": "string", "a": 1}, "$type must be the only key of its mapping; combine patterns with $all"),
    ({"$nothing": 1}, f"there is no pattern $nothing; there are {' '.join(sorted(WORDS))}"),
]


@pytest.mark.parametrize(("pattern", "value"), FITS)
def test_fits(pattern: Any, value: Any) -> None:
    assert match(pattern, value) == Matched()


@pytest.mark.parametrize(("pattern", "value", "message"), MISSES)
def test_does_not_fit_and_says_why(pattern: Any, value: Any, message: str) -> None:
    found = match(pattern, value)
    assert isinstance(found, Mismatch)
    assert str(found) == message


@pytest.mark.parametrize(("pattern", "message"), MISTAKES)
@pytest.mark.parametrize("value", [{}, "text"], ids=["an object", "a text"])
def test_a_wrong_pattern_is_called_so_whatever_the_value(pattern: Any, message: str, value: Any) -> None:
    with pytest.raises(PatternError) as raised:
        match(pattern, value)
    assert str(raised.value) == message


@pytest.mark.parametrize("word", ["$any_order", "$contains"])
def test_a_wrong_list_is_called_so_where_there_is_a_list(word: str) -> None:
    with pytest.raises(PatternError, match=f"^\\{word} takes a list of patterns, not 1$"):
        match({word: 1}, [])


def test_every_pattern_word_stands_in_the_tables() -> None:
    fitting = str([pattern for pattern, _ in FITS]) + "$capture"
    missing = str([pattern for pattern, _, _ in MISSES])
    assert [word for word in WORDS if word not in fitting] == []
    assert [word for word in WORDS if word not in missing] == []
    assert [operator({word: None}) for word in WORDS] == WORDS


class TestCaptures:
    def test_are_bound_by_name(self) -> None:
        pattern = {"a": {"$capture": "x"}, "b": [{"$capture": {"name": "y", "is": {"$type": "integer"}}}]}
        assert match(pattern, {"a": "one", "b": [2]}) == Matched({"x": "one", "y": 2})

    def test_may_be_bound_twice_to_the_same_value(self) -> None:
        assert match([{"$capture": "x"}, {"$capture": "x"}], [1, 1.0]) == Matched({"x": 1.0})

    def test_with_a_pattern_may_be_null(self) -> None:
        assert match({"a": {"$capture": {"name": "x", "is": None}}}, {}) == Matched({"x": None})

    def test_of_all_parts_are_joined(self) -> None:
        pattern = {"$all": [{"$capture": "x"}, {"$length": {"$capture": "n"}}]}
        assert match(pattern, "abc") == Matched({"x": "abc", "n": 3})

    def test_of_the_first_alternative_that_fits_count(self) -> None:
        pattern = {"$one_of": [[1, {"$capture": "x"}], [{"$capture": "y"}, 2]]}
        assert match(pattern, [1, 2]) == Matched({"x": 2})

    def test_come_from_the_item_that_a_pattern_was_given(self) -> None:
        pattern = {"$any_order": [{"id": {"$capture": "any"}}, {"id": {"$capture": "named"}, "name": "b"}]}
        found = match(pattern, [{"id": 1, "name": "b"}, {"id": 2, "name": "a"}])
        assert found == Matched({"any": 2, "named": 1})

    @pytest.mark.parametrize("word", ["$not", "$every"])
    def test_do_not_come_from_where_no_single_value_is_meant(self, word: str) -> None:
        pattern = {"$not": [{"$capture": "x"}]} if word == "$not" else {"$every": {"a": {"$capture": "x"}}}
        assert match(pattern, [] if word == "$not" else [{"a": 1}]) == Matched()


class TestEveryValue:
    @given(values)
    def test_matches_itself_as_a_literal(self, value: Any) -> None:
        assert match({"$literal": value}, value) == Matched()

    @given(plain_values)
    def test_without_words_matches_itself_as_a_pattern(self, value: Any) -> None:
        assert match(value, value) == Matched()

    @given(values, values)
    @example({"$capture": {"name": {}, "is": {}}}, 1)
    @example({"$type": "integer"}, math.inf)
    @example([math.nan], [math.nan])
    def test_is_compared_without_an_accident(self, pattern: Any, value: Any) -> None:
        with contextlib.suppress(PatternError):
            match(pattern, value)

    @given(st.sampled_from(WORDS), values, values)
    def test_may_follow_a_word_without_an_accident(self, word: str, operand: Any, value: Any) -> None:
        with contextlib.suppress(PatternError):
            match({word: operand}, value)


@pytest.mark.parametrize("levels", [900, 1_000, 5_000, 50_000])
class TestDeepValues:
    """A pattern is never deep, but a captured value may become one."""

    def test_of_equal_depth_give_an_answer(self, levels: int) -> None:
        for key in (None, "a"):
            found = match(deep(levels, key=key), deep(levels, key=key))
            assert found == Matched() or str(found) == "it is nested too deeply to be compared"

    def test_in_a_literal_give_an_answer(self, levels: int) -> None:
        found = match({"a": {"$literal": deep(levels)}}, {"a": deep(levels)})
        assert found == Matched() or str(found) == "it is nested too deeply to be compared"

    def test_are_never_taken_for_something_else(self, levels: int) -> None:
        assert isinstance(match({"$not": deep(levels, 1)}, deep(levels, 1)), Mismatch)
        assert isinstance(match(deep(levels, 1), deep(levels, 2)), Mismatch)

    def test_are_named_where_they_do_not_fit(self, levels: int) -> None:
        found = str(match({"a": "b"}, {"a": deep(levels)}))
        assert found.startswith('a: expected "b", got ')
        assert len(found) < 150
