"""Scenarios as tests: a file of the spec is a collector, each scenario or case in it an item.

outcome                         test                       why
-----------------------------   ------------------------   -----------------------------------------------
PASS                            passed
FAIL of a must rule             failed                     with the text of the terminal
FAIL of should rules alone      xfailed                    amber: it never fails a run
NOT APPLICABLE                  skipped                    the target declares that it has no such thing
BLOCKED, UNTESTABLE, BROKEN     error in setup             says nothing of the server, and is never green
not run                         error in setup             the run ended before
a finding of another rule       error in teardown          beside the outcome of the scenario itself; xfailed if
                                of its first finder        that rule is a should
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.report.transcript import failure_text, finding_text
from conformance.results.model import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from conformance.pytest_plugin.log_follower import Following
    from conformance.results.model import Problem
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


def marks_of(scenario: Scenario, spec: Spec) -> list[str]:
    """Give the markers of a scenario: its feature, its rules, their levels, and how it runs."""
    levels = {spec.rules[rule].level for rule in scenario.rules}
    slow = ["slow"] if "slow" in scenario.tags else []
    alone = ["alone"] if scenario.exclusive else []
    return [scenario.feature, *scenario.rules, *sorted(levels), *slow, *alone]


class ScenarioFile(pytest.File):
    """One file of scenarios; its creator sets `spec` and `following`."""

    spec: Spec
    following: Following

    def collect(self) -> Iterator[ScenarioItem]:
        """Give the scenarios that were read from this file, marked by feature, rules and levels."""
        for scenario in self.spec.scenarios.values():
            if scenario.file == self.path:
                item: ScenarioItem = ScenarioItem.from_parent(self, name=scenario.id)
                item.scenario = scenario
                for mark in marks_of(scenario, self.spec):
                    item.add_marker(mark)
                item.user_properties += [("feature", scenario.feature), *(("rule", rule) for rule in scenario.rules)]
                yield item


class ScenarioItem(pytest.Item):
    """One scenario; its result comes from the run, which runs several at a time."""

    scenario: Scenario
    parent: ScenarioFile
    result: Result | None = None
    _awaited = False

    def wait(self) -> None:
        """Wait until its result is in the log, or the run is over."""
        self.result = self.parent.following.result(self.scenario.id)
        self._awaited = True

    def setup(self) -> None:
        """Skip a scenario that does not apply; fail for one that could not be judged."""
        following = self.parent.following
        if not self._awaited:
            self.wait()
        if self.result is None:
            if not following.began:
                self.session.shouldfail = f"chat-parity: {following.ending()}"
            pytest.fail(f"not run: {following.ending()}", pytrace=False)
        if self.result.outcome is Outcome.NOT_APPLICABLE:
            pytest.skip(self._first_problem())
        if self.result.outcome not in (Outcome.PASS, Outcome.FAIL):
            pytest.fail(self._text(), pytrace=False)

    def runtest(self) -> None:
        """Fail if the scenario does."""
        assert self.result is not None
        if self.result.outcome is Outcome.FAIL:
            self._fail({self._text(): self.result.rules})

    def teardown(self) -> None:
        """Fail for the scenario's findings about other rules."""
        result, following = self.result, self.parent.following
        if result is not None:
            charges = list(following.charges(result))
            texts = {finding_text(result, one, following.run): (one.rule,) if one.rule else () for one in charges}
            self._fail({text: rules or result.rules for text, rules in texts.items()}, found=True)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Give its place in the spec and its name."""
        return self.path, self.scenario.line - 1, f"{self.name}: {self.scenario.title}"

    def _fail(self, texts: Mapping[str, tuple[str, ...]], *, found: bool = False) -> None:
        """Fail with these texts, each about some rules, unless the command would exit with 0 for all of them."""
        reasons = {rule: self._excuse(rule, found=found) for rules in texts.values() for rule in rules}
        red = [text for text, rules in texts.items() if not all(reasons[rule] for rule in rules)]
        if texts and not red:
            pytest.xfail("; ".join(dict.fromkeys(filter(None, reasons.values()))))
        if texts:  # also if `--runxfail` has disabled xfail
            pytest.fail("\n\n".join(red or texts), pytrace=False)

    def _excuse(self, rule: str, *, found: bool) -> str:
        """Give the reason why a broken rule does not fail the run; empty: it does."""
        waivers = self.parent.following.run.header.waivers
        for waiver in waivers.in_force() if waivers else ():
            if waiver.covers(self.scenario.id, rule, found=found):
                return f"waived until {waiver.expires}: {waiver.reason} ({waiver.issue})"
        known = self.parent.spec.rules
        return f"{rule} is a should rule" if rule in known and known[rule].level == "should" else ""

    def _text(self) -> str:
        assert self.result is not None
        return failure_text(replace(self.result, findings=()), self.parent.following.run)

    def _first_problem(self) -> str:
        assert self.result is not None
        problems: tuple[Problem, ...] = (*self.result.problems, *self.result.findings)
        return problems[0].message if problems else str(self.result.outcome)
