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

from conformance.engine.context.failure import PlayError, Unmet
from conformance.engine.context.joining import arrive, connect, join
from conformance.engine.context.retrying import insist
from conformance.engine.context.run_context import Pacer, Reach, Stage
from conformance.engine.context.scenario_context import World
from conformance.engine.scenario_run.arrange import provide, set_scene
from conformance.errors import ProvisioningFailed, TargetUnreachable, UsageError
from conformance.results.model import Calibration
from conformance.scenario.steps import Given, User
from conformance.target.accounts import Room, Wanted
from conformance.target.dialect import wire_type
from conformance.target.throttle import Guest
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from conformance.spec import Spec
    from conformance.target import Target
    from conformance.target.accounts import Provisioner
    from conformance.wire.connection import Connection

BROADCASTS = 20
LONGEST_LOOK = 5.0
"""Seconds at least until a target that says nothing when it is asked whether it is still there counts as lost."""
FEW_BROADCASTS = 5
"""Where it is only to be seen whether a target is as it was."""
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
    guest: Guest | None = None,
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
    stage = Stage(
        spec, target, blank, provisioner, pacer or Pacer(spec, target), time_scale, guest=guest or Guest(), used=used
    )
    world = World(stage, observing=True)
    users, witnesses, room = _cast(stage)
    objection = stage.guest.objection(len(users))
    if objection is not None:
        raise UsageError(f"{target.name} cannot even be calibrated: {objection}")
    try:
        users, roles = await _provide(world, users, room, _others(stage))
        greets, otherwise, answers = await _arrive(world, Given(users, {}, {}), reply)
        skew = None
        if world.conversations:
            try:
                await _join(world)
                skew = await _skew(world, witnesses, reply, answers, broadcasts)
            except Unmet:
                skew = None  # The scenarios that need a conversation will say what is wrong with it.
        several = await _several(world, reply, answers)
        unknown = await (_unknown_types(world, reply) if answers else _silent_types(world, reply))
        _check_bearable(world)
    finally:
        await world.end()
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


async def still(stage: Stage) -> str:
    """Ask the target for all that it did when it was calibrated; say what it does not do now, or nothing.

    What it did not do then is not asked for: nothing is waited for in vain on a target that is as it was.
    """
    world = World(replace(stage, reach=Reach()), observing=True)
    if stage.provisioner.lasting:
        # Whoever waits for an account that a play has, or for its rate limit, waits for us and not for the target.
        await provide(world, Wanted(("speaker",)))
    began = time.perf_counter()
    try:
        async with asyncio.timeout(max(LONGEST_LOOK * stage.time_scale, 2 * stage.reply)):
            wrong = await _still(world)
    except (PlayError, ProvisioningFailed) as error:
        wrong = str(error)
    except TimeoutError:
        wrong = "it does not answer"
    finally:
        await world.end()
    seconds = time.perf_counter() - began - world.held.seconds
    return wrong or (f"what takes no time takes it {seconds:.1f} s" if seconds > stage.reply else "")


async def _still(world: World) -> str:
    stage, before = world.stage, world.stage.calibration
    users, witnesses, room = _cast(stage)
    lasting = stage.provisioner.lasting
    users = {"speaker": users["speaker"]} if lasting else (await _provide(world, users, room, {}))[0]
    await set_scene(world, Given({name: User(connect=False) for name in users}, {}, {}))
    await asyncio.gather(*(arrive(world, name, user.instance) for name, user in users.items()))
    if before.answers_barrier and not await world.barrier():
        return "a barrier is not answered"
    if before.skew is not None and not lasting:
        if not world.conversations:
            return "no conversation can be made"
        await _join(world)
        if await _skew(world, witnesses, stage.reply, before.answers_barrier, 1) is None:
            return "a broadcast does not arrive"
    return ""


async def differences(stage: Stage) -> str:
    """Calibrate once more, in short, and say what is not as it was; empty: nothing."""
    before = stage.calibration
    try:
        now = await calibrate(
            stage.spec,
            stage.target,
            stage.provisioner,
            stage.time_scale,
            stage.guest,
            pacer=stage.pacer,
            broadcasts=FEW_BROADCASTS,
        )
    except (TargetUnreachable, ProvisioningFailed) as error:
        return str(error)
    facts = [
        ("greeting", before.greets, now.greets),
        ("answering the barrier", before.answers_barrier, now.answers_barrier),
        ("broadcasting", before.skew is not None, now.skew is not None),
        ("delivering in order", before.skew == 0, now.skew == 0 if before.skew == 0 else False),
    ]
    for kind in stage.spec.incoming:
        facts.append((f"knowing {kind}", kind not in before.unknown_types, kind not in now.unknown_types))
    changes = [f"{'no longer' if was else 'now'} {what}" for what, was, is_ in facts if was != is_]
    return ", ".join(changes)


def _cast(stage: Stage) -> tuple[dict[str, User], tuple[str, ...], Room]:
    """Give who takes part, who of them are witnesses (one at each instance), and the room where they meet."""
    witnesses = tuple(f"witness{number}" for number in range(1, len(stage.target.instances) + 1))
    users = {"speaker": User()} | {name: User(instance=number) for number, name in enumerate(witnesses, 1)}
    protocol = stage.spec.protocol
    return users, witnesses, Room(protocol.visibilities[0], dict.fromkeys(users, protocol.default_role))


def _settle(skew: float | None, answers: bool) -> float:
    if skew is None:
        return PATIENCE / 3 if answers else 0.0
    return 2 * skew + MARGIN if skew > 0 else 0.0


def _others(stage: Stage) -> dict[str, str]:
    """Give the people who look on with a role of their own, and it; nobody where accounts are not made but lent."""
    protocol = stage.spec.protocol
    plain = (protocol.default_role, protocol.no_member)
    people = {} if stage.provisioner.lasting else protocol.onlookers.people
    return {who: role for who, role in people.items() if role not in plain}


async def _provide(
    world: World, users: dict[str, User], room: Room, others: dict[str, str]
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
            await provide(world, wanted)
            return users, roles
    await provide(world, Wanted(("speaker",)))
    return {"speaker": users["speaker"]}, ()


async def _arrive(world: World, given: Given, reply: float) -> tuple[bool, bool, bool]:
    """Let everybody connect; say whether the target greets, or with another frame, and whether the barrier answers."""
    protocol = world.stage.spec.protocol
    await set_scene(world, Given({name: User(connect=False) for name in given.users}, {}, {}))
    for name, user in given.users.items():
        outcome = await insist(world, name, partial(connect, world, name, user.instance))
        if isinstance(outcome, Refused):
            address = world.stage.target.instances[(user.instance or 1) - 1]
            raise TargetUnreachable(f"{address} does not let us in: {outcome}")
    everyone = list(world.connections.values())
    pings = [asyncio.create_task(connection.barrier(reply)) for connection in everyone]
    answers = all(await asyncio.gather(*pings))

    def greeted(connection: Connection) -> bool:
        return world.first(connection, protocol.greeting.frame, protocol.greeting.pattern) is not None

    def begins_otherwise(connection: Connection) -> bool:
        return 0 not in connection.barriers and not world.is_ambient(connection.log[0])

    otherwise = False
    if answers:
        greets = all(map(greeted, everyone))  # A greeting comes before anything else, so before the barrier's reply.
        otherwise = not greets and all(map(begins_otherwise, everyone))
    else:
        greets = all(await asyncio.gather(*(one.until(partial(greeted, one), reply / 4) for one in everyone)))
    for connection in everyone:
        if connection.closed is not None:
            raise TargetUnreachable(
                f"{world.stage.target.instances[0]} lets us in, and then the connection was {connection.closed}"
            )
    return greets, otherwise, answers


def _check_bearable(world: World) -> None:
    """Raise where somebody who asked for nothing had to be cut off for what came: no scenario would fare better."""
    for name, connection in world.connections.items():
        if name != "speaker" and connection.closed is not None and connection.closed.fault:
            address = world.stage.target.instances[0]
            raise TargetUnreachable(f"{address} cannot be judged: the connection was {connection.closed}")


async def _join(world: World) -> None:
    for name in world.connections:
        await join(world, name, ROOM)


async def _skew(world: World, witnesses: tuple[str, ...], reply: float, answers: bool, broadcasts: int) -> float | None:
    """Send broadcasts and measure by how much the latest came after the barrier behind it; None: none came."""
    latest = 0.0
    for _ in range(broadcasts):
        text = f"calibration {uuid.uuid4()}"
        request = _fill(world.stage.spec.protocol.broadcast_request, world.conversations[ROOM], text)
        pattern = _fill(world.stage.spec.protocol.broadcast.pattern, world.conversations[ROOM], text)
        kind = world.stage.spec.protocol.broadcast.frame
        await world.send("speaker", request)
        if answers:
            await world.connections["speaker"].barrier(reply)
        lags = await asyncio.gather(*(_lag(world, name, kind, pattern, reply, answers) for name in witnesses))
        if any(lag is None for lag in lags):
            return None
        latest = max(latest, *(lag for lag in lags if lag is not None))
    return latest


async def _lag(world: World, name: str, kind: str, pattern: Any, reply: float, answers: bool) -> float | None:
    connection = world.connections[name]
    if answers:
        await connection.barrier(reply)
    now = time.perf_counter()
    found = world.first(connection, kind, pattern)
    if found is None and not await connection.until(lambda: world.first(connection, kind, pattern) is not None, reply):
        return None
    found = world.first(connection, kind, pattern)
    assert found is not None
    return max(0.0, found[1].at - now)


async def _several(world: World, reply: float, answers: bool) -> bool:
    """Say whether a second connection of a user lives beside the first; where nothing answers, a moment has to do."""
    first = world.connections["speaker"]
    outcome = await insist(world, "speaker@second", partial(connect, world, "speaker@second"))
    if isinstance(outcome, Refused):
        return False
    if answers:
        await outcome.barrier(reply)
        await first.barrier(reply)  # After the other's: a server that ends the older one has begun to by now.
    else:
        await first.until(lambda: first.closed is not None or outcome.closed is not None, HASTE * reply)
    return first.closed is None and outcome.closed is None


async def _unknown_types(world: World, reply: float) -> tuple[str, ...]:
    """Find the request types that the target answers just as it answers a type that does not exist."""
    protocol = world.stage.spec.protocol
    unknown = await _answer(world, {protocol.discriminator: protocol.unknown_type}, reply)
    if unknown is None:
        return ()
    found = []
    for kind, message in world.stage.spec.incoming.items():
        if kind == protocol.barrier_request[protocol.discriminator]:
            continue
        example = dict(message.schema["examples"][0])
        if await _answer(world, example, reply) == unknown:
            found.append(kind)
    return tuple(found)


async def _silent_types(world: World, reply: float) -> tuple[str, ...]:
    """Give all request types, if one of each brings nothing that is a frame of the protocol: as little as no type does.

    For a target whose barrier does not answer: nothing there says where one request's answers end.
    """
    connection = world.connections["speaker"]
    before = len(connection.log)
    for message in world.stage.spec.incoming.values():
        await world.send("speaker", dict(message.schema["examples"][0]))

    def answered() -> bool:
        return any(one.frame.type and not one.frame.violations for one in connection.log[before:])

    return () if await connection.until(answered, reply) else tuple(world.stage.spec.incoming)


async def _answer(world: World, request: dict[str, Any], reply: float) -> str | None:
    """Give what is told of an error that answers a request, its own type's name left out; None: no error."""
    protocol = world.stage.spec.protocol
    connection = world.connections["speaker"]
    before = len(connection.log)
    await world.send("speaker", request)
    await connection.barrier(reply)
    for received in connection.log[before:]:
        if received.frame.type == protocol.error:
            value = received.frame.value or {}
            code = value.get(protocol.error_code)
            kind = request[protocol.discriminator]
            spoken = wire_type(world.stage.target.dialect, kind)  # The text of an error speaks as the server does.
            return str(code) if code else str(value).replace(spoken, "…").replace(kind, "…")
    return None


def _fill(template: Any, conversation: str, text: str) -> dict[str, Any]:
    names = {"${conversation}": conversation, "${text}": text}
    return {key: names.get(value, value) for key, value in template.items()}
