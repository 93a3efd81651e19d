"""What the report says of a partial server, beside what it has to say."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conformance.cli.recording import make_header
from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.errors import TargetUnreachable
from conformance.lint.reliance import least_reliant
from conformance.results.model import Calibration, Outcome, Result
from conformance.results.runlog import Footer, Run
from conformance.results.verdict import judge
from conformance.target.embedded import embedded
from tests.forked import forked
from tests.partial.registry import CONNECTION, Partial
from tests.partial.serve import main as serve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.results.model import Observation
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

OK, UNSEEN = frozenset({"OK"}), frozenset({"OK", "NOT TESTED"})


@dataclass(slots=True)
class Examination:
    """One partial server before the suite.

    `wrong` maps each feature with a verdict that it may not have to this verdict; `accused` maps each failed scenario
    of a feature that is whole to what it says.
    """

    name: str
    ran: int = 0
    unknown: tuple[str, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    accused: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Tell whether the report says what it has to, and nothing else."""
        return not (self.wrong or self.accused or self.broken or self.problem)


def few(spec: Spec) -> list[Scenario]:
    """Give the first scenario of those with the same rules, and for each rule the one that relies on the least.

    What waits long is left out, unless there is nothing else for a rule.
    """
    chosen: dict[object, Scenario] = {}
    for one in spec.scenarios.values():
        if "slow" not in one.tags:
            chosen.setdefault((one.feature, one.rules), one)
    for scenario, _ in least_reliant(spec).values():
        chosen[scenario.id] = scenario
    return list({one.id: one for one in chosen.values()}.values())


async def examine(lacking: Partial, spec: Spec, scenarios: Iterable[Scenario], jobs: int = 8) -> Examination:
    """Start the server without its part and run scenarios against it."""
    began, found = time.perf_counter(), Examination(lacking.name)
    chosen = replace(spec, scenarios={one.id: one for one in scenarios})
    with contextlib.suppress(TargetUnreachable):
        found.problem = "the target cannot be reached"
        await _examine(lacking, chosen, found, jobs)
        found.problem = ""
    found.seconds = round(time.perf_counter() - began, 1)
    return found


async def _examine(lacking: Partial, spec: Spec, found: Examination, jobs: int) -> None:
    records: list[Calibration | Result | Observation] = []
    options = Options(jobs=jobs, probes=False)
    scenarios = list(spec.scenarios.values())
    async with embedded(spec, forked(serve, lacking.name)) as (started, server):
        profile = {group: {**values, **lacking.profile.get(group, {})} for group, values in started.profile.items()}
        target = replace(started, profile=profile)
        await run(spec, target, scenarios, (), options, records.append, RunState(), server.restart)
    (calibration,) = (one for one in records if isinstance(one, Calibration))
    results = tuple(one for one in records if isinstance(one, Result))
    judged = judge(Run(make_header(spec, target, scenarios, options), calibration, results, (), Footer(complete=True)))
    found.ran, found.unknown = len(results), calibration.unknown_types
    found.verdicts = {feature.entry.id: str(feature.verdict) for feature in judged.features}
    found.wrong = {
        name: verdict
        for name, verdict in found.verdicts.items()
        if verdict not in lacking.verdicts.get(name, UNSEEN if name in lacking.unseen else OK)
    }
    for one in results:
        if one.outcome is Outcome.BROKEN:
            found.broken[one.scenario] = one.problems[0].message
        elif one.outcome is Outcome.FAIL and one.feature not in lacking.verdicts.keys() - {CONNECTION}:
            _accuse(one.scenario, one.rules, f"{one.problems[0].step}: {one.problems[0].message}", lacking, spec, found)
        for problem in one.findings:
            _accuse(f"{one.scenario} (finding)", [problem.rule or ""], problem.message, lacking, spec, found)


def _accuse(name: str, rules: Iterable[str], why: str, lacking: Partial, spec: Spec, found: Examination) -> None:
    """Note an accusation of a must rule that the server keeps."""
    for rule in rules:
        entry = spec.rules[rule]
        guilty = rule in lacking.breaks or not (lacking.verdicts.keys() - {CONNECTION}).isdisjoint(entry.features)
        if entry.level == "must" and not guilty:
            found.accused[f"{name} ({rule})"] = why
