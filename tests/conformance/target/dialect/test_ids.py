"""Ids are UUIDs here and something else there; both ways agree, also for ids that nobody has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.target.dialect import ids
from conformance.target.dialect.ids import Integer, Opaque, Uuid, canonical

if TYPE_CHECKING:
    import uuid

SEVEN = "00000000-0000-0000-0000-000000000007"


@given(st.uuids())
def test_only_the_protocols_form_of_a_uuid_is_one(one: uuid.UUID) -> None:
    assert canonical(str(one)) == one
    for other in (str(one).upper(), f"{{{one}}}", one.hex, f"urn:uuid:{one}", f" {one}", one.int):
        assert canonical(other) is None or other == str(one)


class TestInteger:
    @given(st.integers(0, ids.WIDEST))
    def test_every_number_has_a_uuid_and_gets_back_to_it(self, number: int) -> None:
        assert Integer().to_wire(Integer().from_wire(number)) == number

    def test_the_uuid_is_the_number(self) -> None:
        assert Integer().from_wire(7) == SEVEN
        assert Integer().to_wire(SEVEN) == 7

    @given(st.integers(10**6, ids.LARGEST))
    def test_an_invented_id_gets_back_and_lies_where_no_counter_gets(self, largest: int) -> None:
        form = Integer(largest)
        invented = form.invented()
        number = form.to_wire(invented)
        assert largest // 2 < number <= largest
        assert form.from_wire(number) == invented

    @given(st.uuids().filter(lambda one: one.int > ids.WIDEST), st.integers(10**6, ids.LARGEST))
    def test_a_uuid_that_somebody_wrote_down_is_a_number_that_nobody_has(self, one: uuid.UUID, largest: int) -> None:
        assert largest // 2 < Integer(largest).to_wire(str(one)) <= largest

    @pytest.mark.parametrize("wrong", [7, 7.5, -1])
    def test_a_number_where_a_uuid_belongs_is_as_wrong_on_the_wire(self, wrong: float) -> None:
        assert Integer().to_wire(wrong) == str(wrong)

    @pytest.mark.parametrize("other", ["", "lobby", True, None, ["x"], SEVEN.upper() + "A", f"{{{SEVEN}}}"])
    def test_anything_else_stays_as_it_is(self, other: Any) -> None:
        assert Integer().to_wire(other) is other

    @pytest.mark.parametrize("wrong", ["7", 7.0, True, -1, ids.WIDEST + 1, SEVEN, [], {}])
    def test_nothing_but_an_integer_is_taken_from_a_server(self, wrong: Any) -> None:
        with pytest.raises(ValueError, match="an integer from 0 to"):
            Integer().from_wire(wrong)


class TestOpaque:
    @given(st.text(min_size=1, max_size=ids.LONGEST))
    def test_every_text_has_a_uuid_and_gets_back(self, text: str) -> None:
        form = Opaque()
        one = form.from_wire(text)
        assert canonical(one) is not None
        assert form.to_wire(one) == text
        assert Opaque().from_wire(text) == one

    @given(st.uuids().map(str))
    def test_a_uuid_stands_for_itself(self, one: str) -> None:
        assert Opaque().from_wire(one) == Opaque().to_wire(one) == one

    @pytest.mark.parametrize("wrong", ["", 7, None, [], "x" * 257])
    def test_what_is_no_plausible_text_is_refused(self, wrong: Any) -> None:
        with pytest.raises(ValueError, match="a text of 1 to 256"):
            Opaque().from_wire(wrong)

    def test_forgets_what_was_used_least_recently(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ids, "MOST", 2)
        form = Opaque()
        first, second = form.from_wire("first"), form.from_wire("second")
        form.to_wire(first)
        form.from_wire("third")
        assert form.to_wire(first) == "first"
        assert form.to_wire(second) == second


def test_a_uuid_is_left_to_its_schema() -> None:
    assert Uuid().from_wire(7) == 7
    assert Uuid().to_wire("x") == "x"
    assert canonical(Uuid().invented()) is not None
