"""Rules and features: each is proved, and each that is named exists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.lint.rules import features_have_rules, rules_are_proved, rules_named_elsewhere_exist
from tests.conformance.lint.words import SEND, said, without

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


class TestFeaturesHaveRules:
    def test_finds_a_feature_without_a_must_rule(self, spec: Spec) -> None:
        rules = {name: rule for name, rule in spec.rules.items() if "ping_pong" not in rule.features}
        (found,) = features_have_rules(replace(spec, rules=rules))
        assert found.message == "no must rule belongs to ping_pong, so nothing decides its verdict"
        assert found.line == spec.features["ping_pong"].line

    def test_finds_a_rule_of_a_feature_that_does_not_exist(self, spec: Spec) -> None:
        rule = replace(spec.rules["PING-2"], features=("ping_pong", "king_kong"))
        assert said(features_have_rules(replace(spec, rules={**spec.rules, "PING-2": rule}))) == [
            "PING-2: there is no feature 'king_kong'"
        ]


class TestRulesAreProved:
    def test_finds_a_rule_that_no_scenario_proves(self, spec: Spec, scenario: Author) -> None:
        rules = {name: spec.rules[name] for name in ("SEND-1", "SEND-2", "SEND-7s")}
        one = scenario(f"steps: [{SEND}]")
        found = list(rules_are_proved(replace(spec, rules=rules, scenarios={one.id: one})))
        assert said(found) == [
            "no scenario of send_message proves the must rule SEND-2",
            "no scenario of send_message proves the should rule SEND-7s",
        ]
        assert (found[0].file.name, found[0].line) == ("03-send-message.yaml", spec.rules["SEND-2"].line)

    def test_wants_a_proof_in_each_feature_of_a_rule(self, spec: Spec, scenario: Author) -> None:
        one = scenario(f"steps: [{SEND}]", feature="call_offer", rules="[CALL-8]")
        broken = replace(spec, rules={"CALL-8": spec.rules["CALL-8"]}, scenarios={one.id: one})
        assert said(rules_are_proved(broken)) == ["no scenario of call_answer proves the must rule CALL-8"]


def test_a_rule_named_by_the_protocol_or_by_a_schema_must_exist(spec: Spec) -> None:
    broken = replace(spec, rules=without(spec.rules, spec.protocol.secret_rule, "ATT-1", "READ-1", "SEND-3"))
    found = list(rules_named_elsewhere_exist(broken))
    assert [(one.file.name, one.message) for one in found] == [
        ("protocol.yaml", "there is no rule 'AUTH-5'"),
        ("protocol.yaml", "there is no rule 'SEND-3'"),
        ("protocol.yaml", "there is no rule 'SEND-3'"),
        ("MessageRead.json", "`x-rule`: there is no rule 'READ-1'"),
    ]
