from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.scenario.revision import revision
from conformance.spec import find
from conformance.spec.load import load  # not the one that reads it only once

if TYPE_CHECKING:
    from conformance.spec import Spec

CONTENT: dict[str, Any] = {
    "id": "edit.no",
    "title": "Nobody else may edit",
    "tags": ["refusal"],
    "rules": ["EDIT-2"],
    "given": {"users": ["alice", "bob"]},
    "steps": [{"send": "Edit", "by": "bob", "with": {"text": "forged", "id": "${message}"}}],
}


@pytest.mark.parametrize("words", [{"title": "Another"}, {"tags": []}, {"id": "edit.not"}, {"why": "Because."}])
def test_words_alone_make_no_revision(words: dict[str, Any]) -> None:
    assert revision({**CONTENT, **words}) == revision(CONTENT)


def test_nor_does_the_order_of_keys() -> None:
    step = {"with": {"id": "${message}", "text": "forged"}, "by": "bob", "send": "Edit"}
    assert revision({**dict(reversed(CONTENT.items())), "steps": [step]}) == revision(CONTENT)


@pytest.mark.parametrize(
    "change",
    [
        {"rules": ["EDIT-2", "EDIT-3"]},
        {"feature": "drop"},
        {"given": {"users": ["alice", "bob", "carol"]}},
        {"setup": []},
        {"steps": []},
        {"steps": [{"send": "Edit", "by": "bob", "with": {"text": "forgeD", "id": "${message}"}}]},
        {"needs": {"instances": 2}},
        {"exclusive": True},
    ],
)
def test_whatever_decides_how_it_is_run_or_judged_makes_one(change: dict[str, Any]) -> None:
    assert revision({**CONTENT, **change}) != revision(CONTENT)


def test_every_scenario_and_every_case_of_the_spec_has_its_own(whole_spec: Spec) -> None:
    scenarios = [*whole_spec.scenarios.values(), *(probe.scenario for probe in whole_spec.probes.values())]
    assert len({scenario.revision for scenario in scenarios}) == len(scenarios)


def test_is_the_same_whenever_the_spec_is_read(whole_spec: Spec) -> None:
    again = load(find())
    assert {one.id: one.revision for one in again.scenarios.values()} == {
        one.id: one.revision for one in whole_spec.scenarios.values()
    }
