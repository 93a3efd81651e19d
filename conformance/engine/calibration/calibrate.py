"""Measures how a target behaves before anything is judged: its greeting, its barrier, how late its broadcasts come.

On a server that fans out asynchronously, a barrier alone proves nothing. The measured times say how long to
wait after it.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from conformance.engine.calibration.cast import ROOM, choose_cast, join_room, observers, provide_cast
from conformance.engine.calibration.frames_seen import (
    foreign_types,
    let_second_join,
    replays,
    unconfirmed,
    untold_devices,
    wrong_fields,
)
from conformance.engine.calibration.further_joins import hears_one_room
from conformance.engine.calibration.greeting import greet
from conformance.engine.calibration.refusals import Refusals, see_refusals
from conformance.engine.calibration.skew import Heard, fill, measure_skew, overhear
from conformance.engine.calibration.trials import Shown, told_id, try_everything
from conformance.engine.calibration.unknown_types import find_silent_types, find_unknown_types
from conformance.engine.context.failure import Spoiled, TooSlow, Unmet
from conformance.engine.context.joining import connect
from conformance.engine.context.pacer import Pacer
from conformance.engine.context.read_back import read_back
from conformance.engine.context.retrying import connect_with_retries
from conformance.engine.context.run_context import RunContext
from conformance.engine.context.scenario_context import ScenarioContext
from conformance.errors import TargetUnreachable, UsageError
from conformance.results.model import Calibration
from conformance.scenario.model import Given, User
from conformance.target.throttle import Throttle
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from conformance.spec import Spec
    from conformance.target import Target
    from conformance.target.accounts import Provisioner

BROADCASTS = 20
MARGIN = 0.005
"""Seconds added to twice the measured skew."""
PATIENCE = 0.3
"""Seconds to wait for a frame before asking the barrier, on a target whose barrier answers."""
HASTE = 0.1
"""The share of the reply time that a target gets once it has answered nothing within a whole one."""


async def calibrate(
    spec: Spec,
    target: Target,
    provisioner: Provisioner,
    time_scale: float,
    throttle: Throttle | None = None,
    used: set[str] | None = None,
    pacer: Pacer | None = None,
    broadcasts: int = BROADCASTS,
) -> Calibration:
    """Measure the target; raises TargetUnreachable, with the address and the reason, if no user can connect.

    It adds the entries of the target's dialect that it uses to `used`.
    """
    began = time.perf_counter()
    blank = Calibration(greets=False, answers_barrier=True, skew=None, settle=0.0, patience=PATIENCE)
    run_context = RunContext(
        spec,
        target,
        blank,
        provisioner,
        pacer or Pacer(spec, target),
        time_scale,
        throttle=throttle or Throttle(),
        used=set() if used is None else used,
    )
    context = ScenarioContext(run_context, observing=True)
    try:
        measured = await _measure(context, broadcasts)
    except (TooSlow, Unmet, Spoiled) as error:
        raise TargetUnreachable(f"{target.addresses[0]} cannot be calibrated: {error.message}") from None
    finally:
        await context.end()
    return replace(measured, seconds=time.perf_counter() - began)


async def _measure(context: ScenarioContext, broadcasts: int) -> Calibration:
    """Connect the cast, send everything once, and say what came of it."""
    run, protocol = context.run, context.run.spec.protocol
    users, witnesses, roles = await _provide(context)
    greeted = await _greet(context, users)
    answers = greeted.answers_barrier
    heard, joined = await _broadcast(context, witnesses, broadcasts)
    _check_let_in_again(context, users)
    several = await _several(context, run.reply, answers, heard)
    shown, stored = Shown(), ""
    if heard.any or (joined and answers):
        shown, stored = await _try(context, witnesses[0], heard, run.reply, answers=answers)
    foreign = foreign_types(context)
    untold, refusals = await _untold_and_refusals(context, witnesses[0], heard, run.reply, answers=answers)
    replayed = replays(context, heard.text)
    one_room = joined and heard.any and await hears_one_room(context, witnesses[0], run.reply, answers=answers)
    skew = None if heard.skew is None else max(heard.skew, shown.lag)
    unknown = await _unknown(context, run.reply, shown, joined=joined, answers=answers)
    joins = joined or not heard.any or protocol.join_request[protocol.discriminator] not in unknown
    silent_joins = joins and heard.any and not joined
    shown = _with_join_reply(context, shown, came=joined, owed=silent_joins)
    unseen = _unseen(run.spec, shown, unknown, refusals)
    _check_bearable(context)
    silent = not (answers or greeted.greets or heard.any)
    return replace(
        greeted,
        skew=skew,
        settle=_settle(skew, answers),
        patience=PATIENCE if answers else run.target.reply * (HASTE if silent else 1),
        unknown_types=unknown,
        several_devices=several,
        roles=roles,
        broadcasts=heard.any,
        overhears=heard.overheard,
        unseen=unseen,
        wrong_fields=wrong_fields(context),
        replays=replayed,
        unconfirmed=unconfirmed(context, shown.known, unseen, heard.any),
        foreign_types=foreign,
        one_room=one_room,
        joins=joins,
        confirms_joins=not silent_joins,
        reads_back=bool(stored),
        errors_close=refusals.closes,
        untold_devices=tuple(sorted(untold)),
        round_trip=min((one.fastest for one in context.connections.values() if one.fastest), default=None),
    )


async def _provide(context: ScenarioContext) -> tuple[dict[str, User], tuple[str, ...], tuple[str, ...]]:
    """Provide the cast; give the users with an account, the witnesses, and the roles that bystanders could get."""
    run = context.run
    users, witnesses, room = choose_cast(run)
    objection = run.throttle.objection(len(users))
    if objection is not None:
        raise UsageError(f"{run.target.name} cannot even be calibrated: {objection}")
    stranger = run.throttle.objection(len(users) + 1) is None
    users, roles = await provide_cast(context, users, room, observers(run), stranger=stranger)
    return users, witnesses, roles


async def _greet(context: ScenarioContext, users: dict[str, User]) -> Calibration:
    """Connect the users; give the calibration with which everything else is measured."""
    run = context.run
    greets, otherwise, answers = await greet(context, Given(users, {}, {}), run.reply)
    greeted = replace(run.calibration, greets=greets, greets_otherwise=otherwise)
    if not answers:
        greeted = replace(greeted, answers_barrier=False, patience=run.reply)
        _claim_refusals(context)
    context.run = replace(run, calibration=greeted)
    return greeted


async def _broadcast(context: ScenarioContext, witnesses: tuple[str, ...], broadcasts: int) -> tuple[Heard, bool]:
    """Join the room and send broadcasts; say what was heard of them, and whether the joins were confirmed."""
    if not context.conversations:
        return Heard(), False
    joined = await join_room(context)
    heard = Heard() if joined else await _unjoined(context, witnesses)
    if joined or heard.any:
        with contextlib.suppress(Unmet, Spoiled):
            answers = context.run.calibration.answers_barrier
            heard = await measure_skew(context, witnesses, context.run.reply, answers, broadcasts)
    return heard, joined


async def _unjoined(context: ScenarioContext, witnesses: tuple[str, ...]) -> Heard:
    """Send one broadcast where no join was confirmed; later joins then wait for no reply, or are not even sent.

    Where nothing is heard, the scenarios that need a conversation will report what is wrong with it.
    """
    run, greeted, heard = context.run, context.run.calibration, Heard()
    context.run = replace(run, calibration=replace(greeted, confirms_joins=False))
    asked = await join_room(context)
    with contextlib.suppress(Unmet, Spoiled):
        heard = await overhear(context, witnesses, run.reply, greeted.answers_barrier)
    if not (asked and heard.any):
        context.run = replace(run, calibration=replace(greeted, joins=not heard.any))
    return heard


async def _try(
    context: ScenarioContext, witness: str, heard: Heard, reply: float, *, answers: bool
) -> tuple[Shown, str]:
    """Send the trials; where no broadcast told the id of the message, with that of the stored one, and give this."""
    untold = not heard.any or told_id(context, witness, heard.text) == ""
    stored = await _stored(context, witness, heard.text) if untold else ""
    text = heard.text if heard.any or stored else ""
    return await try_everything(context, witness, text, reply, answers=answers, message=stored), stored


async def _stored(context: ScenarioContext, witness: str, text: str) -> str:
    """Give the id under which a message is stored that nobody was told of; empty: it is not there, either."""
    protocol = context.run.spec.protocol
    pattern = fill(protocol.broadcast.pattern, context.conversations[ROOM], text)
    found = await read_back(context, witness, pattern)
    return found[0].id if found else ""


def _settle(skew: float | None, answers: bool) -> float:
    if skew is None:
        return PATIENCE / 3 if answers else 0.0
    return 2 * skew + MARGIN if skew > 0 else 0.0


def _claim_refusals(context: ScenarioContext) -> None:
    """Take what has come so far for answers to the barrier's requests, and not to what is requested next."""
    for connection in context.connections.values():
        connection.claimed.update(range(len(connection.log)))


async def _unknown(
    context: ScenarioContext, reply: float, shown: Shown, *, joined: bool, answers: bool
) -> tuple[str, ...]:
    silent = () if answers or shown.known else await find_silent_types(context, reply)
    return silent or await find_unknown_types(context, reply, shown, joined=joined, answers=answers)


def _unseen(spec: Spec, shown: Shown, unknown: tuple[str, ...], refusals: Refusals) -> tuple[str, ...]:
    """Give what never came, without what nobody expects of a server with unknown types; replies to others, too.

    A part of a request is not named beside the frame that shows it: where this never came, nothing could show the part.
    """
    discriminator = spec.protocol.discriminator
    asked = [one for one in spec.protocol.trials if one.request[discriminator] not in unknown]
    caused = {one.shows for one in asked if one.part is None or one.event.frame not in shown.unseen}
    refusing = frozenset[str]() if refusals.told else frozenset({spec.protocol.error})
    return tuple(sorted((shown.unseen & caused) | (shown.owed - shown.answered) | refusing))


def _with_join_reply(context: ScenarioContext, shown: Shown, *, came: bool, owed: bool) -> Shown:
    protocol = context.run.spec.protocol
    reply = frozenset({context.reply_to(str(protocol.join_request[protocol.discriminator]))[0]})
    if came:
        return replace(shown, answered=shown.answered | reply)
    return replace(shown, owed=shown.owed | reply) if owed else shown


def _check_let_in_again(context: ScenarioContext, users: dict[str, User]) -> None:
    """Raise if the target has ended a connection, and lets the user in no more."""
    for name in users.keys() - context.connections.keys():
        address = context.run.target.addresses[(users[name].instance or 1) - 1]
        raise TargetUnreachable(
            f"{address} lets us in, and after the connection was ended no more: {context.refused[name]}"
        )


def _check_bearable(context: ScenarioContext) -> None:
    """Raise if a user who sent no request had to be cut off: every scenario would end the same way."""
    for name, connection in context.connections.items():
        if name != "speaker" and connection.closed is not None and connection.closed.fault:
            address = context.run.target.addresses[0]
            raise TargetUnreachable(f"{address} cannot be judged: the connection was {connection.closed}")


async def _untold_and_refusals(
    context: ScenarioContext, witness: str, heard: Heard, reply: float, *, answers: bool
) -> tuple[frozenset[str], Refusals]:
    """See which events the author's other devices do not get, and how it refuses, if its broadcasts arrive."""
    if not heard.any:
        return frozenset(), Refusals()
    untold = await untold_devices(context, witness, reply, answers=answers)
    return untold, await see_refusals(context, reply, answers=answers)


async def _several(context: ScenarioContext, reply: float, answers: bool, heard: Heard) -> bool:
    """Say whether a user can have two connections; if the barrier does not answer, a short wait decides."""
    first = context.connections["speaker"]
    outcome = await connect_with_retries(context, "speaker@second", partial(connect, context, "speaker@second"))
    if isinstance(outcome, Refused):
        return False
    if answers:
        await outcome.barrier(reply)
        # After the newer one's barrier: a server that ends the older connection has done so by now.
        await first.barrier(reply)
    else:
        await first.until(lambda: first.closed is not None or outcome.closed is not None, HASTE * reply)
    several = first.closed is None and outcome.closed is None
    if several and heard.any:
        await let_second_join(context, reply, answers=answers)
    return several
