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
        ("edit-mesage.edited-again", "edit-message.edited-again"),
        ("EDIT-9", None),
        ("", None),
    ],
)
def test_the_nearest_word_wins_whatever_its_case_and_its_hyphens(wrong: str, meant: str | None) -> None:
    assert nearest(wrong, KNOWN) == meant


def test_a_word_of_several_parts_is_near_only_if_each_part_is() -> None:
    assert nearest("edit-message.nope", ("edit-message.edited-again", "edit-message.open-again")) is None
    assert nearest("EditMessge", ("NewMessage", "EditMessage")) == "EditMessage"
    assert nearest("ForMessage", ("NewMessage", "EditMessage")) is None


def test_nothing_is_near_where_nothing_is_known() -> None:
    assert nearest("anything", ()) is None


def test_the_end_of_a_message_has_a_guess_or_other_advice() -> None:
    assert did_you_mean("ping-pang", iter(KNOWN), "; see the list") == "; did you mean 'ping_pong'?"
    assert did_you_mean("flying", KNOWN, "; see the list") == "; see the list"
    assert did_you_mean("flying", KNOWN) == ""
