"""Renaming is a permutation: whatever the words, both ways agree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conformance.target.dialect.names import Names, permutation

WORDS = st.one_of(st.sampled_from("abcdefgh"), st.text(max_size=3), st.integers(0, 9))
RENAMES = st.dictionaries(st.sampled_from("abcdefgh"), WORDS).filter(
    lambda given: len(set(given.values())) == len(given)
)


def names(renames: dict[str, str | int]) -> Names:
    return permutation([(ours, wire, ours) for ours, wire in renames.items()])


@given(RENAMES, WORDS)
def test_no_word_is_lost_and_no_two_meet(renames: dict[str, str | int], word: str | int) -> None:
    made = names(renames)
    assert made.from_wire(made.to_wire(word)) == word
    assert made.to_wire(made.from_wire(word)) == word


@given(RENAMES)
def test_every_entry_does_what_it_says(renames: dict[str, str | int]) -> None:
    made = names(renames)
    assert {ours: made.to_wire(ours) for ours in renames} == renames
    assert made.entries == {ours: ours for ours in renames}


def test_a_wire_word_that_is_one_of_ours_means_something_when_it_goes_the_other_way() -> None:
    made = names({"content": "body", "body": "corpus"})
    assert [made.to_wire(word) for word in ("content", "body", "corpus")] == ["body", "corpus", "content"]


def test_true_is_not_the_word_1() -> None:
    made = names({"a": 1})
    assert made.from_wire(True) is True
    assert made.from_wire(1.0) == 1.0
    assert made.from_wire(1) == "a"
