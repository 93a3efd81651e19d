"""Names are bound before they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.lint.names import names_are_bound, names_of_branches_differ, names_of_bystanders_are_free, orders_exist

if TYPE_CHECKING:
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


class TestNames:
    def found(self, spec: Spec, run: Scenario) -> list[str]:
        return [message for _, message in names_are_bound(run, spec)]

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

    @pytest.mark.parametrize("name", ["nobody", "limits.nothing", "alice.count"])
    def test_finds_what_is_nowhere(self, spec: Spec, scenario: Author, name: str) -> None:
        run = scenario(f"steps: [{{check: 'a ${{{name}}} b', is: {{$present: true}}}}]")
        assert self.found(spec, run) == [f"nothing is called ${{{name}}} at this point"]

    def test_finds_a_name_that_is_captured_later(self, spec: Spec, scenario: Author) -> None:
        run = scenario("""
            steps:
              - {check: "${message}", is: x}
              - {expect: NewMessage, at: bob, with: {message_id: {$capture: message}}}
              - {check: "${message}", is: x}
        """)
        ((line, _),) = names_are_bound(run, spec)
        assert line == run.steps[0].line

    def test_finds_a_name_that_its_own_pattern_captures(self, spec: Spec, scenario: Author) -> None:
        run = scenario("steps: [{expect: NewMessage, at: bob, with: {sender_id: {$capture: a}, content: '${a}'}}]")
        assert self.found(spec, run) == ["nothing is called ${a} at this point"]

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
        run = scenario(f"steps: [{{check: x, is: {pattern}}}, {{check: '${{it}}', is: x}}]")
        assert self.found(spec, run) == ["nothing is called ${it} at this point"]

    def test_knows_the_size_of_a_list_and_the_count_of_a_loop(self, spec: Spec, scenario: Author) -> None:
        run = scenario("""
            steps:
              - {collect: NewMessage, at: bob, into: seen}
              - repeat: "${seen.count}"
                as: i
                steps: [{check: "${i}", is: 1}]
        """)
        assert self.found(spec, run) == []

    def test_lets_no_branch_use_what_another_binds(self, spec: Spec, scenario: Author) -> None:
        run = scenario("""
            steps:
              - together:
                  - [{check: x, is: {$capture: mine}}, {check: "${mine}", is: x}]
                  - [{check: "${mine}", is: x}]
              - {check: "${mine}", is: x}
        """)
        assert self.found(spec, run) == ["nothing is called ${mine} at this point"]

    def test_finds_a_token_that_nobody_has_yet(self, spec: Spec, scenario: Author) -> None:
        run = scenario("""
            steps:
              - {connect: alice@tv, token: {raw: x}, refused: true}
              - {check: "${alice@tv.token}", is: x}
              - {connect: alice@phone}
              - {check: "${alice@phone.token}", is: x}
        """)
        assert self.found(spec, run) == ["${alice@tv.token}: alice@tv has no good token at this point"]

    def test_looks_at_what_is_allowed_too(self, spec: Spec, scenario: Author) -> None:
        run = scenario(
            "steps: [{check: x, is: {$capture: known}}]",
            allow="[{frame: NewMessage, with: {content: '${known}', sender_id: '${unknown}'}}]",
        )
        assert self.found(spec, run) == ["`allow`: nothing here is called ${unknown}"]

    def test_finds_two_branches_that_bind_one_name(self, spec: Spec, scenario: Author) -> None:
        run = scenario("""
            steps:
              - together:
                  - [{repeat: 2, as: i, steps: [{sync: alice}]}]
                  - [{repeat: 2, as: i, steps: [{sync: bob}]}]
                  - [{repeat: 2, as: j, steps: [{sync: bob}]}]
        """)
        assert [message for _, message in names_of_branches_differ(run, spec)] == [
            "two branches of this `together` bind i; give them names of their own"
        ]

    def test_finds_an_order_that_the_protocol_does_not_have(self, spec: Spec, scenario: Author) -> None:
        run = scenario("steps: [{check: [], is: {$chronological: {future: []}}}]")
        assert [message for _, message in orders_exist(run, spec)] == [
            "$chronological: protocol.yaml has no order 'future'"
        ]


def test_no_user_has_the_name_of_a_bystander(spec: Spec, scenario: Author) -> None:
    step = "steps: [{connect: bob@second_device}, {sync: alice}]"
    run = scenario(step, given="{users: [alice, bob, unjoined_member], devices: [alice@second_device]}")
    assert [message.partition(" is the name")[0] for _, message in names_of_bystanders_are_free(run, spec)] == [
        "alice@second_device",
        "bob@second_device",
        "unjoined_member",
    ]
    assert list(names_of_bystanders_are_free(scenario("steps: [{sync: alice}]"), spec)) == []
