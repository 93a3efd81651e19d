"""The pairs of a comparison, from runs made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.compare import Change, Comparison, FeaturePair, RulePair, ScenarioPair, compare
from conformance.results.model import Observation, Outcome
from conformance.results.runlog import Footer, Run, ScenarioEntry
from conformance.results.waivers import Waiver, Waivers
from tests.conformance.report import toys

PASS, FAIL, BLOCKED, UNTESTABLE = Outcome.PASS, Outcome.FAIL, Outcome.BLOCKED, Outcome.UNTESTABLE
NOT_APPLICABLE = Outcome.NOT_APPLICABLE
OK, IMPROVED, REGRESSED, BOTH_FAIL = Change.OK, Change.IMPROVED, Change.REGRESSED, Change.BOTH_FAIL
NOT_COMPARABLE, NEW, GONE = Change.NOT_COMPARABLE, Change.NEW, Change.GONE

RULES = (toys.rule("EDIT-1"), toys.rule("EDIT-2"), toys.rule("EDIT-3", "should"))


def scenario(name: str, revision: str = "1") -> ScenarioEntry:
    """`edit.1a` proves EDIT-1."""
    return replace(toys.scenario(f"edit.{name}", (f"EDIT-{name[0]}",)), revision=revision)


def run(outcomes: dict[str, Outcome | None], digest: str = "sha256:1", changed: tuple[str, ...] = ()) -> Run:
    """A run of the scenarios `edit.NAME`; one with None was not selected, one that is `changed` has a new revision."""
    entries = tuple(scenario(name, "2" if name in changed else "1") for name in outcomes)
    head = toys.header(RULES, entries, tuple(one.id for one in entries if outcomes[one.id[5:]] is not None))
    head = replace(head, run=f"{outcomes}{digest}", spec=replace(head.spec, digest=digest))
    results = ((entry, outcomes[entry.id[5:]]) for entry in entries)
    return toys.run(head, *(toys.result(entry, outcome) for entry, outcome in results if outcome is not None))


def later(outcomes: dict[str, Outcome | None], *changed: str) -> Run:
    """A run by a spec that has changed since."""
    return run(outcomes, "sha256:2", changed)


def finding(of: Run, name: str, rule: str) -> Run:
    found = (toys.problem(f"{rule} is broken", rule=rule),)
    return replace(
        of, results=tuple(replace(one, findings=found) if one.scenario == f"edit.{name}" else one for one in of.results)
    )


def edit(comparison: Comparison) -> FeaturePair:
    return next(one for one in comparison.features if one.id == "edit")


def only_scenario(comparison: Comparison, name: str = "1a") -> ScenarioPair:
    return next(one for one in comparison.scenarios if one.id == f"edit.{name}")


def rule(comparison: Comparison, name: str = "EDIT-1") -> RulePair:
    return next(one for one in comparison.rules if one.id == name)


class TestScenario:
    @pytest.mark.parametrize(
        ("old", "new", "change", "why"),
        [
            (PASS, PASS, OK, ""),
            (PASS, FAIL, REGRESSED, ""),
            (FAIL, PASS, IMPROVED, ""),
            (FAIL, FAIL, BOTH_FAIL, ""),
            (PASS, None, NOT_COMPARABLE, "NOT RUN in NEW"),
            (None, FAIL, NOT_COMPARABLE, "NOT RUN in OLD"),
            (None, None, NOT_COMPARABLE, "NOT RUN in both"),
            (PASS, BLOCKED, NOT_COMPARABLE, "BLOCKED in NEW"),
            (UNTESTABLE, BLOCKED, NOT_COMPARABLE, "UNTESTABLE in OLD and BLOCKED in NEW"),
            (NOT_APPLICABLE, NOT_APPLICABLE, NOT_COMPARABLE, "NOT APPLICABLE in both"),
            (PASS, NOT_APPLICABLE, NOT_COMPARABLE, "NOT APPLICABLE in NEW"),
        ],
    )
    def test_reads_its_table(self, old: Outcome | None, new: Outcome | None, change: Change, why: str) -> None:
        pair = only_scenario(compare(run({"1a": old}), run({"1a": new})))
        assert (pair.change, pair.why) == (change, why)

    def test_says_why_where_it_is_the_run_that_cannot_judge(self) -> None:
        new = run({"1a": NOT_APPLICABLE})
        new = replace(new, results=(replace(new.results[0], lacks="restart"),))
        pair = only_scenario(compare(run({"1a": PASS}), new))
        assert (pair.change, pair.why) == (NOT_COMPARABLE, "NOT APPLICABLE in NEW: edit.1a is NOT APPLICABLE")

    def test_that_is_waived_still_fails(self) -> None:
        waived = run({"1a": FAIL})
        entry = Waiver("edit.1a", "It is known.", "#1", "alice", "2030-01-01")
        waived = replace(waived, header=replace(waived.header, waivers=Waivers("w.yaml", "2026-01-01", (entry,))))
        assert only_scenario(compare(run({"1a": PASS}), waived)).change is REGRESSED
        assert only_scenario(compare(waived, run({"1a": PASS}))).change is IMPROVED

    def test_that_was_added_or_removed_since_is_no_regression(self) -> None:
        comparison = compare(run({"1a": PASS, "1b": PASS}), later({"1a": PASS, "1c": FAIL}))
        assert [(one.id, one.change) for one in comparison.scenarios] == [
            ("edit.1a", OK),
            ("edit.1c", NEW),
            ("edit.1b", GONE),
        ]
        assert edit(comparison).change is NOT_COMPARABLE

    def test_that_changed_since_is_not_compared(self) -> None:
        pair = only_scenario(compare(run({"1a": PASS}), later({"1a": FAIL}, "1a")))
        assert (pair.change, pair.why, pair.changed) == (NOT_COMPARABLE, "it has changed since", True)

    def test_is_compared_whatever_else_of_the_spec_changed(self) -> None:
        assert only_scenario(compare(run({"1a": PASS}), later({"1a": FAIL}))).change is REGRESSED

    def test_of_a_log_without_revisions_is_compared_by_the_same_spec_only(self) -> None:
        old = run({"1a": PASS})
        spec = replace(old.header.spec, scenarios=(replace(scenario("1a"), revision=""),))
        old = replace(old, header=replace(old.header, spec=spec))
        assert only_scenario(compare(old, run({"1a": PASS}))).change is OK
        pair = only_scenario(compare(old, later({"1a": PASS})))
        assert (pair.change, pair.why) == (
            NOT_COMPARABLE,
            "one of the logs is too old to say if it has changed",
        )


class TestRule:
    @pytest.mark.parametrize(
        ("old", "new", "change"),
        [
            ({"1a": PASS, "1b": PASS}, {"1a": PASS, "1b": PASS}, OK),
            ({"1a": PASS, "1b": PASS}, {"1a": PASS, "1b": FAIL}, REGRESSED),
            ({"1a": FAIL, "1b": FAIL}, {"1a": PASS, "1b": PASS}, IMPROVED),
            ({"1a": FAIL, "1b": FAIL}, {"1a": PASS, "1b": FAIL}, IMPROVED),
            ({"1a": FAIL, "1b": FAIL}, {"1a": FAIL, "1b": FAIL}, BOTH_FAIL),
            ({"1a": FAIL, "1b": PASS}, {"1a": PASS, "1b": FAIL}, REGRESSED),
            ({"1a": FAIL, "1b": PASS}, {"1a": FAIL, "1b": FAIL}, REGRESSED),
            ({"1a": PASS, "1b": None}, {"1a": PASS, "1b": PASS}, NOT_COMPARABLE),
            ({"1a": PASS, "1b": None}, {"1a": PASS, "1b": FAIL}, NOT_COMPARABLE),
            ({"1a": PASS, "1b": None}, {"1a": FAIL, "1b": PASS}, REGRESSED),
            ({"1a": PASS, "1b": PASS}, {"1a": PASS, "1b": BLOCKED}, NOT_COMPARABLE),
            ({"1a": PASS, "1b": PASS}, {"1a": PASS, "1b": None}, NOT_COMPARABLE),
        ],
    )
    def test_by_what_both_ran(
        self, old: dict[str, Outcome | None], new: dict[str, Outcome | None], change: Change
    ) -> None:
        assert rule(compare(run(old), run(new))).change is change

    def test_does_not_regress_by_a_scenario_that_was_added(self) -> None:
        pair = rule(compare(run({"1a": PASS}), later({"1a": PASS, "1b": FAIL})))
        assert (pair.change, pair.why) == (NOT_COMPARABLE, "it fails only where OLD was not judged in the same way")

    def test_does_not_improve_by_a_scenario_that_was_removed(self) -> None:
        pair = rule(compare(run({"1a": PASS, "1b": FAIL}), later({"1a": PASS})))
        assert (pair.change, pair.why) == (NOT_COMPARABLE, "what failed has changed since")

    def test_is_not_ok_by_scenarios_that_all_changed(self) -> None:
        pair = rule(compare(run({"1a": PASS}), later({"1a": PASS}, "1a")))
        assert (pair.change, pair.why) == (NOT_COMPARABLE, "all that proves it has changed since")

    def test_regresses_by_a_finding_that_was_not_there(self) -> None:
        old = run({"1a": PASS, "2a": PASS})
        assert rule(compare(old, finding(old, "2a", "EDIT-1"))).change is REGRESSED
        assert rule(compare(finding(old, "2a", "EDIT-1"), old)).change is IMPROVED
        assert rule(compare(finding(old, "2a", "EDIT-1"), finding(old, "2a", "EDIT-1"))).change is BOTH_FAIL

    def test_does_not_regress_by_a_finding_where_old_was_not_judged_in_the_same_way(self) -> None:
        for new in (later({"1a": PASS, "2a": PASS}, "2a"), later({"1a": PASS, "2a": PASS})):
            old = run({"1a": PASS, "2a": PASS if new.header.spec.scenarios[1].revision == "2" else None})
            assert rule(compare(old, finding(new, "2a", "EDIT-1"))).change is NOT_COMPARABLE

    def test_of_one_spec_only_is_new_or_gone(self) -> None:
        old, new = run({"1a": PASS}), later({"1a": PASS})
        new = replace(new, header=replace(new.header, spec=replace(new.header.spec, rules=RULES[:1])))
        assert rule(compare(old, new), "EDIT-2").change is GONE
        assert rule(compare(new, old), "EDIT-2").change is NEW

    def test_counts_as_must_if_it_was_one(self) -> None:
        old, new = run({"1a": PASS}), later({"1a": FAIL})
        lowered = (replace(RULES[0], level="should"), *RULES[1:])
        new = replace(new, header=replace(new.header, spec=replace(new.header.spec, rules=lowered)))
        assert rule(compare(old, new)).must
        assert edit(compare(old, new)).change is REGRESSED


class TestFeature:
    @pytest.mark.parametrize(
        ("old", "new", "change"),
        [
            ({"1a": PASS, "2a": PASS}, {"1a": PASS, "2a": PASS}, OK),
            ({"1a": FAIL, "2a": PASS}, {"1a": PASS, "2a": PASS}, IMPROVED),
            ({"1a": FAIL, "2a": FAIL}, {"1a": PASS, "2a": FAIL}, IMPROVED),
            ({"1a": PASS, "2a": PASS}, {"1a": PASS, "2a": FAIL}, REGRESSED),
            ({"1a": FAIL, "2a": PASS}, {"1a": PASS, "2a": FAIL}, REGRESSED),
            ({"1a": FAIL, "2a": PASS}, {"1a": FAIL, "2a": PASS}, BOTH_FAIL),
            ({"1a": FAIL, "2a": FAIL}, {"1a": FAIL, "2a": FAIL}, BOTH_FAIL),
            ({"1a": PASS, "2a": BLOCKED}, {"1a": FAIL, "2a": BLOCKED}, REGRESSED),
            ({"1a": PASS, "2a": PASS}, {"1a": PASS, "2a": BLOCKED}, NOT_COMPARABLE),
            ({"1a": None, "2a": None}, {"1a": PASS, "2a": PASS}, NOT_COMPARABLE),
            ({"1a": PASS, "2a": PASS, "3a": PASS}, {"1a": PASS, "2a": PASS, "3a": FAIL}, OK),
        ],
    )
    def test_by_its_must_rules(
        self, old: dict[str, Outcome | None], new: dict[str, Outcome | None], change: Change
    ) -> None:
        assert edit(compare(run(old), run(new))).change is change

    def test_that_the_server_does_not_know_is_worse_than_one_of_which_something_holds(self) -> None:
        good, missing = run({"1a": PASS, "2a": PASS}), run({"1a": BLOCKED, "2a": BLOCKED})
        missing = replace(missing, calibration=toys.calibration("Edit", "Touch"))
        assert (edit(compare(good, missing)).change, edit(compare(good, missing)).why) == (
            REGRESSED,
            "NEW does not know it",
        )
        assert edit(compare(missing, good)).change is IMPROVED
        assert edit(compare(missing, missing)).change is BOTH_FAIL
        assert edit(compare(missing, run({"1a": FAIL, "2a": FAIL}))).change is BOTH_FAIL

    def test_says_why_it_is_not_comparable(self) -> None:
        assert edit(compare(run({"1a": None}), run({"1a": PASS, "2a": PASS}))).why == "not tested in OLD"
        assert edit(compare(run({"1a": None}), run({"1a": None}))).why == "not tested in OLD and NEW"

    def test_keeps_the_order_of_the_newer_table(self) -> None:
        assert [one.number for one in compare(run({"1a": PASS}), run({"1a": PASS})).features] == [4, 5]


class TestProbes:
    def observing(self, seen: str, digest: str = "sha256:1", revision: str = "1") -> Run:
        found = run({"1a": PASS}, digest)
        spec = replace(found.header.spec, probes={"echo": revision})
        probe = Observation("echo", "Does the sender get an echo?", "It shows twice.", seen)
        return replace(found, header=replace(found.header, spec=spec), probes=(probe,))

    def test_differ_by_what_was_observed(self) -> None:
        [pair] = compare(self.observing("yes"), self.observing("no")).probes
        assert (pair.differs, pair.why, pair.note) == (True, "It shows twice.", "")
        [pair] = compare(self.observing("yes"), self.observing("yes")).probes
        assert not pair.differs

    def test_that_changed_since_do_not_differ(self) -> None:
        [pair] = compare(self.observing("yes"), self.observing("no", "sha256:2", "2")).probes
        assert (pair.differs, pair.note) == (False, "the probe has changed since")
        [pair] = compare(self.observing("yes"), self.observing("no", "sha256:2")).probes
        assert pair.differs

    @pytest.mark.parametrize("nothing", ["could not be observed: its control fails", "not applicable: no restart"])
    def test_that_saw_nothing_do_not_differ(self, nothing: str) -> None:
        [pair] = compare(self.observing("yes"), self.observing(nothing)).probes
        assert (pair.differs, pair.note) == (False, "could not be observed in NEW")
        [pair] = compare(self.observing(nothing), self.observing(f"{nothing} today")).probes
        assert (pair.differs, pair.note) == (False, "could not be observed in OLD and NEW")

    def test_of_one_run_only_are_named(self) -> None:
        [pair] = compare(run({"1a": PASS}), self.observing("no")).probes
        assert (pair.differs, pair.note) == (False, "not observed in OLD")


class TestNotes:
    def notes(self, old: Run, new: Run) -> str:
        return "\n".join(compare(old, new).notes)

    def test_are_not_needed_for_two_runs_that_were_made_alike(self) -> None:
        assert self.notes(run({"1a": PASS}), run({"1a": FAIL})) == ""

    def test_say_that_both_are_one_run(self) -> None:
        assert self.notes(run({"1a": PASS}), run({"1a": PASS})) == "OLD and NEW are the same run"

    def test_say_that_they_may_be_swapped(self) -> None:
        new = run({"1a": FAIL})
        new = replace(new, header=replace(new.header, started="2026-02-22T20:49:31+01:00"))
        assert "were the two swapped?" in self.notes(run({"1a": PASS}), new)

    def test_compare_moments_and_not_their_text(self) -> None:
        new = run({"1a": FAIL})
        new = replace(new, header=replace(new.header, started="2026-02-22T19:49:33Z"))
        assert self.notes(run({"1a": PASS}), new) == ""

    def test_say_that_one_is_not_complete_and_why(self) -> None:
        cut = replace(run({"1a": PASS}), footer=None)
        stopped = replace(run({"1a": FAIL}), footer=Footer(complete=False, reason="interrupted"))
        assert "OLD is not complete (cut off)" in self.notes(cut, stopped)
        assert "NEW is not complete (interrupted)" in self.notes(cut, stopped)

    def test_say_what_of_the_spec_has_changed(self) -> None:
        old, new = run({"1a": PASS}), later({"1a": PASS})
        assert self.notes(old, new) == "the spec has changed between the two: scenarios that changed are not compared"
        new = replace(new, header=replace(new.header, spec=replace(new.header.spec, wire="sha256:w")))
        assert "the message schemas have changed" in self.notes(old, new)

    def test_say_what_the_targets_declare_differently(self) -> None:
        old, new = run({"1a": PASS}), run({"1a": FAIL})
        profile = {"limits": {"content_max": 10}, "ambient": []}
        new = replace(new, header=replace(new.header, profile=profile, options={"repeat": 5}))
        assert self.notes(old, new).splitlines() == [
            "the two targets declare another limits.content_max (4000, 10)",
            "the two ran with another repeat (1, 5)",
        ]
