"""Judges a scenario run: what its steps found, what is left when it has ended, and every frame that the server sent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.engine.context.failure import Unmet
from conformance.engine.invariants.replies import terminal_types
from conformance.engine.scenario_run.attribution import proved_types, rule_of_stray
from conformance.engine.scenario_run.bystanders import may_get, rule_of_leak
from conformance.engine.scenario_run.reliance import sent_unknown
from conformance.engine.scenario_run.residue import residue
from conformance.engine.scenario_run.steps.forbidding import judge_guard, judge_honeypot
from conformance.engine.scenario_run.wrong_frames import Wrong, named, wrong_frames
from conformance.results.causes import cause
from conformance.results.model import Outcome, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.scenario.model import Scenario
    from conformance.scenario.steps import Step
    from conformance.spec import Spec
    from conformance.wire.events import Received

MAX_PROBLEMS = 20
MAX_ALIKE = 5
"""Frames of one kind that nothing explains, and that are named one by one."""
TELLING = 32
"""Characters; a shorter token of a scenario, such as `null`, may be in any text by chance."""


class ScenarioVerdict:
    """Collects the problems of a scenario run while it goes on."""

    def __init__(self, scenario: Scenario, spec: Spec) -> None:
        self.file = spec.place(scenario.file)
        self.outcome = Outcome.PASS
        self.too_slow = False
        self.lacks: tuple[str, ...] = ()
        self.stopped_by: tuple[str, ...] = ()
        self.need = ""
        self.problems: list[tuple[Problem, Received | None]] = []
        self._scenario = scenario

    def add(self, outcome: Outcome, message: str, step: Step | None = None, offender: Received | None = None) -> None:
        """Note a problem; the first one decides the outcome."""
        if self.outcome is Outcome.PASS:
            self.outcome = outcome
        line = step.line if step else self._scenario.line
        problem = Problem(message, self.file, line, step.label if step else "", cause=self.cause(message))
        self.problems.append((problem, offender))

    def lack(self, types: tuple[str, ...], step: Step | None = None) -> None:
        """Note what the scenario relies on and the server does not have: so far it has neither passed nor failed."""
        if types and self.outcome is Outcome.PASS:
            self.lacks = types
            self.add(Outcome.BLOCKED, f"this relies on {', '.join(types)}, which the server does not have", step)

    def excuse(self, types: tuple[str, ...]) -> None:
        """Take back what failed, or was found, where the server lacks what the scenario starts with."""
        if types and (self.outcome is Outcome.FAIL or any(problem.rule for problem, _ in self.problems)):
            self.outcome = Outcome.PASS
            self.lack(types)
            self.problems = [*self.problems[-1:], *(one for one in self.problems[:-1] if one[0].rule is None)]

    def cause(self, message: str) -> str:
        """Give what a message says, without who noticed it."""
        given = self._scenario.given
        return cause(message, (*given.users, *given.conversations))

    def spoil(self, message: str) -> None:
        """Note why a failure says nothing of the server; what has passed all the same has passed."""
        if self.outcome in (Outcome.FAIL, Outcome.BLOCKED) and not self.lacks:
            self.outcome = Outcome.UNTESTABLE
            self.problems.insert(0, (Problem(message, self.file, self._scenario.line), None))


async def judge_end(scenario: Scenario, context: ScenarioContext, verdict: ScenarioVerdict) -> None:
    """One settle, one barrier, then every guard and the residue; last of all what has reached the bystanders."""
    await context.quiet()
    for guard in context.guards:
        try:
            judge_guard(guard, context)
        except Unmet as error:
            if error.offender is not None and _answers_unknown(context, guard.step.at, error.offender):
                continue
            verdict.lack(never_sound(context, scenario, error.offender), guard.step)
            verdict.add(Outcome.FAIL, error.message, guard.step, error.offender)
    for step in context.honeypot_guards:
        try:
            await judge_honeypot(step, context)
        except Unmet as error:
            verdict.add(Outcome.FAIL, error.message, step)
    _judge_residue(scenario, context, verdict)
    # Their barrier comes after all has been judged: a server may answer it on a user's other connections, too.
    await context.barrier(sorted(context.bystanders & context.connections.keys()))
    _judge_leaks(scenario, context, verdict)
    for connection in (*context.connections.values(), *context.past):
        if connection.closed is not None and connection.closed.fault:
            verdict.add(Outcome.FAIL, f"{connection.name} was {connection.closed}")


def judge_frames(scenario: Scenario, context: ScenarioContext, verdict: ScenarioVerdict) -> None:
    """Check every frame of the server: its schema, that it gives no secret away, and that it belongs here.

    A frame that belongs to another scenario breaks the isolation of conversations and nothing else: the first of each
    other scenario is charged to that rule.
    """
    for wrong in wrong_frames(context):
        charge(scenario, verdict, wrong.rule, wrong.message, wrong.first, wrong)


def judge_refusals(scenario: Scenario, context: ScenarioContext, verdict: ScenarioVerdict) -> None:
    """Check that no refusal repeats what it refuses."""
    for who, refusal in context.refused.items():
        if any(token in refusal.text for token in context.shown if len(token) >= TELLING):
            message = f"{who} was refused by an answer with its token in it"
            charge(scenario, verdict, context.run.spec.protocol.secret_rule, message, None)


def _judge_residue(scenario: Scenario, context: ScenarioContext, verdict: ScenarioVerdict) -> None:
    guarded = {id(offender) for _, offender in verdict.problems}
    own = proved_types(scenario, context.run.spec)
    alike: Counter[str] = Counter()
    for connection, received in residue(context, scenario):
        if id(received) in guarded or len(verdict.problems) >= MAX_PROBLEMS or connection.name in context.bystanders:
            continue
        if _answers_unknown(context, (connection.name,), received):
            continue
        message = f"{connection.name} got {named(received)}, which nothing in this scenario explains"
        alike[same := verdict.cause(message)] += 1
        if alike[same] > MAX_ALIKE:
            continue
        rule = rule_of_stray(received.frame.type, context.run.spec)
        if rule is not None and received.frame.type not in own:
            charge(scenario, verdict, rule, message, received)
        else:
            early = context.was_in_setup(connection, received)
            verdict.add(Outcome.BLOCKED if early else Outcome.FAIL, message, None, received)


def never_sound(context: ScenarioContext, scenario: Scenario, received: Received | None) -> tuple[str, ...]:
    """Name the type of a frame if the server never sends it as it should be: whose it is cannot be told, then."""
    kind = received.frame.type if received is not None else None
    if kind not in context.run.calibration.unseen or kind in context.run.spec.features[scenario.feature].outgoing:
        return ()
    return (str(kind),)


def _answers_unknown(context: ScenarioContext, names: Iterable[str], received: Received) -> bool:
    """Tell whether a frame may be what answers a request of a type which the server does not know, in whatever way."""
    return received.frame.type in terminal_types(context.run.spec) and any(sent_unknown(context, one) for one in names)


def _judge_leaks(scenario: Scenario, context: ScenarioContext, verdict: ScenarioVerdict) -> None:
    """Charge what has reached a bystander to the rule of its type, whatever the scenario is about."""
    spec = context.run.spec
    for connection, received in residue(context, scenario):
        kind = received.frame.type
        if connection.name not in context.bystanders or may_get(connection.name, kind, spec):
            continue
        message = f"{connection.name} is a bystander here, and got {named(received)}"
        rule = rule_of_leak(kind, spec)
        if rule is not None:
            charge(scenario, verdict, rule, message, received)
        elif len(verdict.problems) < MAX_PROBLEMS:
            verdict.add(Outcome.FAIL, message, None, received)


def charge(
    scenario: Scenario,
    verdict: ScenarioVerdict,
    rule: str,
    message: str,
    received: Received | None,
    wrong: Wrong | None = None,
) -> None:
    """Charge a problem to a rule; it fails the scenario if the scenario proves that rule."""
    if sum(problem.rule == rule for problem, _ in verdict.problems) >= MAX_PROBLEMS:
        return
    same, count = (wrong.cause, wrong.count) if wrong else (verdict.cause(message), 1)
    problem = Problem(message, verdict.file, scenario.line, rule=rule, cause=same, count=count)
    if rule in scenario.rules and verdict.outcome is Outcome.PASS:
        verdict.outcome = Outcome.FAIL
    verdict.problems.append((problem, received))
