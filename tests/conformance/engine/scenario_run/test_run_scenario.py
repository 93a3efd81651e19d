"""A scenario from beginning to end: its outcome, the check of every frame, scenarios beside each other."""

from __future__ import annotations

import asyncio
import errno
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.errors import MachineFailed, ProvisioningFailed
from conformance.results.model import Outcome
from conformance.target.provision.created import CreatingProvisioner
from conformance.target.provision.jwt import Named
from tests.conformance.run_contexts import EVERYBODY, SIGNING, Author, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec
    from conformance.target.accounts import Lease, Wanted

TOLD = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "${nonce}"}}
  - {expect: NewMessage, at: bob, with: {content: "${nonce}"}}
  - {never: '*', at: carol}
"""
HISTORY = """
steps:
  - {send: FetchHistory, by: alice, with: {conversation_id: "${lobby}"}}
  - {expect: HistoryChunk, at: alice, with: {messages: []}}
"""


class TestFramesOfTheServer:
    async def test_a_wrong_one_is_a_finding_where_the_scenario_proves_another_rule(
        self, spec: Spec, scenario: Author
    ) -> None:
        async with toy_runner(spec, later=["malformed frame"]) as runner:
            result = await runner.run_scenario(scenario(TOLD))
        assert result.outcome is Outcome.PASS
        assert {finding.rule for finding in result.findings} == {"CONN-11"}
        assert any("bob got a wrong NewMessage: `created_at` is" in finding.message for finding in result.findings)
        entry = result.transcript[result.findings[0].entry or 0]
        assert entry.frame is not None
        assert entry.frame["created_at"] == "yesterday"

    async def test_a_wrong_one_fails_the_scenario_that_proves_its_rule(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, later=["malformed frame"]) as runner:
            result = await runner.run_scenario(scenario(TOLD, rules="[CONN-11]", feature="websocket_connection"))
        assert result.outcome is Outcome.FAIL
        assert {problem.rule for problem in result.problems} == {"CONN-11"}
        assert result.findings == ()

    async def test_a_wrong_instant_that_a_later_step_needs_blocks_the_scenario(
        self, spec: Spec, scenario: Author
    ) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: bob, with: {created_at: {$capture: sent}}}
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: bob, with: {created_at: {$after: "${sent}"}}}
""")
        async with toy_runner(spec, later=["malformed frame"]) as runner:
            result = await runner.run_scenario(toy)
        assert result.outcome is Outcome.BLOCKED
        assert messages(result) == ['$after: "yesterday" is not an instant with a zone']
        assert {finding.rule for finding in result.findings} == {"CONN-11"}

    async def test_a_wrong_one_is_charged_to_the_rule_of_its_schema(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, later=["wrong history"]) as runner:
            result = await runner.run_scenario(scenario(HISTORY))
            assert [finding.rule for finding in result.findings] == ["HIST-1"]
            result = await runner.run_scenario(scenario(HISTORY, rules="[HIST-1]", feature="fetch_history"))
        assert result.outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            ("unknown frame", "its `type` is 'MessageNoticed', which is not in the protocol"),
            ("garbage", "it is not JSON"),
            ("binary", "it is a binary frame"),
        ],
    )
    async def test_one_that_is_none_of_the_protocol_is_charged_too(
        self, spec: Spec, scenario: Author, fault: str, said: str
    ) -> None:
        async with toy_runner(spec, later=[fault]) as runner:
            result = await runner.run_scenario(scenario(TOLD))
        assert result.outcome is Outcome.FAIL
        assert result.findings[0].rule == "CONN-11"
        assert said in result.findings[0].message

    async def test_a_token_in_one_is_charged_to_its_rule(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: bob}
""")
        async with toy_runner(spec, later=["token in a frame"]) as runner:
            result = await runner.run_scenario(toy)
        assert result.outcome is Outcome.PASS
        (finding,) = (one for one in result.findings if one.rule == "AUTH-5")
        assert finding.message == "alice, bob got a frame with a token in it (2 times)"
        assert (finding.cause, finding.count) == ("a frame with a token in it", 2)

    async def test_clients_requests_that_come_back_are_one_finding_for_each_type(
        self, spec: Spec, scenario: Author
    ) -> None:
        toy = scenario("""
steps:
  - repeat: 3
    steps:
      - {send: FetchHistory, by: alice, with: {conversation_id: "${lobby}"}}
      - {sync: alice}
""")
        async with toy_runner(spec) as runner:
            runner.server.canned["FetchHistory"] = '{"type": "FetchHistory"}'
            result = await runner.run_scenario(toy)
        (finding,) = (one for one in result.findings if one.rule == "CONN-11")
        said = "a client's request (FetchHistory): the server sends clients' requests back"
        assert (finding.message, finding.count) == (f"alice got {said} (3 times)", 3)

    async def test_one_that_is_too_large_ends_the_connection_and_fails(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: alice}
""")
        async with toy_runner(spec, later=["huge frame"]) as runner:
            result = await runner.run_scenario(toy)
        assert result.outcome is Outcome.FAIL
        assert "the server sent a frame of more than 4,194,304 bytes" in result.problems[0].message

    async def test_a_flood_of_them_is_cut_off(
        self, spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("conformance.wire.frame_budget.MAX_LOG", 200_000)
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect_close: alice}
""")
        async with toy_runner(spec, later=["flood"]) as runner:
            result = await runner.run_scenario(toy)
        assert "instead it was dropped without a close frame" in result.problems[0].message
        assert "(the server sent more than" in result.problems[0].message
        assert len(result.transcript) < 500


class TestFramesOfOurs:
    async def test_a_wrong_one_breaks_the_scenario(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: 5}}
""")
        async with toy_runner(spec) as runner:
            before = runner.server.requests.count("SendMessage")
            result = await runner.run_scenario(toy)
            assert runner.server.requests.count("SendMessage") == before
        assert result.outcome is Outcome.BROKEN
        assert messages(result)[0].startswith("our own SendMessage does not fit its schema: `content`")

    async def test_one_that_a_wrong_frame_of_the_server_spoils_is_not_our_fault(
        self, spec: Spec, scenario: Author
    ) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hello}}
  - {expect: NewMessage, at: bob, with: {created_at: {$capture: since}}}
  - {send: SyncMessages, by: bob, with: {conversation_id: "${lobby}", since: "${since}"}}
""")
        async with toy_runner(spec, later=["malformed frame"]) as runner:
            result = await runner.run_scenario(toy)
        assert result.outcome is Outcome.BLOCKED
        assert messages(result)[0].startswith("with what the server sent, our own SyncMessages does not fit its schema")
        assert any("got a wrong NewMessage" in one.message for one in result.findings)

    async def test_a_wrong_one_on_purpose_is_sent(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: 5}, invalid: true}
  - {expect: Error, at: alice}
""")
        async with toy_runner(spec) as runner:
            assert messages(await runner.run_scenario(toy)) == []

    async def test_a_good_one_that_is_called_wrong_breaks_the_scenario(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}, invalid: true}
""")
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert (result.outcome, messages(result)) == (
            Outcome.BROKEN,
            ["this SendMessage is marked `invalid`, but it fits its schema"],
        )


class OneRoom(CreatingProvisioner):
    """A driver whose server makes no conversation after the first, the one of the calibration."""

    def __init__(self) -> None:
        super().__init__(Named(EVERYBODY, "member"), SIGNING)
        self.made = 0

    async def lease(self, wanted: Wanted) -> Lease:
        if self.made:
            raise ProvisioningFailed(f"no room for {', '.join(wanted.rooms)}")
        lease = await super().lease(wanted)
        self.made += 1
        return lease


class TestOutcome:
    async def test_pass(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(scenario(TOLD))
        assert (result.outcome, result.problems, result.findings) == (Outcome.PASS, (), ())
        assert result.scenario == "toy.scenario"
        assert set(result.names.values()) == {"alice", "bob", "carol", "lobby"}
        assert result.seconds > 0

    async def test_fail(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, later=["drop"]) as runner:
            result = await runner.run_scenario(scenario(TOLD))
        assert (result.outcome, messages(result)) == (Outcome.FAIL, ["no NewMessage at bob"])

    async def test_blocked_where_the_setup_fails(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, later=["drop"]) as runner:
            result = await runner.run_scenario(scenario(TOLD.replace("steps:", "setup:") + HISTORY.lstrip()))
        assert (result.outcome, messages(result)) == (Outcome.BLOCKED, ["no NewMessage at bob"])

    async def test_blocked_where_the_server_does_not_let_a_user_join(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, later=["refuse joins"]) as runner:
            result = await runner.run_scenario(scenario(TOLD))
        assert (result.outcome, messages(result)) == (Outcome.BLOCKED, ["alice may join lobby, and was refused"])

    async def test_untestable_where_provisioning_fails(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, measured=True, provisioner=OneRoom()) as runner:
            result = await runner.run_scenario(scenario(TOLD))
        assert (result.outcome, messages(result)) == (Outcome.UNTESTABLE, ["no room for lobby"])

    async def test_none_where_this_machine_allows_no_connection(
        self, spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> object:
            raise OSError(errno.EMFILE, "Too many open files")

        async with toy_runner(spec, measured=True) as runner:
            monkeypatch.setattr("conformance.wire.open_connection.connect", refuse)
            with pytest.raises(MachineFailed, match="raise `ulimit -n`"):
                await runner.run_scenario(scenario(TOLD))

    async def test_not_applicable_where_the_target_has_not_what_it_needs(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, options={"presence": False}) as runner:
            presence = "it needs options.presence = True, and the target declares False"
            for needs, lacks, why in (
                ("{instances: 2}", "instances", "it needs 2 instances, and the target names 1"),
                ("{restart: true}", "restart", "it needs a server that the run can restart"),
                ("{options.presence: true}", "options.presence", presence),
                ("{restart: true, options.presence: true}", "options.presence", presence),  # The server comes first.
            ):
                result = await runner.run_scenario(scenario(TOLD, needs=needs))
                assert (result.outcome, result.lacks) == (Outcome.NOT_APPLICABLE, lacks)
                assert messages(result) == [why]

    @pytest.mark.parametrize(
        ("step", "why"),
        [
            ('{check: "${nobody}", is: 1}', "nothing here is called ${nobody}"),
            ("{check: a, is: {$match: '('}}", "$match takes a regular expression"),
            ("{connect: alice}", "alice is connected already"),
            ("{connect: alice@phone, instance: 2}", "there is no instance 2"),
            ("{sync: alice@phone}", "alice@phone is not connected here"),
        ],
    )
    async def test_broken_where_the_scenario_is_wrong(self, spec: Spec, scenario: Author, step: str, why: str) -> None:
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(scenario(f"steps: [{step}]"))
        assert result.outcome is Outcome.BROKEN
        assert why in result.problems[0].message

    async def test_broken_where_the_harness_itself_fails(
        self, spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(sys.modules["conformance.engine.scenario_run.judge"], "residue", fail)
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(scenario(TOLD))
        assert result.outcome is Outcome.BROKEN
        assert "ZeroDivisionError" in result.problems[0].message

    async def test_the_step_that_failed_is_named_with_its_line(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, later=["drop"]) as runner:
            toy = scenario(TOLD)
            result = await runner.run_scenario(toy)
        assert result.problems[0].step == "expect NewMessage at bob"
        assert toy.file.read_text().splitlines()[result.problems[0].line - 1].startswith("  - {expect: NewMessage")


class TestWhatCameInstead:
    async def test_a_missing_frame_has_the_request_before_it_and_what_came(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: Error, at: alice}
""")
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        problem = result.problems[0]
        assert (problem.message, problem.request) == ("no Error at alice", "SendMessage")
        assert set(problem.came) <= {"NewMessage", "ActionConfirmed"}
        assert "NewMessage" in problem.came

    async def test_a_frame_that_must_not_come_has_the_request_before_it(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {never: NewMessage, at: bob}
""")
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(toy)
        assert (result.problems[0].request, result.problems[0].came) == ("SendMessage", ("NewMessage",))


class TestMissingFrames:
    """What is missing is known from the barrier, not from a timeout."""

    @pytest.mark.timeout(25)
    async def test_of_a_server_in_order_are_known_at_once(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, later=["drop"], reply=30.0) as runner:
            results = [await runner.run_scenario(scenario(TOLD)) for _ in range(3)]
        assert [messages(result) for result in results] == [["no NewMessage at bob"]] * 3

    @pytest.mark.timeout(25)
    async def test_of_a_server_with_a_bus_are_known_a_settling_later(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, "bus with delay", later=["drop"], reply=30.0) as runner:
            assert messages(await runner.run_scenario(scenario(TOLD))) == ["no NewMessage at bob"]

    @pytest.mark.timeout(25)
    async def test_joins_without_an_answer_are_known_at_once(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, reply=30.0) as runner:
            runner.server.deaf.add("JoinConversation")
            result = await runner.run_scenario(scenario(TOLD))
        assert result.outcome is Outcome.BLOCKED
        assert messages(result) == ["alice joined lobby and got no answer"]


class TestBesideEachOther:
    async def test_scenarios_do_not_disturb_each_other(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            results = await asyncio.gather(*(runner.run_scenario(scenario(TOLD)) for _ in range(40)))
        assert [messages(result) for result in results] == [[]] * 40

    async def test_a_failure_is_that_of_its_own_scenario_only(self, spec: Spec, scenario: Author) -> None:
        good, bad = scenario(TOLD), scenario(TOLD.replace("at: bob, with", "at: carol, with"))
        async with toy_runner(spec) as runner:
            results = await asyncio.gather(*(runner.run_scenario(one) for one in (good, bad) * 10))
        assert [result.outcome for result in results] == [Outcome.PASS, Outcome.FAIL] * 10

    async def test_everybody_leaves_when_a_scenario_ends(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            await asyncio.gather(*(runner.run_scenario(scenario(TOLD)) for _ in range(5)))
            await runner.server.until_present(0)

    async def test_everybody_leaves_when_a_scenario_is_cancelled(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            supervised = asyncio.create_task(runner.run_scenario(scenario("steps: [{pause: timers.rate_window}]")))
            await runner.server.until_present(3)
            supervised.cancel()
            with pytest.raises(asyncio.CancelledError):
                await supervised
            await runner.server.until_present(0)


class TestLimitsThatATargetHasNot:
    USING = """
steps:
  - send: SendMessage
    by: alice
    with: {conversation_id: "${lobby}", content: {$fill: {text: x, times: "${limits.content_max}"}}}
  - {expect: NewMessage, at: bob}
"""

    async def test_make_what_uses_them_not_applicable(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, limits={"content_max": None}) as runner:
            result = await runner.run_scenario(scenario(self.USING))
        assert result.outcome is Outcome.NOT_APPLICABLE
        assert messages(result) == ["it uses limits.content_max, and the target declares that it has no such limit"]

    async def test_leave_the_rest_to_be_judged(self, spec: Spec, scenario: Author) -> None:
        every = dict.fromkeys(spec.protocol.profile["limits"])
        async with toy_runner(spec, limits=every, bystanders=True) as runner:
            result = await runner.run_scenario(scenario(TOLD))
        assert messages(result) == []
        assert result.outcome is Outcome.PASS


class TestProbe:
    PROBE = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {observe: alice, choices: {yes: {frame: NewMessage}}, otherwise: "no"}
"""

    async def test_says_what_it_saw(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            assert (await runner.observe(scenario.probe(self.PROBE))).observed == "yes"
            runner.server.wrong.add("no echo")
            assert (await runner.observe(scenario.probe(self.PROBE))).observed == "no"

    CONTROLLED = """
control:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: plain}}
  - {expect: NewMessage, at: bob}
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: odd}}
  - observe: alice
    choices: {"${content}": {frame: NewMessage, with: {content: {$capture: content}}}}
    otherwise: none
"""

    async def test_does_not_observe_what_its_control_has_caused(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            assert (await runner.observe(scenario.probe(self.CONTROLLED))).observed == "odd"

    async def test_observes_nothing_where_its_control_fails(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, later=["no broadcast"]) as runner:
            seen = await runner.observe(scenario.probe(self.CONTROLLED))
        assert not seen.seen
        assert seen.observed == "could not be observed: its control fails: no NewMessage at bob"

    async def test_observes_nothing_of_a_type_that_the_server_does_not_know(self, spec: Spec, scenario: Author) -> None:
        probe = scenario.probe("""
steps:
  - {send_raw: {text: '{"type": "FetchHistory"}'}, by: alice}
  - {observe: alice, choices: {refused: {frame: Error}}, otherwise: ignored}
""")
        async with toy_runner(spec) as runner:
            calibration = replace(runner.run_context.calibration, unknown_types=("FetchHistory",))
            runner.run_context = replace(runner.run_context, calibration=calibration)
            seen = await runner.observe(probe)
        assert seen.observed == "could not be observed: the server does not know FetchHistory"

    async def test_opens_no_more_connections_first_than_the_target_admits(self, spec: Spec, scenario: Author) -> None:
        probe = scenario.probe("setup: [{connect: alice@phone}]" + self.PROBE)
        async with toy_runner(spec, limits={"connections_per_user": 1}) as runner:
            seen = await runner.observe(probe)
        assert seen.observed == (
            "not applicable: it opens 2 connections of one user, "
            "and the target declares limits.connections_per_user = 1"
        )

    async def test_says_why_it_saw_nothing(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec, later=["refuse joins"]) as runner:
            seen = await runner.observe(scenario.probe(self.PROBE))
        assert seen.observed == "could not be observed: alice may join lobby, and was refused"
