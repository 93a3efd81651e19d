"""Scenarios are selected by id, glob, feature, level and rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.run.selection import Selection, select
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


def ids(scenarios: list[Scenario]) -> list[str]:
    return [one.id.removeprefix("toy.") for one in scenarios]


class TestSelect:
    @pytest.mark.parametrize(
        ("selection", "chosen"),
        [
            (Selection(), ["alone", "cased[one]", "cased[other]", "first", "second", "should", "slow"]),
            (Selection(patterns=("toy.first",)), ["first"]),
            (Selection(patterns=("toy.cased",)), ["cased[one]", "cased[other]"]),
            (Selection(patterns=("toy.cased[one]",)), ["cased[one]"]),
            (Selection(patterns=("toy.s*",)), ["second", "should", "slow"]),
            (Selection(patterns=("toy.s*", "toy.first")), ["first", "second", "should", "slow"]),
            (Selection(features=("ping_pong",)), ["second", "slow"]),
            (Selection(features=("20",)), ["second", "slow"]),
            (Selection(levels=("should",)), ["should"]),
            (Selection(rules=("PING-*",)), ["second", "slow"]),
            (Selection(patterns=("toy.s*",), levels=("must",)), ["second", "slow"]),
        ],
    )
    def test_narrows(self, toys: Spec, selection: Selection, chosen: list[str]) -> None:
        assert ids(select(toys, selection)) == chosen

    @pytest.mark.parametrize(
        "selection",
        [
            Selection(patterns=("toy.nobody",)),
            Selection(patterns=("toy.first", "toy.nobody")),
            Selection(features=("26",)),
            Selection(rules=("SEND-99",)),
            Selection(features=("ping_pong",), levels=("should",)),
        ],
    )
    def test_says_which_word_selects_nothing(self, toys: Spec, selection: Selection) -> None:
        with pytest.raises(UsageError):
            select(toys, selection)
