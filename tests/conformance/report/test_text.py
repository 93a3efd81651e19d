from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.report.text import LONGEST, WIDEST, as_json, line, named, payload, shorten, visible
from tests.conformance.report import hostile

ID = "0b9c0000-0000-4000-8000-000000000001"


class TestAsJson:
    @given(hostile.texts)
    def test_shows_all_and_says_nothing_else(self, text: str) -> None:
        value = {text: [text, f"##{text}"]}
        shown = as_json(value)
        assert json.loads(shown) == json.loads(json.dumps(value))
        assert all(line == visible(line) for line in shown.split("\n"))

    def test_knows_no_number_that_json_has_not(self) -> None:
        with pytest.raises(ValueError, match="not JSON compliant"):
            as_json(float("nan"))


class TestVisible:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("plain", "plain"),
            ("é ❤️ Σ", "é ❤️ Σ"),
            ("a\nb\tc\rd", r"a\nb\tc\rd"),
            ("\x1b[31m", r"\x1b[31m"),
            ("\x9b", r"\x9b"),
            ("\u202e", r"\u202e"),
            ("\u200d", r"\u200d"),
            ("\u2028", r"\u2028"),
            ("\ud800", r"\ud800"),
            ("\U000e0041", r"\U000e0041"),
            ("a ##[group]b ##vso[x] ## [c] #[d]", r"a \x23#[group]b \x23#vso[x] ## [c] #[d]"),
        ],
    )
    def test_escapes_what_cannot_be_seen(self, text: str, shown: str) -> None:
        assert visible(text) == shown

    @given(hostile.texts)
    def test_leaves_nothing_that_acts(self, text: str) -> None:
        assert not {unicodedata.category(char) for char in visible(text)} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class TestShorten:
    def test_says_how_long_the_text_was(self) -> None:
        assert shorten("abcdef", 3) == "abc… (6 characters)"
        assert shorten("abc", 3) == "abc"


class TestNamed:
    def test_shows_an_id_by_its_name_inside_a_text(self) -> None:
        assert named(f"no {ID} here", {ID: "message"}) == "no ⟨message⟩ here"

    def test_leaves_short_values_alone(self) -> None:
        assert named("a 7 is a 7", {"7": "count", "": "nothing"}) == "a 7 is a 7"


class TestPayload:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            ({}, "{}"),
            ({"id": ID, "content": "forged"}, '{id: ⟨message⟩, content: "forged"}'),
            ({"a": None, "b": True, "c": 1.5, "d": [1, 2]}, "{a: null, b: true, c: 1.5, d: [1, 2]}"),
            ({"odd key": 1, "x:y": 2}, '{"odd key": 1, "x:y": 2}'),
            ({"quote": 'a"b\\'}, '{quote: "a\\"b\\\\"}'),
            ({"inside": f"see {ID}"}, '{inside: "see ⟨message⟩"}'),
            ({"many": list(range(15))}, "{many: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … 3 more]}"),
            ({"long": "x" * 4000}, f'{{long: "{"x" * LONGEST}…" (4000 characters)}}'),
        ],
    )
    def test_is_one_short_line(self, value: Any, shown: str) -> None:
        assert payload(value, {ID: "message"}) == shown

    def test_ends_where_it_is_too_deep(self) -> None:
        value: Any = "bottom"
        for _ in range(900):
            value = [value]
        assert payload(value, {}) == "[[[[[[[[[…]]]]]]]]]"

    @given(st.dictionaries(hostile.texts, hostile.texts), st.dictionaries(hostile.texts, hostile.texts))
    def test_is_inert_whatever_it_holds(self, value: dict[str, str], names: dict[str, str]) -> None:
        shown = payload(value, names)
        assert shown == visible(shown)
        assert len(shown) <= WIDEST + 30


@given(hostile.texts)
def test_a_line_is_one_line(text: str) -> None:
    assert len(line(text).splitlines()) <= 1
