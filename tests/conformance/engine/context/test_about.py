"""What a scenario is about: the frames of its feature and of what its rules need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.context.about import is_about

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


def test_a_scenario_is_about_the_frames_of_its_feature(spec: Spec, scenario: Author) -> None:
    assert is_about(scenario("steps: [{sync: [alice]}]"), "NewMessage", spec)
    assert not is_about(scenario("steps: [{sync: [alice]}]"), "SearchResults", spec)


def test_a_probe_which_has_no_feature_is_about_every_frame(spec: Spec, scenario: Author) -> None:
    probe = scenario.probe("steps: [{observe: alice, choices: {one: {frame: Error}}, otherwise: none}]")
    assert is_about(probe.scenario, "SearchResults", spec)
