"""Each lint rule, on the smallest spec that breaks it; and the real spec, whole and with a part taken away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.lint import lint
from conformance.lint.ledger import Ledger, accept, read_ledger
from conformance.lint.messages import (
    types_are_used,
    types_have_features_and_schemas,
    types_named_by_schemas_exist,
    types_of_the_protocol_exist,
)
from conformance.lint.names import names_are_bound, names_of_branches_differ, orders_exist
from conformance.lint.needs import instances_are_needed, restarts_are_needed_and_alone
from conformance.lint.refusal import refusals_have_three_parts
from conformance.lint.rules import features_have_rules, rules_are_proved, rules_named_elsewhere_exist
from conformance.lint.silence import silence_has_a_witness
from conformance.lint.timing import slow_means_waiting
from conformance.spec import find

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from conformance.errors import Mistake
    from conformance.scenario.steps import Scenario
    from conformance.spec import Spec
    from tests.conformance.stages import Author

SEND = "{send: SendMessage, by: alice, with: {conversation_id: '${lobby}', content: hello}}"
FORBIDDEN = "{send: SendMessage, by: carol, with: {conversation_id: '${lobby}', content: forged}}"
FETCH = "{send: FetchHistory, by: alice, with: {conversation_id: '${lobby}'}}"


@pytest.fixture(scope="module")
def slim(whole_spec: Spec) -> Spec:
    """The real spec with one case of each scenario and probe: its ids, rules and types are all there."""
    return replace(
        whole_spec,
        scenarios={one.id: one for one in {one.base: one for one in whole_spec.scenarios.values()}.values()},
        probes={one.id: one for one in {one.play.base: one for one in whole_spec.probes.values()}.values()},
    )


def said(mistakes: Iterable[Mistake]) -> list[str]:
    return [mistake.message for mistake in mistakes]


def without(things: dict, *names: str) -> dict:
    return {name: thing for name, thing in things.items() if name not in names}


class TestTheRealSpec:
    def test_lints_clean(self, whole_spec: Spec) -> None:
        assert [str(mistake) for mistake in lint(whole_spec, read_ledger(whole_spec))] == []

    @pytest.mark.parametrize("file", sorted((find() / "rules").glob("*.yaml")), ids=lambda file: file.stem)
    def test_misses_a_file_of_rules_that_is_gone(self, slim: Spec, file: Path) -> None:
        gone = [rule.id for rule in slim.rules.values() if rule.file == file]
        broken = replace(slim, rules=without(slim.rules, *gone))
        found = said(lint(broken, read_ledger(slim)))
        assert [name for name in gone if not any(f"the rule {name} was removed" in one for one in found)] == []

    @pytest.mark.parametrize("way", ["incoming", "outgoing"])
    def test_misses_any_message_schema_that_is_gone(self, slim: Spec, way: str) -> None:
        for kind in getattr(slim, way):
            broken = replace(slim, **{way: without(getattr(slim, way), kind)})
            assert any(f"{kind}.json is missing" in one for one in said(types_have_features_and_schemas(broken)))

    def test_misses_any_scenario_file_that_is_gone(self, slim: Spec) -> None:
        ledger = read_ledger(slim)
        for one in list(slim.scenarios.values())[::20]:
            broken = replace(slim, scenarios=without(slim.scenarios, one.id))
            assert any(f"the scenario {one.base} was removed" in message for message in said(lint(broken, ledger)))

    def test_misses_any_probe_that_is_gone(self, slim: Spec) -> None:
        ledger = read_ledger(slim)
        for one in list(slim.probes.values())[::10]:
            broken = replace(slim, probes=without(slim.probes, one.id))
            assert any(f"the probe {one.play.base} was removed" in message for message in said(lint(broken, ledger)))


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
        played = scenario(f"steps: [{SEND}]")
        found = list(rules_are_proved(replace(spec, rules=rules, scenarios={played.id: played})))
        assert said(found) == [
            "no scenario of send_message proves the must rule SEND-2",
            "no scenario of send_message proves the should rule SEND-7s",
        ]
        assert (found[0].file.name, found[0].line) == ("03-send-message.yaml", spec.rules["SEND-2"].line)

    def test_wants_a_proof_in_each_feature_of_a_rule(self, spec: Spec, scenario: Author) -> None:
        played = scenario(f"steps: [{SEND}]", feature="call_offer", rules="[CALL-8]")
        broken = replace(spec, rules={"CALL-8": spec.rules["CALL-8"]}, scenarios={played.id: played})
        assert said(rules_are_proved(broken)) == ["no scenario of call_answer proves the must rule CALL-8"]


def test_a_rule_named_by_the_protocol_or_by_a_schema_must_exist(spec: Spec) -> None:
    broken = replace(spec, rules=without(spec.rules, spec.protocol.secret_rule, "ATT-1", "READ-1"))
    found = list(rules_named_elsewhere_exist(broken))
    assert [(one.file.name, one.message) for one in found] == [
        ("protocol.yaml", "there is no rule 'AUTH-5'"),
        ("MessageRead.json", "`x-rule`: there is no rule 'READ-1'"),
    ]


class TestTypes:
    def test_finds_a_schema_whose_type_belongs_to_no_feature(self, spec: Spec) -> None:
        features = {**spec.features, "typing_indicators": replace(spec.features["typing_indicators"], incoming=())}
        (found,) = types_have_features_and_schemas(replace(spec, features=features))
        assert (found.file.name, found.message) == (
            "Typing.json",
            "no feature of features.yaml has the incoming type Typing",
        )

    def test_finds_a_type_of_a_feature_without_a_schema(self, spec: Spec) -> None:
        (found,) = types_have_features_and_schemas(replace(spec, outgoing=without(spec.outgoing, "UserTyping")))
        assert found.message == (
            "the outgoing type UserTyping of typing_indicators has no schema:"
            " messages/outgoing/UserTyping.json is missing"
        )
        assert found.line == spec.features["typing_indicators"].line

    def test_finds_a_reply_and_an_echo_that_do_not_exist(self, spec: Spec) -> None:
        broken = replace(spec, outgoing=without(spec.outgoing, "HistoryChunk", "MessageRead"))
        assert said(types_named_by_schemas_exist(broken)) == [
            "`x-reply`: there is no message type (outgoing) 'HistoryChunk'",
            "`x-echo`: there is no message type (outgoing) 'MessageRead'",
        ]

    def test_finds_a_field_of_an_echo_that_does_not_exist(self, spec: Spec) -> None:
        read = spec.incoming["MarkAsRead"]
        read = replace(read, schema={**read.schema, "x-echo": {"MessageRead": "reader"}})
        assert said(types_named_by_schemas_exist(replace(spec, incoming={"MarkAsRead": read}))) == [
            "`x-echo`: MessageRead has no field 'reader'"
        ]

    def test_finds_a_type_with_a_role_in_the_protocol_that_does_not_exist(self, spec: Spec) -> None:
        broken = replace(spec, incoming=without(spec.incoming, "Ping"), outgoing=without(spec.outgoing, "Error"))
        assert said(types_of_the_protocol_exist(broken)) == [
            "there is no message type (incoming) 'Ping'",
            "there is no message type (outgoing) 'Error'",
        ]

    def test_finds_an_unknown_type_that_is_known(self, spec: Spec) -> None:
        broken = replace(spec, protocol=replace(spec.protocol, unknown_type="Ping"))
        assert said(types_of_the_protocol_exist(broken)) == ["`unknown_type` is Ping, which is a type of the protocol"]

    def test_finds_what_nobody_sends_or_expects(self, spec: Spec, scenario: Author) -> None:
        played = scenario(f"""
            steps:
              - {SEND}
              - never: Pong
                at: bob
              - expect_either: [{{frame: NewMessage}}, {{close: [1008]}}]
                at: bob
        """)
        incoming = {name: spec.incoming[name] for name in ("SendMessage", "Ping")}
        outgoing = {name: spec.outgoing[name] for name in ("NewMessage", "Pong")}
        found = types_are_used(replace(spec, scenarios={played.id: played}, incoming=incoming, outgoing=outgoing))
        assert said(found) == ["no scenario sends Ping", "no scenario expects Pong"]


class TestRefusals:
    def found(self, spec: Spec, refusal: Scenario) -> list[str]:
        return [message.partition(":")[0] for _, message in refusals_have_three_parts(refusal, spec)]

    def test_has_nothing_to_say_of_a_whole_one(self, spec: Spec, scenario: Author) -> None:
        whole = scenario(
            f"steps: [{FORBIDDEN}, {{expect: Error, at: carol}}, {FETCH}, {{expect: HistoryChunk, at: alice}}]",
            tags="[refusal]",
        )
        assert self.found(spec, whole) == []

    def test_has_nothing_to_say_of_what_is_no_refusal(self, spec: Spec, scenario: Author) -> None:
        assert self.found(spec, scenario(f"steps: [{SEND}]")) == []

    def test_misses_the_error_at_the_requester(self, spec: Spec, scenario: Author) -> None:
        elsewhere = scenario(
            f"steps: [{FORBIDDEN}, {{expect: Error, at: bob}}, {FETCH}, {{expect: HistoryChunk, at: alice}}]",
            tags="[refusal]",
        )
        assert self.found(spec, elsewhere) == ["a refusal expects Error at the connection whose request is refused"]

    def test_takes_one_of_several_ends_for_an_error(self, spec: Spec, scenario: Author) -> None:
        either = scenario(
            f"""
            steps:
              - {FORBIDDEN}
              - expect_either: [{{frame: Error}}, {{close: [1009]}}]
                at: carol
              - {FETCH}
              - expect: HistoryChunk
                at: alice
            """,
            tags="[refusal]",
        )
        assert self.found(spec, either) == []

    def test_misses_somebody_who_is_not_told(self, spec: Spec, scenario: Author) -> None:
        alone = scenario(
            f"steps: [{SEND}, {{expect: Error, at: alice}}, {FETCH}, {{expect: HistoryChunk, at: alice}}]",
            tags="[refusal]",
            given="{users: [alice], conversations: {lobby: {members: [alice]}}}",
        )
        assert self.found(spec, alone) == ["a refusal is silent for others"]

    def test_misses_the_look_at_the_state(self, spec: Spec, scenario: Author) -> None:
        blind = scenario(f"steps: [{FETCH}, {FORBIDDEN}, {{expect: Error, at: carol}}]", tags="[refusal]")
        assert self.found(spec, blind) == ["a refusal leaves the state alone"]

    def test_does_not_take_a_question_without_its_answer_for_a_look(self, spec: Spec, scenario: Author) -> None:
        deaf = scenario(f"steps: [{FORBIDDEN}, {{expect: Error, at: carol}}, {FETCH}]", tags="[refusal]")
        assert self.found(spec, deaf) == ["a refusal leaves the state alone"]

    def test_takes_a_barrier_or_a_confirmation_for_no_look(self, spec: Spec, scenario: Author) -> None:
        ping = "{send: Ping, by: alice}, {expect: Pong, at: alice}"
        again = f"{SEND}, {{expect: ActionConfirmed, at: alice}}"
        blind = scenario(f"steps: [{FORBIDDEN}, {{expect: Error, at: carol}}, {ping}, {again}]", tags="[refusal]")
        assert self.found(spec, blind) == ["a refusal leaves the state alone"]

    def test_takes_the_same_request_and_its_event_for_a_look(self, spec: Spec, scenario: Author) -> None:
        again = f"{SEND}, {{expect: NewMessage, at: bob}}"
        shown = scenario(f"steps: [{FORBIDDEN}, {{expect: Error, at: carol}}, {again}]", tags="[refusal]")
        assert self.found(spec, shown) == []


class TestSilence:
    NEVER = "{never: NewMessage, at: carol}"

    def found(self, spec: Spec, played: Scenario) -> list[tuple[int, str]]:
        return list(silence_has_a_witness(played, spec))

    def test_finds_a_never_that_a_deaf_connection_keeps(self, spec: Spec, scenario: Author) -> None:
        ((line, message),) = self.found(
            spec, scenario(f"steps: [{SEND}, {{expect: ActionConfirmed, at: alice}}, {self.NEVER}]")
        )
        assert line > 1
        assert message == (
            "nothing shows that carol could have got NewMessage, so this `never` proves little:"
            " expect NewMessage at another connection, or anything at carol"
        )

    def test_takes_such_a_frame_at_another_connection_for_a_witness(self, spec: Spec, scenario: Author) -> None:
        assert not self.found(spec, scenario(f"steps: [{SEND}, {{expect: NewMessage, at: bob}}, {self.NEVER}]"))

    def test_takes_another_frame_at_the_same_connection_for_a_control(self, spec: Spec, scenario: Author) -> None:
        assert not self.found(spec, scenario(f"steps: [{FORBIDDEN}, {{expect: Error, at: carol}}, {self.NEVER}]"))


class TestTiming:
    def test_finds_a_pause_without_the_tag(self, spec: Spec, scenario: Author) -> None:
        played = scenario("steps: [{pause: timers.rate_window}]")
        assert [message.partition(":")[0] for _, message in slow_means_waiting(played, spec)] == [
            "it waits for a server's timer (`pause` or `within`)"
        ]

    def test_finds_a_longer_wait_without_the_tag(self, spec: Spec, scenario: Author) -> None:
        played = scenario("steps: [{expect: UserTyping, at: bob, within: timers.typing_expiry}]")
        assert len(list(slow_means_waiting(played, spec))) == 1

    def test_finds_the_tag_without_a_wait(self, spec: Spec, scenario: Author) -> None:
        played = scenario(f"steps: [{SEND}]", tags="[slow]")
        assert [message for _, message in slow_means_waiting(played, spec)] == [
            "it has the tag slow, and neither `pause` nor `within`"
        ]

    def test_has_nothing_to_say_where_they_agree(self, spec: Spec, scenario: Author) -> None:
        played = scenario("steps: [{repeat: 2, steps: [{pause: timers.rate_window}]}]", tags="[slow]")
        assert list(slow_means_waiting(played, spec)) == []


class TestNames:
    def found(self, spec: Spec, played: Scenario) -> list[str]:
        return [message for _, message in names_are_bound(played, spec)]

    @pytest.mark.parametrize(
        "value",
        [
            "${alice}",
            "${lobby}",
            "${nonce}",
            "${alice.token}",
            "${alice@phone.token}",
            "${limits.content_max}",
            "$${nothing}",
            "{$literal: '${nothing}'}",
            "{$fill: {text: a, times: '${limits.content_max}'}}",
        ],
    )
    def test_knows_what_is_given(self, spec: Spec, scenario: Author, value: str) -> None:
        given = "{users: [alice], devices: [alice@phone], conversations: {lobby: {members: [alice]}}}"
        written = value if value.startswith("{") else f"'{value}'"
        assert self.found(spec, scenario(f"steps: [{{check: {written}, is: {{$present: true}}}}]", given=given)) == []

    @pytest.mark.parametrize("name", ["nobody", "limits.nothing", "alice.count", "case.value"])
    def test_finds_what_is_nowhere(self, spec: Spec, scenario: Author, name: str) -> None:
        played = scenario(f"steps: [{{check: 'a ${{{name}}} b', is: {{$present: true}}}}]")
        assert self.found(spec, played) == [f"nothing is called ${{{name}}} at this point"]

    def test_finds_a_name_that_is_captured_later(self, spec: Spec, scenario: Author) -> None:
        played = scenario("""
            steps:
              - {check: "${message}", is: x}
              - {expect: NewMessage, at: bob, with: {message_id: {$capture: message}}}
              - {check: "${message}", is: x}
        """)
        ((line, _),) = names_are_bound(played, spec)
        assert line == played.steps[0].line

    def test_finds_a_name_that_its_own_pattern_captures(self, spec: Spec, scenario: Author) -> None:
        played = scenario("steps: [{expect: NewMessage, at: bob, with: {sender_id: {$capture: a}, content: '${a}'}}]")
        assert self.found(spec, played) == ["nothing is called ${a} at this point"]

    @pytest.mark.parametrize(
        "step",
        [
            "{expect: NewMessage, at: bob, with: {message_id: {$capture: it}}}",
            "{expect: NewMessage, at: bob, with: {message_id: {$capture: {name: it, is: {$type: string}}}}}",
            "{expect: HistoryChunk, at: bob, with: {messages: {$contains: [{message_id: {$capture: it}}]}}}",
            "{expect: HistoryChunk, at: bob, with: {messages: {$chronological: {history: [{$capture: it}]}}}}",
            "{expect_either: [{frame: NewMessage, with: {content: {$capture: it}}}, {dropped: true}], at: bob}",
            "{check: x, is: {$capture: it}}",
            "{collect: NewMessage, at: bob, into: it}",
            "{page: FetchHistory, by: bob, with: {conversation_id: '${lobby}'}, reply: HistoryChunk,"
            " follow: {next_cursor: cursor}, while: {has_more: true}, collect: {messages: it}}",
        ],
    )
    def test_knows_what_a_step_binds(self, spec: Spec, scenario: Author, step: str) -> None:
        assert self.found(spec, scenario(f"steps: [{step}, {{check: '${{it}}', is: x}}]")) == []

    @pytest.mark.parametrize("word", ["$not", "$every"])
    def test_knows_which_patterns_throw_captures_away(self, spec: Spec, scenario: Author, word: str) -> None:
        pattern = f"{{{word}: {{$capture: it}}}}"
        played = scenario(f"steps: [{{check: x, is: {pattern}}}, {{check: '${{it}}', is: x}}]")
        assert self.found(spec, played) == ["nothing is called ${it} at this point"]

    def test_knows_the_size_of_a_list_and_the_count_of_a_loop(self, spec: Spec, scenario: Author) -> None:
        played = scenario("""
            steps:
              - {collect: NewMessage, at: bob, into: seen}
              - repeat: "${seen.count}"
                as: i
                steps: [{check: "${i}", is: 1}]
        """)
        assert self.found(spec, played) == []

    def test_lets_no_branch_use_what_another_binds(self, spec: Spec, scenario: Author) -> None:
        played = scenario("""
            steps:
              - together:
                  - [{check: x, is: {$capture: mine}}, {check: "${mine}", is: x}]
                  - [{check: "${mine}", is: x}]
              - {check: "${mine}", is: x}
        """)
        assert self.found(spec, played) == ["nothing is called ${mine} at this point"]

    def test_finds_a_token_that_nobody_has_yet(self, spec: Spec, scenario: Author) -> None:
        played = scenario("""
            steps:
              - {connect: alice@tv, token: {raw: x}, refused: true}
              - {check: "${alice@tv.token}", is: x}
              - {connect: alice@phone}
              - {check: "${alice@phone.token}", is: x}
        """)
        assert self.found(spec, played) == ["${alice@tv.token}: alice@tv has no good token at this point"]

    def test_looks_at_what_is_allowed_too(self, spec: Spec, scenario: Author) -> None:
        played = scenario(
            "steps: [{check: x, is: {$capture: known}}]",
            allow="[{frame: NewMessage, with: {content: '${known}', sender_id: '${unknown}'}}]",
        )
        assert self.found(spec, played) == ["`allow`: nothing here is called ${unknown}"]

    def test_finds_two_branches_that_bind_one_name(self, spec: Spec, scenario: Author) -> None:
        played = scenario("""
            steps:
              - together:
                  - [{repeat: 2, as: i, steps: [{sync: alice}]}]
                  - [{repeat: 2, as: i, steps: [{sync: bob}]}]
                  - [{repeat: 2, as: j, steps: [{sync: bob}]}]
        """)
        assert [message for _, message in names_of_branches_differ(played, spec)] == [
            "two branches of this `together` bind i; give them names of their own"
        ]

    def test_finds_an_order_that_the_protocol_does_not_have(self, spec: Spec, scenario: Author) -> None:
        played = scenario("steps: [{check: [], is: {$chronological: {future: []}}}]")
        assert [message for _, message in orders_exist(played, spec)] == [
            "$chronological: protocol.yaml has no order 'future'"
        ]


class TestTheAnswer:
    def empty(self, spec: Spec) -> Ledger:
        return accept(
            spec,
            Ledger(spec.folder / "ledger.yaml", {kind: {} for kind in ("rules", "scenarios", "probes", "formats")}),
        )

    def found(self, spec: Spec, scenarios: list[Scenario]) -> list[str]:
        broken = replace(spec, scenarios={one.id: one for one in scenarios})
        return [message for message in said(lint(broken, self.empty(broken))) if "is called" in message]

    def test_names_the_cases_that_it_is_about(self, spec: Spec, scenario: Author) -> None:
        cases = scenario.all("""
            steps: [{check: "${case.value}", is: x}]
            cases: {good: {value: "${alice}"}, bad: {value: "${nobody}"}, worse: {value: "${nobody}"}}
        """)
        assert self.found(spec, cases) == ["nothing is called ${nobody} at this point (cases bad, worse)"]

    def test_says_once_what_is_true_of_all_cases(self, spec: Spec, scenario: Author) -> None:
        cases = scenario.all("""
            steps: [{check: ["${case.value}", "${nobody}"], is: x}]
            cases: {one: {value: 1}, two: {value: 2}}
        """)
        assert self.found(spec, cases) == ["nothing is called ${nobody} at this point"]

    def test_looks_at_probes_too(self, spec: Spec, scenario: Author) -> None:
        probe = scenario.probe("""
            steps:
              - observe: alice
                choices: {"${seen} or ${nobody}": {frame: NewMessage, with: {content: {$capture: seen}}}}
                otherwise: nothing
        """)
        broken = replace(spec, probes={probe.id: probe})
        found = said(lint(broken, self.empty(broken)))
        assert "nothing is called ${nobody} at this point" in found
        assert "nothing is called ${seen} at this point" not in found


class TestNeeds:
    @pytest.mark.parametrize(
        "text",
        [
            "given: {users: {alice: {instance: 2}}}\nsteps: [{sync: alice}]",
            "given: {users: [alice], devices: {alice@phone: {instance: 2}}}\nsteps: [{sync: alice}]",
            "given: {users: [alice]}\nsteps: [{connect: alice@phone, instance: 2}]",
        ],
    )
    def test_finds_an_instance_that_is_not_asked_for(self, spec: Spec, scenario: Author, text: str) -> None:
        assert [message for _, message in instances_are_needed(scenario(text), spec)] == [
            "it connects to instance 2: say `needs: {instances: 2}`"
        ]
        assert list(instances_are_needed(scenario(text, needs="{instances: 2}"), spec)) == []

    def test_finds_a_restart_that_is_not_asked_for_and_one_among_others(self, spec: Spec, scenario: Author) -> None:
        text = "steps: [{restart: hard}]"
        assert [message.partition(":")[0] for _, message in restarts_are_needed_and_alone(scenario(text), spec)] == [
            "it restarts the server",
            "it restarts the server under all that plays at the same time",
        ]
        alone = scenario(text, needs="{restart: true}", exclusive="true")
        assert list(restarts_are_needed_and_alone(alone, spec)) == []
