"""What becomes of each waiver in a run, and what a waiver does to verdicts and to the exit code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.results.model import Outcome, Result
from conformance.results.runlog import Footer, Run
from conformance.results.verdict import JudgedFeature, Status, Verdict, judge
from conformance.results.verdict.model import JudgedWaiver, State
from conformance.results.waivers import Waiver, Waivers
from tests.conformance.report import toys

TODAY = "2026-02-22"
PASS, FAIL, BLOCKED, UNTESTABLE = Outcome.PASS, Outcome.FAIL, Outcome.BLOCKED, Outcome.UNTESTABLE
BROKEN, NOT_APPLICABLE = Outcome.BROKEN, Outcome.NOT_APPLICABLE
RULES = (
    toys.rule("EDIT-1"),
    toys.rule("EDIT-2"),
    toys.rule("EDIT-3", "should"),
    toys.rule("DROP-1", features=("drop",)),
)
A, B = toys.scenario("edit.a", ("EDIT-1",)), toys.scenario("edit.b", ("EDIT-2",))
BOTH = toys.scenario("edit.both", ("EDIT-1", "EDIT-2"))
SHOULD = toys.scenario("edit.should", ("EDIT-3",))


def waiver(scenario: str = "edit.a", **more: Any) -> Waiver:
    return Waiver(
        scenario,
        reason="The old one does so too.",
        issue="#12",
        owner="alice",
        expires=more.pop("expires", "2026-12-31"),
        **more,
    )


def run(results: dict[str, tuple[Outcome, ...]], *entries: Waiver, **more: Any) -> Run:
    """A run of the four scenarios: the outcomes of each attempt; what is not named was not selected."""
    scenarios = (A, B, BOTH, SHOULD)
    head = toys.header(RULES, scenarios, selected=tuple(results))
    results = [
        toys.result(entry, outcome, attempt=attempt)
        for entry in scenarios
        for attempt, outcome in enumerate(results.get(entry.id, ()), 1)
    ]
    return toys.run(replace(head, waivers=Waivers("w.yaml", TODAY, entries)), *results, **more)


def with_finding(of: Run, scenario: str, rule: str) -> Run:
    def change(result: Result) -> Result:
        return replace(result, findings=(toys.problem(rule=rule),)) if result.scenario == scenario else result

    return replace(of, results=tuple(map(change, of.results)))


def only(of: Run) -> JudgedWaiver:
    [found] = judge(of).waivers
    return found


def statuses(of: Run) -> dict[str, Status]:
    return {one.entry.id: one.status for one in judge(of).scenarios}


def edit(of: Run) -> JudgedFeature:
    return judge(of).features[0]


def rules(of: Run) -> dict[str, Status]:
    return {rule.entry.id: rule.status for rule in edit(of).rules}


class TestWhatFailsAndIsListed:
    def test_is_waived_and_the_run_is_as_expected(self) -> None:
        found = run({"edit.a": (FAIL,), "edit.b": (PASS,)}, waiver())
        assert statuses(found)["edit.a"] is Status.WAIVED
        assert rules(found)["EDIT-1"] is Status.WAIVED
        assert judge(found).exit_code == 0
        assert (only(found).state, only(found).covered, only(found).red) == (State.ACTIVE, ("edit.a",), False)

    def test_never_makes_its_feature_ok(self) -> None:
        assert (
            edit(run({"edit.a": (FAIL,), "edit.b": (PASS,), "edit.both": (PASS,)}, waiver())).verdict is Verdict.PARTIAL
        )
        assert edit(run({"edit.a": (FAIL,)}, waiver())).verdict is Verdict.FAIL

    def test_leaves_a_feature_missing_that_the_server_does_not_know(self) -> None:
        found = run({"edit.a": (FAIL,)}, waiver(), calibration=toys.calibration("Edit", "Touch"))
        assert edit(found).verdict is Verdict.MISSING

    def test_keeps_a_feature_amber(self) -> None:
        found = run({"edit.a": (PASS,), "edit.should": (FAIL,)}, waiver("edit.should"))
        assert statuses(found)["edit.should"] is Status.WAIVED
        assert edit(found).amber

    def test_is_red_again_without_the_waiver(self) -> None:
        assert judge(run({"edit.a": (FAIL,), "edit.b": (PASS,)})).exit_code == 1

    def test_does_not_excuse_what_else_fails(self) -> None:
        assert judge(run({"edit.a": (FAIL,), "edit.b": (FAIL,)}, waiver())).exit_code == 1

    @pytest.mark.parametrize("outcome", [BLOCKED, UNTESTABLE, BROKEN])
    def test_is_not_excused_when_it_could_not_be_judged(self, outcome: Outcome) -> None:
        found = run({"edit.a": (outcome,)}, waiver())
        assert statuses(found)["edit.a"] == str(outcome)
        assert judge(found).exit_code == 3
        assert only(found).state is State.UNDECIDED

    def test_does_not_hide_that_another_attempt_could_not_be_judged(self) -> None:
        found = run({"edit.a": (FAIL, BLOCKED)}, waiver())
        assert statuses(found)["edit.a"] is Status.BLOCKED
        assert judge(found).exit_code == 3

    def test_does_not_make_an_incomplete_run_complete(self) -> None:
        assert judge(run({"edit.a": (FAIL,)}, waiver(), footer=Footer(complete=False))).exit_code == 3


class TestWhatPassesAndIsListed:
    def test_is_stale_and_red(self) -> None:
        found = run({"edit.a": (PASS,)}, waiver())
        assert (only(found).state, only(found).passing) == (State.STALE, ("edit.a",))
        assert judge(found).exit_code == 1

    def test_is_stale_by_one_of_several_that_a_glob_matches(self) -> None:
        found = run({"edit.a": (FAIL,), "edit.b": (PASS,)}, waiver("edit.?"))
        assert (only(found).state, only(found).covered, only(found).passing) == (State.STALE, ("edit.a",), ("edit.b",))
        assert judge(found).exit_code == 1

    def test_is_not_stale_while_one_attempt_of_it_fails(self) -> None:
        found = run({"edit.a": (PASS, FAIL, PASS)}, waiver())
        assert only(found).state is State.ACTIVE
        assert statuses(found)["edit.a"] is Status.WAIVED
        assert judge(found).exit_code == 0

    def test_may_pass_when_it_is_known_to_be_flaky(self) -> None:
        found = run({"edit.a": (PASS,)}, waiver(flaky=True))
        assert only(found).state is State.UNDECIDED
        assert judge(found).exit_code == 0

    def test_is_undecided_where_it_does_not_apply(self) -> None:
        assert only(run({"edit.a": (NOT_APPLICABLE,)}, waiver())).state is State.UNDECIDED


class TestWhatIsOverOrAboutNothing:
    @pytest.mark.parametrize("outcome", [PASS, FAIL])
    def test_an_expired_waiver_is_red_and_covers_nothing(self, outcome: Outcome) -> None:
        found = run({"edit.a": (outcome,)}, waiver(expires="2026-02-21"))
        assert only(found).state is State.EXPIRED
        assert statuses(found)["edit.a"] == str(outcome)
        assert judge(found).exit_code == 1

    def test_a_waiver_counts_on_its_last_day(self) -> None:
        assert judge(run({"edit.a": (FAIL,)}, waiver(expires=TODAY))).exit_code == 0

    @pytest.mark.parametrize("entry", [waiver("edit.z"), waiver("send.*"), waiver("edit.a", rule="EDIT-9")])
    def test_a_waiver_that_matches_nothing_is_red(self, entry: Waiver) -> None:
        found = run({"edit.a": (FAIL,)}, waiver(), entry)
        assert judge(found).waivers[1].state is State.UNMATCHED
        assert judge(found).exit_code == 1

    def test_a_narrow_selection_makes_no_other_entry_red(self) -> None:
        found = run({"edit.a": (PASS,)}, waiver("edit.b"), waiver("edit.both"), waiver("edit.b", rule="EDIT-2"))
        assert {one.state for one in judge(found).waivers} == {State.UNDECIDED}
        assert judge(found).exit_code == 0


class TestWaiverOfOneRule:
    def test_covers_that_rule_and_no_other_of_the_same_scenario(self) -> None:
        found = run({"edit.both": (FAIL,)}, waiver("edit.both", rule="EDIT-1"))
        assert statuses(found)["edit.both"] is Status.FAIL
        assert (rules(found)["EDIT-1"], rules(found)["EDIT-2"]) == (Status.WAIVED, Status.FAIL)
        assert judge(found).exit_code == 1

    def test_covers_a_scenario_together_with_waivers_of_its_other_rules(self) -> None:
        found = run({"edit.both": (FAIL,)}, waiver("edit.both", rule="EDIT-1"), waiver("edit.*", rule="EDIT-2"))
        assert statuses(found)["edit.both"] is Status.WAIVED
        assert judge(found).exit_code == 0

    def test_covers_what_others_find_against_it(self) -> None:
        found = with_finding(run({"edit.a": (PASS,)}, waiver("*", rule="DROP-1")), "edit.a", "DROP-1")
        assert judge(found).of_rule("DROP-1")[0].status is Status.WAIVED
        assert judge(found).of_rule("DROP-1")[0].charges[0].waived
        assert judge(found).exit_code == 0
        assert only(found).covered == ("edit.a",)

    def test_is_what_a_finding_needs(self) -> None:
        found = with_finding(run({"edit.a": (FAIL,)}, waiver("*")), "edit.a", "DROP-1")
        assert statuses(found)["edit.a"] is Status.WAIVED
        assert judge(found).of_rule("DROP-1")[0].status is Status.FAIL
        assert judge(found).exit_code == 1

    def test_may_match_scenarios_that_pass(self) -> None:
        found = run({"edit.a": (PASS,), "edit.both": (FAIL,)}, waiver("edit.*", rule="EDIT-1"), waiver("edit.both"))
        assert [one.state for one in judge(found).waivers] == [State.ACTIVE, State.ACTIVE]

    def test_is_stale_once_everything_it_matches_was_judged_and_nothing_fails(self) -> None:
        entry = waiver("edit.[ab]*", rule="EDIT-1")
        every = dict.fromkeys(("edit.a", "edit.b", "edit.both", "edit.should"), (PASS,))
        assert only(run(every, waiver("*", rule="EDIT-1"))).state is State.STALE
        assert only(run(every, entry)).state is State.UNMATCHED  # brackets are no set of characters here
        assert only(run({**every, "edit.b": (BLOCKED,)}, waiver("*", rule="EDIT-1"))).state is State.UNDECIDED
        assert only(run({"edit.a": (PASS,)}, waiver("*", rule="EDIT-1"))).state is State.UNDECIDED

    def test_is_undecided_where_nothing_that_it_matches_applies(self) -> None:
        assert only(run({"edit.a": (NOT_APPLICABLE,)}, waiver(rule="EDIT-1"))).state is State.UNDECIDED
