"""Judges what all connections of a scenario run have seen by the invariants, which hold of any traffic."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from conformance.engine.invariants import OF_CONSTANT_ROLES, Evaluator
from conformance.engine.scenario_run.judge import charge
from conformance.engine.scenario_run.observations import observations
from conformance.engine.scenario_run.wrong_frames import Wrong
from conformance.results.causes import cause
from conformance.results.model import Outcome

if TYPE_CHECKING:
    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.engine.context.transcript import Line
    from conformance.engine.invariants import Violation
    from conformance.engine.scenario_run.judge import ScenarioVerdict
    from conformance.scenario.model import Scenario

JUDGED_OTHERWISE = frozenset({"schema", "secret", "greeting", *OF_CONSTANT_ROLES})
"""Kinds of invariants that the end of a scenario judges by itself, or that only their own scenarios judge."""
AT_ONCE = 500
"""Observations that are judged before others get their turn: some tens of milliseconds."""
OF_JOINS = frozenset({"joined"})
"""Kinds that say nothing of a server without joins, or of one that does not say when they take effect."""
OF_REPLIES = frozenset({"replies"})
"""Kinds that say nothing of a server which answers some requests with nothing: those that it refuses."""
OF_MEMBERS = frozenset({"folded_members"})
"""Kinds that say nothing once a role has changed: what a user has added may leave with the user, untold."""


async def judge_invariants(scenario: Scenario, context: ScenarioContext, verdict: ScenarioVerdict) -> None:
    """Charge each broken invariant to its rule, once for each cause.

    A scenario that fails has found a difference already. The invariants would only find its consequences, and charge
    them to the rules of other features. A frame that is a problem and a rule that is charged are not charged again.
    Scenarios send wrong requests on purpose, so that no reply to one is required here.
    """
    if verdict.outcome is Outcome.FAIL:
        return
    blamed = {id(offender) for _, offender in verdict.problems if offender is not None}
    charged = {problem.rule for problem, _ in verdict.problems}
    for wrong in await _broken(context):
        if wrong.rule not in charged and id(wrong.first) not in blamed:
            charge(scenario, verdict, wrong.rule, wrong.message, wrong.first, wrong)


async def _broken(context: ScenarioContext) -> list[Wrong]:
    """Give what breaks an invariant, in the order in which each thing was first seen."""
    calibration = context.run.calibration
    evaluator = Evaluator(
        context.run.spec,
        profile=context.run.target.profile,
        complete=context.leased is not None and not context.leased.lasting,
        refusals=False,
        without=JUDGED_OTHERWISE
        | (frozenset() if calibration.joins and calibration.confirms_joins else OF_JOINS)
        | (OF_REPLIES if context.run.spec.protocol.error in calibration.unseen else frozenset())
        | (OF_MEMBERS if context.changed_roles else frozenset()),
        unknown=(*calibration.unknown_types, *calibration.unconfirmed),
    )
    lines: list[Line] = []
    found: dict[tuple[str, str], Wrong] = {}
    for observation, line in observations(context):
        lines.append(line)
        if len(lines) % AT_ONCE == 0:
            await asyncio.sleep(0)  # Other scenarios run beside this one, and pings are due.
        for violation in evaluator.feed(observation):
            _add(violation, lines[violation.index], context, found)
    return list(found.values())


def _add(violation: Violation, line: Line, context: ScenarioContext, found: dict[tuple[str, str], Wrong]) -> None:
    if violation.rule is None or isinstance(line.what, str | dict):
        return  # It is the client's own mistake, made on purpose.
    said = f"{violation.explanation} (invariant {violation.invariant})"
    same = cause(said, context.connections)
    wrong = found.setdefault((violation.rule, same), Wrong(violation.rule, said, same, line.what, says=": "))
    wrong.names[violation.client] = None
    wrong.count += 1
