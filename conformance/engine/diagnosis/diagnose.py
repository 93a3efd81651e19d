"""All steps of a connection: the network of each address, an account, the upgrade, the greeting, one request."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conformance.engine.context.joining import connect
from conformance.engine.context.pacer import Pacer
from conformance.engine.context.retrying import connect_with_retries
from conformance.engine.context.run_context import RunContext
from conformance.engine.context.scenario_context import ScenarioContext
from conformance.engine.diagnosis.model import Check, Outlook
from conformance.engine.diagnosis.network import check_addresses
from conformance.engine.scenario_run.arrange import provide
from conformance.errors import AskedToLeave, ProvisioningFailed
from conformance.results.model import Calibration
from conformance.target.accounts import Wanted
from conformance.target.provision import open_provisioner
from conformance.wire.handshake_errors import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conformance.spec import Spec
    from conformance.target import Target
    from conformance.wire.connection import Connection
    from conformance.wire.frames import Frame

USER = "visitor"
PROVISION = "the target's `provision`"
"""The place that the check of the account shows; all other places are addresses."""
KINDS = 3
"""The most types of frames that are named."""
NOTHING_KNOWN = Calibration(greets=False, answers_barrier=True, skew=None, settle=0.0, patience=0.0)
"""Replaces the calibration, because the steps here wait for a greeting and a reply by themselves."""


async def diagnose(spec: Spec, target: Target) -> AsyncIterator[Check]:
    """Give each step as soon as it is done; skip steps that need a failed one. Raises UsageError."""
    reachable: dict[int, None] = {}
    async for number, check in check_addresses(target):
        reachable[number] = None
        if check.outlook is Outlook.BAD:
            del reachable[number]
        yield check
    if not reachable:
        return
    async with open_provisioner(target, spec.protocol.default_role) as provisioner:
        run_context = RunContext(
            spec, target, NOTHING_KNOWN, provisioner, Pacer(spec, target), 1.0, throttle=target.throttle
        )
        context = ScenarioContext(run_context, observing=True)
        try:
            account = await _check_account(context)
            yield account
            for number in reachable if account.outlook is Outlook.GOOD else ():
                async for check in _converse(context, number):
                    yield check
        finally:
            await context.end()


async def diagnose_without_secrets(target: Target, why: str) -> AsyncIterator[Check]:
    """Give the steps that need no secret, and then `why` there can be no account. Raises UsageError."""
    async for _, check in check_addresses(target):
        yield check
    yield Check(PROVISION, "account", Outlook.BAD, "no secret for the steps after this one", why)


async def _check_account(context: ScenarioContext) -> Check:
    try:
        await provide(context, Wanted((USER,)))
    except ProvisioningFailed as error:
        advice = "see the section `provision` of the target file, which says how users are created"
        return Check(PROVISION, "account", Outlook.BAD, str(error), advice)
    return Check(PROVISION, "account", Outlook.GOOD, "there is a user to connect")


async def _converse(context: ScenarioContext, number: int) -> AsyncIterator[Check]:
    place = context.run.target.addresses[number - 1]
    who = f"{USER}@{number}"
    try:
        outcome = await connect_with_retries(context, who, partial(connect, context, who, number))
    except AskedToLeave as error:
        yield Check(place, "upgrade", Outlook.BAD, str(error))
        return
    if isinstance(outcome, Refused):
        seen = "; ".join(filter(None, (outcome.why, outcome.said)))
        yield Check(place, "upgrade", Outlook.BAD, seen, outcome.advice)
        return
    yield Check(place, "upgrade", Outlook.GOOD, "the server accepts the token, and the WebSocket opens")
    reply = context.run.reply
    answered = await outcome.barrier(reply) and not outcome.replies.refuses
    yield _judge_greeting(context, outcome, place)
    yield _judge_request(context, outcome, place, answered, reply)


def _judge_greeting(context: ScenarioContext, connection: Connection, place: str) -> Check:
    greeting = context.run.spec.protocol.greeting
    found = context.first(connection, greeting.frame, greeting.pattern)
    if found is not None:
        return Check(place, "greeting", Outlook.GOOD, f"it greets with {greeting.frame}")
    seen = f"it does not greet with {greeting.frame}, which the protocol requires{_instead(context, connection)}"
    if connection.closed is not None and not connection.log:
        seen += f", and the connection was {connection.closed}"
    return Check(place, "greeting", Outlook.ODD, seen, "a run can still judge everything else")


def _judge_request(context: ScenarioContext, connection: Connection, place: str, answered: bool, reply: float) -> Check:
    protocol = context.run.spec.protocol
    asked = protocol.barrier_request[protocol.discriminator]
    if answered:
        return Check(
            place, "request", Outlook.GOOD, f"it answers {asked} after {(connection.fastest or 0) * 1000:.0f} ms"
        )
    if connection.closed is not None:
        seen = f"at {asked} the connection was {connection.closed}"
        advice = "the server's log may say why; if the token is the reason, see `auth` in the target file"
        return Check(place, "request", Outlook.BAD, seen, advice)
    seen = f"it does not answer {asked} within {reply:g} s{_instead(context, connection)}"
    advice = "does this address speak the protocol? if it uses other names, describe them in a dialect"
    return Check(place, "request", Outlook.ODD, seen, advice)


def _instead(context: ScenarioContext, connection: Connection) -> str:
    """Name the types of the frames that came instead."""
    kinds = list(dict.fromkeys(_kind(one.frame, context.run.spec.protocol.discriminator) for one in connection.log))
    more = ", …" if len(kinds) > KINDS else ""
    return f"; it sent {', '.join(kinds[:KINDS])}{more}" if kinds else "; it sent nothing"


def _kind(frame: Frame, discriminator: str) -> str:
    said = (frame.value or {}).get(discriminator)
    return frame.type or (f"{said!r:.40}" if isinstance(said, str) else "a frame without a type")
