"""Runs one scenario from beginning to end: arrange, run the steps, judge what is left, give the outcome."""

from __future__ import annotations

import contextlib
import time
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.engine.context.closes import excused
from conformance.engine.context.failure import (
    Broken,
    ControlFailed,
    Granted,
    Lacking,
    LimitDoesNotFit,
    ScenarioError,
    Spoiled,
    TooSlow,
    Unmet,
)
from conformance.engine.context.needs import too_few_connections, unmet
from conformance.engine.context.scenario_context import ScenarioContext
from conformance.engine.scenario_run.arrange import provide, set_up
from conformance.engine.scenario_run.bystanders import with_bystanders
from conformance.engine.scenario_run.judge import (
    ScenarioVerdict,
    judge_end,
    judge_frames,
    judge_refusals,
    never_sound,
)
from conformance.engine.scenario_run.judge_invariants import judge_invariants
from conformance.engine.scenario_run.refused import closes_are_refusals
from conformance.engine.scenario_run.reliance import (
    lacks_for_its_start,
    lacks_until,
    stopped_by,
    unknown_requests,
)
from conformance.engine.scenario_run.requirements import requirements_of
from conformance.engine.scenario_run.run_steps import run_steps
from conformance.engine.scenario_run.steps.reading import slow_readers
from conformance.errors import AskedToLeave, BudgetSpent, MachineFailed, ProvisioningFailed
from conformance.results.exchange import exchange_of
from conformance.results.model import NOT_APPLICABLE, UNOBSERVED, Observation, Outcome, Problem, Result
from conformance.scenario.requests import requests
from conformance.scenario.steps import Never
from conformance.target.throttle.connection_count import connection_count, connections_of_one_user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.engine.context.run_context import RunContext
    from conformance.results.model import Entry
    from conformance.scenario.model import Probe, Scenario

TRIES = 3
"""How often a scenario is tried if the harness is too slow; a result about the server is never tried again."""


async def run_scenario(scenario: Scenario, run_context: RunContext, attempt: int = 1) -> Result:
    """Run a scenario once. Never raises because of the server; cancellation passes through.

    Raises BudgetSpent, AskedToLeave or MachineFailed if the run must end; the scenario then has no result.
    """
    verdict = ScenarioVerdict(scenario, run_context.spec)
    lacking = unmet(run_context, scenario.needs, scenario.limits)
    lacking = lacking or too_few_connections(run_context, connections_of_one_user(scenario))
    if lacking is not None:
        verdict.need = lacking.need
        verdict.add(Outcome.NOT_APPLICABLE, lacking.why)
        return _result(scenario, verdict, None, attempt, 0.0)
    objection = run_context.throttle.objection(connection_count(scenario))
    if objection is not None:
        verdict.add(Outcome.UNTESTABLE, objection)
        return _result(scenario, verdict, None, attempt, 0.0)
    scenario = with_bystanders(scenario, run_context)
    for _ in range(TRIES):
        verdict = ScenarioVerdict(scenario, run_context.spec)
        result = await _attempt(scenario, run_context, attempt, verdict)
        if not verdict.too_slow:
            return result
    run_context.reachability.too_slow = result.problems[0].message
    return result


async def _attempt(scenario: Scenario, run_context: RunContext, attempt: int, verdict: ScenarioVerdict) -> Result:
    began = time.perf_counter()
    context = ScenarioContext(
        run_context, name=scenario.id, scenario=scenario, alone=scenario.exclusive, slow_readers=slow_readers(scenario)
    )
    try:
        # Wait for accounts outside the exclusive slot: whoever has the account may need the slot to finish.
        await provide(context, requirements_of(scenario, run_context.spec))
        async with run_context.exclusive_slot.hold() if scenario.exclusive else contextlib.nullcontext():
            began = time.perf_counter()
            await _arrange_and_run(scenario, context, verdict)
        judge_frames(scenario, context, verdict)
        judge_refusals(scenario, context, verdict)
        await judge_invariants(scenario, context, verdict)
        verdict.excuse(lacks_for_its_start(scenario, run_context.calibration, run_context.spec))
        if context.throttled.seconds > run_context.bearable(alone=scenario.exclusive):
            verdict.spoil(_throttled_too_long(context))
    except ProvisioningFailed as error:
        verdict.add(Outcome.UNTESTABLE, str(error))
    except (BudgetSpent, AskedToLeave, MachineFailed):
        raise  # It says nothing of the scenario, and the run ends with it.
    except Exception:
        verdict.outcome = Outcome.PASS  # BROKEN outranks every earlier problem.
        verdict.add(Outcome.BROKEN, f"the harness failed: {traceback.format_exc(limit=-3)}")
    finally:
        await context.end()
    return _result(scenario, verdict, context, attempt, time.perf_counter() - began)


async def _arrange_and_run(scenario: Scenario, context: ScenarioContext, verdict: ScenarioVerdict) -> None:
    running_steps = False
    try:
        await set_up(context, scenario.given)
        await run_steps(scenario.setup, context)
        context.mark_setup()
        running_steps = True
        await run_steps(scenario.steps, context)
        await judge_end(scenario, context, verdict)
        verdict.lack(unknown_requests(scenario, context.run.calibration, context.run.spec))
    except ProvisioningFailed as error:
        verdict.add(Outcome.UNTESTABLE, str(error))
    except Broken as error:
        verdict.add(Outcome.BROKEN, error.message, error.step, error.offender)
    except LimitDoesNotFit as error:
        verdict.need = error.limit
        verdict.add(Outcome.NOT_APPLICABLE, error.message, error.step)
    except TooSlow as error:
        verdict.too_slow = True
        verdict.add(Outcome.BLOCKED, error.message, error.step)
    except ControlFailed as error:
        verdict.lack(_lost_by_refusal(context), error.step)
        verdict.lack(lacks_until(scenario, error.step, context.run.calibration, context.run.spec), error.step)
        verdict.stopped_by = stopped_by(scenario, error.step, context.run.spec)
        verdict.add(Outcome.BLOCKED, error.message, error.step, error.offender)
    except Lacking as error:
        verdict.lack(error.types, error.step)
    except Spoiled as error:
        verdict.add(Outcome.BLOCKED, error.message, error.step)
    except Unmet as error:
        if not isinstance(error, Granted):
            verdict.lack(_lost_by_refusal(context), error.step)
            verdict.lack(lacks_until(scenario, error.step, context.run.calibration, context.run.spec), error.step)
        if isinstance(error.step, Never):
            verdict.lack(never_sound(context, scenario, error.offender), error.step)
        excuse = excused(context, error)
        if excuse is not None:
            verdict.too_slow = isinstance(excuse, TooSlow)
            verdict.add(Outcome.BLOCKED, excuse.message, error.step, error.offender)
            return
        if not running_steps:
            verdict.stopped_by = stopped_by(scenario, error.step, context.run.spec)
        outcome = Outcome.FAIL if running_steps else Outcome.BLOCKED
        verdict.add(outcome, error.message, error.step, error.offender)


def _lost_by_refusal(context: ScenarioContext) -> tuple[str, ...]:
    """Name the Error where the server has ended a connection with one, and the scenario is about something else."""
    closes = (one.closed for one in (*context.connections.values(), *context.past))
    lost = closes_are_refusals(context) and any(one and not one.ours and not one.fault for one in closes)
    return (context.run.spec.protocol.error,) if lost else ()


def _result(
    scenario: Scenario, verdict: ScenarioVerdict, context: ScenarioContext | None, attempt: int, seconds: float
) -> Result:
    offenders = tuple(offender for _, offender in verdict.problems if offender is not None)
    entries, indices = context.transcript.entries(offenders) if context else ((), {})
    discriminator = context.run.spec.protocol.discriminator if context else ""
    problems = [
        _placed(problem, indices.get(id(offender)), entries, discriminator) for problem, offender in verdict.problems
    ]
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
        names=context.names.readable() if context else {},
        attempt=attempt,
        lacks=verdict.need,
        without=verdict.lacks or (tuple(sorted(context.judged_without)) if context else ()),
        stopped_by=verdict.stopped_by,
    )


def _throttled_too_long(context: ScenarioContext) -> str:
    return (
        f"our own throttle delayed this for {context.throttled.seconds:.1f} s, in which the server's timers ran on:"
        " its failure says nothing; allow more requests a second (throttle)"
    )


def _placed(problem: Problem, entry: int | None, entries: Sequence[Entry], discriminator: str) -> Problem:
    """Say which line of the transcript a problem is about, and which exchange."""
    problem = replace(problem, entry=entry)
    exchange = exchange_of(problem, entries, discriminator)
    return replace(problem, request=exchange.request, came=exchange.came)


async def observe(probe: Probe, run_context: RunContext) -> Observation:
    """Run a probe once and say what it saw; it has no verdict."""
    lacking = unmet(run_context, probe.scenario.needs, probe.scenario.limits)
    # What a probe opens in its steps may be what it asks about; only those before them must be admitted.
    before = connections_of_one_user(replace(probe.scenario, steps=()))
    lacking = lacking or too_few_connections(run_context, before)
    context = ScenarioContext(
        run_context, name=probe.id, scenario=probe.scenario, observing=True, slow_readers=slow_readers(probe.scenario)
    )
    if lacking is not None:
        return Observation(probe.id, probe.scenario.title, probe.why, f"{NOT_APPLICABLE}{lacking.why}")
    objection = run_context.throttle.objection(connection_count(probe.scenario))
    if objection is not None:
        return Observation(probe.id, probe.scenario.title, probe.why, f"{UNOBSERVED}{objection}")
    unknown = _unknown_types(probe, run_context)
    if unknown:
        observed = f"{UNOBSERVED}the server does not know {' and '.join(unknown)}"
        return Observation(probe.id, probe.scenario.title, probe.why, observed)
    try:
        await provide(context, requirements_of(probe.scenario, run_context.spec))
        await set_up(context, probe.scenario.given)
        await run_steps(probe.scenario.setup[: len(probe.scenario.setup) - len(probe.control)], context)
        await _run_control(probe, context)
        await run_steps(probe.scenario.steps, context)
        observed = context.observed
        if context.throttled.seconds > run_context.bearable(alone=probe.scenario.exclusive):
            observed = f"{UNOBSERVED}{_throttled_too_long(context)}"
    except (ScenarioError, ProvisioningFailed) as error:
        observed = f"{UNOBSERVED}{error}"
    finally:
        await context.end()
    entries, _ = context.transcript.entries()
    return Observation(probe.id, probe.scenario.title, probe.why, observed, entries, context.names.readable())


async def _run_control(probe: Probe, context: ScenarioContext) -> None:
    """Run the steps that must succeed on a server that can be observed; what they cause is not what is observed."""
    if not probe.control:
        return
    try:
        await run_steps(probe.control, context)
    except Unmet as error:
        raise Unmet(f"its control fails: {error.message}", error.offender, step=error.step) from None
    await context.quiet()
    for connection in context.connections.values():
        connection.claimed.update(range(len(connection.log)))


def _unknown_types(probe: Probe, run_context: RunContext) -> list[str]:
    steps = (*probe.scenario.setup, *probe.scenario.steps)
    return sorted(requests(steps, run_context.spec.incoming) & {*run_context.calibration.unknown_types})
