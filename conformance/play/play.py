"""One play from beginning to end: set the world, perform, judge what is left, and put the outcome together."""

from __future__ import annotations

import contextlib
import time
import traceback
from typing import TYPE_CHECKING

from conformance.errors import AskedToLeave, BudgetSpent, ProvisioningFailed
from conformance.play.concern import concerns
from conformance.play.failure import Broken, PlayError, Spoiled, TooSlow, Unmet
from conformance.play.guarding import judge_guard, judge_trap
from conformance.play.onlookers import may_get, rule_of_leak, watched
from conformance.play.perform import perform
from conformance.play.residue import residue
from conformance.play.wanting import wanted_by
from conformance.play.world import World
from conformance.politeness.seats import seats
from conformance.results import Observation, Outcome, Problem, Result

if TYPE_CHECKING:
    from conformance.connection import Received
    from conformance.play.stage import Stage
    from conformance.scenario.steps import Probe, Scenario, Step
    from conformance.spec import Spec

MAX_PROBLEMS = 20
TELLING = 32
"""Characters; a shorter token of a scenario, such as `null`, may stand in any text by chance."""
TRIES = 3
"""How often a play is tried that took too long to tell anything; what was seen of the server is never tried again."""


class _Verdict:
    """Gathers the problems of a play while it goes on."""

    def __init__(self, scenario: Scenario, spec: Spec) -> None:
        self.file = spec.place(scenario.file)
        self.outcome = Outcome.PASS
        self.too_slow = False
        self.problems: list[tuple[Problem, Received | None]] = []
        self._scenario = scenario

    def add(self, outcome: Outcome, message: str, step: Step | None = None, offender: Received | None = None) -> None:
        """Note a problem; the first one decides the outcome."""
        if self.outcome is Outcome.PASS:
            self.outcome = outcome
        line = step.line if step else self._scenario.line
        problem = Problem(message, self.file, line, step.label if step else "")
        self.problems.append((problem, offender))

    def spoil(self, message: str) -> None:
        """Note why a failure says nothing of the server; what has passed all the same has passed."""
        if self.outcome in (Outcome.FAIL, Outcome.BLOCKED):
            self.outcome = Outcome.UNTESTABLE
            self.problems.insert(0, (Problem(message, self.file, self._scenario.line), None))


async def play(scenario: Scenario, stage: Stage, attempt: int = 1) -> Result:
    """Play a scenario once. Never raises for anything the server does; cancellation passes through.

    Raises BudgetSpent or AskedToLeave where the run must end, and the scenario has no result.
    """
    verdict = _Verdict(scenario, stage.spec)
    unmet = stage.unmet(scenario.needs)
    if unmet is not None:
        verdict.add(Outcome.NOT_APPLICABLE, unmet)
        return _result(scenario, verdict, None, attempt, 0.0)
    objection = stage.guest.objection(seats(scenario))
    if objection is not None:
        verdict.add(Outcome.UNTESTABLE, objection)
        return _result(scenario, verdict, None, attempt, 0.0)
    scenario = watched(scenario, stage)
    for _ in range(TRIES):
        verdict = _Verdict(scenario, stage.spec)
        result = await _play(scenario, stage, attempt, verdict)
        if not verdict.too_slow:
            break
    return result


async def _play(scenario: Scenario, stage: Stage, attempt: int, verdict: _Verdict) -> Result:
    began = time.perf_counter()
    world = World(stage, alone=scenario.exclusive)
    try:
        # Who waits for an account must not hold the floor: its holder may need the floor to be done with it.
        await world.provide(wanted_by(scenario, stage.spec))
        async with stage.floor.hold() if scenario.exclusive else contextlib.nullcontext():
            began = time.perf_counter()
            await _set_and_perform(scenario, world, verdict)
        _judge_frames(scenario, world, verdict)
        _judge_refusals(scenario, world, verdict)
        if world.held.seconds > stage.bearable(alone=scenario.exclusive):
            verdict.spoil(_held_back(world))
    except ProvisioningFailed as error:
        verdict.add(Outcome.UNTESTABLE, str(error))
    except (BudgetSpent, AskedToLeave):
        raise  # It says nothing of the scenario, and the run ends with it.
    except Exception:
        verdict.outcome = Outcome.PASS  # BROKEN outranks whatever was found before.
        verdict.add(Outcome.BROKEN, f"the harness failed: {traceback.format_exc(limit=-3)}")
    finally:
        await world.end()
    return _result(scenario, verdict, world, attempt, time.perf_counter() - began)


async def _set_and_perform(scenario: Scenario, world: World, verdict: _Verdict) -> None:
    performing = False
    try:
        await world.set(scenario.given)
        await perform(scenario.setup, world)
        world.mark_setup()
        performing = True
        await perform(scenario.steps, world)
        await _judge_end(scenario, world, verdict)
    except ProvisioningFailed as error:
        verdict.add(Outcome.UNTESTABLE, str(error))
    except Broken as error:
        verdict.add(Outcome.BROKEN, error.message, error.step, error.offender)
    except TooSlow as error:
        verdict.too_slow = True
        verdict.add(Outcome.BLOCKED, error.message, error.step)
    except Spoiled as error:
        verdict.add(Outcome.BLOCKED, error.message, error.step)
    except Unmet as error:
        outcome = Outcome.FAIL if performing else Outcome.BLOCKED
        verdict.add(outcome, error.message, error.step, error.offender)


async def _judge_end(scenario: Scenario, world: World, verdict: _Verdict) -> None:
    """One settle, one barrier, then every guard and the residue."""
    await world.quiet(onlookers=True)
    for guard in world.guards:
        try:
            judge_guard(guard, world)
        except Unmet as error:
            verdict.add(Outcome.FAIL, error.message, guard.step, error.offender)
    for step in world.trap_guards:
        try:
            judge_trap(step, world)
        except Unmet as error:
            verdict.add(Outcome.FAIL, error.message, step)
    guarded = {id(offender) for _, offender in verdict.problems}
    own = concerns(scenario, world.stage.spec)
    for connection, received in residue(world, scenario):
        if id(received) in guarded or len(verdict.problems) >= MAX_PROBLEMS:
            continue
        kind = received.frame.type or f"a frame that cannot be read ({received.frame.problem})"
        message = f"{connection.name} got {kind}, which nothing in this scenario explains"
        rule, looks_on = _rule_of_strays(received, world), connection.name in world.onlookers
        if looks_on:
            if may_get(connection.name, received.frame.type, world.stage.spec):
                continue
            message = f"{connection.name} only looks on here, and got {kind}"
            rule = rule_of_leak(received.frame.type, world.stage.spec)
        if rule is not None and (looks_on or received.frame.type not in own):
            _charge(scenario, verdict, rule, message, received)
        else:
            early = world.was_in_setup(connection, received)
            verdict.add(Outcome.BLOCKED if early else Outcome.FAIL, message, None, received)
    for connection in (*world.connections.values(), *world.past):
        if connection.closed is not None and connection.closed.fault:
            verdict.add(Outcome.FAIL, f"{connection.name} was {connection.closed}")


def _rule_of_strays(received: Received, world: World) -> str | None:
    """Give the rule that a stray frame of this kind breaks; None: an Error speaks of the scenario's own requests."""
    kind = received.frame.type
    if kind is None or kind == world.stage.spec.protocol.error:
        return None
    return world.stage.spec.outgoing[kind].rule


def _judge_frames(scenario: Scenario, world: World, verdict: _Verdict) -> None:
    """Check every frame of the server against its schema, and that it gives no secret away."""
    protocol = world.stage.spec.protocol
    secrets = (*world.stage.secrets, *world.tokens.values())
    for connection in (*world.connections.values(), *world.past):
        for received in connection.log:
            frame = received.frame
            if frame.problem is not None:
                _charge(
                    scenario,
                    verdict,
                    protocol.malformed_rule,
                    f"{connection.name} got a wrong frame: {frame.problem}",
                    received,
                )
            for violation in frame.violations:
                message = f"{connection.name} got a wrong {frame.type}: {violation.message}"
                _charge(scenario, verdict, violation.rule or protocol.malformed_rule, message, received)
            if any(secret in frame.text for secret in secrets):
                _charge(
                    scenario,
                    verdict,
                    protocol.secret_rule,
                    f"{connection.name} got a frame with a token in it",
                    received,
                )


def _judge_refusals(scenario: Scenario, world: World, verdict: _Verdict) -> None:
    """Check that no refusal repeats what it refuses."""
    for who, refusal in world.refused.items():
        if any(token in refusal.told for token in world.shown if len(token) >= TELLING):
            message = f"{who} was refused by an answer with its token in it"
            _charge(scenario, verdict, world.stage.spec.protocol.secret_rule, message, None)


def _charge(scenario: Scenario, verdict: _Verdict, rule: str, message: str, received: Received | None) -> None:
    if sum(problem.rule == rule for problem, _ in verdict.problems) >= MAX_PROBLEMS:
        return
    problem = Problem(message, verdict.file, scenario.line, rule=rule)
    if rule in scenario.rules and verdict.outcome is Outcome.PASS:
        verdict.outcome = Outcome.FAIL
    verdict.problems.append((problem, received))


def _result(scenario: Scenario, verdict: _Verdict, world: World | None, attempt: int, seconds: float) -> Result:
    offenders = tuple(offender for _, offender in verdict.problems if offender is not None)
    entries, indices = world.transcript.entries(offenders) if world else ((), {})
    problems = [_with_entry(problem, indices.get(id(offender))) for problem, offender in verdict.problems]
    return Result(
        scenario=scenario.id,
        feature=scenario.feature,
        rules=scenario.rules,
        outcome=verdict.outcome,
        seconds=round(seconds, 6),
        problems=tuple(problem for problem in problems if problem.rule is None or problem.rule in scenario.rules),
        findings=tuple(
            problem for problem in problems if problem.rule is not None and problem.rule not in scenario.rules
        ),
        transcript=entries,
        names=world.readable_names() if world else {},
        attempt=attempt,
    )


def _held_back(world: World) -> str:
    return (
        f"our own politeness held this back for {world.held.seconds:.1f} s, in which the server's timers ran on:"
        " its failure says nothing; allow more requests a second (politeness)"
    )


def _with_entry(problem: Problem, entry: int | None) -> Problem:
    return Problem(problem.message, problem.file, problem.line, problem.step, problem.rule, entry)


async def observe(probe: Probe, stage: Stage) -> Observation:
    """Play a probe once and say what it saw; it has no verdict."""
    unmet = stage.unmet(probe.play.needs)
    world = World(stage, observing=True)
    if unmet is not None:
        return Observation(probe.id, probe.play.title, probe.why, f"not applicable: {unmet}")
    objection = stage.guest.objection(seats(probe.play))
    if objection is not None:
        return Observation(probe.id, probe.play.title, probe.why, f"could not be observed: {objection}")
    try:
        await world.provide(wanted_by(probe.play, stage.spec))
        await world.set(probe.play.given)
        await perform((*probe.play.setup, *probe.play.steps), world)
        observed = world.observed
        if world.held.seconds > stage.bearable(alone=probe.play.exclusive):
            observed = f"could not be observed: {_held_back(world)}"
    except (PlayError, ProvisioningFailed) as error:
        observed = f"could not be observed: {error}"
    finally:
        await world.end()
    entries, _ = world.transcript.entries()
    return Observation(probe.id, probe.play.title, probe.why, observed, entries, world.readable_names())
