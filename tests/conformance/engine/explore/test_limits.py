from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.engine.explore.limits import HUGE, Limits

if TYPE_CHECKING:
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.target import Target


def _limits(target: Target, **small: int) -> Limits:
    limits = {**target.profile["limits"], **small}
    return Limits((target, replace(target, profile={**target.profile, "limits": limits})))


def test_the_stricter_of_two_limits_holds(target: Target) -> None:
    limits = _limits(target, content_max=20)
    assert (limits.least("limits.content_max"), limits.most("limits.content_max")) == (20, 4000)
    assert not limits.agree("limits.content_max")
    assert limits.agree("limits.query_max")


def test_a_text_fits_both_limits_or_neither(target: Target, knowledge: Knowledge) -> None:
    found = _limits(target, content_max=20).lengths(knowledge.fields["content"], "x")
    assert [(label, value["$fill"]["times"]) for label, value in found] == [("limit", 20), ("over", 4001)]


def test_a_page_fits_both_limits_or_neither(target: Target, knowledge: Knowledge) -> None:
    found = _limits(target, history_max=10).sizes(knowledge.requests["FetchHistory"])
    assert found == [("limit", 10), ("zero", 0), ("negative", -1), ("over", HUGE), ("over", 101)]


def test_nothing_is_drawn_beyond_a_limit_that_a_server_does_not_have(target: Target, knowledge: Knowledge) -> None:
    profile = {**target.profile, "limits": {**target.profile["limits"], "emoji_bytes": None, "frame_bytes": None}}
    usable = Limits((target, replace(target, profile=profile))).usable(knowledge)
    assert "over" in knowledge.fields["emoji"].classes
    assert [*usable.fields["emoji"].classes] == ["blank"]
    left_out = {one.label for one in knowledge.raw} - {one.label for one in usable.raw}
    assert left_out == {"at-the-limit", "over-the-limit"}
    assert Limits((target,)).usable(knowledge) == knowledge
