"""Measures how a target behaves before anything is judged: its greeting, its barrier, how late its broadcasts come.

A barrier alone proves nothing on a server that fans out asynchronously; what is measured here says how long to wait
after it (DESIGN §3, rule 5).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import Unmet
from conformance.engine.context.joining import connect, join
from conformance.engine.context.retrying import connect_with_retries
from conformance.engine.context.run_context import Pacer, RunContext
from conformance.engine.context.scenario_context import ScenarioContext
from conformance.engine.scenario_run.arrange import provide, set_up
from conformance.errors import ProvisioningFailed, TargetUnreachable, UsageError
from conformance.results.model import Calibration
from conformance.scenario.model import Given, User
from conformance.target.accounts import Room, Wanted
from conformance.target.dialect import wire_type
from conformance.target.throttle import Throttle
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from conformance.spec import Spec
    from conformance.target import Target
    from conformance.target.accounts import Provisioner
    from conformance.wire.connection import Connection

BROADCASTS = 20
FEW_BROADCASTS = 5
"""Where it is only to be seen whether a target is as it was."""
MOST_LOST = 2
"""Broadcasts that do not come until a target counts as one that tells nobody."""
MARGIN = 0.005
"""Seconds added to twice the measured skew."""
PATIENCE = 0.3
"""Seconds to wait for a frame before the barrier is asked, on a target whose barrier answers."""
HASTE = 0.1
"""The share of the reply time that is enough for a target that answered nothing within all of it."""
ROOM = "calibration"


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
    """Measure the target; raises TargetUnreachable when nobody gets in, with the address and what happened.

    The entries of the target's dialect that this takes are added to `used`.
    """
    began = time.perf_counter()
    reply = target.reply * time_scale
    blank = Calibration(greets=False, answers_barrier=True, skew=None, settle=0.0, patience=PATIENCE)
    used = set() if used is None else used
    run_context = RunContext(
        spec,
        target,
        blank,
        provisioner,
        pacer or Pacer(spec, target),
        time_scale,
        throttle=throttle or Throttle(),
        used=used,
    )
    context = ScenarioContext(run_context, observing=True)
    users, witnesses, room = _cast(run_context)
    objection = run_context.throttle.objection(len(users))
    if objection is not None:
        raise UsageError(f"{target.name} cannot even be calibrated: {objection}")
    try:
        users, roles = await _provide(context, users, room, _others(run_context))
        greets, otherwise, answers = await _arrive(context, Given(users, {}, {}), reply)
        skew = None
        if context.conversations:
            try:
                await _join(context)
                skew = await _skew(context, witnesses, reply, answers, broadcasts)
            except Unmet:
                skew = None  # The scenarios that need a conversation will say what is wrong with it.
        several = await _several(context, reply, answers)
        unknown = await (_unknown_types(context, reply) if answers else _silent_types(context, reply))
        _check_bearable(context)
    finally:
        await context.end()
    return Calibration(
        greets=greets,
        answers_barrier=answers,
        skew=skew,
        settle=_settle(skew, answers),
        patience=PATIENCE if answers else target.reply if greets or skew is not None else target.reply * HASTE,
        unknown_types=unknown,
        seconds=time.perf_counter() - began,
        greets_otherwise=otherwise,
        several_devices=several,
        roles=roles,
    )


async def differences(run_context: RunContext) -> str:
    """Calibrate once more, in short, and say what is not as it was; empty: nothing."""
    before = run_context.calibration
    try:
        now = await calibrate(
            run_context.spec,
            run_context.target,
            run_context.provisioner,
            run_context.time_scale,
            run_context.throttle,
            pacer=run_context.pacer,
            broadcasts=FEW_BROADCASTS,
        )
    except (TargetUnreachable, ProvisioningFailed) as error:
        return str(error)
    facts = [
        ("greeting", before.greets, now.greets),
        ("answering the barrier", before.answers_barrier, now.answers_barrier),
        ("broadcasting", before.skew is not None, now.skew is not None),
    ]
    for kind in run_context.spec.incoming:
        facts.append((f"knowing {kind}", kind not in before.unknown_types, kind not in now.unknown_types))
    changes = [f"{'no longer' if was else 'now'} {what}" for what, was, is_ in facts if was != is_]
    return ", ".join(changes)


def _cast(run_context: RunContext) -> tuple[dict[str, User], tuple[str, ...], Room]:
    """Give who takes part, who of them are witnesses (one at each instance), and the room where they meet."""
    witnesses = tuple(f"witness{number}" for number in range(1, len(run_context.target.instances) + 1))
    users = {"speaker": User()} | {name: User(instance=number) for number, name in enumerate(witnesses, 1)}
    protocol = run_context.spec.protocol
    return users, witnesses, Room(protocol.visibilities[0], dict.fromkeys(users, protocol.default_role))


def _settle(skew: float | None, answers: bool) -> float:
    if skew is None:
        return PATIENCE / 3 if answers else 0.0
    return 2 * skew + MARGIN if skew > 0 else 0.0


def _others(run_context: RunContext) -> dict[str, str]:
    """Give the people who look on with a role of their own, and it; nobody where accounts are not made but lent."""
    protocol = run_context.spec.protocol
    plain = (protocol.default_role, protocol.no_member)
    people = {} if run_context.provisioner.lasting else protocol.bystanders.people
    return {who: role for who, role in people.items() if role not in plain}


async def _provide(
    context: ScenarioContext, users: dict[str, User], room: Room, others: dict[str, str]
) -> tuple[dict[str, User], tuple[str, ...]]:
    """Give those for whom there are accounts, and the roles of `others` (name → role) if they could be given.

    Without a conversation, or without witnesses, less can be measured; the scenarios that need them will say why.
    Raises ProvisioningFailed where there is not even one account.
    """
    full = replace(room, members={**room.members, **others})
    for wanted, roles in (
        (Wanted((*users, *others), {ROOM: full}), tuple(others.values())),
        (Wanted(tuple(users), {ROOM: room}), ()),
        (Wanted(tuple(users)), ()),
    ):
        with contextlib.suppress(ProvisioningFailed):
            await provide(context, wanted)
            return users, roles
    await provide(context, Wanted(("speaker",)))
    return {"speaker": users["speaker"]}, ()


async def _arrive(context: ScenarioContext, given: Given, reply: float) -> tuple[bool, bool, bool]:
    """Let everybody connect; say whether the target greets, or with another frame, and whether the barrier answers."""
    protocol = context.run.spec.protocol
    await set_up(context, Given({name: User(connect=False) for name in given.users}, {}, {}))
    for name, user in given.users.items():
        outcome = await connect_with_retries(context, name, partial(connect, context, name, user.instance))
        if isinstance(outcome, Refused):
            address = context.run.target.instances[(user.instance or 1) - 1]
            raise TargetUnreachable(f"{address} does not let us in: {outcome}")
    everyone = list(context.connections.values())
    pings = [asyncio.create_task(connection.barrier(reply)) for connection in everyone]
    answers = all(await asyncio.gather(*pings))

    def greeted(connection: Connection) -> bool:
        return context.first(connection, protocol.greeting.frame, protocol.greeting.pattern) is not None

    def begins_otherwise(connection: Connection) -> bool:
        return 0 not in connection.barriers and not context.is_ambient(connection.log[0])

    otherwise = False
    if answers:
        greets = all(map(greeted, everyone))  # A greeting comes before anything else, so before the barrier's reply.
        otherwise = not greets and all(map(begins_otherwise, everyone))
    else:
        greets = all(await asyncio.gather(*(one.until(partial(greeted, one), reply / 4) for one in everyone)))
    for connection in everyone:
        if connection.closed is not None:
            raise TargetUnreachable(
                f"{context.run.target.instances[0]} lets us in, and then the connection was {connection.closed}"
            )
    return greets, otherwise, answers


def _check_bearable(context: ScenarioContext) -> None:
    """Raise where somebody who asked for nothing had to be cut off for what came: no scenario would fare better."""
    for name, connection in context.connections.items():
        if name != "speaker" and connection.closed is not None and connection.closed.fault:
            address = context.run.target.instances[0]
            raise TargetUnreachable(f"{address} cannot be judged: the connection was {connection.closed}")


async def _join(context: ScenarioContext) -> None:
    for name in context.connections:
        await join(context, name, ROOM)


async def _skew(
    context: ScenarioContext, witnesses: tuple[str, ...], reply: float, answers: bool, broadcasts: int
) -> float | None:
    """Send broadcasts and measure by how much the latest came after the barrier behind it; None: two did not come.

    One alone may be lost by a server whose joins take effect late: its scenarios are to say so.
    """
    latest, lost = 0.0, 0
    for _ in range(broadcasts):
        text = f"calibration {uuid.uuid4()}"
        request = _fill(context.run.spec.protocol.broadcast_request, context.conversations[ROOM], text)
        pattern = _fill(context.run.spec.protocol.broadcast.pattern, context.conversations[ROOM], text)
        kind = context.run.spec.protocol.broadcast.frame
        await context.send("speaker", request)
        if answers:
            await context.connections["speaker"].barrier(reply)
        lags = await asyncio.gather(*(_lag(context, name, kind, pattern, reply, answers) for name in witnesses))
        if any(lag is None for lag in lags):
            lost += 1
            if lost == MOST_LOST:
                return None
            continue
        latest = max(latest, *(lag for lag in lags if lag is not None))
    return latest


async def _lag(
    context: ScenarioContext, name: str, kind: str, pattern: Any, reply: float, answers: bool
) -> float | None:
    connection = context.connections[name]
    if answers:
        await connection.barrier(reply)
    now = time.perf_counter()
    found = context.first(connection, kind, pattern)
    if found is None and not await connection.until(
        lambda: context.first(connection, kind, pattern) is not None, reply
    ):
        return None
    found = context.first(connection, kind, pattern)
    assert found is not None
    return max(0.0, found[1].at - now)


async def _several(context: ScenarioContext, reply: float, answers: bool) -> bool:
    """Say whether a second connection of a user lives beside the first; where nothing answers, a moment has to do."""
    first = context.connections["speaker"]
    outcome = await connect_with_retries(context, "speaker@second", partial(connect, context, "speaker@second"))
    if isinstance(outcome, Refused):
        return False
    if answers:
        await outcome.barrier(reply)
        await first.barrier(reply)  # After the other's: a server that ends the older one has begun to by now.
    else:
        await first.until(lambda: first.closed is not None or outcome.closed is not None, HASTE * reply)
    return first.closed is None and outcome.closed is None


async def _unknown_types(context: ScenarioContext, reply: float) -> tuple[str, ...]:
    """Find the request types that the target answers just as it answers a type that does not exist."""
    protocol = context.run.spec.protocol
    unknown = await _answer(context, {protocol.discriminator: protocol.unknown_type}, reply)
    if unknown is None:
        return ()
    found = []
    for kind, message in context.run.spec.incoming.items():
        if kind == protocol.barrier_request[protocol.discriminator]:
            continue
        example = dict(message.schema["examples"][0])
        if await _answer(context, example, reply) == unknown:
            found.append(kind)
    return tuple(found)


async def _silent_types(context: ScenarioContext, reply: float) -> tuple[str, ...]:
    """Give all request types, if one of each brings nothing that is a frame of the protocol: as little as no type does.

    For a target whose barrier does not answer: nothing there says where one request's answers end.
    """
    connection = context.connections["speaker"]
    before = len(connection.log)
    for message in context.run.spec.incoming.values():
        await context.send("speaker", dict(message.schema["examples"][0]))

    def answered() -> bool:
        return any(one.frame.type and not one.frame.violations for one in connection.log[before:])

    return () if await connection.until(answered, reply) else tuple(context.run.spec.incoming)


async def _answer(context: ScenarioContext, request: dict[str, Any], reply: float) -> str | None:
    """Give what is told of an error that answers a request, its own type's name left out; None: no error."""
    protocol = context.run.spec.protocol
    connection = context.connections["speaker"]
    before = len(connection.log)
    await context.send("speaker", request)
    await connection.barrier(reply)
    for received in connection.log[before:]:
        if received.frame.type == protocol.error:
            value = received.frame.value or {}
            code = value.get(protocol.error_code)
            kind = request[protocol.discriminator]
            spoken = wire_type(context.run.target.dialect, kind)  # The text of an error speaks as the server does.
            return str(code) if code else str(value).replace(spoken, "…").replace(kind, "…")
    return None


def _fill(template: Any, conversation: str, text: str) -> dict[str, Any]:
    names = {"${conversation}": conversation, "${text}": text}
    return {key: names.get(value, value) for key, value in template.items()}
