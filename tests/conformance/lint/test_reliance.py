"""Every rule can be judged with few features, and what it says that it needs is what it needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.lint.reliance import rules_need_few_features
from tests.conformance.lint.words import FETCH, SEND, said

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author

CHUNK = "{expect: HistoryChunk, at: alice}"
UNJOINED = "{users: [alice]}"


def only(spec: Spec, *scenarios: object, **needs: tuple[str, ...]) -> Spec:
    """Give a spec with these scenarios, and the rules that they prove."""
    names = {rule for one in scenarios for rule in one.rules}  # type: ignore[attr-defined]
    rules = {name: replace(spec.rules[name], needs=needs.get(name.replace("-", "_"), ())) for name in names}
    return replace(spec, rules=rules, scenarios={one.id: one for one in scenarios})  # type: ignore[attr-defined]


def test_finds_a_rule_whose_every_scenario_relies_on_another_feature(spec: Spec, scenario: Author) -> None:
    one = scenario(f"steps: [{SEND}, {FETCH}, {CHUNK}]")
    (found,) = rules_need_few_features(only(spec, one))
    assert found.message == (
        "SEND-1: every scenario of send_message relies on fetch_history; put that into a `witness`, or write a"
        " scenario that does without, or say `needs` here if the sentence is about it"
    )
    assert (found.file, found.line) == (spec.rules["SEND-1"].file, spec.rules["SEND-1"].line)


def test_a_part_of_a_request_is_relied_on_too(spec: Spec, scenario: Author) -> None:
    one = scenario(f"steps: [{SEND.replace('hello', 'hello, attachments: []')}]")
    assert "relies on message_attachments;" in said(rules_need_few_features(only(spec, one)))[0]
    own = scenario(f"steps: [{FETCH[:-2]}, cursor: x}}}}]", feature="fetch_history", rules="[HIST-1]")
    assert said(rules_need_few_features(only(spec, own))) == []


def test_is_content_with_a_witness(spec: Spec, scenario: Author) -> None:
    one = scenario(f"steps: [{SEND}, {{witness: [{FETCH}, {CHUNK}]}}]")
    assert said(rules_need_few_features(only(spec, one))) == []


def test_is_content_with_one_scenario_that_does_without(spec: Spec, scenario: Author) -> None:
    much, little = scenario(f"steps: [{SEND}, {FETCH}, {CHUNK}]", id="toy.much"), scenario(f"steps: [{SEND}]")
    assert said(rules_need_few_features(only(spec, much, little))) == []


def test_is_content_where_the_rule_says_so(spec: Spec, scenario: Author) -> None:
    one = scenario(f"steps: [{SEND}, {FETCH}, {CHUNK}]")
    assert said(rules_need_few_features(only(spec, one, SEND_1=("fetch_history",)))) == []


def test_finds_a_need_that_no_scenario_has(spec: Spec, scenario: Author) -> None:
    one = scenario(f"steps: [{SEND}]")
    assert said(rules_need_few_features(only(spec, one, SEND_1=("fetch_history",)))) == [
        "SEND-1: it says that it needs fetch_history, and is judged without"
    ]


def test_joining_is_relied_on_too(spec: Spec, scenario: Author) -> None:
    connection = {"feature": "websocket_connection", "rules": "[CONN-3]"}
    joined = scenario("steps: [{sync: alice}]", **connection)
    assert "relies on join_conversation" in said(rules_need_few_features(only(spec, joined)))[0]
    alone = scenario("steps: [{sync: alice}]", given=UNJOINED, **connection)
    assert said(rules_need_few_features(only(spec, alone))) == []


def test_finds_features_that_do_not_exist(spec: Spec, scenario: Author) -> None:
    one = scenario(f"steps: [{SEND}]")
    features = {**spec.features, "edit_message": replace(spec.features["edit_message"], builds_on=("king_kong",))}
    broken = replace(only(spec, one, SEND_1=("godzilla",)), features=features)
    assert said(rules_need_few_features(broken)) == [
        "`builds_on` of edit_message: there is no feature 'king_kong'",
        "`needs` of SEND-1: there is no feature 'godzilla'",
        "SEND-1: it says that it needs godzilla, and is judged without",
    ]
