from __future__ import annotations

import pytest

from conformance.files.did_you_mean import did_you_mean, nearest

KNOWN = ("edit_message", "EDIT-2", "edit-message.edited-again", "ping_pong")


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("edit_mesage", "edit_message"),
        ("EditMessage", "edit_message"),
        ("Edit message", "edit_message"),
        ("edit-2", "EDIT-2"),
        ("edit-message.edited-agian", "edit-message.edited-again"),
        ("flying", None),
        ("", None),
    ],
)
def test_the_nearest_word_wins_whatever_its_case_and_its_hyphens(wrong: str, meant: str | None) -> None:
    assert nearest(wrong, KNOWN) == meant


def test_nothing_is_near_where_nothing_is_known() -> None:
    assert nearest("anything", ()) is None


def test_the_end_of_a_message_has_a_guess_or_other_advice() -> None:
    assert did_you_mean("ping-pang", iter(KNOWN), "; see the list") == "; did you mean 'ping_pong'?"
    assert did_you_mean("flying", KNOWN, "; see the list") == "; see the list"
    assert did_you_mean("flying", KNOWN) == ""
