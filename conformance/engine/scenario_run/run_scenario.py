"""One play from beginning to end: set the world, perform, judge what is left, and put the outcome together."""

from __future__ import annotations

import contextlib
import time
import traceback
from typing import TYPE_CHECKING

from conformance.engine.context.failure import Broken, PlayError, Spoiled, TooSlow, Unmet
from conformance.engine.context.scenario_context import World
from conformance.engine.scenario_run.arrange import provide, set_scene
from conformance.engine.scenario_run.bystanders import watched
from conformance.engine.scenario_run.judge import Verdict, judge_end, judge_frames, judge_refusals
from conformance.engine.scenario_run.requirements import wanted_by
from conformance.engine.scenario_run.run_steps import perform
from conformance.errors import AskedToLeave, BudgetSpent, ProvisioningFailed
from conformance.results.model import Observation, Outcome, Problem, Result
from conformance.target.throttle.connection_count import seats

if TYPE_CHECKING:
    from conformance.engine.context.run_context import Stage
    from conformance.scenario.steps import Probe, Scenario

TRIES = 3
"""How often a play is tried that took too long to tell anything; what was seen of the server is never tried again."""


async def play(scenario: Scenario, stage: Stage, attempt: int = 1) -> Result:
    """Play a scenario once. Never raises for anything the server does; cancellation passes through.

    Raises BudgetSpent or AskedToLeave where the run must end, and the scenario has no result.
    """
    verdict = Verdict(scenario, stage.spec)
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
        verdict = Verdict(scenario, stage.spec)
        result = await _play(scenario, stage, attempt, verdict)
        if not verdict.too_slow:
            break
    return result


async def _play(scenario: Scenario, stage: Stage, attempt: int, verdict: Verdict) -> Result:
    began = time.perf_counter()
    world = World(stage, alone=scenario.exclusive)
    try:
        # Who waits for an account must not hold the floor: its holder may need the floor to be done with it.
        await provide(world, wanted_by(scenario, stage.spec))
        async with stage.floor.hold() if scenario.exclusive else contextlib.nullcontext():
            began = time.perf_counter()
            await _set_and_perform(scenario, world, verdict)
        judge_frames(scenario, world, verdict)
        judge_refusals(scenario, world, verdict)
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


async def _set_and_perform(scenario: Scenario, world: World, verdict: Verdict) -> None:
    performing = False
    try:
        await set_scene(world, scenario.given)
        await perform(scenario.setup, world)
        world.mark_setup()
        performing = True
        await perform(scenario.steps, world)
        await judge_end(scenario, world, verdict)
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


def _result(scenario: Scenario, verdict: Verdict, world: World | None, attempt: int, seconds: float) -> Result:
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
        names=world.names.readable() if world else {},
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
        await provide(world, wanted_by(probe.play, stage.spec))
        await set_scene(world, probe.play.given)
        await perform((*probe.play.setup, *probe.play.steps), world)
        observed = world.observed
        if world.held.seconds > stage.bearable(alone=probe.play.exclusive):
            observed = f"could not be observed: {_held_back(world)}"
    except (PlayError, ProvisioningFailed) as error:
        observed = f"could not be observed: {error}"
    finally:
        await world.end()
    entries, _ = world.transcript.entries()
    return Observation(probe.id, probe.play.title, probe.why, observed, entries, world.names.readable())
