"""How a user joins: connect, take the greeting, join a conversation."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from conformance.engine.context.closes import cut_short, ending
from conformance.engine.context.failure import Broken, Spoiled, Unmet
from conformance.engine.context.retrying import connect_with_retries, says_later
from conformance.engine.invariants.replies import terminal_types
from conformance.results.exchange import OWN
from conformance.target.access import overlay
from conformance.target.throttle.retrying import TRIES
from conformance.wire.handshake_errors import Refused
from conformance.wire.open_connection import PLAIN, open_connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.target.access import Access
    from conformance.target.auth import Carried
    from conformance.wire.connection import Connection
    from conformance.wire.events import Closed
    from conformance.wire.handshake import Handshake

UPGRADE = 5.0
"""The shortest time, in seconds, that a server gets to accept or refuse a connection."""


async def arrive(context: ScenarioContext, who: str, instance: int | None = None) -> None:
    """Connect with a good token, and take the greeting."""
    outcome = await connect_with_retries(context, who, partial(connect, context, who, instance))
    if isinstance(outcome, Refused):
        raise (Spoiled if says_later(outcome) else Unmet)(f"{who} was refused: {outcome.why}")
    await take_greeting(context, who)


async def connect(
    context: ScenarioContext,
    who: str,
    instance: int | None = None,
    token: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    handshake: Handshake = PLAIN,
) -> Connection | Refused:
    """Open a connection for `user` or `user@device`."""
    if who in context.connections:
        if context.connections[who].closed is None:
            raise Broken(f"{who} is connected already")
        context.past.append(context.connections.pop(who))
    with context.throttled:
        await context.run.throttle.connection()
    number = instance if instance is not None else context.home
    if not 1 <= number <= len(context.run.target.instances):
        raise Broken(f"there is no instance {number}; the scenario should say `needs: {{instances: {number}}}`")
    carried = context.run.target.auth.carry(_token(context, who, token))
    outcome = await _open_in_time(context, who, number, carried, query or {}, handshake)
    if isinstance(outcome, Refused):
        context.run.reachability.refused(outcome.status)
        context.transcript.note(who, "·", f"refused: {outcome.why}")
        context.refused[who] = outcome
    else:
        _keep(context, outcome, number)
    return outcome


def _token(context: ScenarioContext, who: str, changes: Mapping[str, Any] | None) -> str | None:
    """Make a token for the user; without changes, it is the value of `${who.token}`. None: send no token."""
    made = context.lease.token(who.partition("@")[0], changes)
    if made and changes is None:
        context.names.tokens[who] = made
    if made:
        context.shown.add(made)
    return made


async def _open_in_time(
    context: ScenarioContext, who: str, number: int, carried: Carried, query: Mapping[str, Any], handshake: Handshake
) -> Connection | Refused:
    """Open a connection; once more where our own request came too late, which says nothing of the server."""
    run, target = context.run, context.run.target
    pairs = [*carried.query, *((key, str(value)) for key, value in query.items())]
    for _ in range(TRIES):
        outcome = await open_connection(
            who,
            _with_query(target.instances[number - 1], pairs),
            run.spec.protocol,
            run.spec.outgoing,
            timeout=max(run.reply, UPGRADE),
            handshake=_complete(handshake, target.access, carried, small_buffers=who in context.slow_readers),
            access=target.access,
            redact=target.secrets.redact,
            dialect=target.dialect,
            memory=run.memory,
            lateness=run.lateness,
            replies=terminal_types(run.spec),
        )
        if not isinstance(outcome, Refused) or not outcome.late:
            break
        context.transcript.note(who, "·", f"our request came too late ({outcome.why}): once more")
    return outcome


def _keep(context: ScenarioContext, connection: Connection, number: int) -> None:
    """Take a connection into the scenario, whose transcript gets what passes on it."""
    who, transcript = connection.name, context.transcript
    said = f"connected to instance {number}" if len(context.run.target.instances) > 1 else "connected"
    transcript.note(who, "·", said, event="opened")
    connection.on_frame = lambda connection, received: transcript.note(connection.name, "←", received, received.at)
    connection.on_own = lambda connection, said: transcript.note(connection.name, "→", f"{said} {OWN}")
    connection.on_close = partial(_note_close, context)
    connection.turn = partial(context.turn, who)
    context.connections[who] = connection
    context.places[who] = number
    if connection.closed is None:
        context.run.open_connections.add(connection, number)


def _note_close(context: ScenarioContext, connection: Connection, closed: Closed) -> None:
    context.run.open_connections.end(connection)
    context.transcript.note(connection.name, "·", str(closed), event="closed")
    user, pacer = context.users.get(connection.name.partition("@")[0]), context.run.pacer
    if user is not None:  # Whatever came before the close is counted by now, and later than it was sent.
        pacer.handled(user, connection, pacer.clock())
    if not closed.ours:
        context.run.reachability.ended(dropped=closed.code is None)


async def take_greeting(context: ScenarioContext, who: str) -> None:
    """Wait for the greeting and claim it, on a target that greets with any frame."""
    connection = context.connections[who]
    if context.run.calibration.greets_otherwise:
        # Only the scenarios about the greeting judge it.
        if await connection.until(lambda: bool(connection.log), context.run.reply):
            connection.claimed.add(0)
            connection.greeting = 0
    elif context.run.calibration.greets:
        greeting = context.run.spec.protocol.greeting
        arrived = await connection.until(
            lambda: context.first(connection, greeting.frame, greeting.pattern) is not None, context.run.reply
        )
        if not arrived:
            said = f"{who} was not greeted with {greeting.frame}{ending(context, connection)}"
            raise cut_short(context, connection, said)
        found = context.first(connection, greeting.frame, greeting.pattern)
        assert found is not None
        connection.claimed.add(found[0])
        connection.greeting = found[0]


def join_request(context: ScenarioContext, conversation: str) -> dict[str, Any]:
    """Give the request that joins a conversation."""
    ids = {"conversation": context.conversations[conversation]}
    return {key: ids.get(str(value)[2:-1], value) for key, value in context.run.spec.protocol.join_request.items()}


async def join(context: ScenarioContext, who: str, conversation: str) -> None:
    """Let a connection join a conversation, and wait for the confirmation, if the server ever confirms joins.

    A server without joins is not asked.
    """
    calibration = context.run.calibration
    if not calibration.joins:
        return
    protocol = context.run.spec.protocol
    connection = context.connections[who]
    request = join_request(context, conversation)
    await context.send(who, request)
    kind, pattern = context.reply_to(request[protocol.discriminator])

    def answered() -> bool:
        return (
            context.first(connection, kind, pattern) is not None
            or context.first(connection, protocol.error, {}) is not None
        )

    arrived = False
    if calibration.confirms_joins or not calibration.answers_barrier:
        arrived = await connection.until(answered, context.run.patience)
    if not arrived and calibration.answers_barrier:
        # Replies come in request order: behind the barrier, the confirmation is there, or it never comes.
        await connection.barrier(context.run.reply)
    if not answered():
        if not calibration.confirms_joins and connection.closed is None:
            return
        said = f"{who} joined {conversation} and got no answer{ending(context, connection)}"
        raise cut_short(context, connection, said)
    found = context.first(connection, kind, pattern)
    if found is None:
        error = context.first(connection, protocol.error, {})
        raise Unmet(f"{who} may join {conversation}, and was refused", error[1] if error else None)
    connection.claimed.add(found[0])
    await set_aside_replayed(context, connection)
    connection.replies.rest()


async def set_aside_replayed(context: ScenarioContext, connection: Connection) -> None:
    """Claim the earlier messages that a join brings on this server, unless the scenario is about joins or messages."""
    if not context.run.calibration.replays:
        return
    spec, scenario = context.run.spec, context.scenario
    join_type = spec.protocol.join_request[spec.protocol.discriminator]
    kind = spec.protocol.broadcast.frame
    own = spec.features[scenario.feature] if scenario is not None else None
    if own is None or join_type in own.incoming or kind in own.outgoing:
        return
    await connection.barrier(context.run.reply)
    replayed = {place for place, one in enumerate(connection.log) if one.frame.type == kind} - connection.claimed
    connection.claimed |= replayed
    if replayed:
        context.judged_without.add(join_type)


def _complete(handshake: Handshake, access: Access, carried: Carried, *, small_buffers: bool) -> Handshake:
    """Add what every handshake with the target holds; what the scenario says replaces it."""
    return replace(
        handshake,
        origin=handshake.origin or access.origin,
        headers=overlay(overlay(access.plain_headers, carried.headers), handshake.headers),
        subprotocols=(*access.subprotocols, *carried.subprotocols),
        small_buffers=small_buffers,
    )


def _with_query(url: str, pairs: list[tuple[str, str]]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *pairs])))
