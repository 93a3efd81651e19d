"""The gate: it opens when nothing is lost, and every way round it that we could think of is closed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.compare import compare
from conformance.compare.gate import Decision, Kind, Reason, Terms, decide
from conformance.results.model import Outcome
from conformance.results.runlog import Footer, Run
from conformance.results.waivers import Waiver, Waivers
from tests.conformance.compare.test_pairing import RULES, finding, later, run
from tests.conformance.report import toys

PASS, FAIL, BLOCKED, UNTESTABLE = Outcome.PASS, Outcome.FAIL, Outcome.BLOCKED, Outcome.UNTESTABLE
BROKEN, NOT_APPLICABLE = Outcome.BROKEN, Outcome.NOT_APPLICABLE
BASE = {"1a": PASS, "1b": PASS, "2a": PASS, "3a": PASS}


def gate(old: Run, new: Run, **terms: Any) -> Decision:
    return decide(compare(old, new), Terms(**terms))


def kinds(decision: Decision) -> set[str]:
    return {str(reason.kind) for reason in decision.reasons}


def waived(of: Run, *scenarios: str, today: str = "2026-02-22", **more: Any) -> Run:
    entries = tuple(Waiver(one, "It is known.", "#1", "alice", "2026-12-31", **more) for one in scenarios)
    return replace(of, header=replace(of.header, waivers=Waivers("w.yaml", today, entries)))


def lacking(of: Run, need: str, *scenarios: str) -> Run:
    """Say of some results that they are NOT APPLICABLE because a need is not met."""
    return replace(
        of, results=tuple(replace(one, lacks=need) if one.scenario in scenarios else one for one in of.results)
    )


class TestOpens:
    def test_when_everything_that_passed_passes(self) -> None:
        assert gate(run(BASE), run(BASE)) == Decision(
            0,
            "gate: open: toy has lost nothing of 4 scenarios that passed in toy",
            (),
            ("OLD and NEW are the same run",),
        )

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (FAIL, FAIL),
            (FAIL, PASS),
            (None, FAIL),
            (BLOCKED, FAIL),
            (BLOCKED, BLOCKED),
            (UNTESTABLE, None),
            (NOT_APPLICABLE, NOT_APPLICABLE),
            (NOT_APPLICABLE, FAIL),
        ],
    )
    def test_whatever_becomes_of_what_did_not_hold(self, old: Outcome | None, new: Outcome | None) -> None:
        assert gate(run({**BASE, "1a": old}), run({**BASE, "1a": new})).exit_code == 0

    def test_when_a_scenario_was_added_and_fails(self) -> None:
        assert gate(run(BASE), later({**BASE, "1c": FAIL})).exit_code == 0

    def test_when_a_person_has_written_down_that_it_may_fail(self) -> None:
        decision = gate(run(BASE), waived(run({**BASE, "1a": FAIL}), "edit.1a"))
        assert decision.exit_code == 0
        assert "1 scenario that passed may fail: a waiver says so" in decision.notes

    def test_when_only_must_rules_count_and_a_should_rule_is_lost(self) -> None:
        old, new = run(BASE), run({**BASE, "3a": FAIL})
        assert gate(old, new).exit_code == 1
        assert gate(old, new, musts_only=True).exit_code == 0
        assert gate(old, run({**BASE, "3a": None}), musts_only=True).exit_code == 0

    def test_when_what_is_lost_is_said_not_to_count(self) -> None:
        decision = gate(run(BASE), run({**BASE, "1a": FAIL}), without=frozenset({"drop"}))
        assert decision.exit_code == 1
        old, new = finding(run(BASE), "1a", "EDIT-2"), run({**BASE, "1a": FAIL})
        decision = gate(old, new, without=frozenset({"edit"}))
        assert kinds(decision) == {"INCOMPLETE"}  # nothing is left that counts

    def test_when_what_changed_in_the_spec_is_accepted(self) -> None:
        new = later({"1a": PASS, "2a": PASS, "3a": PASS}, "2a")
        assert gate(run(BASE), new).exit_code == 3
        assert gate(run(BASE), new, spec_changed=True).exit_code == 0

    @pytest.mark.parametrize("before", [PASS, FAIL])
    @pytest.mark.parametrize("need", ["restart", "local"])
    def test_when_the_run_of_new_cannot_judge_it_whatever_the_server_is(self, before: Outcome, need: str) -> None:
        new = lacking(run({**BASE, "1a": NOT_APPLICABLE}), need, "edit.1a")
        decision = gate(run({**BASE, "1a": before}), new)
        assert decision.exit_code == 0
        assert decision.line == "gate: open: toy has lost nothing of 3 scenarios that passed in toy"
        said = "not compared, as the run of NEW cannot judge it (edit.1a is NOT APPLICABLE): edit.1a"
        assert said in decision.notes

    def test_and_names_only_some_of_many_that_the_run_cannot_judge(self) -> None:
        names = [f"1{letter}" for letter in "abcdefghij"]
        passing, outside = dict.fromkeys(names, PASS), dict.fromkeys(names, NOT_APPLICABLE)
        new = lacking(run({**BASE, **outside}), "restart", *(f"edit.{name}" for name in names))
        alike = tuple(replace(one, problems=(toys.problem("alike"),)) if one.lacks else one for one in new.results)
        decision = gate(run({**BASE, **passing}), replace(new, results=alike))
        assert any(note.endswith("edit.1h and 2 more") for note in decision.notes)

    def test_and_says_that_nothing_could_be_lost_where_nothing_passed(self) -> None:
        failing = dict.fromkeys(BASE, FAIL)
        decision = gate(run(failing), run(failing))
        assert decision.exit_code == 0
        assert "nothing passed in OLD, so nothing could be lost" in decision.notes


class TestStaysClosed:
    def test_when_a_scenario_that_passed_fails(self) -> None:
        decision = gate(run(BASE), run({**BASE, "1a": FAIL}))
        assert decision.exit_code == 1
        assert decision.reasons == (Reason(Kind.LOST, "edit.1a", "edit.1a passed, and fails: edit.1a is FAIL"),)
        assert decision.line == "gate: closed: 1 lost that passed; first: edit.1a passed, and fails: edit.1a is FAIL"

    def test_when_it_fails_only_now_and_then(self) -> None:
        new = run(BASE)
        again = toys.result(new.header.spec.scenarios[0], FAIL, attempt=2)
        decision = gate(run(BASE), replace(new, results=(*new.results, again)))
        assert decision.exit_code == 1
        assert "edit.1a passed, and fails in 1 of 2 attempts" in decision.line

    @pytest.mark.parametrize("status", [BLOCKED, UNTESTABLE, BROKEN, NOT_APPLICABLE, None])
    @pytest.mark.parametrize("before", [PASS, FAIL])
    def test_when_something_is_not_judged_that_was(self, before: Outcome, status: Outcome | None) -> None:
        decision = gate(run({**BASE, "1a": before}), run({**BASE, "1a": status}))
        assert decision.exit_code == 3
        assert kinds(decision) == {"UNJUDGED"}

    @pytest.mark.parametrize("need", ["instances", "options.presence"])
    def test_when_the_target_declares_less_than_the_other(self, need: str) -> None:
        new = lacking(run({**BASE, "1a": NOT_APPLICABLE}), need, "edit.1a")
        decision = gate(run(BASE), new)
        assert (decision.exit_code, kinds(decision)) == (3, {"UNJUDGED"})

    def test_when_new_was_run_with_a_narrower_selection(self) -> None:
        assert gate(run(BASE), run({"1a": PASS, "1b": None, "2a": None, "3a": None})).exit_code == 3

    def test_when_new_is_an_empty_run(self) -> None:
        assert gate(run(BASE), run(dict.fromkeys(BASE))).exit_code == 3

    def test_when_old_is_an_empty_run(self) -> None:
        decision = gate(run(dict.fromkeys(BASE)), run(BASE))
        assert decision.exit_code == 3
        assert "OLD judged nothing of what counts: is it the right run?" in decision.line

    def test_when_the_one_scenario_that_failed_left_the_spec(self) -> None:
        decision = gate(run(BASE), later({"1b": PASS, "2a": PASS, "3a": PASS}))
        assert decision.exit_code == 3
        assert decision.reasons == (Reason(Kind.CHANGED, "edit.1a", "edit.1a is not in the spec of NEW"),)

    def test_when_new_was_judged_by_quite_another_spec(self) -> None:
        decision = gate(run(BASE), later({"9z": PASS}))
        assert (decision.exit_code, len(decision.reasons)) == (3, 4)

    def test_when_a_scenario_was_made_easier(self) -> None:
        decision = gate(run(BASE), later(BASE, "1a"))
        assert decision.exit_code == 3
        assert kinds(decision) == {"CHANGED"}

    def test_when_it_passed_has_changed_and_fails_whatever_is_accepted(self) -> None:
        decision = gate(run(BASE), later({**BASE, "1a": FAIL}, "1a"), spec_changed=True)
        assert decision.exit_code == 3
        assert "edit.1a passed, has changed since, and fails: edit.1a is FAIL" in decision.line
        assert gate(run(BASE), waived(later({**BASE, "1a": FAIL}, "1a"), "edit.1a"), spec_changed=True).exit_code == 0

    def test_when_it_was_changed_and_is_not_judged(self) -> None:
        decision = gate(run(BASE), later({**BASE, "1a": BLOCKED}, "1a"), spec_changed=True)
        assert (decision.exit_code, kinds(decision)) == (3, {"UNJUDGED"})

    def test_when_a_rule_is_made_a_should_rule(self) -> None:
        lowered = later({**BASE, "1a": FAIL})
        rules = (replace(RULES[0], level="should"), *RULES[1:])
        lowered = replace(lowered, header=replace(lowered.header, spec=replace(lowered.header.spec, rules=rules)))
        assert gate(run(BASE), lowered, musts_only=True).exit_code == 1

    def test_when_others_find_a_rule_broken_that_they_did_not(self) -> None:
        decision = gate(run(BASE), finding(run(BASE), "1a", "EDIT-2"))
        assert decision.exit_code == 1
        assert decision.reasons == (
            Reason(Kind.LOST, "EDIT-2", "EDIT-2 is found broken by edit.1a now: EDIT-2 is broken"),
        )
        assert gate(finding(run(BASE), "1a", "EDIT-2"), finding(run(BASE), "1b", "EDIT-2")).exit_code == 0

    def test_but_not_by_a_scenario_that_old_did_not_run(self) -> None:
        old = run({**BASE, "1a": None})
        assert gate(old, finding(run(BASE), "1a", "EDIT-2")).exit_code == 0

    def test_but_not_in_a_feature_that_does_not_count(self) -> None:
        def with_drop(of: Run) -> Run:
            rules = (*of.header.spec.rules, toys.rule("DROP-1", features=("drop",)))
            return replace(of, header=replace(of.header, spec=replace(of.header.spec, rules=rules)))

        old, new = with_drop(run(BASE)), finding(with_drop(run(BASE)), "1a", "DROP-1")
        assert gate(old, new).exit_code == 1
        assert gate(old, new, without=frozenset({"drop"})).exit_code == 0

    def test_and_counts_a_rule_once_however_many_find_it_broken(self) -> None:
        found = finding(finding(run(BASE), "1a", "EDIT-2"), "1b", "EDIT-2")
        decision = gate(run(BASE), found)
        assert len(decision.reasons) == 2
        assert decision.line.startswith(
            "gate: closed: 1 lost that passed; first: EDIT-2 is found broken by edit.1a now"
        )

    def test_but_not_when_a_waiver_of_that_rule_covers_it(self) -> None:
        found = finding(run(BASE), "1a", "EDIT-2")
        assert gate(run(BASE), waived(found, "*", rule="EDIT-2")).exit_code == 0
        assert gate(run(BASE), waived(found, "edit.1a")).exit_code == 1

    def test_when_a_changed_scenario_finds_a_rule_broken_that_passed(self) -> None:
        found = finding(later(BASE, "1a"), "1a", "EDIT-2")
        assert gate(run(BASE), found, spec_changed=True).exit_code == 3
        added = finding(later({**BASE, "1c": PASS}), "1c", "EDIT-2")
        assert gate(run(BASE), added).exit_code == 0

    def test_when_new_does_not_know_a_feature_any_more(self) -> None:
        blocked = replace(run(dict.fromkeys(BASE, BLOCKED)), calibration=toys.calibration("Edit", "Touch"))
        decision = gate(run(BASE), blocked)
        assert decision.exit_code == 1
        assert "Editing was OK, and is MISSING" in decision.line

    @pytest.mark.parametrize("footer", [None, Footer(complete=False, reason="interrupted")])
    def test_when_a_run_is_not_complete_whatever_it_lost(self, footer: Footer | None) -> None:
        for outcome in (PASS, FAIL):
            cut = replace(run({**BASE, "1a": outcome}), footer=footer)
            assert gate(run(BASE), cut).exit_code == 3
            assert gate(cut, run(BASE)).exit_code == 3

    @pytest.mark.parametrize(
        ("new", "word"),
        [
            (waived(run(BASE), "edit.1a"), "STALE"),
            (waived(run(BASE), "edit.9z"), "UNMATCHED"),
            (waived(run({**BASE, "1a": FAIL}), "edit.1a", today="2027-01-01"), "EXPIRED"),
            (waived(run({**BASE, "1a": FAIL}), "*"), "STALE"),
        ],
    )
    def test_when_a_waiver_is_not_valid(self, new: Run, word: str) -> None:
        decision = gate(run(BASE), new)
        assert decision.exit_code == 1
        assert any(one.kind is Kind.WAIVER and word in one.sentence for one in decision.reasons)

    @pytest.mark.parametrize("status", [BLOCKED, UNTESTABLE, BROKEN])
    def test_when_a_waiver_is_of_something_that_was_not_judged(self, status: Outcome) -> None:
        assert gate(run(BASE), waived(run({**BASE, "1a": status}), "edit.1a")).exit_code == 3

    def test_and_a_loss_is_said_before_what_is_not_judged(self) -> None:
        decision = gate(run(BASE), run({**BASE, "1a": BLOCKED, "2a": FAIL}))
        assert decision.exit_code == 1
        assert decision.line.startswith(
            "gate: closed: 1 lost that passed, 1 not judged that was; first: edit.2a passed"
        )


def test_what_was_flaky_in_old_did_not_hold() -> None:
    old = run(BASE)
    again = toys.result(old.header.spec.scenarios[0], FAIL, attempt=2)
    decision = gate(replace(old, results=(*old.results, again)), run({**BASE, "1a": FAIL}))
    assert decision.exit_code == 0
    assert "1 scenario of OLD ended in different ways; a flaky pass does not count" in decision.notes


def test_what_was_waived_in_old_did_not_hold() -> None:
    failing = run({**BASE, "1a": FAIL})
    assert gate(waived(failing, "edit.1a"), failing).exit_code == 0


def test_two_names_for_one_address_are_noted() -> None:
    new = later(BASE)
    new = replace(new, header=replace(new.header, target=replace(new.header.target, name="another")))
    assert "OLD and NEW have the same address (ws://127.0.0.1:1/ws)" in gate(run(BASE), new).notes
    assert not any("address" in note for note in gate(run(BASE), later(BASE)).notes)
