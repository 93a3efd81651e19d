from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.results.model import Outcome
from conformance.results.runlog import Footer, Run
from conformance.results.verdict import JudgedFeature, JudgedRule, Status, Verdict, judge, worst
from tests.conformance.report import toys

PASS, FAIL, BLOCKED, UNTESTABLE = Outcome.PASS, Outcome.FAIL, Outcome.BLOCKED, Outcome.UNTESTABLE
BROKEN, NOT_APPLICABLE = Outcome.BROKEN, Outcome.NOT_APPLICABLE
LOST = "lost"
"""Selected, but not run."""
LEFT_OUT = "left out"
"""Neither selected nor run."""


def run_of(*musts: Outcome | str, should: tuple[Outcome | str, ...] = (), **more: object) -> Run:
    """One rule with one scenario for each outcome, all in one feature."""
    named = [(f"M-{n}", "must", outcome) for n, outcome in enumerate(musts)]
    named += [(f"S-{n}", "should", outcome) for n, outcome in enumerate(should)]
    rules = tuple(toys.rule(name, level) for name, level, _ in named)
    scenarios = tuple(toys.scenario(f"edit.{name.lower()}", (name,)) for name, _, _ in named)
    selected = tuple(entry.id for entry, row in zip(scenarios, named, strict=True) if row[2] != LEFT_OUT)
    results = [
        toys.result(entry, outcome)
        for entry, (_, _, outcome) in zip(scenarios, named, strict=True)
        if isinstance(outcome, Outcome)
    ]
    return toys.run(toys.header(rules, scenarios, selected), *results, **more)


def feature(run: Run, name: str = "edit") -> JudgedFeature:
    return next(item for item in judge(run).features if item.entry.id == name)


def only_rule(run: Run, name: str, within: str = "edit") -> JudgedRule:
    return next(item for item in feature(run, within).rules if item.entry.id == name)


class TestWhatAServerLacks:
    """`Edit` is a type of the feature; `Other` is of another one."""

    @staticmethod
    def run(*outcomes: tuple[Outcome, str], unknown: tuple[str, ...] = ()) -> Run:
        entries = tuple(toys.scenario(f"edit.s{n}", ("EDIT-1",)) for n in range(len(outcomes)))
        results = [
            toys.result(entry, outcome, without=(lacking,) if lacking else ())
            for entry, (outcome, lacking) in zip(entries, outcomes, strict=True)
        ]
        return replace(
            toys.run(toys.header((toys.rule("EDIT-1"),), entries), *results),
            calibration=toys.calibration(*unknown),
        )

    def test_does_not_count_where_a_scenario_without_it_has_passed(self) -> None:
        run = self.run((PASS, ""), (BLOCKED, "Other"))
        rule = only_rule(run, "EDIT-1")
        assert (rule.status, rule.without) == (Status.PASS, ("Other",))
        assert (feature(run).verdict, judge(run).exit_code) == (Verdict.OK, 0)

    def test_is_named_where_a_witness_was_skipped(self) -> None:
        rule = only_rule(self.run((PASS, "Other")), "EDIT-1")
        assert (rule.status, rule.without) == (Status.PASS, ("Other",))

    def test_counts_where_nothing_else_has_judged_the_rule(self) -> None:
        run = self.run((BLOCKED, "Other"))
        rule = only_rule(run, "EDIT-1")
        assert (rule.status, rule.without) == (Status.BLOCKED, ())
        assert judge(run).exit_code == 3

    @pytest.mark.parametrize(
        ("needs", "outcomes", "verdict", "code"),
        [
            (("Other",), ((BLOCKED, "Other"), (NOT_APPLICABLE, "")), Verdict.OK, 0),
            (("Another",), ((BLOCKED, "Other"),), Verdict.NOT_TESTED, 3),
            (("Another", "Other"), ((BLOCKED, "Other"), (NOT_APPLICABLE, "")), Verdict.OK, 0),
            (("Other",), ((BLOCKED, "Other"), (BLOCKED, "")), Verdict.NOT_TESTED, 3),
            (("Other",), ((BLOCKED, "Other"), (FAIL, "")), Verdict.PARTIAL, 1),
        ],
    )
    def test_takes_rules_that_are_about_it_out_of_the_verdict(
        self, needs: tuple[str, ...], outcomes: tuple[tuple[Outcome, str], ...], verdict: Verdict, code: int
    ) -> None:
        run = self.run((PASS, ""), *outcomes)
        scenarios = tuple(replace(one, rules=("EDIT-2",)) for one in run.header.spec.scenarios[1:])
        scenarios = (run.header.spec.scenarios[0], *scenarios)
        spec = replace(
            run.header.spec, rules=(toys.rule("EDIT-1"), toys.rule("EDIT-2", needs=needs)), scenarios=scenarios
        )
        run = replace(run, header=replace(run.header, spec=spec))
        assert (feature(run).verdict, judge(run).exit_code) == (verdict, code)
        about = only_rule(run, "EDIT-2")
        assert about.counts is not (verdict is Verdict.OK)
        assert about.without == (("Other",) if verdict is Verdict.OK else ())

    @pytest.mark.parametrize(
        ("other", "found", "status"),
        [(FAIL, "", Status.PASS), (PASS, "DROP-1", Status.PASS), (PASS, "", Status.BLOCKED)],
    )
    def test_is_also_what_fails_before_the_promise_of_a_scenario(
        self, other: Outcome, found: str, status: Status
    ) -> None:
        entries = (
            *(toys.scenario(f"edit.s{n}", ("EDIT-1",)) for n in range(2)),
            toys.scenario("drop.s", ("DROP-1",), "drop"),
        )
        findings = (toys.problem(rule=found),) if found else ()
        results = (
            toys.result(entries[0], findings=findings),
            toys.result(entries[1], BLOCKED, stopped_by=("drop",)),
            toys.result(entries[2], other),
        )
        rules = (toys.rule("EDIT-1"), toys.rule("DROP-1", features=("drop",)))
        rule = only_rule(toys.run(toys.header(rules, entries), *results), "EDIT-1")
        assert (rule.status, rule.without) == (status, ("drop",) if status is Status.PASS else ())

    def test_counts_where_it_is_of_the_own_feature(self) -> None:
        assert only_rule(self.run((PASS, ""), (BLOCKED, "Edit")), "EDIT-1").status is Status.BLOCKED

    def test_does_not_excuse_a_failure(self) -> None:
        rule = only_rule(self.run((PASS, ""), (BLOCKED, "Other"), (FAIL, "")), "EDIT-1")
        assert rule.status is Status.FAIL

    def test_does_not_excuse_another_reason_for_being_blocked(self) -> None:
        assert only_rule(self.run((PASS, ""), (BLOCKED, "Other"), (BLOCKED, "")), "EDIT-1").status is Status.BLOCKED

    def test_makes_a_missing_feature_an_exit_code_of_1(self) -> None:
        run = self.run((BLOCKED, "Edit"), unknown=("Edit", "Touch"))
        assert feature(run).verdict is Verdict.MISSING
        assert judge(run).exit_code == 1


def test_a_feature_of_which_nothing_was_selected_is_not_tested_and_its_rule_fails_all_the_same() -> None:
    own, other = toys.scenario("edit.own", ("EDIT-1",)), toys.scenario("drop.other", ("DROP-1",), "drop")
    head = toys.header((toys.rule("EDIT-1"), toys.rule("DROP-1", features=("drop",))), (own, other), (other.id,))
    run = toys.run(head, toys.result(other, findings=(toys.problem("no zone", rule="EDIT-1"),)))
    assert feature(run).verdict is Verdict.NOT_TESTED
    assert only_rule(run, "EDIT-1").status is Status.FAIL
    assert judge(run).exit_code == 1


class TestRule:
    @pytest.mark.parametrize(
        ("outcomes", "status"),
        [
            ((PASS,), Status.PASS),
            ((PASS, PASS), Status.PASS),
            ((PASS, NOT_APPLICABLE), Status.PASS),
            ((PASS, FAIL), Status.FAIL),
            ((FAIL, BROKEN, UNTESTABLE, BLOCKED, PASS), Status.FAIL),
            ((BROKEN, UNTESTABLE, BLOCKED, PASS), Status.BROKEN),
            ((UNTESTABLE, BLOCKED, PASS), Status.UNTESTABLE),
            ((BLOCKED, PASS), Status.BLOCKED),
            ((NOT_APPLICABLE, NOT_APPLICABLE), Status.NOT_APPLICABLE),
            ((), Status.NOT_RUN),
        ],
    )
    def test_is_the_worst_of_its_scenarios(self, outcomes: tuple[Outcome, ...], status: Status) -> None:
        scenarios = tuple(toys.scenario(f"edit.s{n}", ("EDIT-1",)) for n in range(len(outcomes)))
        results = map(toys.result, scenarios, outcomes)
        run = toys.run(toys.header((toys.rule("EDIT-1"),), scenarios), *results)
        assert only_rule(run, "EDIT-1").status is status

    @pytest.mark.parametrize("outcome", list(Outcome))
    def test_fails_by_a_finding_whatever_its_own_scenarios_say(self, outcome: Outcome) -> None:
        own, other = toys.scenario("edit.own", ("EDIT-1",)), toys.scenario("edit.other", ("EDIT-2",))
        head = toys.header((toys.rule("EDIT-1"), toys.rule("EDIT-2")), (own, other))
        finding = toys.problem("no zone", rule="EDIT-1")
        run = toys.run(head, toys.result(own, outcome), toys.result(other, findings=(finding,)))
        assert only_rule(run, "EDIT-1").status is Status.FAIL
        assert only_rule(run, "EDIT-2").status is Status.PASS

    def test_a_finding_whose_rule_nobody_knows_is_charged_to_the_rules_of_its_scenario(self) -> None:
        own = toys.scenario("edit.own", ("EDIT-1",))
        head = toys.header((toys.rule("EDIT-1"),), (own,))
        for name in (None, "GONE-1"):
            run = toys.run(head, toys.result(own, findings=(toys.problem(rule=name),)))
            assert only_rule(run, "EDIT-1").status is Status.FAIL

    def test_is_not_wholly_judged_while_a_scenario_of_it_is_not_run(self) -> None:
        scenarios = (toys.scenario("edit.a", ("EDIT-1",)), toys.scenario("edit.b", ("EDIT-1",)))
        head = toys.header((toys.rule("EDIT-1"),), scenarios, selected=("edit.a",))
        judged = only_rule(toys.run(head, toys.result(scenarios[0])), "EDIT-1")
        assert (judged.status, judged.wholly) == (Status.PASS, False)

    def test_without_a_scenario_is_not_wholly_judged(self) -> None:
        assert not only_rule(toys.run(toys.header((toys.rule("EDIT-1"),), ())), "EDIT-1").wholly


class TestRuleOfSeveralFeatures:
    shared = toys.rule("CALL-1", features=("edit", "drop"))

    def test_is_judged_in_each_from_its_own_scenarios(self) -> None:
        edit, drop = toys.scenario("edit.a", ("CALL-1",)), toys.scenario("drop.a", ("CALL-1",), "drop")
        run = toys.run(toys.header((self.shared,), (edit, drop)), toys.result(edit), toys.result(drop, FAIL))
        assert only_rule(run, "CALL-1", "edit").status is Status.PASS
        assert only_rule(run, "CALL-1", "drop").status is Status.FAIL
        assert worst(item.status for item in judge(run).of_rule("CALL-1")) is Status.FAIL

    def test_a_finding_counts_in_the_feature_that_found_it(self) -> None:
        edit, drop = toys.scenario("edit.a", ("CALL-1",)), toys.scenario("drop.a", ("CALL-1",), "drop")
        finding = toys.problem(rule="CALL-1")
        head = toys.header((self.shared,), (edit, drop))
        run = toys.run(head, toys.result(edit, findings=(finding,)), toys.result(drop))
        assert only_rule(run, "CALL-1", "edit").status is Status.FAIL
        assert only_rule(run, "CALL-1", "drop").status is Status.PASS

    def test_a_finding_from_elsewhere_counts_in_all_of_them(self) -> None:
        other = toys.scenario("ping.a", ("PING-1",), "ping")
        head = toys.header((self.shared, toys.rule("PING-1", features=("ping",))), (other,))
        run = toys.run(head, toys.result(other, findings=(toys.problem(rule="CALL-1"),)))
        assert only_rule(run, "CALL-1", "edit").status is Status.FAIL
        assert only_rule(run, "CALL-1", "drop").status is Status.FAIL


class TestScenario:
    @pytest.mark.parametrize(
        ("attempts", "status", "flaky"),
        [
            ((PASS, PASS), Status.PASS, False),
            ((FAIL, FAIL), Status.FAIL, False),
            ((PASS, FAIL, PASS), Status.FLAKY, True),
            ((BLOCKED, FAIL), Status.FAIL, True),
            ((PASS, BLOCKED), Status.BLOCKED, True),
        ],
    )
    def test_is_the_worst_of_its_attempts_and_flaky_when_they_differ(
        self, attempts: tuple[Outcome, ...], status: Status, flaky: bool
    ) -> None:
        entry = toys.scenario("edit.a", ("EDIT-1",))
        results = [toys.result(entry, outcome, attempt=n) for n, outcome in enumerate(attempts, 1)]
        [judged] = judge(toys.run(toys.header((toys.rule("EDIT-1"),), (entry,)), *results)).scenarios
        assert (judged.status, judged.flaky) == (status, flaky)
        assert judged.seconds == pytest.approx(0.012 * len(attempts))

    @pytest.mark.parametrize(("level", "code", "amber"), [("must", 1, False), ("should", 0, True)])
    def test_a_flaky_one_is_never_green(self, level: str, code: int, amber: bool) -> None:
        entry = toys.scenario("edit.a", ("EDIT-1",))
        results = [toys.result(entry, outcome, attempt=n) for n, outcome in enumerate((FAIL, PASS), 1)]
        judged = judge(toys.run(toys.header((toys.rule("EDIT-1", level),), (entry,)), *results))
        [feature] = [one for one in judged.features if one.entry.id == "edit"]
        assert feature.rules[0].status is Status.FLAKY
        assert (judged.exit_code, feature.amber) == (code, amber)
        assert feature.verdict is (Verdict.FAIL if level == "must" else Verdict.NOT_TESTED)


EDIT_UNKNOWN = toys.calibration("Edit", "Touch")


class TestFeature:
    @pytest.mark.parametrize(
        ("musts", "verdict"),
        [
            ((PASS,), Verdict.OK),
            ((PASS, PASS), Verdict.OK),
            ((PASS, NOT_APPLICABLE), Verdict.OK),
            ((PASS, FAIL), Verdict.PARTIAL),
            ((PASS, FAIL, BLOCKED), Verdict.PARTIAL),
            ((PASS, FAIL, LEFT_OUT), Verdict.PARTIAL),
            ((FAIL,), Verdict.FAIL),
            ((FAIL, BLOCKED), Verdict.FAIL),
            ((FAIL, NOT_APPLICABLE), Verdict.FAIL),
            ((FAIL, LEFT_OUT), Verdict.FAIL),
            ((), Verdict.NOT_TESTED),
            ((NOT_APPLICABLE,), Verdict.NOT_TESTED),
            ((BLOCKED,), Verdict.NOT_TESTED),
            ((PASS, BLOCKED), Verdict.NOT_TESTED),
            ((PASS, UNTESTABLE), Verdict.NOT_TESTED),
            ((PASS, BROKEN), Verdict.NOT_TESTED),
            ((PASS, LOST), Verdict.NOT_TESTED),
            ((PASS, LEFT_OUT), Verdict.NOT_TESTED),
            ((LEFT_OUT,), Verdict.NOT_TESTED),
        ],
    )
    def test_reads_the_table_of_its_must_rules(self, musts: tuple[Outcome | str, ...], verdict: Verdict) -> None:
        assert feature(run_of(*musts)).verdict is verdict

    @pytest.mark.parametrize(
        ("musts", "verdict"),
        [
            ((FAIL,), Verdict.MISSING),
            ((BLOCKED,), Verdict.MISSING),
            ((FAIL, BLOCKED, UNTESTABLE, LEFT_OUT), Verdict.MISSING),
            ((PASS, FAIL), Verdict.MISSING),
            ((PASS, BLOCKED), Verdict.MISSING),
            ((PASS,), Verdict.OK),
            ((UNTESTABLE,), Verdict.NOT_TESTED),
            ((LEFT_OUT,), Verdict.NOT_TESTED),
        ],
    )
    def test_is_missing_when_the_server_knows_none_of_its_types(
        self, musts: tuple[Outcome | str, ...], verdict: Verdict
    ) -> None:
        assert feature(run_of(*musts, calibration=EDIT_UNKNOWN)).verdict is verdict

    def test_is_missing_when_one_of_a_rules_scenarios_is_blocked_and_another_untestable(self) -> None:
        entries = tuple(toys.scenario(f"edit.{name}", ("M-0",)) for name in ("blocked", "untestable"))
        results = [toys.result(entry, outcome) for entry, outcome in zip(entries, (BLOCKED, UNTESTABLE), strict=True)]
        header = toys.header((toys.rule("M-0", "must"),), entries, tuple(entry.id for entry in entries))
        assert feature(toys.run(header, *results, calibration=EDIT_UNKNOWN)).verdict is Verdict.MISSING

    def test_is_not_missing_when_the_server_knows_one_of_its_types(self) -> None:
        assert feature(run_of(FAIL, calibration=toys.calibration("Edit"))).verdict is Verdict.FAIL

    def test_without_incoming_types_is_never_missing(self) -> None:
        run = run_of(FAIL, calibration=EDIT_UNKNOWN)
        spec = replace(run.header.spec, messages=replace(run.header.spec.messages, incoming={}))
        assert feature(replace(run, header=replace(run.header, spec=spec))).verdict is Verdict.FAIL

    def test_without_a_calibration_is_never_missing(self) -> None:
        assert feature(run_of(FAIL, calibration=None)).verdict is Verdict.FAIL

    @pytest.mark.parametrize(("should", "amber"), [(PASS, False), (FAIL, True), (BLOCKED, False), (LEFT_OUT, False)])
    def test_turns_amber_by_a_should_rule_and_keeps_its_word(self, should: Outcome | str, amber: bool) -> None:
        judged = feature(run_of(PASS, should=(should,)))
        assert (judged.verdict, judged.amber) == (Verdict.OK, amber)

    def test_with_a_scenario_that_was_not_run_of_a_passing_rule_is_not_ok(self) -> None:
        scenarios = (toys.scenario("edit.a", ("EDIT-1",)), toys.scenario("edit.b", ("EDIT-1",)))
        head = toys.header((toys.rule("EDIT-1"),), scenarios, selected=("edit.a",))
        assert feature(toys.run(head, toys.result(scenarios[0]))).verdict is Verdict.NOT_TESTED


class TestExitCode:
    @pytest.mark.parametrize(
        ("musts", "should", "code"),
        [
            ((PASS,), (), 0),
            ((PASS, NOT_APPLICABLE), (), 0),
            ((NOT_APPLICABLE,), (), 0),
            ((PASS, LEFT_OUT), (), 0),
            ((PASS,), (FAIL,), 0),
            ((PASS, FAIL), (), 1),
            ((FAIL, BROKEN, UNTESTABLE, BLOCKED, LOST), (), 1),
            ((PASS, BROKEN), (), 3),
            ((PASS, UNTESTABLE), (), 3),
            ((PASS, BLOCKED), (), 3),
            ((PASS,), (BLOCKED,), 3),
            ((PASS, LOST), (), 3),
        ],
    )
    def test_of_a_complete_run(self, musts: tuple[Outcome | str, ...], should: tuple[Outcome, ...], code: int) -> None:
        assert judge(run_of(*musts, should=should)).exit_code == code

    @pytest.mark.parametrize("footer", [None, Footer(complete=False, reason="interrupted")])
    @pytest.mark.parametrize("outcome", [PASS, FAIL])
    def test_of_an_incomplete_run_is_always_3(self, outcome: Outcome, footer: Footer | None) -> None:
        assert judge(run_of(outcome, footer=footer)).exit_code == 3

    def test_is_1_for_a_finding_on_a_must_rule_and_0_on_a_should_rule(self) -> None:
        own = toys.scenario("edit.own", ("EDIT-1",))
        for level, code in (("must", 1), ("should", 0)):
            head = toys.header((toys.rule("EDIT-1"), toys.rule("FORM-1", level)), (own,))
            finding = toys.problem(rule="FORM-1")
            assert judge(toys.run(head, toys.result(own, findings=(finding,)))).exit_code == code


class TestObservedTraffic:
    """Nobody knows what was not seen, so that no feature is OK."""

    @staticmethod
    def verdict(*musts: Outcome | str, should: tuple[Outcome | str, ...] = ()) -> Verdict:
        run = run_of(*musts, should=should)
        return feature(replace(run, header=replace(run.header, options={"observed": True}))).verdict

    def test_is_never_ok(self) -> None:
        assert self.verdict(PASS) is Verdict.OBSERVED
        assert self.verdict(PASS, LEFT_OUT) is Verdict.OBSERVED

    def test_is_not_tested_where_nothing_was_seen(self) -> None:
        assert self.verdict(LEFT_OUT) is Verdict.NOT_TESTED

    def test_fails_where_a_must_rule_was_broken(self) -> None:
        assert self.verdict(PASS, FAIL) is Verdict.FAIL

    def test_is_observed_where_only_a_should_rule_was_broken(self) -> None:
        assert self.verdict(LEFT_OUT, should=(FAIL,)) is Verdict.OBSERVED
